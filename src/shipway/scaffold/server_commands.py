"""What a command of a server serves: gunicorn, uvicorn, hypercorn, daphne, waitress, uWSGI, and the
`run` of Flask, FastAPI, Litestar and Django."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, normpath

from shipway.scaffold.documents import parse_toml, table, text
from shipway.scaffold.sources import Sources
from shipway.scaffold.start_commands import StartCommand, uwsgi_settings


@dataclass(frozen=True)
class ServedEntry:
    """What a server is told to serve. name: "" where it looks for the name itself. call: the
    arguments of a factory, "()" or "('production')"; "" for an object. interface: wsgi or asgi.
    folder: where its modules are looked for. options: what else changes how it serves.
    script: a program that starts the server itself.
    """

    place: str
    module: str
    name: str = ""
    call: str = ""
    interface: str = "wsgi"
    folder: str = ""
    options: tuple[str, ...] = ()
    script: bool = False


_ENTRY = re.compile(r"^[A-Za-z_][\w.]*(:[A-Za-z_][\w.]*(\(.*\))?)?$", re.DOTALL)
_NO_SERVER = {
    "install",
    "add",
    "pip",
    "echo",
    "which",
    "pkill",
    "killall",
    "grep",
    "apt-get",
    "apt",
}
# Options of gunicorn and uvicorn that take a value; the kept ones change what is served.
_VALUES = {
    server: set(options.split())
    for server, options in {
        "gunicorn": """-b --bind -w --workers -k --worker-class -c --config -t --timeout -n --name
            -e --env -u --user -g --group -p --pid -m --umask --threads --chdir --pythonpath
            --log-level --log-file --access-logfile --error-logfile --access-logformat --log-config
            --keep-alive --backlog --max-requests --max-requests-jitter --graceful-timeout
            --worker-tmp-dir --paste --worker-connections --forwarded-allow-ips
            --limit-request-line --certfile --keyfile --statsd-host --limit-request-fields
            --limit-request-field_size --log-syslog-to --logger-class""",
        "uvicorn": """--host --port --uds --fd --workers --loop --http --ws --lifespan --log-config
            --log-level --root-path --app-dir --forwarded-allow-ips --env-file --limit-concurrency
            --backlog --timeout-keep-alive --ssl-keyfile --ssl-certfile --interface --reload-dir
            --header --limit-max-requests --timeout-graceful-shutdown --ws-max-size""",
        "hypercorn": """-b --bind -w --workers -k --worker-class -c --config --access-logfile
            --error-logfile --root-path --log-level --keep-alive --certfile --keyfile
            --graceful-timeout""",
        "daphne": "-b --bind -p --port -u --unix-socket -e --endpoint -t --http-timeout",
        "waitress-serve": "--host --port --listen --threads --url-prefix",
    }.items()
}
_KEPT = {
    "gunicorn": {
        "-k": "--worker-class",
        "--worker-class": "--worker-class",
        "--threads": "--threads",
        "-e": "--env",
        "--env": "--env",
        "-c": "--config",
        "--config": "--config",
        "--pythonpath": "--pythonpath",
        "-t": "--timeout",
        "--timeout": "--timeout",
    },
    "uvicorn": {
        "--root-path": "--root-path",
        "--lifespan": "--lifespan",
        "--ws": "--ws",
        "--env-file": "--env-file",
    },
}
_ASGI = ("uvicorn", "hypercorn", "daphne")


def served_entry(command: StartCommand, sources: Sources) -> ServedEntry | None:
    """What a command serves; None where it starts no server that is known."""
    words = list(command.words)
    for index, word in enumerate(words[:12]):
        program = basename(word)
        if program in _NO_SERVER:
            return None
        rest = words[index + 1 :]
        if program in _VALUES:
            return _server(program, rest, command)
        if program in ("uwsgi", "pyuwsgi"):
            return _uwsgi(rest, command, sources)
        if program in ("flask", "fastapi", "litestar") and {"run", "dev"} & set(rest):
            return _framework(program, rest, command, sources)
        if program == "manage.py" and rest[:1] in (["runserver"], ["runserver_plus"]):
            return (
                None  # Django's own server serves what its settings name: see the entry of Django
            )
        if re.fullmatch(r"python[\d.]*", program) and rest:
            return _python(rest, command, sources)
    return None


def _server(program: str, words: Sequence[str], command: StartCommand) -> ServedEntry | None:
    entry, kept, flags = _arguments(program, words)
    folder, asgi = command.folder, program in _ASGI
    options: list[str] = []
    for name, value in kept:
        if name in ("--chdir", "--app-dir"):
            folder = _below(folder, value)
        elif name in ("-k", "--worker-class") and "vicorn" in value:
            asgi = True
        elif (long := _KEPT.get(program, {}).get(name)) and "$" not in value:
            options += [long, value]
    module, _, name = entry.partition(":")
    if not _ENTRY.match(entry):
        return None
    name, parenthesis, arguments = name.partition("(")
    call = parenthesis + arguments
    if not call and ("--factory" in flags or "--call" in flags):
        call = "()"
    if asgi and program == "gunicorn":
        options = []  # of gunicorn; uvicorn serves it
    if not name and program == "gunicorn":
        name = "application"
    return ServedEntry(
        command.place,
        module,
        name,
        call,
        "asgi" if asgi else "wsgi",
        folder,
        tuple(options) if program in _KEPT else (),
    )


def _arguments(program: str, words: Sequence[str]) -> tuple[str, list[tuple[str, str]], set[str]]:
    """(the entry, options with their values, flags) of a server's command line."""
    entry, pairs, flags, index = "", [], set[str](), 0
    while index < len(words):
        word = words[index]
        name, equals, value = word.partition("=")
        if word in _VALUES[program] and index + 1 < len(words):
            pairs.append((word, words[index + 1]))
            index += 1
        elif word.startswith("--") and equals:
            pairs.append((name, value))
        elif word.startswith("-") and not word.startswith("--") and word[:2] in _VALUES[program]:
            pairs.append((word[:2], word[2:]))
        elif word.startswith("-"):
            flags.add(word)
        elif not entry:
            entry = word
        index += 1
    return entry, pairs, flags


def _below(folder: str, value: str) -> str:
    """A folder of the repository; a path of a container says nothing of it."""
    path = normpath(f"{folder}/{value}" if folder else value)
    return folder if value.startswith(("/", "$")) or path in (".", "") else path


def _uwsgi(words: Sequence[str], command: StartCommand, sources: Sources) -> ServedEntry | None:
    settings: dict[str, str] = {}
    for index, word in enumerate(words):
        name, equals, value = word.lstrip("-").partition("=")
        if word.endswith(".ini") or value.endswith(".ini"):
            settings |= uwsgi_settings(value or word, sources, command.folder)
        elif word in ("-w", "--module", "--wsgi", "--wsgi-file", "--callable"):
            settings[{"-w": "module"}.get(word, word.lstrip("-"))] = "".join(words[index + 1 :][:1])
        elif equals:
            settings[name] = value
    entry = settings.get("module") or settings.get("wsgi", "")
    if path := settings.get("wsgi-file") or settings.get("file", ""):
        entry = path.removesuffix(".py").strip("./").replace("/", ".")
    module, _, name = entry.partition(":")
    if not _ENTRY.match(module or "-"):
        return None
    name, parenthesis, arguments = (name or settings.get("callable", "application")).partition("(")
    call = parenthesis + arguments
    return ServedEntry(command.place, module, name, call, "wsgi", command.folder)


def _framework(
    program: str, words: Sequence[str], command: StartCommand, sources: Sources
) -> ServedEntry | None:
    entry = ""
    for index, word in enumerate(words):
        if word in ("--app", "-A") and index + 1 < len(words):
            entry = words[index + 1]
        elif word.startswith("--app="):
            entry = word.partition("=")[2]
        elif program == "fastapi" and word.endswith(".py"):
            entry = word
    if not entry and program == "flask":
        entry = command.variables.get("FLASK_APP") or flask_app(sources, command.folder)
    if not entry and program == "litestar":
        entry = command.variables.get("LITESTAR_APP", "")
    if not entry and program == "fastapi":
        project = parse_toml(sources.read("pyproject.toml") or "")
        entry = text(table(project, "tool", "fastapi").get("entrypoint"))
    interface = "wsgi" if program == "flask" else "asgi"
    return module_entry(entry, command.place, interface, command.folder) if entry else None


def module_entry(entry: str, place: str, interface: str, folder: str) -> ServedEntry | None:
    """`app.py`, `shop:create_app('x')`, `src/shop.py:app`, as FLASK_APP and `--app` have them."""
    path, _, name = entry.partition(":")
    module = path.strip().removeprefix("./").removesuffix(".py").replace("/", ".")
    if not _ENTRY.match(module):
        return None
    name, parenthesis, arguments = name.partition("(")
    return ServedEntry(place, module, name, parenthesis + arguments, interface, folder)


def flask_app(sources: Sources, folder: str = "") -> str:
    """FLASK_APP of .flaskenv."""
    for line in (sources.read(f"{folder}/.flaskenv".lstrip("/")) or "").splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if name.strip() == "FLASK_APP":
            return value.strip().strip("\"'")
    return ""


def _python(words: list[str], command: StartCommand, sources: Sources) -> ServedEntry | None:
    """`python -m gunicorn …`, `python app.py`, `python -m shop`."""
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[1:]
    if words[:1] == ["-m"] and len(words) > 1:
        program, rest = words[1], words[2:]
        program = "waitress-serve" if program == "waitress" else program
        if program in (*_VALUES, "flask", "fastapi", "litestar"):
            inner = StartCommand(command.place, (program, *rest), command.folder, command.variables)
            return served_entry(inner, sources)
        module = program
    elif words and words[0].endswith(".py") and basename(words[0]) != "manage.py":
        module = words[0].removeprefix("./").lstrip("/").removesuffix(".py").replace("/", ".")
    else:
        return None
    if not _ENTRY.match(module):
        return None
    return ServedEntry(command.place, module, folder=command.folder, script=True)


# A program that starts its server itself: `uvicorn.run("shop:app")`, `serve(app)`, `app.run()`.


def started_by(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(what is served, the interface): `module:name` or a name of this module."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="uvicorn"), attr="run"), args=[app, *_]
            ):
                yield from ((entry, "asgi") for entry in _named(app))
            case ast.Call(func=ast.Name(id="serve") | ast.Attribute(attr="serve"), args=[app, *_]):
                yield from ((entry, "wsgi") for entry in _named(app))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="run")) if name not in (
                "subprocess",
                "asyncio",
                "uvicorn",
            ):
                yield name, "wsgi"


def _named(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(entry)) | ast.Name(id=entry):
            yield entry
