"""Works out what an application is from its files, where shipway.toml does not say."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from posixpath import normpath
from typing import Any

from shipway.config.names import as_name
from shipway.config.schema import Application, Config
from shipway.releases.local_packages import local_folders
from shipway.scaffold.entry_point import EntryPoint, find_entry_point
from shipway.scaffold.sources import FOREIGN, Sources
from shipway.source_text import parse_toml

# Where the tests are, and who runs them.

_KINDS = ("unit", "integration", "browser")
_NAMED = re.compile(r"^(test_(?!settings\.py$).*|.*_test|tests)\.py$")
_FOLDERS = ("tests", "test")
_OF_AN_APPLICATION = {
    "__init__.py",
    "Dockerfile",
    "manage.py",
    "package.json",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
}


@dataclass(frozen=True)
class TestSuites:
    """folders: kind → folder. runner: pytest, or Django's own; "" where there are none."""

    folders: tuple[tuple[str, str], ...] = ()
    runner: str = ""


def find_test_suites(sources: Sources, packages: Sequence[str]) -> TestSuites:
    """The tests that there are. Asks for few files: a run asks this each time.

    Where they stand in several places, the whole folder is given to the runner, which knows by its
    own settings where to look.
    """
    django = not _configured(sources) and _is_django(sources)
    top = next((folder for folder in _FOLDERS if folder in sources.folders("")), "")
    at_root = any(_NAMED.match(name) for name in sources.files(""))
    holding = [path for path in _places(sources, packages) if _holds_tests(sources, path)]
    inside = [path for path in holding if not any(path.startswith(f"{one}/") for one in holding)]
    if not (top or at_root or inside):
        return TestSuites()
    if django and (not top or inside or _package(sources, top)):
        return TestSuites((("unit", "."),), "django")
    below = sources.folders(top) if top else ()
    kinds = tuple((kind, f"{top}/{kind}") for kind in _KINDS if kind in below)
    several = len(_test_paths(sources)) > 1 or len([*filter(None, (top, at_root)), *inside]) > 1
    if several or at_root:
        others = tuple((kind, folder) for kind, folder in kinds if kind != "unit")
        return TestSuites((("unit", "."), *others), "pytest")
    if top:
        suites = kinds if "unit" in below else (("unit", top), *kinds)
        return TestSuites(suites, "pytest")
    return TestSuites((("unit", inside[0]),), "pytest")


_PYTEST_SECTIONS = (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))


def _test_paths(sources: Sources) -> list[str]:
    """Pytest's `testpaths`: more than one where a project says so."""
    with suppress(ValueError, AttributeError):
        tool = parse_toml(sources.read("pyproject.toml") or "").get("tool", {})
        paths = tool.get("pytest", {}).get("ini_options", {}).get("testpaths", [])
        if paths:
            return paths.split() if isinstance(paths, str) else [str(path) for path in paths]
    for path, section in _PYTEST_SECTIONS:
        settings = configparser.RawConfigParser()
        with suppress(configparser.Error):
            settings.read_string(sources.read(path) or "")
            if paths := settings.get(section, "testpaths", fallback=""):
                return list(paths.split())
    return []


def _is_django(sources: Sources) -> bool:
    return "django" in (sources.read("manage.py") or "").lower()


def _configured(sources: Sources) -> bool:
    """Whether the project says that pytest runs its tests."""
    if sources.read("pytest.ini") is not None or sources.read("conftest.py") is not None:
        return True
    return any(
        word in (sources.read(path) or "")
        for path, word in (
            ("pyproject.toml", "[tool.pytest"),
            ("setup.cfg", "[tool:pytest]"),
            ("tox.ini", "[pytest]"),
            ("tests/conftest.py", ""),
        )
        if sources.read(path) is not None
    )


def _package(sources: Sources, folder: str) -> bool:
    return sources.read(f"{folder}/__init__.py") is not None


def _places(sources: Sources, packages: Sequence[str]) -> list[str]:
    """The packages, those one below (Django's `apps/`), and folders of tests in them, with the
    folders by which those are ordered."""
    packages = (*packages, *_namespaces(sources))
    below = [f"{package}/{name}" for package in packages for name in sources.folders(package)]
    tests = [
        f"{path}/{name}" for path in below for name in sources.folders(path) if name in _FOLDERS
    ]
    tests += [path for path in below if path.rpartition("/")[2] in _FOLDERS]
    inside = [f"{path}/{name}" for path in tests for name in sources.folders(path)]
    return list(dict.fromkeys((*packages, *below, *tests, *inside)))


def _namespaces(sources: Sources) -> list[str]:
    """Folders of packages that are none themselves (Django's `apps/`), and no application of its
    own."""
    return [
        folder
        for folder in sources.folders("")
        if folder not in _NO_PACKAGES | FOREIGN | {"src"}
        and not {*sources.files(folder)} & _OF_AN_APPLICATION
        and any(_package(sources, f"{folder}/{name}") for name in sources.folders(folder))
    ]


def _holds_tests(sources: Sources, folder: str) -> bool:
    return any(_NAMED.match(name) for name in sources.files(folder))


# The command that brings the database up to date.

_SEEDS = re.compile(r"command\(\s*[\"'](init-db|initdb|init_db|create-db|create_db|createdb)[\"']")


def migration_command(entry: EntryPoint | None, sources: Sources) -> str:
    """Django's, Flask-Migrate's or Alembic's command; "" where there are no migrations."""
    if entry and entry.framework == "django":
        return "python manage.py migrate --noinput"
    if sources.read("migrations/alembic.ini") is not None or (
        sources.read("migrations/env.py") is not None and entry and entry.framework == "flask"
    ):
        return f"flask --app {entry.app} db upgrade" if entry else ""
    if sources.read("alembic.ini") is not None:
        return "alembic upgrade head"
    return ""


def seed_command(entry: EntryPoint | None, texts: list[tuple[str, str]]) -> str:
    """A Flask command that makes the tables, as the Flask tutorial has it; "" where none is."""
    if entry is None or entry.framework != "flask":
        return ""
    command = next((match[1] for _, text in texts if (match := _SEEDS.search(text))), "")
    return f"flask --app {entry.app} {command}" if command else ""


_STATIC_ROOT = re.compile(r"^\s*STATIC_ROOT\s*(?::[^=\n]+)?=(.+)$", re.MULTILINE)
_SERVES_STATIC = re.compile(r"\bwhitenoise\b|ManifestStaticFilesStorage")
_ABSOLUTE = re.compile(r"[\"']/\w")


def build_command(entry: EntryPoint | None, texts: Iterable[tuple[str, str]]) -> str:
    """Django's `collectstatic`, where its pages fail without what that collects; "" where they do
    not, or where it writes to a place outside of the release."""
    if entry is None or entry.framework != "django":
        return ""
    bodies = [body for _, body in texts]
    folders = [match[1] for body in bodies for match in _STATIC_ROOT.finditer(body)]
    inside = [folder for folder in folders if not _ABSOLUTE.search(folder)]
    needed = any(_SERVES_STATIC.search(body) for body in bodies)
    return "python manage.py collectstatic --noinput" if needed and inside else ""


LOCKS = ("uv.lock", "requirements-lock.txt", "requirements.txt")
_NO_PACKAGES = {"tests", "test", "docs", "migrations", "load", "scripts", "bench", "examples"}
_TEMPLATE_FOLDERS = ("infrastructure", "cloudformation", "infra", "templates")
_RESOURCES = re.compile(r"^Resources\s*:|[\"']Resources[\"']\s*:", re.MULTILINE)
_AWS_TYPE = re.compile(r"\bType[\"']?\s*:\s*[\"']?AWS::")


def detect_application(config: Config, sources: Sources) -> tuple[Config, tuple[str, ...]]:
    """The configuration with its gaps filled, and each assumption in words."""
    application = config.application
    detected = _found(application, sources)
    filled = {
        name: value for name, value in detected.items() if value and not getattr(application, name)
    }
    assumed = tuple(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in filled.items())
    return replace(config, application=replace(application, **filled)), assumed


def _local_packages(lock: str) -> tuple[str, ...]:
    """The folders below the application's that a lock installs packages from."""
    folders = (normpath(folder) for folder in local_folders(lock))
    return tuple(folder for folder in folders if not folder.startswith(("..", "/")))


def _found(application: Application, sources: Sources) -> dict[str, Any]:
    project = parse_toml(sources.read("pyproject.toml") or "").get("project", {})
    packages = application.packages or _packages(sources)
    lock = next((name for name in LOCKS if sources.read(name) is not None), "")
    return {
        "name": as_name(str(project.get("name", ""))),
        "version": as_name(str(project.get("version", ""))),
        "packages": packages,
        **_tests(application, packages, sources),
        "lock": lock,
        "local_packages": _local_packages(sources.read(application.lock or lock) or ""),
        "serve": "" if application.serve else _serve(packages, sources),
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
    entry_point = find_entry_point(sources, packages)
    return entry_point.serve if entry_point else ""


def _tests(application: Application, packages: Sequence[str], sources: Sources) -> dict[str, str]:
    """Folders by kind. A folder that is given for one kind is not another kind's, too."""
    suites = find_test_suites(sources, packages)
    taken = {application.unit_tests, application.integration_tests, application.browser_tests}
    folders = {f"{kind}_tests": path for kind, path in suites.folders if path not in taken}
    runner = suites.runner if suites.runner == "django" and folders else ""
    return {**folders, "test_runner": runner}


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
