"""All that is worked out of an application before anything is written for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from shipway.core.adoption.entry import Entry, entry
from shipway.core.adoption.migrating import migrate, seed
from shipway.core.adoption.needs import database_url, services, speaks_sql
from shipway.core.adoption.requirements import Wanted, wanted
from shipway.core.adoption.routes import health
from shipway.core.adoption.testing import Suites
from shipway.core.adoption.testing import tests as find_tests
from shipway.core.adoption.variables import Variable, variables
from shipway.core.config import Application, Config
from shipway.core.detect import detect
from shipway.core.sources import Sources, python_files

_NOT_SERVED = ("tests/", "test/", "docs/", "examples/", "migrations/")
_CONFIGURED = {
    "mypy": ("mypy.ini", ".mypy.ini", "[tool.mypy]", "[mypy]"),
    "flake8": (".flake8", "", "[tool.flake8]", "[flake8]"),
    "black": ("", "", "[tool.black]", ""),
}


@dataclass(frozen=True)
class Survey:
    """application: as detect() fills it in. entry: where it is served from. wanted: what it wants
    installed. health_reason: why this path. unconfigured: linters that the project does not use.
    build: how the project is built, in a word. builds: whether it is a package to be installed.
    """

    application: Application
    entry: Entry | None
    wanted: Wanted | None
    tests: Suites
    variables: tuple[Variable, ...]
    services: tuple[str, ...]
    database_url: str
    sql: bool
    health: str
    health_reason: str
    migrate: str
    seed: str
    unconfigured: tuple[str, ...]
    build: str
    python: str = ""


def survey(sources: Sources, name: str) -> Survey:
    """Look at everything. name: of the folder, where no file names the application."""
    application = detect(Config(), sources)[0].application
    application = replace(application, name=application.name or plain_name(name))
    found = entry(sources, application.packages)
    wants = wanted(sources)
    names = wants.names if wants else frozenset()
    texts = [
        (path, sources.read(path) or "")
        for path in python_files(sources)
        if not path.startswith(_NOT_SERVED) and "/tests/" not in path and "/test_" not in path
    ]
    root_urls = sources.read(f"{found.module.split('.')[0]}/urls.py") if found else None
    path, reason = health(found.framework if found else "", texts, root_urls or "")
    return Survey(
        application, found, wants, find_tests(sources, application.packages),
        variables(texts), services(names), database_url(names), speaks_sql(names), path, reason,
        migrate(found, sources), seed(found, texts), _unconfigured(sources), _build(sources),
        _python(sources),
    )  # fmt: skip


def plain_name(text: str) -> str:
    """A name that can be part of a file's or an image's."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "application"


def _unconfigured(sources: Sources) -> tuple[str, ...]:
    texts = [sources.read(path) or "" for path in ("pyproject.toml", "setup.cfg", "tox.ini")]
    commit = sources.read(".pre-commit-config.yaml") or ""
    return tuple(
        check
        for check, (*files, table, section) in _CONFIGURED.items()
        if check not in commit
        and not any(name and sources.read(name) is not None for name in files)
        and not any(
            word and re.search(rf"^{re.escape(word)}", text, re.M)
            for text in texts
            for word in (table, section)
        )
    )


def _build(sources: Sources) -> str:
    project = sources.read("pyproject.toml")
    if project is not None:
        for word, marks in (
            ("uv", ("[tool.uv]", "uv_build")),
            ("Poetry", ("[tool.poetry]", "poetry.core", "poetry-core")),
            ("PDM", ("[tool.pdm", "pdm.backend", "pdm-backend")), ("Hatch", ("hatchling",)),
            ("Flit", ("flit_core",)), ("setuptools", ("setuptools",)),
        ):  # fmt: skip
            if any(mark in project for mark in marks):
                return word
        if sources.read("uv.lock") is not None:
            return "uv"
    for name, word in (
        ("Pipfile", "Pipenv"), ("setup.py", "setuptools"), ("setup.cfg", "setuptools"),
        ("requirements.txt", "requirements"),
    ):  # fmt: skip
        if sources.read(name) is not None:
            return word
    return "pyproject" if project is not None else "none"


def _python(sources: Sources) -> str:
    """The version of Python that a .python-version asks for, as `3.12`."""
    found = re.match(r"\s*(3\.\d+)", sources.read(".python-version") or "")
    return found[1] if found else ""
