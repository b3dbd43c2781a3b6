"""Where an application is served from: by what starts it today, then by what carries its routes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from posixpath import dirname

from shipway.scaffold.module_graph import FRAMEWORKS, USUAL_FACTORIES, Module, ModuleGraph, calls_of
from shipway.scaffold.server_commands import ServedEntry, flask_app, module_entry, served_entry
from shipway.scaffold.server_commands import started_by as started_by_program
from shipway.scaffold.sources import FOREIGN, Sources, SourcesBelow, python_files
from shipway.scaffold.start_commands import find_start_commands
from shipway.source_text import parse_source

_ASGI = ("fastapi", "starlette", "litestar", "quart", "asgi")
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
    "autoapp",
)
_NO_APPLICATION = {
    "tests",
    "test",
    "testing",
    "docs",
    "doc",
    "migrations",
    "alembic",
    "load",
    "scripts",
    "bench",
    "benchmarks",
    "examples",
    "example",
    "static",
    "templates",
}
_NO_MODULE = re.compile(r"(^|[_/])(tests?|conftest|setup|manage|celery|worker|tasks|cli)(?=[_.])")
_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"']\s*,\s*[\"']([\w.]+)[\"']")
_WSGI_SETTING = re.compile(r"^\s*WSGI_APPLICATION\s*=\s*[\"']([\w.]+)\.(\w+)[\"']", re.MULTILINE)
_PROJECT = ("shipway.toml", "pyproject.toml", "requirements.txt", "Pipfile", "setup.py")
_MAKES = re.compile(rf"\b({'|'.join(FRAMEWORKS)})\(")
_MOST = 1000  # modules that are looked at where no usual one has an application


@dataclass(frozen=True, kw_only=True)
class EntryPoint:
    """framework: flask, fastapi, django, starlette, litestar or quart; wsgi or asgi for another.

    name: in the module; factory: it has to be called, with arguments where there are some: they
    are in parentheses. folder: where its modules are looked for, "" for the root and for `src`.
    options: of the server, as it is started today. asynchronous: it speaks ASGI. evidence: the
    file that starts it, or why it is taken to be the entry.
    """

    framework: str
    module: str
    name: str
    factory: bool = False
    arguments: str = ""
    folder: str = field(default="", compare=False)
    options: tuple[str, ...] = field(default=(), compare=False)
    asynchronous: bool = field(default=False, compare=False)
    evidence: str = field(default="", compare=False)

    @property
    def asgi(self) -> bool:
        """Whether a server for ASGI serves it."""
        return self.asynchronous or self.framework in _ASGI

    @property
    def server(self) -> str:
        """The package that serves it."""
        return "uvicorn" if self.asgi else "gunicorn"

    @property
    def app(self) -> str:
        """As `flask --app` takes it, which finds out by itself what has to be called."""
        return f"{self.module}:{self.name}"

    @property
    def target(self) -> str:
        """`module:name`, as people write it."""
        return self.app + ((self.arguments or "()") if self.factory else "")

    @property
    def serve(self) -> str:
        """The command that serves it. uvicorn reads WEB_CONCURRENCY by itself, as gunicorn does."""
        options = "".join(f"{shlex.quote(word)} " for word in self.options)
        if self.asgi:
            factory = " --factory" if self.factory else ""
            folder = f" --app-dir {shlex.quote(self.folder)}" if self.folder else ""
            return f"uvicorn{factory}{folder} --host {{host}} --port {{port}} {options}{self.app}"
        folder = f" --pythonpath {shlex.quote(self.folder)}" if self.folder else ""
        target = shlex.quote(self.target) if self.arguments else self.target
        return f"gunicorn{folder} --bind {{bind}} {options}{target}"


def find_entry_point(sources: Sources, packages: Sequence[str]) -> EntryPoint | None:
    """The application's entry; None where none is to be seen. A run asks this each time: only the
    usual modules are read, and what these import."""
    return next(find_entry_points(sources, packages, thorough=False), None)


def find_entry_points(
    sources: Sources, packages: Sequence[str], *, thorough: bool = True
) -> Iterator[EntryPoint]:
    """Every entry that the application may have, the one with the best evidence first.

    thorough: where no usual module has one, all others are read.
    """
    known: set[EntryPoint] = set()
    for entry in _all(sources, packages, thorough):
        if entry not in known:
            known.add(entry)
            yield entry


def module_name(path: str) -> str:
    """`shop/__init__.py` → `shop`, below the folder that imports start from."""
    name = path.removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


def applications_below(sources: Sources) -> list[str]:
    """The folders at the top that are projects of their own and hold an application."""
    return [
        folder
        for folder in own_projects(sources)
        if find_entry_point(SourcesBelow(sources, folder), ()) is not None
    ]


def unreached_modules(sources: Sources, entry: EntryPoint, paths: Iterable[str]) -> frozenset[str]:
    """The paths that the entry does not import. Django finds applications by their names: of its
    modules only those beside the settings count that these do not import."""
    graph = ModuleGraph(sources, entry.folder)
    if graph.module(entry.module) is None:
        graph = ModuleGraph(sources, "src")
    modules = graph.reached(entry.module)
    if entry.framework != "django":
        reached = {module.path for module in modules}
        return frozenset(path for path in paths if path not in reached)
    served = graph.module(entry.module)
    match = _SETTINGS.search((sources.read(served.path) if served else "") or "")
    settings = graph.module(match[1]) if match else None
    if match is None or settings is None:
        return frozenset()
    reached = {module.path for module in graph.reached(match[1])}
    beside = dirname(settings.path)
    return frozenset(path for path in paths if dirname(path) == beside and path not in reached)


def own_projects(sources: Sources) -> list[str]:
    """The folders at the top that say for themselves what they need: other applications."""
    return [
        folder
        for folder in sources.folders("")
        if folder not in _NO_APPLICATION | FOREIGN
        and any(sources.read(f"{folder}/{name}") is not None for name in _PROJECT)
    ]


def _tops(sources: Sources) -> list[str]:
    """The folders at the top that may hold this application."""
    others = set(own_projects(sources))
    return [
        name
        for name in sources.folders("")
        if name not in _NO_APPLICATION | FOREIGN and name not in others
    ]


def _all(sources: Sources, packages: Sequence[str], thorough: bool) -> Iterator[EntryPoint]:
    others = set(own_projects(sources))
    for command in find_start_commands(sources):
        served = served_entry(command, sources)
        if served is not None and served.folder.split("/")[0] not in others:
            yield from _located(served, sources)
    if django_entry := _django_entry_point(sources):
        yield django_entry
        return
    if name := flask_app(sources):
        served = module_entry(name, ".flaskenv", "wsgi", "")
        yield from _located(served, sources) if served else ()
    yield from _by_routes(sources, packages, thorough)


# What a server is told to serve, found in the files


def _located(served: ServedEntry, sources: Sources) -> Iterator[EntryPoint]:
    """The entry, where its module is a file here; a server for another program has none."""
    for folder in dict.fromkeys((served.folder, "", "src", *_holders(served.module, sources))):
        graph = ModuleGraph(sources, folder)
        module = graph.module(served.module)
        if module is None:
            continue
        found = _started(served, graph, module) if served.script else _named(served, graph, module)
        if found is not None:
            yield found
        return


def _holders(module: str, sources: Sources) -> list[str]:
    """The folders at the top in which the module is: a container copied one of them."""
    first = module.split(".")[0]
    return [
        name
        for name in _tops(sources)
        if f"{first}.py" in sources.files(name) or first in sources.folders(name)
    ]


def _named(served: ServedEntry, graph: ModuleGraph, module: Module) -> EntryPoint | None:
    name, call = served.name, served.call
    if not name:
        name, factory = _usual_name(module, graph, served.module)
        if not name:
            return None
        call = "()" if factory else ""
    framework = _framework_of(graph, served.module, name) or served.interface
    asynchronous = served.interface == "asgi"
    if framework in _ASGI and not asynchronous:
        framework = "wsgi" if framework != "asgi" else framework
    return EntryPoint(
        framework=framework,
        module=served.module,
        name=name,
        factory=bool(call),
        arguments=call if call not in ("", "()") else "",
        folder=_folder(graph),
        options=served.options,
        asynchronous=asynchronous,
        evidence=f"{served.place} starts it",
    )


def _usual_name(module: Module, graph: ModuleGraph, name: str) -> tuple[str, bool]:
    """The object that Flask, FastAPI and uvicorn look for where no name is given."""
    objects = {*module.objects, *module.made, *module.names}
    for usual in (*_USUAL, *(other for other in module.objects if other not in _USUAL)):
        if usual in objects:
            return usual, False
    for usual in (*USUAL_FACTORIES, *module.factories):
        factory = graph.factory(name, usual)
        if factory is not None and not factory.required:
            return usual, True
    return "", False


def _started(served: ServedEntry, graph: ModuleGraph, module: Module) -> EntryPoint | None:
    """`python app.py`: what the program hands to its server."""
    for text, interface in started_by_program(module.tree):
        if ":" in text:
            entry = module_entry(text, served.place, interface, served.folder)
            inner = graph.module(entry.module) if entry else None
            if entry and inner:
                return _named(entry, graph, inner)
            continue
        known = {*module.objects, *module.made, *module.names}
        if text in known:
            framework = _framework_of(graph, served.module, text)
            interface = "asgi" if framework in _ASGI else interface
            entry = ServedEntry(served.place, served.module, text, "", interface, served.folder)
            return _named(entry, graph, module)
    name, factory = _usual_name(module, graph, served.module)
    if name and _framework_of(graph, served.module, name):
        interface = "asgi" if _framework_of(graph, served.module, name) in _ASGI else "wsgi"
        call = "()" if factory else ""
        return _named(
            ServedEntry(served.place, served.module, name, call, interface, served.folder),
            graph,
            module,
        )
    return None


def _framework_of(graph: ModuleGraph, module_name: str, name: str) -> str:
    """The framework of an object or a factory, through imports; else what is within reach."""
    place, inner = graph.origin(module_name, name)
    module = graph.module(place)
    if module is not None:
        if inner in module.objects:
            return module.objects[inner]
        function = module.made.get(inner, (inner, None))[0]
        factory = graph.factory(place, function)
        if factory is not None and factory.framework:
            return factory.framework
    return graph.framework(module_name)


def _folder(graph: ModuleGraph) -> str:
    return "" if graph.folder == "src" else graph.folder


# Django's: by its settings


def _django_entry_point(sources: Sources) -> EntryPoint | None:
    for folder in ("", *_tops(sources)):
        prefix = f"{folder}/" if folder else ""
        manage = sources.read(f"{prefix}manage.py")
        if manage is None or "django" not in manage.lower():
            continue
        match = _SETTINGS.search(manage)
        settings = match[1] if match else ""
        packages = [settings.rpartition(".")[0], settings.split(".")[0]] if match else []
        module = _wsgi_setting(sources, prefix, settings)
        places = [module] if module else []
        places += [
            f"{package}.wsgi" for package in (*packages, *sources.folders(folder)) if package
        ]
        for place in places:
            if sources.read(f"{prefix}{place.replace('.', '/')}.py") is not None:
                return EntryPoint(
                    framework="django",
                    module=place,
                    name="application",
                    folder=folder,
                    evidence="manage.py names it",
                )
    return None


def _wsgi_setting(sources: Sources, prefix: str, settings: str) -> str:
    """The module of WSGI_APPLICATION; "" where settings do not say it."""
    path = prefix + settings.replace(".", "/")
    parent = path.rpartition("/")[0]
    for name in (f"{path}.py", f"{path}/__init__.py", f"{parent}/base.py", f"{path}/base.py"):
        if match := _WSGI_SETTING.search(sources.read(name) or ""):
            return match[1]
    return ""


# By the routes


def _by_routes(sources: Sources, packages: Sequence[str], thorough: bool) -> Iterator[EntryPoint]:
    """Most routes within reach first; then an object before a factory, then the usual names."""
    paths = list(_usual_modules(sources, packages))
    entries = list(_entries(sources, paths))
    if not entries and thorough:
        usual = set(paths)
        others = (path for path in _all_modules(sources) if path not in usual)
        makers = [path for path in islice(others, _MOST) if _MAKES.search(sources.read(path) or "")]
        entries = list(_entries(sources, makers))
    for _, entry in sorted(entries, key=lambda pair: pair[0]):
        yield entry


Rank = tuple[int, bool, int, int, int, str]


def _entries(sources: Sources, paths: Sequence[str]) -> Iterator[tuple[Rank, EntryPoint]]:
    graphs: dict[str, ModuleGraph] = {}
    modules: dict[str, tuple[ModuleGraph, str]] = {}
    for path in paths:
        root = _import_root(sources, path)
        graph = graphs.setdefault(root, ModuleGraph(sources, root))
        modules[path] = (graph, module_name(path.removeprefix(f"{root}/" if root else "")))
    arguments: dict[str, str] = {}
    for graph, name in modules.values():
        arguments |= calls_of(graph, [name])
    for order, (path, (graph, name)) in enumerate(modules.items()):
        module = graph.module(name)
        if module is None:
            continue
        for variable, framework, factory in _candidates(graph, name, module, arguments):
            place = _USUAL.index(variable) if variable in _USUAL else len(_USUAL)
            carried = graph.routes(name)
            evidence = f"{path} makes it"
            if carried:
                evidence = f"its imports reach {carried} route{'s' * (carried > 1)}, from {path}"
            call = arguments.get(variable, "") if factory and _needs(graph, name, variable) else ""
            entry = EntryPoint(
                framework=framework,
                module=name,
                name=variable,
                factory=factory,
                arguments=call,
                folder=_folder(graph),
                evidence=evidence,
            )
            late = bool(_NO_MODULE.search(path))
            yield (-carried, late, int(factory), order, place, variable), entry


def _import_root(sources: Sources, path: str) -> str:
    """The folder that imports start from: above the outermost package that the module is in.

    A folder without __init__.py is a namespace package, unless the module imports its neighbours
    by their own names. `src` is one only where it is imported by that name.
    """
    folder = dirname(path)
    if folder and not _is_package(sources, folder):
        tree = parse_source(sources.read(path) or "")
        names = {
            name.split(".")[0]
            for node in (ast.walk(tree) if tree else ())
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        }
        neighbours = {name.removesuffix(".py") for name in sources.files(folder)}
        if folder.split("/")[0] in names:
            return ""
        return folder if names & {*neighbours, *sources.folders(folder)} else _outer(folder)
    while folder and _is_package(sources, folder):
        folder = dirname(folder)
    return folder


def _is_package(sources: Sources, folder: str) -> bool:
    return sources.read(f"{folder}/__init__.py") is not None


def _outer(folder: str) -> str:
    return "src" if folder.split("/")[0] == "src" else ""


def _needs(graph: ModuleGraph, module: str, name: str) -> bool:
    factory = graph.factory(module, name)
    return factory is not None and factory.required > 0


def _candidates(
    graph: ModuleGraph, name: str, module: Module, arguments: dict[str, str]
) -> Iterator[tuple[str, str, bool]]:
    """(name, framework, whether it has to be called)."""
    for variable, framework in module.objects.items():
        yield variable, framework, False
    for variable, (function, _) in module.made.items():
        factory = graph.factory(name, function)
        if factory is not None or function in USUAL_FACTORIES:
            framework = factory.framework if factory else ""
            yield variable, framework or graph.framework(name) or "flask", False
    for variable, (target, inner) in module.names.items():
        place, origin = graph.origin(target, inner) if inner else ("", "")
        source = graph.module(place)
        if source is not None and origin in source.objects:
            yield variable, source.objects[origin], False
    for factory in module.factories.values():
        if not factory.required or factory.name in arguments:
            yield factory.name, factory.framework or graph.framework(name) or "flask", True


def _usual_modules(sources: Sources, packages: Sequence[str]) -> Iterator[str]:
    """Folders without __init__.py, too: Python finds modules in them as well."""
    apart = set(own_projects(sources))
    packages = [name for name in packages if name.split("/")[0] not in apart]
    tops = _tops(sources)
    inside = [f"src/{name}" for name in sources.folders("src") if "src" not in apart]
    inside = [path for path in inside if path.removeprefix("src/") not in _NO_APPLICATION]
    below = [
        f"{top}/{name}"
        for top in (*packages, *inside, *tops)
        if top != "src"
        for name in sources.folders(top)
        if name not in _NO_APPLICATION | FOREIGN
    ]
    folders = dict.fromkeys(
        ("", *packages, *inside, *(name for name in tops if name != "src"), "src", *below)
    )
    for folder in folders:
        filenames = set(sources.files(folder))
        prefix = f"{folder}/" if folder else ""
        usual = [f"{name}.py" for name in _MODULES if f"{name}.py" in filenames]
        others = sorted(
            name
            for name in filenames
            if not folder
            and name.endswith(".py")
            and name not in usual
            and not name.startswith(("test", "conftest", "setup", "manage"))
        )
        yield from (prefix + name for name in (*usual, *others))


def _all_modules(sources: Sources) -> Iterator[str]:
    others = set(own_projects(sources))
    for path in python_files(sources):
        parts = path.split("/")
        if parts[0] in others and parts[1:]:
            continue
        if not set(parts[:-1]) & _NO_APPLICATION and not _NO_MODULE.search(path):
            yield path
