"""What goes wrong with registries, in words."""

from __future__ import annotations

import json

from shipway.core.errors import CannotRun, ConfigError
from shipway.core.images.exchange import Answer


def refused(answer: Answer, what: str, host: str) -> ConfigError | CannotRun:
    """The error for an answer that is not as hoped. what: "the image cannot be pushed".

    The registry's own words come with it (distribution-spec, "Error Codes").
    """
    said = words(answer)
    if answer.status in (401, 403):
        return ConfigError(
            f"{what}: {host} refuses: {said}",
            "Log in (docker login, or SHIPWAY_REGISTRY_USER and SHIPWAY_REGISTRY_PASSWORD); for "
            "ECR look at the role's policy.",
        )
    if answer.status == 404:
        return ConfigError(
            f"{what}: {host} does not have it: {said}", "Look at image.registry and repository."
        )
    return CannotRun(
        f"{what}: {host} answers {answer.status}: {said}", "Try again; else ask who runs it."
    )


def words(answer: Answer) -> str:
    """What the registry says, shortened to a line."""
    try:
        errors = json.loads(answer.body)["errors"]
        said = "; ".join(
            f"{one.get('code', '')} {one.get('message', '')}".strip() for one in errors
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        said = answer.body.decode("utf-8", "replace")
    return " ".join(said.split())[:300] or f"status {answer.status}"
