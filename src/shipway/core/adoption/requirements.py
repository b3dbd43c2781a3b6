"""What an application wants installed, from whichever file says it, as lines for uv.

Formats: pip's requirements files, PEP 621 and PEP 735 tables of pyproject.toml, Poetry's own
tables, Pipfile, install_requires of setup.cfg and setup.py. What another tool's lock has pinned
(uv.lock, poetry.lock, pdm.lock, Pipfile.lock) becomes constraints: the same versions again.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from shipway.core.adoption.poetry import poetry_line
from shipway.core.adoption.setup_py import install_requires
from shipway.core.errors import ConfigError
from shipway.core.sources import Sources

_FILES = ("requirements.txt", "requirements/base.txt", "requirements/production.txt",
          "requirements/prod.txt", "requirements/common.txt")  # fmt: skip
_TEST_FILES = ("requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt",
               "requirements-test.txt", "test-requirements.txt", "requirements_test.txt",
               "requirements-tests.txt", "requirements/dev.txt", "requirements/development.txt",
               "requirements/test.txt", "requirements/testing.txt")  # fmt: skip
_TEST_GROUPS = ("dev", "test", "tests", "testing", "develop", "development")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_INCLUDED = re.compile(r"^(?:-r|--requirement)[\s=]*(\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PINNED = re.compile(r"^[\w.\-\[\],]+\s*={2,3}\s*[^*,;\s]+\s*(;|$)")
_HASHES = re.compile(r"\s*\\?\s*--hash[=\s]\S+")
_SELF = re.compile(r"^(-e\s+|--editable[\s=]+)?\.(\[[\w,\-]+\])?$")
_CONDA = re.compile(r"^([\w.\-]+)\s*@\s*file://\S+")


@dataclass(frozen=True)
class Wanted:
    """origin: the file that says it. lines, test_lines: requirements as pip writes them.
    constraints: `name==version` of another tool's lock. sources: every file that was read.
    notes: what was changed on the way, in words. opaque: only building it tells what it needs.
    """

    origin: str
    lines: tuple[str, ...] = ()
    test_lines: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    opaque: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The normalised names (PEP 503) of what is wanted in production."""
        return frozenset(filter(None, map(name_of, self.lines)))

    @property
    def all_names(self) -> frozenset[str]:
        """The same, with what only tests want."""
        return self.names | frozenset(filter(None, map(name_of, self.test_lines)))

    @property
    def pinned(self) -> bool:
        """Whether every line names one version."""
        wanted = [line for line in self.lines if not line.startswith("-")]
        return bool(wanted) and all(_PINNED.match(line) for line in wanted)


def name_of(line: str) -> str:
    """The normalised name in a requirement; "" for an option or an address."""
    match = re.match(r"^([A-Za-z0-9][\w.\-]*)\s*(\[|[<>=!~;@ ]|$)", line)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def wanted(sources: Sources) -> Wanted | None:
    """What the application wants; None where no file says it. Raises ConfigError for a file that
    is not what its name says."""
    for reader in (_of_pyproject, _of_pipfile, _of_files, _of_setup):
        found = reader(sources)
        if found is not None:
            return _with_tests(_cleaned(found), sources)
    return None


def _of_files(sources: Sources) -> Wanted | None:
    path = next((name for name in _FILES if sources.read(name) is not None), None)
    if path is None:
        return None
    read: list[str] = []
    lines = tuple(_lines(sources, path, read))
    return Wanted(path, lines, sources=tuple(read))


def _lines(sources: Sources, path: str, read: list[str]) -> Iterator[str]:
    """Without comments and hashes, continued lines as one, included files in place."""
    text = sources.read(path)
    if text is None or path in read:
        return
    read.append(path)
    for line in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        line = (
            _HASHES.sub("", _COMMENT.sub("", line.replace("\0", ""))).strip().rstrip("\\").strip()
        )
        if included := _INCLUDED.match(line):
            yield from _lines(sources, normpath(join(dirname(path), included[1])), read)
        elif line and not line.startswith(("-c", "--constraint", "--require-hashes")):
            yield line


def _of_pyproject(sources: Sources) -> Wanted | None:
    text = sources.read("pyproject.toml")
    if text is None:
        return None
    data = _toml("pyproject.toml", text)
    project = _table(data, "project")
    poetry = _table(data, "tool", "poetry")
    main = [*_strings(project.get("dependencies"))]
    tests = list(_test_groups(data))
    if poetry:
        main += _poetry(_table(poetry, "dependencies"))
        tests += _poetry(_table(poetry, "dev-dependencies"))
        for name, group in _table(poetry, "group").items():
            if name in _TEST_GROUPS:
                tests += _poetry(_table(group, "dependencies"))
    dynamic = "dependencies" in _strings(project.get("dynamic"))
    if not main and not dynamic:
        return None
    constraints, lock = _locked(sources)
    return Wanted(
        "pyproject.toml", tuple(main), tuple(tests), constraints,
        ("pyproject.toml", *lock), opaque=dynamic and not main,
    )  # fmt: skip


def _test_groups(data: Mapping[str, Any]) -> Iterator[str]:
    """PEP 735 groups and PEP 621 extras for tests; PDM's own dev-dependencies."""
    groups = _table(data, "dependency-groups")
    extras = _table(data, "project", "optional-dependencies")
    pdm = _table(data, "tool", "pdm", "dev-dependencies")
    for name in _TEST_GROUPS:
        yield from _group(groups, name, ())
        yield from _strings(extras.get(name))
    for lines in pdm.values():
        yield from _strings(lines)
    yield from _strings(_table(data, "tool", "uv").get("dev-dependencies"))


def _group(groups: Mapping[str, Any], name: str, above: Sequence[str]) -> Iterator[str]:
    for one in groups.get(name, ()) if name not in above else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict) and "include-group" in one:
            yield from _group(groups, str(one["include-group"]), (*above, name))


def _poetry(table: Mapping[str, Any]) -> list[str]:
    lines = (poetry_line(name, value) for name, value in table.items() if name != "python")
    return [line for line in lines if line]


def _locked(sources: Sources) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a lock of another tool pins, as constraints, and which file that is."""
    for name in _LOCKS:
        text = sources.read(name)
        if text is not None:
            packages = _toml(name, text).get("package", [])
            return tuple(
                f"{one['name']}=={one['version']}" for one in packages
                if "version" in one and not {"virtual", "editable"} & set(one.get("source", {}))
            ), (name,)  # fmt: skip
    return (), ()


def _of_pipfile(sources: Sources) -> Wanted | None:
    text = sources.read("Pipfile")
    if text is None:
        return None
    data = _toml("Pipfile", text)
    lock = sources.read("Pipfile.lock")
    pins: list[str] = []
    if lock is not None:
        try:
            locked = json.loads(lock)
        except ValueError as error:
            raise ConfigError(f"Pipfile.lock is not JSON: {error}", "Make it again.") from None
        pins = [
            f"{name}{one['version']}" for part in ("default", "develop")
            for name, one in locked.get(part, {}).items() if "version" in one
        ]  # fmt: skip
    return Wanted(
        "Pipfile", tuple(_poetry(_table(data, "packages"))),
        tuple(_poetry(_table(data, "dev-packages"))), tuple(dict.fromkeys(pins)),
        ("Pipfile", *(("Pipfile.lock",) if lock is not None else ())),
    )  # fmt: skip


def _of_setup(sources: Sources) -> Wanted | None:
    settings = sources.read("setup.cfg")
    lines: list[str] = []
    if settings is not None:
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(settings)
        except configparser.Error as error:
            raise ConfigError(f"setup.cfg cannot be read: {error}", "Correct it.") from None
        lines = parser.get("options", "install_requires", fallback="").split("\n")
    script = sources.read("setup.py")
    said = install_requires(script) if script is not None else ()
    found = tuple(filter(None, (line.strip() for line in (*lines, *(said or ())))))
    origin = "setup.py" if script is not None else "setup.cfg"
    if not found and script is None:
        return None
    return Wanted(origin, found, sources=(origin,), opaque=said is None and not found)


def _with_tests(found: Wanted, sources: Sources) -> Wanted:
    """With the requirements files for tests, without what they repeat of the others."""
    read: list[str] = list(found.sources)
    lines = [line for path in _TEST_FILES for line in _lines(sources, path, read)]
    tests = tuple(dict.fromkeys((*found.test_lines, *_kept(lines)[0])))
    return Wanted(
        found.origin, found.lines, tests, found.constraints, tuple(read), found.notes, found.opaque
    )


def _cleaned(found: Wanted) -> Wanted:
    lines, notes = _kept(found.lines)
    return Wanted(
        found.origin, lines, found.test_lines, found.constraints, found.sources, notes,
        found.opaque,
    )  # fmt: skip


def _kept(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without what no other machine can install, and what was left out, in words."""
    kept, notes = [], []
    for line in lines:
        if conda := _CONDA.match(line):
            notes.append(f"{conda[1]}: a file of another machine; its newest version is taken")
            line = conda[1]
        if _SELF.match(line):
            notes.append(f"{line}: the application itself is no dependency")
        elif re.sub(r"[-_.]+", "-", line.lower()).startswith("pkg-resources=="):
            notes.append(f"{line}: Debian's pip writes it by mistake; there is no such package")
        else:
            kept.append(line)
    return tuple(dict.fromkeys(kept)), tuple(notes)


def _toml(path: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", "Correct it and run again.") from None


def _table(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
