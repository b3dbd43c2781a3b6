"""The text of a lock as uv resolved it, made fit for every machine that installs from it.

Indexes are part of it, their credentials are not; a package in the repository is named by its
folder there; and each package that is not from the default index says which one it is from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os.path import normpath, relpath
from urllib.parse import unquote

from shipway.releases.local_packages import local_folder
from shipway.scaffold.requirement_files import DIRECT, requirement_name

PYPI = "https://pypi.org/simple"
_USER = re.compile(r"(?<=://)([^/@\s]*)@")
_VARIABLES = re.compile(r"^(?!$)(\$\{[A-Z0-9_]+\})?(:\$\{[A-Z0-9_]+\})?$")
_FROM = re.compile(r"^\s+# from (\S+)$")
_INDEX = re.compile(r"^(--index-url|--extra-index-url)\s+(\S+)$")
_EDITABLE = re.compile(r"^-e\s+")


@dataclass(frozen=True)
class Entry:
    """One package of a lock: its lines, and the index that it is from; DIRECT for an address."""

    lines: tuple[str, ...]
    place: str

    @property
    def name(self) -> str:
        """The normalised name; "" for a folder."""
        return requirement_name(self.lines[0])


@dataclass(frozen=True)
class LockText:
    """options: the lines about indexes and links. entries: the packages."""

    options: tuple[str, ...]
    entries: tuple[Entry, ...]

    def text(self) -> str:
        """The file."""
        lines = [*self.options, *([""] if self.options else [])]
        for entry in self.entries:
            lines += entry.lines
            if entry.place not in ("", DIRECT):
                lines.append(f"    # from {entry.place}")
        return "".join(f"{line}\n" for line in lines)

    @property
    def places(self) -> dict[str, str]:
        """name → the index it is from; "" for the default one, DIRECT for an address."""
        return {entry.name: entry.place for entry in self.entries if entry.name}

    @property
    def pins(self) -> list[str]:
        """`name==version` of each package from an index."""
        return [
            entry.lines[0].removesuffix("\\").strip()
            for entry in self.entries
            if "==" in entry.lines[0] and entry.place != DIRECT
        ]


def read_lock(text: str) -> LockText:
    """A lock as uv or Shipway wrote it."""
    options: list[str] = []
    entries: list[Entry] = []
    block: list[str] = []
    place = ""

    def close() -> None:
        if block:
            direct = "==" not in block[0] or " @ " in block[0]
            entries.append(Entry(tuple(block), DIRECT if direct else place))

    for line in text.splitlines():
        if match := _FROM.match(line):
            place = match[1]
        elif line.startswith("--"):
            options.append(line)
        elif line[:1].isspace() and line.strip():
            block.append(line)
        elif line.strip() and not line.startswith("#"):
            close()
            block, place = [line], ""
    close()
    return LockText(tuple(options), tuple(entries))


def shareable_lock(
    text: str, root: str, default: str, references: Mapping[str, str]
) -> tuple[LockText, tuple[str, ...]]:
    """A lock as another machine can use it, and notes of what it cannot have.

    default: the index that this machine asks by default, which another may have under another
    address. references: URL of an index → the same with `${NAME}` for its credentials.
    """
    lock = read_lock(text)
    notes: list[str] = []
    options = []
    for line in lock.options:
        match = _INDEX.match(line)
        if match is None:
            options.append(_relative(line, root))
        elif match[1] != "--index-url" or not same_index(match[2], (default, PYPI)):
            options.append(f"{match[1]} {_without_credentials(match[2], references, notes)}")
    entries = []
    for entry in lock.entries:
        first = _relative(_EDITABLE.sub("", entry.lines[0]), root)
        if local_folder(first) in (".", "./"):
            continue  # the application itself
        first = _without_credentials(first, references, notes)
        place = entry.place
        if place != DIRECT:
            place = "" if same_index(place, (default, PYPI)) else _USER.sub("", place)
        entries.append(Entry((first, *entry.lines[1:]), place))
        if place not in ("", DIRECT) and not any(
            plain_index(line).endswith(f" {plain_index(place)}") for line in options
        ):  # uv names no index that is only for some packages
            options.append(f"--extra-index-url {references.get(plain_index(place), place)}")
    return LockText(tuple(dict.fromkeys(options)), tuple(entries)), tuple(dict.fromkeys(notes))


def same_index(url: str, others: Sequence[str]) -> bool:
    """Whether a URL is one of the others, but for credentials and a slash at its end."""
    return plain_index(url) in map(plain_index, others)


def plain_index(url: str) -> str:
    """A URL without credentials and without a slash at its end."""
    return _USER.sub("", url).removeprefix("file://").rstrip("/")


def _without_credentials(text: str, references: Mapping[str, str], notes: list[str]) -> str:
    """A line without credentials, unless they are names of variables."""
    for url, reference in references.items():
        if plain_index(text) == plain_index(url):
            return reference
    match = _USER.search(text)
    if match is None or _VARIABLES.match(match[1]) or text.startswith("git+ssh://", match.start()):
        return text
    if "git+ssh://" in text:
        return text  # a user's name there is no secret, and nothing works without it
    host = text[match.end() :].partition("/")[0]
    notes.append(
        f"the credentials of {host}: no lock has them; give them by a keyring, ~/.netrc, or "
        "`${NAME}:${PASSWORD}@` in the address"
    )
    return _USER.sub("", text)


def _relative(line: str, root: str) -> str:
    """A line in which a path below or beside the application's folder is relative to it."""
    before, address = "", line
    if match := re.match(r"^(\S+ @ |--find-links )(.*)$", line):
        before, address = match[1], match[2]
    path, *rest = re.split(r"(?= ;|#| \\)", address, maxsplit=1)
    plain = re.sub(r"^file:/*", "/", unquote(path))
    if not plain.startswith("/"):
        folder = local_folder(line)
        return f"./{line}" if folder and folder == path.strip() and folder[0] != "." else line
    way = relpath(normpath(plain), root)
    way = way if way.startswith(".") else f"./{way}"
    # PEP 508 wants a URL behind a name; without a name a path will do.
    return f"{'' if before.endswith('@ ') else before}{way}{''.join(rest)}"


# Whether a package comes from where it always came from.


def moved_packages(lock: LockText, expected: Mapping[str, str], default: str) -> list[str]:
    """In words, each package that is from another place than a file says (dependency confusion)."""
    moved = []
    for name, place in lock.places.items():
        wanted = expected.get(name)
        if wanted is None:
            continue
        if wanted != DIRECT and same_index(wanted, (default, PYPI)):
            wanted = ""
        differs = (
            (wanted == DIRECT) != (place == DIRECT)
            if DIRECT in (wanted, place)
            else plain_index(wanted) != plain_index(place)
        )
        if differs:
            moved.append(f"{name} would come from {_words(place)}, not from {_words(wanted)}")
    return moved


def _words(place: str) -> str:
    return plain_index(place) if place else "the default index"
