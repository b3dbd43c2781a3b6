"""The templates of the stacks: CloudFormation YAML that comes with the package."""

from __future__ import annotations

from importlib.resources import files

LIMIT = 51_200  # bytes of a template that CloudFormation takes in a request (its quotas)


def template(name: str) -> str:
    """The text of `bootstrap` or `environment`."""
    return (files("shipway.aws") / "templates" / f"{name}.yml").read_text(encoding="utf-8")
