"""Who Shipway is to a registry: by two variables, or what `docker login` has kept.

Format: docker's config.json (docs.docker.com/reference/cli/docker/login): auths → host → auth,
the pair in Base64. Credential helpers are other programs, and are not started here.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping

from shipway.images.login import Credentials

USER, PASSWORD = "SHIPWAY_REGISTRY_USER", "SHIPWAY_REGISTRY_PASSWORD"


def credentials(host: str, environment: Mapping[str, str]) -> Credentials:
    """Those for a registry; nobody's where none are known."""
    if environment.get(PASSWORD):
        return Credentials(environment.get(USER, ""), environment[PASSWORD])
    for path in _files(environment):
        found = _of(path, host)
        if found is not None:
            return found
    return Credentials()


def _files(environment: Mapping[str, str]) -> list[str]:
    home = environment.get("HOME", "")
    docker = environment.get("DOCKER_CONFIG") or os.path.join(home, ".docker")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    podman = environment.get("REGISTRY_AUTH_FILE") or os.path.join(
        runtime, "containers", "auth.json"
    )
    return [podman, os.path.join(docker, "config.json")]


def _of(path: str, host: str) -> Credentials | None:
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.load(file).get("auths", {})
        entry = kept.get(host) or kept.get(f"https://{host}") or {}
        user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except (OSError, ValueError, AttributeError):
        return None
    return Credentials(user, password) if user else None
