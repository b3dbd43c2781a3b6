"""pip's requirements files: what they name, include, and say of indexes.

uv reads these files itself when it resolves them. What is read here is what has to be known
before: names, the files that are included, and lines that no machine but one can install.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from shipway.errors import ConfigError
from shipway.scaffold.sources import Sources

DIRECT = "a path, an archive or a repository"  # where a package is from that no index has

_INCLUDED = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?=[\"']|[^-\s]))(.+)$")
_EDITABLE = re.compile(r"^(-e|--editable)[\s=]+")
_COMMENT = re.compile(r"(^|\s)#.*$")
_HASHES = re.compile(r"\s*\\?\s*--hash[=\s]\S+")
_SELF = re.compile(r"^\./?(\[[\w,\s\-]+\])?$")
_EGG = re.compile(r"#egg=([A-Za-z0-9][\w.\-]*)")
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.\-]*)\s*(\[|[<>=!~;@( ]|$)")
_PINNED = re.compile(r"^[\w.\-\[\],]+\s*={2,3}\s*[^*,;\s]+\s*(;|$)")
# conda writes the folder in which it was built; such a package is PyPI's of the same name.
_CONDA = re.compile(
    r"^([\w.\-]+)\s*@\s*file:///(?:croot|tmp/build|home/conda|home/builder|opt/concourse|"
    r"Users/builder|Users/runner|C:/|D:/|b/abs|work|ci|io|private/tmp/build|feedstock_root)\b"
)
_DEBIAN = re.compile(r"^pkg[-_.]resources==", re.IGNORECASE)
_OPTION = re.compile(r"^(-i|-f|--?[a-z][a-z-]*)")
# uv has these as pip has them; each of the others is named as not carried on.
_CARRIED = {
    "-i",
    "-f",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--no-index",
    "--no-binary",
    "--only-binary",
    "--pre",
    "--require-hashes",
}


def normalized(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(line: str) -> str:
    """The normalised name in a requirement; "" for an option or an address without one."""
    if match := _EGG.search(line):
        return normalized(match[1])
    match = _REQUIREMENT.match(line)
    return normalized(match[1]) if match else ""


@dataclass
class RequirementFiles:
    """Reads requirements files, each once.

    read: the paths. lines: the requirements. texts: path → text for uv, of all files that were
    read. rewritten: whether a text differs from its file, so that uv has to be handed the texts.
    notes: what was changed or not carried on.
    """

    sources: Sources
    project: bool  # whether the application's folder can be built as a package
    read: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    rewritten: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, path: str, *, constraints: bool = False) -> None:
        """Read a file and those that it includes. Raises ConfigError where one is missing."""
        text = self.sources.read(path)
        if text is None or path in self.read:
            return
        self.read.append(path)
        kept = []
        for number, line, written in _logical_lines(text):
            carried = self._line(path, number, line, constraints=constraints)
            kept.append(written if carried == line else carried)
            self.rewritten = self.rewritten or carried != line
        self.texts[path] = "\n".join(kept) + "\n"

    def _line(self, path: str, number: int, line: str, *, constraints: bool) -> str:
        """What uv gets in place of a line."""
        if match := _INCLUDED.match(line):
            self._include(path, number, match[2], constraints=match[1] in ("-c", "--constraint"))
            return line
        body = _EDITABLE.sub("", line)
        if not line or constraints:
            return line
        if match := _CONDA.match(line):
            self.notes.append(f"{match[1]}: built on another machine; its newest version is taken")
            self.lines.append(match[1])
            return match[1]
        if _DEBIAN.match(line):
            self.notes.append(
                f"{line}: Debian's pip writes it by mistake; there is no such package"
            )
            return ""
        if _SELF.match(body):
            if self.project:
                self.notes.append(f"{line}: of the application itself, only what it requires")
                return line
            self.notes.append(f"{line}: the application itself is no dependency")
            return ""
        if body == line and (option := _OPTION.match(line)):
            if option[1] in _CARRIED:
                return line
            self.notes.append(f"{line}: an option that uv does not have ({path}, line {number})")
            return ""
        self.lines.append(line)
        return line

    def _include(self, path: str, number: int, argument: str, *, constraints: bool) -> None:
        try:
            name = shlex.split(argument)[0]
        except (ValueError, IndexError):
            name = argument
        if "://" in name or "${" in name:
            return  # uv reads it from there
        included = normpath(join(dirname(path), name))
        if self.sources.read(included) is None:
            raise ConfigError(
                f"{path}, line {number}: there is no file {included}",
                "Add the file, or remove the line.",
                code="invalid-setting",
            )
        self.add(included, constraints=constraints)


def _logical_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Number, line without comment and hashes, and the line for uv; continued lines are one."""
    number, pieces = 1, list[str]()
    for current, raw in enumerate(text.replace("\0", "").splitlines(), 1):
        pieces.append(raw.removesuffix("\\"))
        if raw.endswith("\\"):
            continue
        written = _COMMENT.sub("", " ".join(pieces)).strip()
        yield number, _HASHES.sub("", written).strip(), written
        number, pieces = current + 1, []
    if pieces:
        written = _COMMENT.sub("", " ".join(pieces)).strip()
        yield number, _HASHES.sub("", written).strip(), written


def is_pinned(line: str) -> bool:
    """Whether a requirement names one version."""
    return bool(_PINNED.match(line))


def without_itself(text: str) -> str:
    """A requirements file without the lines that name the application itself."""
    lines = text.splitlines()
    return "".join(
        f"{line}\n" for line in lines if not line or not _SELF.match(_EDITABLE.sub("", line))
    )
