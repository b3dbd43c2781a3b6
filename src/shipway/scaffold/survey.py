"""All that is worked out of an application before anything is written for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from shipway.config.schema import Application, Config
from shipway.scaffold.detection import (
    TestSuites,
    build_command,
    detect_application,
    migration_command,
    seed_command,
)
from shipway.scaffold.detection import find_test_suites as find_tests
from shipway.scaffold.entry_point import (
    EntryPoint,
    applications_below,
    find_entry_points,
    unreached_modules,
)
from shipway.scaffold.environment_variables import (
    EnvironmentVariable,
    find_environment_variables,
    value_separator,
    variable_examples,
)
from shipway.scaffold.python_version import PythonRequirement, find_python_requirement
from shipway.scaffold.required_services import RequiredServices, find_required_services
from shipway.scaffold.requirements import Requirements, find_requirements
from shipway.scaffold.sources import Sources, python_files
from shipway.source_text import parse_source

# The address that says whether an application is well: one of its own routes.

USUAL = (
    "/health/ready",
    "/readyz",
    "/ready",
    "/healthz",
    "/health",
    "/health/live",
    "/livez",
    "/healthcheck",
    "/_health",
    "/up",
    "/ping",
    "/status",
    "/api/health",
    "/health/",
)
# Django's patterns: path("", …), re_path(r"^$", …), url(r"^$", …).
_DJANGO = re.compile(r"\b(?:re_path|path|url)\(\s*r?([\"'])(.*?)\1\s*,\s*(include\b)?")
_BRACKETS = re.compile(r"[<{]")


# A GET that changes something all the same, or is nobody's page.
_AVOIDED = re.compile(
    r"log-?_?out|sign-?_?out|delete|remove|reset|export|unsubscribe|activate|callback|error|metrics",
    re.IGNORECASE,
)
_USUAL_WORDS = re.compile(r"health|alive|ready|ping|status", re.IGNORECASE)
_OPEN_WORDS = re.compile(r"login|log_in|signin|docs|openapi", re.IGNORECASE)


def preferred_routes(routes: Iterable[str]) -> list[str]:
    """Routes in the order in which they are asked for a health check: what is usual for one, the
    first page, what is open to everybody, then what is shortest. What may change something is left
    out."""

    def rank(path: str) -> tuple[int, int, str]:
        if path in USUAL:
            return (USUAL.index(path) - len(USUAL), 0, path)
        kinds = (_USUAL_WORDS.search(path), path == "/", _OPEN_WORDS.search(path), True)
        return (next(index for index, kind in enumerate(kinds) if kind), len(path), path)

    return sorted({path for path in routes if not _AVOIDED.search(path)}, key=rank)


def health_route(
    framework: str, texts: Iterable[tuple[str, str]], urls: str = ""
) -> tuple[str, str]:
    """The path, and why this one. urls: the text of Django's root URL configuration."""
    routes = _django(urls) if framework == "django" else list(_routes(texts))
    for path in USUAL:
        if path in routes:
            return path, "the application has it"
    if "/" in routes:
        return "/", "there is no health check; the first page answers for it"
    if framework == "fastapi":
        return "/openapi.json", "there is no health check; FastAPI's own description answers for it"
    if framework == "django" and "/admin/" in routes:
        return "/admin/login/", "there is no health check; the login page answers for it"
    if routes:
        return routes[0], "there is no health check; the first route answers for it"
    return "/", "no route was found"


def _routes(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Routes that take GET and no variable parts, of Flask and FastAPI, in the files' order."""
    for _, text in texts:
        tree = parse_source(text)
        if tree is None:
            continue
        prefixes = dict(_prefixes(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    yield from _route(decorator, prefixes)


def _route(node: ast.expr, prefixes: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="route" | "get", value=owner),
            args=[ast.Constant(value=str(path)), *_],
        ):
            methods = [
                element.value
                for key in node.keywords
                if key.arg == "methods" and isinstance(key.value, ast.List | ast.Tuple)
                for element in key.value.elts
                if isinstance(element, ast.Constant)
            ]
            prefix = prefixes.get(owner.id, "") if isinstance(owner, ast.Name) else ""
            if not _BRACKETS.search(path) and (not methods or "GET" in methods):
                yield prefix + path or "/"


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """bp = Blueprint(…, url_prefix="/x"); router = APIRouter(prefix="/x")."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        for key in node.value.keywords:
            if key.arg in ("url_prefix", "prefix") and isinstance(key.value, ast.Constant):
                yield from (
                    (target.id, str(key.value.value))
                    for target in node.targets
                    if isinstance(target, ast.Name)
                )


def _django(urls: str) -> list[str]:
    routes = []
    for include in _DJANGO.finditer(urls):
        pattern = include[2].removeprefix("^").removesuffix("$")
        if not _BRACKETS.search(pattern) and not set(pattern) & set("(\\[?*+"):
            if include[3] and pattern not in ("", "admin/"):
                continue  # what is below is in another file
            routes.append("/" + pattern)
    return routes


# gunicorn reads it from the folder that it is started in.
_OF_GUNICORN = "gunicorn.conf.py"
_NOT_SERVED = ("tests/", "test/", "docs/", "examples/", "migrations/")
_CONFIGURED = {
    "mypy": ("mypy.ini", ".mypy.ini", "[tool.mypy]", "[mypy]"),
    "flake8": (".flake8", "", "[tool.flake8]", "[flake8]"),
    "black": ("", "", "[tool.black]", ""),
}


@dataclass(frozen=True, kw_only=True)
class Survey:
    """application: what is detected and proposed of it. entry: where it is served from.
    alternatives: where else it may be, should it not start from there.
    below: folders with applications of their own.
    unread: modules that Shipway's Python cannot parse.
    wanted: what it wants installed. health_reason: why this path. unconfigured: linters that the
    project does not use. build: how the project is built, in a word. build_command: what makes
    files that a release needs, "" for nothing.
    """

    application: Application
    entry: EntryPoint | None
    wanted: Requirements | None
    tests: TestSuites
    variables: tuple[EnvironmentVariable, ...]
    services: RequiredServices
    health: str
    health_reason: str
    migrate: str
    seed: str
    unconfigured: tuple[str, ...]
    build: str
    python: PythonRequirement = field(default_factory=PythonRequirement)
    alternatives: tuple[EntryPoint, ...] = ()
    below: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    build_command: str = ""


def survey_application(sources: Sources, name: str) -> Survey:
    """Look at everything. name: of the folder, where no file names the application."""
    application = detect_application(Config(), sources)[0].application
    application = replace(application, name=application.name or plain_name(name))
    entry_points = tuple(find_entry_points(sources, application.packages))
    entry_point = entry_points[0] if entry_points else None
    wants = find_requirements(sources)
    names = wants.names if wants else frozenset()
    texts = [
        (path, sources.read(path) or "")
        for path in python_files(sources)
        if not path.startswith(_NOT_SERVED) and "/tests/" not in path and "/test_" not in path
    ]
    root_urls = sources.read(f"{entry_point.module.split('.')[0]}/urls.py") if entry_point else None
    path, reason = health_route(
        entry_point.framework if entry_point else "", texts, root_urls or ""
    )
    variables = _variables(sources, entry_point, texts)
    return Survey(
        application=application,
        entry=entry_point,
        alternatives=entry_points[1:],
        below=() if entry_points else tuple(applications_below(sources)),
        wanted=wants,
        tests=find_tests(sources, application.packages),
        variables=variables,
        services=find_required_services(names, variables, texts, sources, application.name),
        health=path,
        health_reason=reason,
        migrate=migration_command(entry_point, sources),
        seed=seed_command(entry_point, texts),
        build_command=build_command(entry_point, texts),
        unconfigured=_unconfigured(sources),
        build=_build(sources),
        python=find_python_requirement(sources),
        unread=tuple(path for path, text in texts if parse_source(text) is None),
    )


def _variables(
    sources: Sources, entry: EntryPoint | None, texts: Sequence[tuple[str, str]]
) -> tuple[EnvironmentVariable, ...]:
    paths = [path for path, _ in texts]
    unreached = unreached_modules(sources, entry, paths) if entry else frozenset[str]()
    if entry and entry.server == "gunicorn":
        unreached -= {_OF_GUNICORN}
    bodies = dict(texts)
    return tuple(
        replace(
            variable,
            separator=value_separator(
                bodies.get(variable.place.rpartition(":")[0], ""), variable.place
            ),
        )
        for variable in find_environment_variables(texts, variable_examples(sources), unreached)
    )


def plain_name(text: str) -> str:
    """A name that can be part of a file's or an image's."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "application"


def _unconfigured(sources: Sources) -> tuple[str, ...]:
    texts = [sources.read(path) or "" for path in ("pyproject.toml", "setup.cfg", "tox.ini")]
    commit = sources.read(".pre-commit-config.yaml") or ""
    return tuple(
        check
        for check, names in _CONFIGURED.items()
        if check not in commit and not _is_configured(names, sources, texts)
    )


def _is_configured(names: Sequence[str], sources: Sources, texts: Iterable[str]) -> bool:
    """names: the tool's own files, then its table and its section in files of many tools."""
    *files, table, section = names
    if any(name and sources.read(name) is not None for name in files):
        return True
    return any(
        word and re.search("^" + re.escape(word), text, re.M)
        for text in texts
        for word in (table, section)
    )


def _build(sources: Sources) -> str:
    project = sources.read("pyproject.toml")
    if project is not None:
        for word, marks in (
            ("uv", ("[tool.uv]", "uv_build")),
            ("Poetry", ("[tool.poetry]", "poetry.core", "poetry-core")),
            ("PDM", ("[tool.pdm", "pdm.backend", "pdm-backend")),
            ("Hatch", ("hatchling",)),
            ("Flit", ("flit_core",)),
            ("setuptools", ("setuptools",)),
        ):
            if any(mark in project for mark in marks):
                return word
        if sources.read("uv.lock") is not None:
            return "uv"
    for name, word in (
        ("Pipfile", "Pipenv"),
        ("setup.py", "setuptools"),
        ("setup.cfg", "setuptools"),
        ("requirements.txt", "requirements"),
    ):
        if sources.read(name) is not None:
            return word
    return "pyproject" if project is not None else "none"
