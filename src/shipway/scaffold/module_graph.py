"""The application's modules: what they define, what they import of each other, which have routes.

An object that is constructed in one module and given its routes in another is served from the
module whose imports reach both. So the routes that a module's imports reach decide, not the place
of the constructor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shipway.scaffold.sources import Sources
from shipway.source_text import parse_source

FRAMEWORKS = {
    "Flask": "flask",
    "APIFlask": "flask",
    "OpenAPI": "flask",
    "FastAPI": "fastapi",
    "Starlette": "starlette",
    "Litestar": "litestar",
    "Quart": "quart",
    "get_wsgi_application": "django",
    "get_asgi_application": "django",
}
LIBRARIES = ("fastapi", "litestar", "quart", "flask", "starlette", "django")
USUAL_FACTORIES = (
    "create_app",
    "make_app",
    "create_application",
    "build_app",
    "get_app",
    "init_app",
    "get_application",
)
_ROUTES = {
    "route",
    "websocket",
    "api_route",
    "add_url_rule",
    "add_api_route",
    "add_route",
    "add_resource",
    "include_router",
    "register_blueprint",
    "register_api",
    "mount",
}
_METHODS = {"get", "post", "put", "patch", "delete"}
_CLASSES = {"Route", "Mount", "WebSocketRoute"}
_HANDLERS = {*_METHODS, "route", "websocket"}  # Litestar's own
_MOST = 400  # modules that one closure may have


@dataclass(frozen=True)
class Factory:
    """A function that gives an application. required: how many arguments it must have."""

    name: str
    framework: str
    required: int


@dataclass(kw_only=True)
class Module:
    """One module. objects: name → framework, of what is constructed at its top. made: name → (the
    function called, its arguments as text or None where they are no constants). names: name →
    (module, name) of imports. imports: every module that it may import. routes: how many it has.
    """

    path: str
    tree: ast.Module
    package: str
    objects: dict[str, str] = field(default_factory=dict)
    made: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    factories: dict[str, Factory] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    routes: int = 0

    @cached_property
    def library(self) -> str:
        """The framework that it imports."""
        roots = {name.split(".")[0] for name in self.imports}
        return next((name for name in LIBRARIES if name in roots), "")


class ModuleGraph:
    """Modules by name, read when they are first asked for. folder: where imports are looked for."""

    def __init__(self, sources: Sources, folder: str = "") -> None:
        self._sources = sources
        self.folder = folder
        self._modules: dict[str, Module | None] = {}
        self._reached: dict[str, list[Module]] = {}

    def module(self, name: str) -> Module | None:
        """A module of the application, or None. What this Python cannot read is empty."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def reached(self, name: str) -> list[Module]:
        """The module, and all of the application's that its imports reach."""
        if name in self._reached:
            return self._reached[name]
        modules: dict[str, Module] = {}
        waiting = [name]
        while waiting and len(modules) < _MOST:
            current = waiting.pop()
            parents = [current.rsplit(".", count)[0] for count in range(current.count(".") + 1)]
            for part in (current, *parents):
                module = self.module(part) if part not in modules else None
                if module is not None:
                    modules[part] = module
                    waiting += module.imports
        return self._reached.setdefault(name, list(modules.values()))

    def routes(self, name: str) -> int:
        """How many routes the module's imports reach."""
        return sum(module.routes for module in self.reached(name))

    def framework(self, name: str) -> str:
        """The framework of what is constructed within reach, else of what is imported there."""
        modules = self.reached(name)
        for module in modules:
            for framework in (
                *module.objects.values(),
                *(factory.framework for factory in module.factories.values()),
            ):
                if framework:
                    return framework
        libraries = {module.library for module in modules}
        return next((library for library in LIBRARIES if library in libraries), "")

    def origin(self, module_name: str, name: str) -> tuple[str, str]:
        """Where a name of a module is defined, through imports and re-exports."""
        for _ in range(8):
            module = self.module(module_name)
            if module is None or name in module.objects or name in module.made:
                break
            if name in module.factories or name not in module.names:
                break
            target, inner = module.names[name]
            if not inner or self.module(target) is None:
                break
            module_name, name = target, inner
        return module_name, name

    def factory(self, module_name: str, name: str) -> Factory | None:
        """The factory that a name of a module is, through imports."""
        place, inner = self.origin(module_name, name)
        module = self.module(place)
        return module.factories.get(inner) if module else None

    def _read(self, name: str) -> Module | None:
        prefix = f"{self.folder}/" if self.folder else ""
        path = prefix + name.replace(".", "/")
        for candidate in (f"{path}/__init__.py", f"{path}.py"):
            text = self._sources.read(candidate)
            if text is not None:
                tree = parse_source(text) or ast.Module([], [])  # of a newer Python: it is there
                package = name if candidate.endswith("/__init__.py") else name.rpartition(".")[0]
                return _module(candidate, tree, package)
        return None


def _module(path: str, tree: ast.Module, package: str) -> Module:
    module = Module(path=path, tree=tree, package=package)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _imported(node, module)
    for node in ast.walk(tree):
        module.routes += _is_route(node, module)
    for statement in _top(tree.body):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            _assigned(statement, module)
        elif isinstance(statement, ast.FunctionDef):
            _defined(statement, module)
    return module


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run at import, in `try` and in `if` too, but not in `if __name__ == …`."""
    for statement in body:
        if isinstance(statement, ast.Try | ast.With):
            yield from _top(statement.body)
        elif isinstance(statement, ast.If):
            if "__name__" not in ast.dump(statement.test):
                yield from _top(statement.body)
                yield from _top(statement.orelse)
        else:
            yield statement


def _imported(node: ast.Import | ast.ImportFrom, module: Module) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            module.imports.append(alias.name)
            module.names[alias.asname or alias.name.split(".")[0]] = (alias.name, "")
        return
    base = node.module or ""
    if node.level:
        parts = module.package.split(".") if module.package else []
        parts = parts[: len(parts) - (node.level - 1)] if node.level > 1 else parts
        base = ".".join((*parts, *([node.module] if node.module else [])))
    if base:
        module.imports.append(base)
    for alias in node.names:
        full = f"{base}.{alias.name}" if base else alias.name
        module.imports.append(full)
        module.names[alias.asname or alias.name] = (base or alias.name, alias.name)


def _is_route(node: ast.AST, module: Module) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Name() | ast.Attribute() as owner)):
            return name in _ROUTES and not _is_client(owner)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return any(_decorates(decorator, module) for decorator in node.decorator_list)
        case ast.Call(func=ast.Name(id=name)):
            return name in _CLASSES
    return False


def _is_client(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Name) and owner.id in ("os", "requests", "client", "session")


def _decorates(node: ast.expr, module: Module) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Name())):
            return name in _METHODS  # elsewhere a client or a table has them
        case ast.Call(func=ast.Name(id=name)) | ast.Name(id=name):
            origin = module.names.get(name, ("", ""))[0]
            return name in _HANDLERS and origin.split(".")[0] == "litestar"
    return False


def called(node: ast.AST | None) -> str:
    """The name of the function that is called."""
    match node:
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
    return ""


def constant_arguments(node: ast.AST | None) -> str | None:
    """The arguments of a call as text, where all are constants; None where one is not."""
    match node:
        case ast.Call(args=positional, keywords=named):
            values = [*positional, *(key.value for key in named)]
            if all(isinstance(value, ast.Constant) for value in values) and all(
                key.arg for key in named
            ):
                words = [ast.unparse(value) for value in positional]
                words += [f"{key.arg}={ast.unparse(key.value)}" for key in named]
                return f"({', '.join(words)})"
    return None


def _assigned(statement: ast.Assign | ast.AnnAssign, module: Module) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        if not isinstance(target, ast.Name):
            continue
        name = called(statement.value)
        if name in FRAMEWORKS:
            module.objects[target.id] = _framework_of(name, module)
        elif name:
            module.made[target.id] = (name, constant_arguments(statement.value))
        elif isinstance(statement.value, ast.Name) and statement.value.id in module.objects:
            module.objects[target.id] = module.objects[statement.value.id]


def _framework_of(name: str, module: Module) -> str:
    framework = FRAMEWORKS[name]
    if name == "Starlette" and module.library == "fastapi":
        return "fastapi"
    return framework


def _defined(function: ast.FunctionDef, module: Module) -> None:
    constructed = [name for node in ast.walk(function) if (name := called(node)) in FRAMEWORKS]
    annotated = ast.unparse(function.returns).rpartition(".")[2] if function.returns else ""
    if not constructed and annotated in FRAMEWORKS:
        constructed = [annotated]
    returns = any(
        isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function)
    )
    if constructed and not returns:
        return  # it makes one for itself
    if not constructed and function.name not in USUAL_FACTORIES:
        return
    framework = FRAMEWORKS[constructed[0]] if constructed else module.library
    module.factories[function.name] = Factory(function.name, framework, _required(function))


def _required(function: ast.FunctionDef) -> int:
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional + sum(default is None for default in arguments.kw_defaults)


def calls_of(graph: ModuleGraph, names: list[str]) -> Mapping[str, str]:
    """function → the constant arguments that some module calls it with."""
    arguments: dict[str, str] = {}
    for name in names:
        module = graph.module(name)
        for node in ast.walk(module.tree) if module else ():
            text = constant_arguments(node)
            if text and text != "()":
                arguments.setdefault(called(node), text)
    return arguments
