"""`[github]`: the repository, and what its workflows are to be like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Gt, Le

from shipway.core.settings.closed import Closed


@dataclass(frozen=True)
class Scanners(Closed):
    """Scanners that run in GitHub beside Shipway's own; each is a job of security.yml.

    snyk: the version of its npm package. dependency_check, clair: the digest (`sha256:…`) of
    the image owasp/dependency-check, and of quay.io/projectquay/clair-action. ecr: what ECR found
    in the image that was pushed last. secret_scanning: GitHub's open alerts.
    """

    snyk: str = ""
    dependency_check: str = ""
    clair: str = ""
    ecr: bool = False
    secret_scanning: bool = False


@dataclass(frozen=True)
class GitHub(Closed):
    """The repository on GitHub, and its workflows.

    repository: OWNER/NAME. owner_id, repository_id: GitHub's numbers of the two; repositories
    that are younger than July 2026 have them in the subject of their tokens. main: the branch that
    is released. branches: environment → the branch whose pushes are deployed there; what is not
    named is main's for production, develop's for development, staging's for staging. roles:
    environment → the ARN of the role to take on; empty: made from the names and aws.account.
    install: the commands that make Shipway runnable, command: how it is called after them, both
    from the repository's top; empty: from .github/shipway.txt, by hash. python: its version.
    runner: the label of the machines. timeout: minutes that a job may take. retention_days: of
    artifacts. codecov: upload coverage there. codeql, dependency_review: GitHub's own scanners.
    attest: sign where a release came from, which private repositories can on some plans only.
    """

    repository: str = ""
    owner_id: str = ""
    repository_id: str = ""
    main: str = "main"
    branches: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    install: tuple[str, ...] = ()
    command: str = ""
    python: str = "3.12"
    runner: str = "ubuntu-24.04"
    timeout: Annotated[int, Gt(0), Le(360)] = 30
    retention_days: Annotated[int, Ge(1), Le(90)] = 14
    codecov: bool = False
    codeql: bool = True
    dependency_review: bool = True
    attest: bool = True
    scanners: Scanners = field(default_factory=Scanners)
