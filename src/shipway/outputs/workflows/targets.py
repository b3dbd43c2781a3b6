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

    role, region: empty where the environment's variables in GitHub say them. file: the workflow
    that starts it, without its suffix.
    """

    name: str
    branch: str
    role: str
    region: str

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
            yield Target(name, branch, _role(config, name), config.aws.region)


def remote(config: Config) -> list[str]:
    """The environments that a runner can reach: `local` is the runner itself."""
    return [name for name, one in config.environments.items() if one.platform == "ecs"]


def _role(config: Config, name: str) -> str:
    given = config.github.roles.get(name, "")
    account = config.aws.account
    if given or not account:
        return given
    role = Names(config.application.name, name).deploy_role
    return f"arn:aws:iam::{account}:role/{role}"
