"""The environment variables that an application reads, by its syntax trees.

Read are os.environ and os.getenv, django-environ, environs, python-decouple, Starlette's Config,
Dynaconf's validators and the settings classes of pydantic.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from shipway.config.secret_values import names_a_secret
from shipway.scaffold.documents import parse_json, table, text
from shipway.scaffold.sources import Sources
from shipway.scaffold.start_commands import (
    compose_services,
    compose_variables,
    docker_files,
    docker_variables,
    find_start_commands,
)
from shipway.source_text import parse_source

_READERS = {"env", "config"}  # what an Env or a Config is usually called
_READER_CLASSES = {"Env", "Config", "AutoConfig", "FileAwareEnv"}
_LIBRARIES = {"environ", "environs", "decouple", "starlette"}
_TYPES = {
    "str": "",
    "int": "1",
    "bool": "true",
    "float": "1",
    "decimal": "1",
    "list": "",
    "tuple": "",
    "json": "{}",
    "dict": "",
    "url": "http://localhost",
    "db": "sqlite://",
    "db_url": "sqlite://",
    "dj_db_url": "sqlite://",
    "cache": "locmemcache://",
    "cache_url": "locmemcache://",
    "email": "consolemail://",
    "email_url": "consolemail://",
    "path": "/tmp",
    "log_level": "INFO",
}
# Types of pydantic's fields, by the first name in the annotation.
_ANNOTATIONS = (
    ("PostgresDsn", "postgresql://postgres:postgres@localhost:5432/postgres"),
    ("RedisDsn", "redis://localhost:6379/0"),
    ("MongoDsn", "mongodb://localhost:27017"),
    ("AmqpDsn", "amqp://localhost:5672"),
    ("Url", "http://localhost"),
    ("list", "[]"),
    ("List", "[]"),
    ("set", "[]"),
    ("Set", "[]"),
    ("dict", "{}"),
    ("Dict", "{}"),
    ("bool", "true"),
    ("int", "1"),
    ("float", "1"),
    ("Decimal", "1"),
    ("EmailStr", "somebody@example.com"),
)
# Addresses that stand for a type, and are nobody's own.
MADE_UP = frozenset(value for _, value in _ANNOTATIONS if "://" in value)
_ENDINGS = (
    ("HOST", "localhost"),
    ("HOSTNAME", "localhost"),
    ("SERVER_NAME", "localhost"),
    ("DOMAIN", "localhost"),
    ("PORT", "8000"),
    ("EMAIL", "somebody@example.com"),
)
_OF_DJANGO = "SECRET_KEY"  # the setting without which Django does not start
_PLATFORM = {"HOME", "PATH", "USER", "PWD", "TMPDIR", "LANG", "TERM", "SHELL", "CI", "TZ"}
_EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env-example",
    "env.example",
    "example.env",
    "sample.env",
    ".env.test",
    ".env.ci",
)
_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")


@dataclass(frozen=True)
class EnvironmentVariable:
    """required: without it, reading it raises. place: `path:line` of the first reading.
    example: a value that is of the form that is read; "" where any text is. default: the value,
    or its beginning, that the application takes without it; "" where the source does not show it.
    separator: what parts a list of values; "" where none is read, or nothing shows how.
    exemplified: whether the example is the repository's own.
    """

    name: str
    required: bool
    place: str
    example: str = ""
    default: str = ""
    separator: str = ""
    exemplified: bool = False


# In the lines in which a variable is read: that it is a list, and of which form.
_COMMAS = re.compile(r"""\.split\(\s*["'],|\.list\(|\bCsv\(|=\s*list\b|\[str\]""")
_BLANKS = re.compile(r"""\.split\(\s*(?:["'] ["']\s*)?\)""")
_LINES = 3  # from the reading on


def value_separator(body: str, place: str) -> str:
    """What parts the values of a list that is read at `path:line`. body: the text of that file."""
    line = int(place.rpartition(":")[2] or 1)
    read = "\n".join(body.splitlines()[line - 1 : line - 1 + _LINES])
    if _COMMAS.search(read):
        return ","
    return " " if _BLANKS.search(read) else ""


def find_environment_variables(
    texts: Iterable[tuple[str, str]],
    examples: Mapping[str, str] = {},
    unreached: Collection[str] = (),
) -> tuple[EnvironmentVariable, ...]:
    """The variables of (path, text) pairs, by name; required wins over optional. unreached: paths
    that are not read where the application is served: what they need is not required."""
    by_name: dict[str, EnvironmentVariable] = {}
    trees = [(path, parse_source(body)) for path, body in texts]
    settings = _settings_classes(tree for _, tree in trees if tree)
    members = _enumeration_members(tree for _, tree in trees if tree)
    for path, tree in trees:
        for reading in _readings(tree, settings, members) if tree else ():
            if reading.name in _PLATFORM or not reading.name.replace("_", "").isalnum():
                continue
            required = reading.required and path not in unreached
            previous = by_name.get(reading.name)
            if previous is None or (required and not previous.required):
                by_name[reading.name] = EnvironmentVariable(
                    reading.name,
                    required,
                    f"{path}:{reading.line}",
                    reading.example,
                    reading.default,
                )
            elif reading.default and not previous.default:
                by_name[reading.name] = replace(previous, default=reading.default)
    return tuple(_with_example(by_name[name], examples) for name in sorted(by_name))


def _with_example(
    variable: EnvironmentVariable, examples: Mapping[str, str]
) -> EnvironmentVariable:
    value = "" if names_a_secret(variable.name) else examples.get(variable.name, "")
    by_name = next((form for end, form in _ENDINGS if variable.name.endswith(end)), "")
    return replace(variable, example=value or variable.example or by_name, exemplified=bool(value))


# Values that the repository itself gives as examples


def variable_examples(sources: Sources) -> dict[str, str]:
    """name → value, of the files that set variables; the first that has a value wins."""
    examples: dict[str, str] = {}
    for name, value in _set_in_files(sources):
        if value and "$" not in value:
            examples.setdefault(name, value)
    return examples


def _set_in_files(sources: Sources) -> Iterator[tuple[str, str]]:
    for path in _EXAMPLES:
        for line in (sources.read(path) or "").splitlines():
            if match := _LINE.match(line):
                yield match[1], _unquoted(match[2])
    for name, value in table(parse_json(sources.read("app.json") or ""), "env").items():
        yield name, text(value) or text(table(value).get("value"))
    for path in docker_files(sources):
        yield from docker_variables(sources.read(path) or "").items()
    for _, _, service in compose_services(sources):
        if "build" in service:
            yield from compose_variables(service).items()
    for command in find_start_commands(sources):
        if command.place.startswith("Procfile"):
            yield from command.variables.items()


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return re.sub(r"\s+#.*$", "", value)


# Readings


@dataclass(frozen=True)
class _Reading:
    name: str
    required: bool
    line: int
    example: str = ""
    default: str = ""


@dataclass
class _Scope:
    """What is known of one module. modules, environs, functions: the names of os, of os.environ and
    of getenv; readers: those of settings libraries. optional: variables that the module sets
    or that have a default. words: those of complaints, which say what is missing. parents: node →
    what it is in. django: whether it is a module of Django's settings."""

    modules: set[str] = field(default_factory=lambda: {"os"})
    environs: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=lambda: {"getenv"})
    readers: set[str] = field(default_factory=lambda: set(_READERS))
    optional: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    django: bool = False


def _readings(
    tree: ast.Module, settings: Mapping[str, ast.ClassDef], members: Mapping[str, str]
) -> Iterator[_Reading]:
    scope = _scope(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ctx=ast.Load(), slice=ast.Constant(value=str(name))) if _is_environ(
                node.value, scope
            ):
                required = name not in scope.optional and not _guarded(node, name, scope)
                yield _Reading(name, required, node.lineno, _cast(node, scope))
            case ast.Call(args=[ast.Constant(value=str(name)), *rest]) if (
                _reads(node.func, scope) and name.replace("_", "").isalnum()
            ):
                default = bool(rest) or any(key.arg == "default" for key in node.keywords)
                required = not default and name not in scope.optional
                required &= _raises(node, name, scope) and not _guarded(node, name, scope)
                yield _Reading(
                    name, required, node.lineno, _example(node, scope), _default(node, scope)
                )
            case ast.Call(func=ast.Name(id="Dynaconf") | ast.Attribute(attr="Dynaconf")):
                yield from _of_dynaconf(node)
            case ast.ClassDef() if node.name in settings:
                yield from _of_settings(node, settings, members)


def _scope(tree: ast.Module) -> _Scope:
    scope = _Scope()
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            scope.parents[child] = node
        if isinstance(node, ast.Import):
            scope.modules |= {alias.asname or "os" for alias in node.names if alias.name == "os"}
        elif isinstance(node, ast.ImportFrom):
            _imported(node, scope)
    for node in ast.walk(tree):
        _noted(node, scope)
    return scope


def _noted(node: ast.AST, scope: _Scope) -> None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker) as call) if (
            _name(maker) in _READER_CLASSES
        ):
            scope.readers.add(name)
            scope.optional |= {key.arg for key in call.keywords if key.arg}
        case ast.Assign(targets=[ast.Name(id="INSTALLED_APPS")]):
            scope.django = True
        case ast.Raise(exc=ast.expr() as complaint):
            for child in ast.walk(complaint):
                if isinstance(child, ast.Constant) and isinstance(child.value, str):
                    scope.words |= set(re.findall(r"\w+", child.value))
    scope.optional |= set(_set_by(node, scope))


def _imported(node: ast.ImportFrom, scope: _Scope) -> None:
    for alias in node.names:
        name = alias.asname or alias.name
        if node.module == "os" and alias.name == "environ":
            scope.environs.add(name)
        elif node.module == "os" and alias.name == "getenv":
            scope.functions.add(name)
        elif (node.module or "").split(".")[0] in _LIBRARIES and alias.name in ("config", "env"):
            scope.readers.add(name)


def _later(statement: ast.AST, scope: _Scope) -> Iterator[ast.stmt]:
    """What follows in the same block."""
    for _, block in ast.iter_fields(scope.parents.get(statement, statement)):
        if isinstance(block, list) and statement in block:
            yield from block[block.index(statement) + 1 :]


def _demanded(name: str, statement: ast.AST, scope: _Scope) -> bool:
    """Whether what follows in the same block ends where the name is empty: `if not key: raise …`,
    `assert key`."""
    for later in _later(statement, scope):
        match later:
            case (
                ast.Assert(test=test)
                | ast.If(test=test, body=[*_, ast.Raise() | ast.Expr(value=ast.Call())])
            ) if name in {child.id for child in ast.walk(test) if isinstance(child, ast.Name)}:
                if isinstance(later, ast.Assert) or _ends(later.body[-1]):
                    return True
    return False


def _allowed(name: str, statement: ast.AST, scope: _Scope) -> str:
    """The first of the values among which a name has to be, else what follows ends; "" where it may
    be any: `if x == "a": … else: raise …`, `if x not in ("a", "b"): raise …`, `match x`."""
    return next(filter(None, (_first_of(name, later) for later in _later(statement, scope))), "")


def _first_of(name: str, statement: ast.stmt) -> str:
    match statement:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id=compared),
                ops=[ast.NotIn()],
                comparators=[ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_])],
            ),
            body=[*_, last],
        ) if compared == name and _ends(last):
            return _beginning(first)
        case ast.If(
            test=ast.Compare(left=ast.Name(id=compared), ops=[ast.Eq()], comparators=[first]),
            orelse=[*_, last],
        ) if compared == name and (_ends(last) or _first_of(name, last)):
            return _beginning(first)
        case ast.Match(
            subject=ast.Name(id=compared),
            cases=[
                ast.match_case(pattern=ast.MatchValue(value=first)),
                *_,
                ast.match_case(pattern=ast.MatchAs(pattern=None), body=[*_, last]),
            ],
        ) if compared == name and _ends(last):
            return _beginning(first)
    return ""


def _ends(statement: ast.stmt) -> bool:
    match statement:
        case ast.Raise():
            return True
        case ast.Expr(value=ast.Call(func=function)):
            return _name(function) in ("exit", "_exit", "abort")
    return False


def _set_by(node: ast.AST, scope: _Scope) -> Iterator[str]:
    """os.environ.setdefault("X", …) and os.environ["X"] = …: it brings its own."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="setdefault", value=owner),
            args=[ast.Constant(value=str(name)), _],
        ) if _is_environ(owner, scope):
            yield name
        case ast.Subscript(ctx=ast.Store(), slice=ast.Constant(value=str(name)), value=owner) if (
            _is_environ(owner, scope)
        ):
            yield name


def _is_environ(node: ast.AST, scope: _Scope) -> bool:
    """os.environ, or environ of os: a WSGI environ has the same name."""
    match node:
        case ast.Attribute(attr="environ", value=ast.Name(id=module)):
            return module in scope.modules
        case ast.Name(id=name):
            return name in scope.environs
    return False


def _reads(function: ast.expr, scope: _Scope) -> bool:
    match function:
        case ast.Attribute(attr="get", value=owner) if _is_environ(owner, scope):
            return True
        case ast.Attribute(attr="getenv", value=ast.Name(id=module)):
            return module in scope.modules
        case ast.Name(id=name):
            return name in scope.functions or name in scope.readers
        case ast.Attribute(value=ast.Name(id=owner), attr=kind):
            return owner in scope.readers and kind in _TYPES
    return False


def _raises(node: ast.Call, name: str, scope: _Scope) -> bool:
    """Whether the module does not go on where the variable is not set."""
    match node.func:
        case ast.Attribute(attr="get" | "getenv"):
            pass
        case ast.Name(id=function) if function in scope.functions:
            pass
        case _:
            return True
    if name in scope.words or _cast(node, scope):
        return True
    if isinstance(scope.parents.get(node), ast.Attribute):  # None has no `.split`
        return True
    variable, statement = _assigned_to(node, scope)
    return bool(variable) and (
        (variable == _OF_DJANGO and scope.django)
        or _demanded(variable, statement, scope)
        or bool(_allowed(variable, statement, scope))
    )


def _assigned_to(node: ast.AST, scope: _Scope) -> tuple[str, ast.AST]:
    """The name that a reading is bound to, and the statement that does it; "" for none."""
    match scope.parents.get(node):
        case (
            ast.Assign(targets=[ast.Name(id=variable)])
            | ast.AnnAssign(target=ast.Name(id=variable))
        ) as statement:
            return variable, statement
    return "", node


def _guarded(node: ast.AST, name: str, scope: _Scope) -> bool:
    """Whether it is read only where it is set, or where its absence is caught."""
    child, parent = node, scope.parents.get(node)
    while parent is not None:
        match parent:
            case ast.Try(body=body) if child in body and any(
                handler.type is None
                or {"KeyError", "Exception"} & set(re.findall(r"\w+", ast.unparse(handler.type)))
                for handler in parent.handlers
            ):
                return True
            case ast.If(test=test, body=body) if child in body and (
                _asks(test, name, scope) or _chooses(test)
            ):
                return True
            case ast.IfExp(test=test, body=body) if child is body and _asks(test, name, scope):
                return True
        child, parent = parent, scope.parents.get(parent)
    return False


def _asks(test: ast.expr, name: str, scope: _Scope) -> bool:
    """Whether a condition holds only where the variable is set."""
    for node in ast.walk(test):
        match node:
            case ast.Compare(left=ast.Constant(value=value), ops=[ast.In()], comparators=[owner]):
                if value == name and _is_environ(owner, scope):
                    return True
            case ast.Call(args=[ast.Constant(value=value), *_]):
                if value == name and _reads(node.func, scope):
                    return True
    return False


def _chooses(test: ast.expr) -> bool:
    """`STORAGE == "s3"`: a choice among alternatives, of which the usual one needs nothing."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[choice]):
            chosen = isinstance(choice, ast.Attribute) or (
                isinstance(choice, ast.Constant) and isinstance(choice.value, str)
            )
            return chosen and name != "__name__"
    return False


def _cast(node: ast.AST, scope: _Scope) -> str:
    """An example of what `int(…)` around a reading takes; "" where nothing is around."""
    match scope.parents.get(node):
        case ast.Call(func=ast.Name(id="int" | "float"), args=[inner]) if inner is node:
            return "1"
    return ""


def _default(node: ast.Call, scope: _Scope) -> str:
    """What is taken instead: a second argument, `default=`, or what follows `or`."""
    choices = [*node.args[1:2], *(key.value for key in node.keywords if key.arg == "default")]
    child: ast.AST = node
    parent = scope.parents.get(node)
    while isinstance(parent, ast.Attribute | ast.Call) and child is not parent:
        if isinstance(parent, ast.Call) and parent.func is not child:
            break  # an argument of another function
        child, parent = parent, scope.parents.get(parent)
    if isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or):
        choices += parent.values[1:]
    return next(filter(None, map(_beginning, choices)), "")


def _beginning(node: ast.expr) -> str:
    """The text that an expression begins with: `"sqlite:///" + path`, `f"sqlite:///{path}"`."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.BinOp(left=left):
            return _beginning(left)
        case ast.JoinedStr(values=[first, *_]):
            return _beginning(first)
        case ast.Call(func=ast.Attribute(attr="format", value=value)):
            return _beginning(value)
    return ""


def _example(node: ast.Call, scope: _Scope) -> str:
    match node.func:
        case ast.Attribute(value=ast.Name(), attr=kind) if kind in _TYPES:
            return _TYPES[kind]
    for key in node.keywords:
        if key.arg == "cast":
            return _TYPES.get(_name(key.value), "")
    variable, statement = _assigned_to(node, scope)
    return _cast(node, scope) or _allowed(variable, statement, scope)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


# Settings classes


def _of_dynaconf(node: ast.Call) -> Iterator[_Reading]:
    prefix = "DYNACONF_"
    for key in node.keywords:
        if key.arg == "envvar_prefix" and isinstance(key.value, ast.Constant):
            value = key.value.value
            prefix = f"{value}_".upper() if isinstance(value, str) and value else ""
    for child in ast.walk(node):
        if not isinstance(child, ast.Call) or _name(child.func) != "Validator":
            continue
        keys = {key.arg: key.value for key in child.keywords if key.arg}
        must = keys.get("must_exist") or keys.get("required")
        required = isinstance(must, ast.Constant) and must.value is True and "default" not in keys
        for argument in child.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                name = prefix + argument.value.upper().replace(".", "__")
                yield _Reading(name, required, child.lineno)


def _settings_classes(trees: Iterable[ast.Module]) -> dict[str, ast.ClassDef]:
    """The classes that are BaseSettings of pydantic, directly or through others, by name."""
    classes = {
        node.name: node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    settings: dict[str, ast.ClassDef] = {}
    size = -1
    while size != len(settings):
        size = len(settings)
        for name, node in classes.items():
            if any(_name(base) in settings or _name(base) == "BaseSettings" for base in node.bases):
                settings[name] = node
    return settings


def _of_settings(
    node: ast.ClassDef, settings: Mapping[str, ast.ClassDef], members: Mapping[str, str]
) -> Iterator[_Reading]:
    prefix = _prefix(node, settings)
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        annotation = ast.unparse(statement.annotation)
        if statement.target.id.startswith(("_", "model_config")) or "ClassVar" in annotation:
            continue
        name, required = f"{prefix}{statement.target.id}".upper(), statement.value is None
        match statement.value:
            case ast.Constant(value=value) if value is ...:
                required = True
            case ast.Call(func=function) as call if _name(function) == "Field":
                keys = {key.arg: key.value for key in call.keywords if key.arg}
                first = call.args[0] if call.args else keys.get("default")
                missing = first is None and "default_factory" not in keys
                required = missing or (isinstance(first, ast.Constant) and first.value is ...)
                for alias in ("env", "validation_alias", "alias"):
                    other = keys.get(alias)
                    if isinstance(other, ast.Constant) and isinstance(other.value, str):
                        name = other.value.upper()
        example = next((value for word, value in _ANNOTATIONS if word in annotation), "")
        default = _beginning(statement.value) if statement.value else ""
        if isinstance(statement.value, ast.Attribute):
            default = members.get(ast.unparse(statement.value), "")
        yield _Reading(name, required, statement.lineno, example, default)


def _enumeration_members(trees: Iterable[ast.Module]) -> dict[str, str]:
    """`Mode.production` → "prod", of the classes whose members are texts."""
    return {
        f"{node.name}.{target.id}": value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("Enum" in _name(base) for base in node.bases)
        for statement in node.body
        for target, value in _assigned_text(statement)
    }


def _assigned_text(statement: ast.stmt) -> Iterator[tuple[ast.Name, str]]:
    match statement:
        case ast.Assign(targets=[ast.Name() as target], value=ast.Constant(value=str(value))) | (
            ast.AnnAssign(target=ast.Name() as target, value=ast.Constant(value=str(value)))
        ):
            yield target, value


def _prefix(node: ast.ClassDef, settings: Mapping[str, ast.ClassDef]) -> str:
    """env_prefix of model_config, of `class Config`, or of a class above."""
    for child in ast.walk(node):
        match child:
            case ast.keyword(arg="env_prefix", value=ast.Constant(value=str(prefix))):
                return prefix
            case ast.Assign(
                targets=[ast.Name(id="env_prefix")], value=ast.Constant(value=str(prefix))
            ):
                return prefix
    for base in node.bases:
        above = settings.get(_name(base))
        if above is not None and above is not node:
            return _prefix(above, settings)
    return ""
