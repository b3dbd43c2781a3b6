"""What produced the telemetry: the pipeline, its run, the repository and the revision. Pure.

Source: OpenTelemetry's semantic conventions, "CI/CD" and "Version Control System" resources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shipway.reports.sanitize import one_line

AttributeValue = str | bool | int | float
Attributes = dict[str, AttributeValue]

LONGEST_VALUE = 1000  # characters of an attribute
_PROVIDERS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}
_SCP_ADDRESS = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+\.[^:/\s]+):(?P<path>[^\s]+)")


@dataclass(frozen=True, kw_only=True)
class RunOrigin:
    """Where a run comes from; "" for what is not known.

    pipeline: the application's name. run: the run's name. address: the run's page in the CI.
    repository: the address that git fetches from, in any of git's forms. branch, ref_type: the
    name that was checked out, "branch" or "tag". commit: the revision. change: the pull request's
    number. provider: the hosting service, where it is known better than by the address.
    """

    pipeline: str
    run: str = ""
    address: str = ""
    repository: str = ""
    branch: str = ""
    ref_type: str = ""
    commit: str = ""
    change: str = ""
    provider: str = ""


def pipeline_attributes(origin: RunOrigin) -> Attributes:
    """Of the pipeline and its repository: the same for all runs, so that metrics may have them."""
    address = repository_address(origin.repository)
    parts = urlsplit(address)
    owner, _, name = parts.path.strip("/").rpartition("/")
    provider = origin.provider or _PROVIDERS.get(parts.hostname or "", "")
    return bounded(
        {
            "cicd.pipeline.name": origin.pipeline,
            "vcs.repository.url.full": address,
            "vcs.repository.name": name,
            "vcs.owner.name": owner,
            "vcs.provider.name": provider,
        }
    )


def run_attributes(origin: RunOrigin) -> Attributes:
    """Of one run, its branch and revision."""
    return bounded(
        {
            "cicd.pipeline.run.id": origin.run,
            "cicd.pipeline.run.url.full": origin.address,
            "vcs.ref.head.name": origin.branch,
            "vcs.ref.head.type": origin.ref_type if origin.branch else "",
            "vcs.ref.head.revision": origin.commit,
            "vcs.change.id": origin.change,
        }
    )


def bounded(attributes: Mapping[str, AttributeValue | None]) -> Attributes:
    """Those that have a value; texts as one line of at most LONGEST_VALUE characters."""
    values = {
        name: one_line(value, LONGEST_VALUE) if isinstance(value, str) else value
        for name, value in attributes.items()
    }
    return {name: value for name, value in values.items() if value is not None and value != ""}


def repository_address(remote: str) -> str:
    """A repository's page, from the address that git fetches from; "" for what is not on the web.

    No user, password or token of the address is kept: `git@host:owner/name.git` and
    `https://token@host/owner/name.git` become `https://host/owner/name`.
    """
    remote = remote.strip()
    if "://" not in remote:
        match = _SCP_ADDRESS.fullmatch(remote)
        if match is None:
            return ""
        host, path = match["host"], match["path"]
    else:
        try:
            parts = urlsplit(remote)
            port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
            return ""
        host, path = f"{parts.hostname}{port}", parts.path
    path = path.strip("/").removesuffix(".git")
    scheme = "http" if remote.startswith("http://") else "https"
    return f"{scheme}://{host}/{path}" if path else ""
