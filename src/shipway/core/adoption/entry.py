"""Where an application is served from: by the syntax tree of the modules that usually hold it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shipway.core.parsing import parsed
from shipway.core.sources import FOREIGN, Sources

_MADE_BY = {
    "Flask": "flask", "FastAPI": "fastapi", "Starlette": "fastapi", "APIFlask": "flask",
    "get_wsgi_application": "django", "get_asgi_application": "django",
}  # fmt: skip
_FACTORIES = ("create_app", "make_app", "create_application", "build_app", "get_app", "init_app")
_USUAL = ("application", "app", "api", "server")
_MODULES = ("wsgi", "asgi", "__init__", "app", "main", "application", "server", "api", "factory",
            "web", "run", "site", "core", "flask_app", "fastapi_app")  # fmt: skip
_BELOW = ("api", "app", "web", "server", "core")  # of a package
_NO_APPLICATION = {"tests", "test", "docs", "migrations", "load", "scripts", "bench", "examples",
                   "static", "templates"}  # fmt: skip
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)[\"']")


@dataclass(frozen=True)
class Entry:
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


def entry(sources: Sources, packages: Sequence[str]) -> Entry | None:
    """The application's entry; None where none is to be seen."""
    if found := _django(sources):
        return found
    factories = []
    for path in _candidates(sources, packages):
        tree = parsed(sources.read(path) or "")
        if tree is None or not tree.body:
            continue
        module = module_of(path)
        for name, framework, factory in _entries(tree):
            if not factory:
                return Entry(framework, module, name)
            factories.append(Entry(framework, module, name, factory=True))
    return factories[0] if factories else None


def module_of(path: str) -> str:
    """`src/shop/__init__.py` → `shop`."""
    name = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


def _django(sources: Sources) -> Entry | None:
    manage = sources.read("manage.py")
    named = _SETTINGS.search(manage or "")
    if manage is None or "django" not in manage.lower():
        return None
    packages = [named[1].split(".")[0]] if named else []
    for package in (*packages, *sources.folders("")):
        if sources.read(f"{package}/wsgi.py") is not None:
            return Entry("django", f"{package}.wsgi", "application")
    return None


def _candidates(sources: Sources, packages: Sequence[str]) -> Iterator[str]:
    """Folders without __init__.py, too: Python finds modules in them as well."""
    tops = [name for name in sources.folders("") if name not in _NO_APPLICATION | FOREIGN]
    below = [f"{one}/{name}" for one in packages for name in _BELOW]
    folders = dict.fromkeys((*packages, *(name for name in tops if name != "src"), *below))
    for folder in (*folders, ""):
        there = set(sources.files(folder))
        prefix = f"{folder}/" if folder else ""
        usual = [f"{name}.py" for name in _MODULES if f"{name}.py" in there]
        others = [] if folder else sorted(
            name for name in there if name.endswith(".py") and name not in usual
            and not name.startswith(("test", "conftest", "setup", "manage"))
        )  # fmt: skip
        yield from (prefix + name for name in (*usual, *others))


def _entries(tree: ast.Module) -> Iterator[tuple[str, str, bool]]:
    """(name, framework, whether it is a factory), the usual names first."""
    framework = _imported(tree)
    found = [
        (target.id, _MADE_BY.get(called) or framework or "flask")
        for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and (called := _called(node.value))
        and (called in _MADE_BY or called in _FACTORIES)
    ]  # fmt: skip
    places = {name: place for place, name in enumerate(_USUAL)}
    for name, made in sorted(found, key=lambda one: places.get(one[0], len(places))):
        yield name, made, False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in _FACTORIES and _callable(node):
            yield node.name, framework or "flask", True


def _imported(tree: ast.Module) -> str:
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [one.name for one in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
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
    given = node.args
    return len(given.posonlyargs) + len(given.args) == len(given.defaults) and all(
        default is not None for default in given.kw_defaults
    )
