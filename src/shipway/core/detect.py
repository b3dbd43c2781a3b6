"""Works out what an application is from its files, where shipway.toml does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from shipway.core.config import Application, Config

_NO_PACKAGES = {"tests", "test", "docs", "migrations", "load", "scripts", "bench", "examples"}
_FACTORY = re.compile(r"^def (create_app|make_app)\(", re.MULTILINE)
_GLOBAL = re.compile(r"^(app|application)\b[^=\n]*= *(Flask|FastAPI)\(", re.MULTILINE)
_TEMPLATE_FOLDERS = ("infrastructure", "cloudformation", "infra", "templates")
_RESOURCES = re.compile(r"^Resources\s*:|[\"']Resources[\"']\s*:", re.MULTILINE)
_AWS_TYPE = re.compile(r"\bType[\"']?\s*:\s*[\"']?AWS::")


class Sources(Protocol):
    """The application's files, read only. Paths are relative to its root."""

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none."""
        ...

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted; empty when there is none."""
        ...

    def files(self, path: str) -> Sequence[str]:
        """The names of the files in a folder, sorted; empty when there is none."""
        ...


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
        **_tests(sources),
        "lock": next(
            (name for name in ("uv.lock", "requirements.txt") if sources.read(name) is not None),
            "",
        ),
        "serve": _serve(packages, sources),
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
        if name not in _NO_PACKAGES and sources.read(f"{prefix}{name}/__init__.py") is not None
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


def _tests(sources: Sources) -> dict[str, str]:
    below = sources.folders("tests")
    found = {
        f"{kind}_tests": f"tests/{kind}"
        for kind in ("unit", "integration", "browser")
        if kind in below
    }
    return {"unit_tests": "tests", **found} if "tests" in sources.folders("") else {}


def _serve(packages: Sequence[str], sources: Sources) -> str:
    """The command that serves the application; {bind} becomes host:port."""
    modules = [f"{package}/{name}" for package in packages for name in ("__init__", "app", "wsgi")]
    for path in (*modules, "app", "wsgi", "main"):
        text = sources.read(f"{path}.py") or ""
        module = path.removeprefix("src/").removesuffix("/__init__").replace("/", ".")
        asgi = " -k uvicorn.workers.UvicornWorker" if "FastAPI(" in text else ""
        if entry := _GLOBAL.search(text):
            return f"gunicorn{asgi} --bind {{bind}} {module}:{entry[1]}"
        if entry := _FACTORY.search(text):
            return f"gunicorn{asgi} --bind {{bind}} {module}:{entry[1]}()"
    if sources.read("manage.py") is not None:
        for package in packages:
            if sources.read(f"{package}/wsgi.py") is not None:
                return f"gunicorn --bind {{bind}} {package.replace('/', '.')}.wsgi:application"
    return ""


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
