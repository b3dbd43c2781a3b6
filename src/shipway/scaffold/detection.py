"""Works out what an application is from its files, where shipway.toml does not say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shipway.config.names import as_name
from shipway.config.schema import Application, Config
from shipway.scaffold.sources import FOREIGN, Sources
from shipway.source_text import parse_source, parse_toml

# Where an application is served from: by the syntax tree of the modules that usually hold it.

_MADE_BY = {
    "Flask": "flask",
    "FastAPI": "fastapi",
    "Starlette": "fastapi",
    "APIFlask": "flask",
    "get_wsgi_application": "django",
    "get_asgi_application": "django",
}
_FACTORIES = ("create_app", "make_app", "create_application", "build_app", "get_app", "init_app")
_USUAL = ("application", "app", "api", "server")
_MODULES = (
    "wsgi",
    "asgi",
    "__init__",
    "app",
    "main",
    "application",
    "server",
    "api",
    "factory",
    "web",
    "run",
    "site",
    "core",
    "flask_app",
    "fastapi_app",
)
_BELOW = ("api", "app", "web", "server", "core")  # of a package
_NO_APPLICATION = {
    "tests",
    "test",
    "docs",
    "migrations",
    "load",
    "scripts",
    "bench",
    "examples",
    "static",
    "templates",
}
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)[\"']")


@dataclass(frozen=True)
class EntryPoint:
    """framework: flask, fastapi or django. name: in the module; factory: it has to be called."""

    framework: str
    module: str
    name: str
    factory: bool = False

    @property
    def serve(self) -> str:
        """The command that serves it. uvicorn reads WEB_CONCURRENCY by itself, as gunicorn does."""
        if self.framework == "fastapi":
            factory = " --factory" if self.factory else ""
            return f"uvicorn{factory} --host {{host}} --port {{port}} {self.module}:{self.name}"
        return f"gunicorn --bind {{bind}} {self.module}:{self.name}{'()' * self.factory}"


def find_entry_point(sources: Sources, packages: Sequence[str]) -> EntryPoint | None:
    """The application's entry; None where none is to be seen."""
    if django_entry := _django_entry_point(sources):
        return django_entry
    factories = []
    for path in _candidates(sources, packages):
        tree = parse_source(sources.read(path) or "")
        if tree is None or not tree.body:
            continue
        module = module_name(path)
        for name, framework, factory in _entries(tree):
            if not factory:
                return EntryPoint(framework, module, name)
            factories.append(EntryPoint(framework, module, name, factory=True))
    return factories[0] if factories else None


def module_name(path: str) -> str:
    """`src/shop/__init__.py` → `shop`."""
    name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


def _django_entry_point(sources: Sources) -> EntryPoint | None:
    manage = sources.read("manage.py")
    match = _SETTINGS.search(manage or "")
    if manage is None or "django" not in manage.lower():
        return None
    packages = [match[1].split(".")[0]] if match else []
    for package in (*packages, *sources.folders("")):
        if sources.read(f"{package}/wsgi.py") is not None:
            return EntryPoint("django", f"{package}.wsgi", "application")
    return None


def _candidates(sources: Sources, packages: Sequence[str]) -> Iterator[str]:
    """Folders without __init__.py, too: Python finds modules in them as well."""
    tops = [name for name in sources.folders("") if name not in _NO_APPLICATION | FOREIGN]
    below = [f"{package}/{name}" for package in packages for name in _BELOW]
    folders = dict.fromkeys((*packages, *(name for name in tops if name != "src"), *below))
    for folder in (*folders, ""):
        filenames = set(sources.files(folder))
        prefix = f"{folder}/" if folder else ""
        usual = [f"{name}.py" for name in _MODULES if f"{name}.py" in filenames]
        others = (
            []
            if folder
            else sorted(
                name
                for name in filenames
                if name.endswith(".py")
                and name not in usual
                and not name.startswith(("test", "conftest", "setup", "manage"))
            )
        )
        yield from (prefix + name for name in (*usual, *others))


def _entries(tree: ast.Module) -> Iterator[tuple[str, str, bool]]:
    """(name, framework, whether it is a factory), the usual names first."""
    framework = _imported(tree)
    variables = [
        (target.id, _MADE_BY.get(called) or framework or "flask")
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
        and (called := _called(node.value))
        and (called in _MADE_BY or called in _FACTORIES)
    ]
    places = {name: index for index, name in enumerate(_USUAL)}
    for name, library in sorted(
        variables, key=lambda variable: places.get(variable[0], len(places))
    ):
        yield name, library, False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in _FACTORIES and _callable(node):
            yield node.name, framework or "flask", True


def _imported(tree: ast.Module) -> str:
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    return next((name for name in ("fastapi", "flask", "django") if name in names), "")


def _called(node: ast.expr | None) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _callable(node: ast.FunctionDef) -> bool:
    """Whether it can be called without an argument."""
    arguments = node.args
    return len(arguments.posonlyargs) + len(arguments.args) == len(arguments.defaults) and all(
        default is not None for default in arguments.kw_defaults
    )


# Where the tests are, and who runs them.

_KINDS = ("unit", "integration", "browser")
_NAMED = re.compile(r"^(test_.*|.*_test|tests)\.py$")
_FOLDERS = ("tests", "test")


@dataclass(frozen=True)
class TestSuites:
    """folders: kind → folder. runner: pytest, or Django's own; "" where there are none."""

    folders: tuple[tuple[str, str], ...] = ()
    runner: str = ""


def find_test_suites(sources: Sources, packages: Sequence[str]) -> TestSuites:
    """The tests that there are. Asks for few files: a run asks this each time."""
    for folder in _FOLDERS:
        if folder in sources.folders(""):
            if not _configured(sources) and _is_django(sources) and _package(sources, folder):
                return TestSuites((("unit", "."),), "django")
            below = sources.folders(folder)
            kinds = tuple((kind, f"{folder}/{kind}") for kind in _KINDS if kind in below)
            suites = kinds if "unit" in below else (("unit", folder), *kinds)
            return TestSuites(suites, "pytest")
    at_root = any(_NAMED.match(name) for name in sources.files(""))
    inside = [path for path in _places(sources, packages) if _holds_tests(sources, path)]
    if not at_root and not inside:
        return TestSuites()
    if not _configured(sources) and _is_django(sources):
        return TestSuites((("unit", "."),), "django")
    return TestSuites((("unit", "." if at_root or len(inside) > 1 else inside[0]),), "pytest")


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
    """The packages, those one below (Django's `apps/`), and folders of tests in them."""
    below = [f"{package}/{name}" for package in packages for name in sources.folders(package)]
    return [*packages, *below]


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
        return f"flask --app {_app(entry)} db upgrade" if entry else ""
    if sources.read("alembic.ini") is not None:
        return "alembic upgrade head"
    return ""


def seed_command(entry: EntryPoint | None, texts: list[tuple[str, str]]) -> str:
    """A Flask command that makes the tables, as the Flask tutorial has it; "" where none is."""
    if entry is None or entry.framework != "flask":
        return ""
    command = next((match[1] for _, text in texts if (match := _SEEDS.search(text))), "")
    return f"flask --app {_app(entry)} {command}" if command else ""


def _app(entry: EntryPoint) -> str:
    return f"{entry.module}:{entry.name}"


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


def _found(application: Application, sources: Sources) -> dict[str, Any]:
    project = parse_toml(sources.read("pyproject.toml") or "").get("project", {})
    packages = application.packages or _packages(sources)
    return {
        "name": as_name(str(project.get("name", ""))),
        "version": as_name(str(project.get("version", ""))),
        "packages": packages,
        **_tests(application, packages, sources),
        "lock": next((name for name in LOCKS if sources.read(name) is not None), ""),
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
