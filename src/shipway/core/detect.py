"""Works out what an application is from its files, where shipway.toml does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shipway.core.adoption.entry import entry
from shipway.core.adoption.testing import tests
from shipway.core.config import Application, Config
from shipway.core.sources import FOREIGN, Sources

LOCKS = ("uv.lock", "requirements-lock.txt", "requirements.txt")
_NO_PACKAGES = {"tests", "test", "docs", "migrations", "load", "scripts", "bench", "examples"}
_TEMPLATE_FOLDERS = ("infrastructure", "cloudformation", "infra", "templates")
_RESOURCES = re.compile(r"^Resources\s*:|[\"']Resources[\"']\s*:", re.MULTILINE)
_AWS_TYPE = re.compile(r"\bType[\"']?\s*:\s*[\"']?AWS::")


def detect(config: Config, sources: Sources) -> tuple[Config, tuple[str, ...]]:
    """The configuration with its gaps filled, and each assumption in words."""
    given = config.application
    found = _found(given, sources)
    filled = {name: value for name, value in found.items() if value and not getattr(given, name)}
    assumed = tuple(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in filled.items())
    return replace(config, application=replace(given, **filled)), assumed


def _found(given: Application, sources: Sources) -> dict[str, Any]:
    project = tomllib.loads(sources.read("pyproject.toml") or "").get("project", {})
    packages = given.packages or _packages(sources)
    return {
        "name": str(project.get("name", "")),
        "version": str(project.get("version", "")),
        "packages": packages,
        **_tests(given, packages, sources),
        "lock": next((name for name in LOCKS if sources.read(name) is not None), ""),
        "serve": "" if given.serve else _serve(packages, sources),
        "dockerfile": "Dockerfile" if sources.read("Dockerfile") is not None else "",
        "dockerfiles": _dockerfiles(sources),
        "workflows": ".github/workflows" if "workflows" in sources.folders(".github") else "",
        "templates": _templates(sources),
    }


def _packages(sources: Sources) -> tuple[str, ...]:
    return tuple(
        f"{prefix}{name}"
        for prefix in ("", "src/")
        for name in sources.folders(prefix.rstrip("/"))
        if name not in _NO_PACKAGES | FOREIGN
        and sources.read(f"{prefix}{name}/__init__.py") is not None
    )


def _dockerfiles(sources: Sources) -> tuple[str, ...]:
    """Of the folders in the root: a worker, a proxy. Read, not listed, so that other files may come
    and go."""
    paths = (f"{folder}/Dockerfile" for folder in sources.folders(""))
    return tuple(path for path in paths if sources.read(path) is not None)


def _templates(sources: Sources) -> tuple[str, ...]:
    """CloudFormation's templates, known by what they say: YAML and JSON have other uses."""
    return tuple(
        f"{folder}/{name}"
        for folder in _TEMPLATE_FOLDERS
        for name in sources.files(folder)
        if name.endswith((".yaml", ".yml", ".json"))
        and _is_template(sources.read(f"{folder}/{name}") or "")
    )


def _is_template(text: str) -> bool:
    resources = _RESOURCES.search(text) and _AWS_TYPE.search(text)
    return "AWSTemplateFormatVersion" in text or bool(resources)


def _serve(packages: Sequence[str], sources: Sources) -> str:
    found = entry(sources, packages)
    return found.serve if found else ""


def _tests(given: Application, packages: Sequence[str], sources: Sources) -> dict[str, str]:
    """Folders by kind. A folder that is given for one kind is not another kind's, too."""
    found = tests(sources, packages)
    taken = {given.unit_tests, given.integration_tests, given.browser_tests}
    folders = {f"{kind}_tests": path for kind, path in found.folders if path not in taken}
    runner = found.runner if found.runner == "django" and folders else ""
    return {**folders, "test_runner": runner}


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
