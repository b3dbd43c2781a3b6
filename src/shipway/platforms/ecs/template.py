"""A task definition to start from, in a file of the application's repository."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from shipway.core.errors import ConfigError


def read_template(root: str, path: str, where: str) -> Mapping[str, Any]:
    """The task definition in a JSON file, as `aws ecs describe-task-definition` prints it or as
    RegisterTaskDefinition takes it.

    path: below the project's root. where: the key path that names it. Raises ConfigError.
    """
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise ConfigError(
            f"{where}: {path} cannot be read: {error.strerror}", "Correct the path."
        ) from None
    except ValueError as error:
        raise ConfigError(f"{where}: {path} is not JSON: {error}", "Correct the file.") from None
    if isinstance(found, dict) and isinstance(found.get("taskDefinition"), dict):
        found = found["taskDefinition"]
    if not isinstance(found, dict) or not isinstance(found.get("containerDefinitions", []), list):
        raise ConfigError(
            f"{where}: {path} is no task definition", "It has to have containerDefinitions."
        )
    return found
