"""Which environments are deployed by GitHub: from which branch, as whom, by which file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shipway.core.config import Config
from shipway.core.naming import Names

RELEASED = "production"
_FILES = {"development": "deploy-dev"}


@dataclass(frozen=True)
class Target:
    """An environment that a branch's pushes are deployed to.

    role, region, look, monitor: empty where the environment's variables in GitHub say them; look is
    the role that only reads, monitor the one that applies the monitoring stack. file: the workflow
    that starts it, without its suffix.
    """

    name: str
    branch: str
    role: str
    region: str
    look: str = ""
    monitor: str = ""

    @property
    def file(self) -> str:
        """`deploy-dev`, `deploy-staging`."""
        return _FILES.get(self.name, f"deploy-{self.name}")


def targets(config: Config) -> Iterator[Target]:
    """Those on ECS that have a branch, in the order of the configuration."""
    usual = {RELEASED: config.github.main, "development": "develop", "staging": "staging"}
    for name in remote(config):
        branch = config.github.branches.get(name, usual.get(name, ""))
        if branch:
            names = Names(config.application.name, name)
            yield Target(
                name, branch, _role(config, name), config.aws.region,
                _arn(config, names.look_role), _arn(config, names.monitor_role),
            )  # fmt: skip


def remote(config: Config) -> list[str]:
    """The environments that a runner can reach: `local` is the runner itself."""
    return [name for name, one in config.environments.items() if one.platform == "ecs"]


def _role(config: Config, name: str) -> str:
    given = config.github.roles.get(name, "")
    return given or _arn(config, Names(config.application.name, name).deploy_role)


def _arn(config: Config, role: str) -> str:
    """The role's ARN; "" where the account is not configured."""
    return f"arn:aws:iam::{config.aws.account}:role/{role}" if config.aws.account else ""
