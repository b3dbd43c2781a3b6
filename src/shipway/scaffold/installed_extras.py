"""Which files, extras and dependency groups a deployment installs, by the commands that say so.

Read are the build commands of Dockerfiles, heroku.yml and render.yaml. Workflows are not: they
install what tests want. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import basename, dirname, normpath

from shipway.releases.lock_header import lock_inputs
from shipway.scaffold.documents import items, parse_json, parse_toml, parse_yaml, table, text
from shipway.scaffold.requirement_files import normalized
from shipway.scaffold.sources import Sources
from shipway.scaffold.start_commands import docker_files, docker_instructions, shell_commands

# What many call them, where no command says what is installed.
USUAL = frozenset({"production", "prod", "deploy", "deployment", "server"})
# The application itself: its folder, or its name, and the extras of it: `.[prod]`, `/src[a,b]`.
_ITSELF = re.compile(r"^(?:-e|--editable=)?(\.{0,2}/?[\w./-]*|[\w.-]+)\[([\w\s,.-]+)\]$")
_OPTIONS = {
    "uv": {"--extra", "--group", "--only-group"},
    "poetry": {"--with", "--only", "-E", "--extras"},
    "pdm": {"-G", "--group", "--with"},
    "pip": {"--group"},
}
_PROGRAMS = {"pip": "pip", "pip3": "pip", "uv": "uv", "poetry": "poetry", "pdm": "pdm"}
_INSTALLS = {"install", "sync", "export", "wheel"}
_FILE = re.compile(r"^(?:-r|--requirement=?)(?=[^-])(.+)$")
_NO_DEPLOYMENT = re.compile(r"dev|test|local|lint|ci\b|docs?\b", re.IGNORECASE)
_FOLDERS = re.compile(r"^(?:requirements?|reqs?|deps|dependencies)?$")


def installed_extras(sources: Sources) -> frozenset[str] | None:
    """The names of extras and groups that a deployment installs; None where no command installs
    the project, so that nobody knows."""
    project = table(parse_toml(sources.read("pyproject.toml") or ""), "project")
    known, names = False, set[str]()
    for _, words in _install_commands(sources):
        known = known or not any(word in ("-r", "--requirement") for word in words)
        names.update(_extras(words, text(project.get("name"))))
    return frozenset(names) if known else None


def installed_files(sources: Sources) -> tuple[str, ...]:
    """The requirements files of the repository that the first Dockerfile, or host's file, installs;
    empty where none does, or where it installs what people develop with, or Shipway's own lock."""
    copied = dict(_copied_files(sources))
    first = ""
    files: list[str] = []
    for place, words in _install_commands(sources):
        first = first or place if files else place
        if place != first:
            break
        files += [
            path
            for name in _requirement_files(words)
            if (path := _in_repository(copied.get(basename(name), name), sources))
        ]
    usual = (
        path
        for path in files
        if _FOLDERS.match(dirname(path)) and not lock_inputs(sources.read(path) or "")
    )
    return tuple(dict.fromkeys(path for path in usual if not _NO_DEPLOYMENT.search(path)))


def _requirement_files(words: Sequence[str]) -> Iterator[str]:
    for index, word in enumerate(words):
        if word in ("-r", "--requirement"):
            yield from words[index + 1 : index + 2]
        elif match := _FILE.match(word):
            yield match[1]


def _copied_files(sources: Sources) -> Iterator[tuple[str, str]]:
    """(name in the image, path) of files, and of those in folders, that an image gets."""
    for docker in docker_files(sources):
        for _, instruction, rest in docker_instructions(sources.read(docker) or ""):
            parts = [word for word in rest.split() if not word.startswith("--")]
            if instruction not in ("COPY", "ADD") or len(parts) != 2:
                continue
            source = normpath(parts[0])
            if path := _in_repository(source, sources):
                yield basename(parts[1].rstrip("/")) or basename(path), path
                yield basename(path), path
            elif source != ".":
                yield from ((name, f"{source}/{name}") for name in sources.files(source))


def _in_repository(name: str, sources: Sources) -> str:
    """The repository's path of a file that a container names by its own; "" for none."""
    parts = [part for part in name.strip("\"'").split("/") if part not in ("", ".")]
    paths = ("/".join(parts[index:]) for index in range(len(parts)))
    return next((path for path in paths if sources.read(path) is not None), "")


def _install_commands(sources: Sources) -> Iterator[tuple[str, Sequence[str]]]:
    """(file, command) of every call of an installer, from its name on."""
    for place, script in _build_commands(sources):
        for command in shell_commands(script, place, sources):
            words = [word for word in command.words if word]
            for index, word in enumerate(words):
                if basename(word) in _PROGRAMS and _INSTALLS & set(words[index + 1 : index + 3]):
                    yield place.partition(":")[0], words[index:]
                    break


def _build_commands(sources: Sources) -> Iterator[tuple[str, str]]:
    for path in docker_files(sources):
        for number, instruction, rest in docker_instructions(sources.read(path) or ""):
            if instruction != "RUN":
                continue
            listed = parse_json(rest) if rest.startswith("[") else None
            script = " ".join(map(str, listed)) if isinstance(listed, list) else rest
            yield f"{path}:{number}", re.sub(r"^(?:--\S+\s+)+", "", script)
    heroku = table(parse_yaml(sources.read("heroku.yml") or ""), "release")
    yield "heroku.yml", text(heroku.get("command"))
    for service in items(table(parse_yaml(sources.read("render.yaml") or "")).get("services")):
        yield "render.yaml", text(table(service).get("buildCommand"))


def _extras(words: Sequence[str], project: str) -> Iterator[str]:
    """The names in one command."""
    options = _OPTIONS[_PROGRAMS[basename(words[0])]]
    for index, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in options:
            value = value if equals else next(iter(words[index + 1 : index + 2]), "")
            yield from _listed(value)
        elif (match := _ITSELF.match(word)) and _is_itself(match[1], project):
            yield from _listed(match[2])


def _is_itself(target: str, project: str) -> bool:
    return target.startswith((".", "/")) or normalized(target) == normalized(project) != ""


def _listed(value: str) -> list[str]:
    return [name for name in re.split(r"[\s,]+", value.strip("\"' ")) if name]
