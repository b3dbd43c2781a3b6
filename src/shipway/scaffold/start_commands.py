"""How an application is started where it is served today, read from the files that say so.

The order is how much a file says about production: Procfile, Dockerfile, compose, gunicorn's own
configuration, the files of Heroku, Fly and Render, then GitHub's workflows.
"""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath

from shipway.scaffold.documents import items, parse_json, parse_toml, parse_yaml, table, text
from shipway.scaffold.sources import FOREIGN, Sources
from shipway.source_text import parse_source


@dataclass(frozen=True)
class StartCommand:
    """One command without a shell. place: the file that has it, with its line where there is one.
    folder: where it runs, below the application's folder. variables: what is set for it there.
    """

    place: str
    words: tuple[str, ...]
    folder: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


COMPOSE = (
    "docker-compose.prod.yml",
    "docker-compose.production.yml",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
)
_DOCKER_FOLDERS = ("", "docker", "deploy", "deployment", "build")
_OTHER_IMAGE = re.compile(r"dev|test|local|worker|nginx|celery|docs|base", re.IGNORECASE)
_DEPTH = 3  # scripts that call scripts


def find_start_commands(sources: Sources) -> Iterator[StartCommand]:
    """Every command that some file starts the application with, the best evidence first."""
    for read in (_procfile, _dockerfiles, _compose, _gunicorn, _platforms, _workflows):
        yield from read(sources)


def docker_files(sources: Sources) -> list[str]:
    """The paths of Dockerfiles: the usual ones, those that compose builds, those in a folder."""
    paths = []
    for folder in _DOCKER_FOLDERS:
        names = [name for name in sources.files(folder) if "ockerfile" in name]
        names = [name for name in names if not _OTHER_IMAGE.search(name)]
        names.sort(key=lambda name: (name != "Dockerfile", "prod" not in name, name))
        paths += [f"{folder}/{name}".lstrip("/") for name in names if name != ".dockerfile"]
    paths += [path for path, _ in _builds(sources)]
    paths += [f"{folder}/Dockerfile" for folder in sources.folders("") if folder not in FOREIGN]
    return [path for path in dict.fromkeys(paths) if sources.read(path) is not None]


# Shell text


_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^}]*))?[^}]*\}|\$(\w+)")
_OPERATOR = re.compile(r"^[;&|()]+$")
_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}


def shell_commands(
    script: str, place: str, sources: Sources, folder: str = "", variables: Mapping[str, str] = {}
) -> Iterator[StartCommand]:
    """The commands of a shell text one by one, with `cd`, assignments and scripts followed."""
    yield from _shell(script, place, sources, folder, dict(variables), {}, 0)


def _shell(
    script: str,
    place: str,
    sources: Sources,
    folder: str,
    variables: dict[str, str],
    copied: Mapping[str, str],
    depth: int,
) -> Iterator[StartCommand]:
    for line in script.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        for simple in _simple_commands(line):
            for word in simple:  # `cmd="exec gunicorn …"`, and later `eval "$cmd"`
                if (match := _ASSIGNED.match(word)) and " " in match[2] and depth < _DEPTH:
                    yield from _shell(
                        match[2], place, sources, folder, variables, copied, depth + 1
                    )
            words = _without_assignments(simple, variables)
            words = [_expanded(word, variables) for word in words]
            if not words:
                continue
            if words[0] == "cd" and len(words) > 1:
                folder = _local_folder(words[1], folder, sources)
                continue
            yield from _followed(words, place, sources, folder, variables, copied, depth)


def _followed(
    words: list[str],
    place: str,
    sources: Sources,
    folder: str,
    variables: dict[str, str],
    copied: Mapping[str, str],
    depth: int,
) -> Iterator[StartCommand]:
    """A command; for a shell or a script of the repository what that runs."""
    words = words[1:] if words[0] in ("exec", "eval", "if", "then", "else", "do", "!") else words
    if not words or depth > _DEPTH:
        return
    if basename(words[0]) in _SHELLS:
        short = [index for index, word in enumerate(words) if re.fullmatch(r"-\w*c", word)]
        if short and len(words) > short[0] + 1:
            yield from _shell(
                words[short[0] + 1], place, sources, folder, variables, copied, depth + 1
            )
            return
        words = [word for word in words[1:] if not word.startswith("-")]
        if not words:
            return
    path = _script(words[0], sources, folder, copied)
    if path:
        body = sources.read(path) or ""
        where = f"{place} ({path})" if "(" not in place else place
        yield from _shell(body, where, sources, folder, variables, copied, depth + 1)
        if len(words) > 1 and ('"$@"' in body or "$@" in body):
            yield from _followed(words[1:], place, sources, folder, variables, copied, depth + 1)
        return
    yield StartCommand(place, tuple(words), folder, dict(variables))


def _simple_commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    try:
        for word in lexer:
            if _OPERATOR.match(word):
                yield words
                words = []
            else:
                words.append(word)
    except ValueError:  # a quotation that goes on: of a text, not of a command
        return
    yield words


def _without_assignments(words: list[str], variables: dict[str, str]) -> list[str]:
    words = words[1:] if words and words[0] in ("export", "env") else list(words)
    while words and (match := _ASSIGNED.match(words[0])):
        variables[match[1]] = _expanded(match[2], variables)
        words = words[1:]
    return words


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    """With the variables that are known, and their defaults; what is unknown stays."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return variables.get(name, match[2] if match[2] is not None else match[0])

    return _VARIABLE.sub(value, word)


def _script(word: str, sources: Sources, folder: str, copied: Mapping[str, str]) -> str:
    """The repository's path of a script that a container calls by its own path."""
    if "$" in word or not (word.endswith(".sh") or "/" in word):
        return ""
    name = basename(word)
    paths = [copied[name]] if name in copied else []
    parts = [part for part in word.split("/") if part not in ("", ".")]
    paths += [join(folder, *parts[index:]) for index in range(len(parts))] if parts else []
    paths += ["/".join(parts[index:]) for index in range(len(parts))]
    for path in paths:
        body = sources.read(path) if not path.endswith(".py") else None
        if body is not None and (
            path.endswith(".sh") or (body.startswith("#!") and "sh" in body[:40])
        ):
            return path
    return ""


def _local_folder(word: str, folder: str, sources: Sources) -> str:
    """`cd backend`: the folder of the repository; one of a container is the root."""
    path = normpath(join(folder, word)) if not word.startswith("/") else ""
    return path if path not in ("", ".") and (sources.files(path) or sources.folders(path)) else ""


# Procfile


def _procfile(sources: Sources) -> Iterator[StartCommand]:
    for number, line in enumerate((sources.read("Procfile") or "").splitlines(), 1):
        kind, colon, command = line.partition(":")
        if colon and kind.strip() == "web":
            yield from shell_commands(command, f"Procfile:{number}", sources)


# Dockerfile


@dataclass
class _Image:
    """What a Dockerfile says of its last stage."""

    entrypoint: str = ""
    command: str = ""
    line: int = 0
    workdir: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    copied: dict[str, str] = field(default_factory=dict)


def _dockerfiles(sources: Sources) -> Iterator[StartCommand]:
    contexts = dict(_builds(sources))
    for path in docker_files(sources):
        usual = "" if dirname(path) in _DOCKER_FOLDERS else dirname(path)
        yield from _of_image(path, contexts.get(path, usual), sources)


def _of_image(path: str, context: str, sources: Sources) -> Iterator[StartCommand]:
    image = _image(sources.read(path) or "", context)
    folder = context if context not in ("", ".") else ""
    whole = f"{image.entrypoint} {image.command}".strip()
    place = f"{path}:{image.line}" if image.line else path
    yield from _shell(whole, place, sources, folder, image.variables, image.copied, 0)


def _image(body: str, context: str) -> _Image:
    image = _Image()
    for number, word, rest in docker_instructions(body):
        if word == "FROM":
            image = _Image(variables=image.variables)
        elif word in ("CMD", "ENTRYPOINT"):
            line = _exec_form(rest)
            if word == "CMD":
                image.command = line
            else:
                image.entrypoint, image.command = line, ""
            image.line = number
        elif word == "WORKDIR":
            image.workdir = rest
        elif word in ("ENV", "ARG"):
            image.variables |= _docker_variables(rest)
        elif word in ("COPY", "ADD"):
            parts = [part for part in _words(rest) if not part.startswith("--")]
            if len(parts) == 2 and "." in basename(parts[0]) + ".":
                source = normpath(join(context, parts[0]))
                image.copied[basename(parts[1].rstrip("/")) or basename(source)] = source
    return image


def docker_instructions(body: str) -> Iterator[tuple[int, str, str]]:
    """(line, instruction, the rest) of a Dockerfile, continued lines as one."""
    start, held = 0, ""
    for number, line in enumerate(body.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        start = start if held else number
        held += line.rstrip()
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        word, _, rest = held.strip().partition(" ")
        held = ""
        if word:
            yield start, word.upper(), rest.strip()


def _exec_form(rest: str) -> str:
    """A command as shell text, whether it was a list or a text."""
    words = parse_json(rest) if rest.startswith("[") else None
    if isinstance(words, list):
        return " ".join(
            word if _VARIABLE.search(str(word)) and " " not in str(word) else shlex.quote(str(word))
            for word in words
        )
    return rest


def docker_variables(body: str) -> dict[str, str]:
    """The variables that the last stage of a Dockerfile sets."""
    variables: dict[str, str] = {}
    for _, word, rest in docker_instructions(body):
        if word == "FROM":
            variables = {}
        elif word == "ENV":
            variables |= _docker_variables(rest)
    return variables


def _docker_variables(rest: str) -> dict[str, str]:
    words = _words(rest)
    if words and "=" not in words[0] and len(words) > 1:
        return {words[0]: " ".join(words[1:])}
    return {match[1]: match[2] for word in words if (match := _ASSIGNED.match(word))}


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


# Compose


def compose_services(sources: Sources) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """(file, name, table) of each service, of the first file that there is."""
    for path in COMPOSE:
        body = sources.read(path)
        if body is not None:
            for name, service in table(parse_yaml(body), "services").items():
                yield path, name, table(service)
            return


def _builds(sources: Sources) -> Iterator[tuple[str, str]]:
    """(Dockerfile, context) of each service that is built."""
    for _, _, service in compose_services(sources):
        build = service.get("build")
        context = normpath(text(build) or text(table(build).get("context")) or ".")
        name = text(table(build).get("dockerfile")) or "Dockerfile"
        if build is not None and not context.startswith(".."):
            context = "" if context == "." else context
            yield normpath(join(context, name)), context


def _compose(sources: Sources) -> Iterator[StartCommand]:
    for path, name, service in compose_services(sources):
        command, entrypoint = (
            _compose_words(service.get(key)) for key in ("command", "entrypoint")
        )
        if not command and not entrypoint:
            continue
        build = service.get("build")
        context = normpath(text(build) or text(table(build).get("context")) or ".")
        place = f"{path} (service {name})"
        docker = normpath(join(context, text(table(build).get("dockerfile")) or "Dockerfile"))
        image = _image(sources.read(docker) or "", context)
        folder = "" if context == "." or context.startswith("..") else context
        variables = {**image.variables, **compose_variables(service)}
        whole = f"{entrypoint} {command}".strip()
        yield from _shell(whole, place, sources, folder, variables, image.copied, 0)


def compose_variables(service: Mapping[str, object]) -> dict[str, str]:
    """`environment` of a service, in either of its forms."""
    node = service.get("environment")
    pairs = (text(item).partition("=") for item in items(node))
    return {name: value for name, _, value in pairs} | {
        name: text(value) for name, value in table(node).items()
    }


def _compose_words(node: object) -> str:
    if isinstance(node, list):
        return " ".join(shlex.quote(text(word)) for word in node)
    return text(node).replace("\n", " ")


# gunicorn's own configuration, by its syntax tree: it is a program, and none that init runs.


def _gunicorn(sources: Sources) -> Iterator[StartCommand]:
    tree = parse_source(sources.read("gunicorn.conf.py") or "")
    for node in tree.body if tree else ():
        match node:
            case ast.Assign(
                targets=[ast.Name(id="wsgi_app")], value=ast.Constant(value=str(entry))
            ):
                yield StartCommand(f"gunicorn.conf.py:{node.lineno}", ("gunicorn", entry))


# Files of hosts


def _platforms(sources: Sources) -> Iterator[StartCommand]:
    for place, command in _host_commands(sources):
        yield from shell_commands(command, place, sources)


def _host_commands(sources: Sources) -> Iterator[tuple[str, str]]:
    heroku = table(parse_yaml(sources.read("heroku.yml") or ""), "run").get("web")
    yield "heroku.yml", _compose_words(table(heroku).get("command") or heroku)
    formation = parse_json(sources.read("app.json") or "")
    yield "app.json", text(table(formation, "scripts").get("start"))
    fly = parse_toml(sources.read("fly.toml") or "")
    for name, command in table(fly, "processes").items():
        if name in ("app", "web"):
            yield "fly.toml", text(command)
    yield "fly.toml", _compose_words(table(fly, "experimental").get("cmd"))
    render = parse_yaml(sources.read("render.yaml") or "")
    for service in items(table(render).get("services")):
        settings = table(service)
        root = text(settings.get("rootDir"))
        for key in ("startCommand", "dockerCommand"):
            if command := text(settings.get(key)):
                yield "render.yaml", f"cd {shlex.quote(root)} && {command}" if root else command


# GitHub's workflows


def _workflows(sources: Sources) -> Iterator[StartCommand]:
    for name in sources.files(".github/workflows"):
        path = f".github/workflows/{name}"
        body = sources.read(path) or "" if name.endswith((".yml", ".yaml")) else ""
        if body.startswith("# Written by `shipway"):
            continue
        for job in table(parse_yaml(body), "jobs").values():
            for step in items(table(job).get("steps")):
                folder = text(table(step).get("working-directory"))
                local = _local_folder(folder, "", sources) if folder else ""
                yield from shell_commands(text(table(step).get("run")), path, sources, local)


# uWSGI: its ini is no command, but says the same.


def uwsgi_settings(word: str, sources: Sources, folder: str) -> Mapping[str, str]:
    """The settings of an ini file that a container names by its own path."""
    parts = [part for part in word.split("/") if part not in ("", ".")]
    for index in range(len(parts)):
        for path in (join(folder, *parts[index:]), "/".join(parts[index:])):
            body = sources.read(path)
            if body is None:
                continue
            parser = configparser.ConfigParser(
                interpolation=None, strict=False, allow_no_value=True
            )
            try:
                parser.read_string(body)
            except configparser.Error:
                return {}
            if parser.has_section("uwsgi"):
                return {key: value or "" for key, value in parser.items("uwsgi")}
    return {}
