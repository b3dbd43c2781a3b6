"""What an application wants installed, and where from, whichever file says it.

uv resolves pyproject.toml, pip's requirements files, setup.py and uv.lock itself; of those only
names and places are read here. Poetry's tables and Pipfile it cannot read: they are translated.
What another tool's lock has pinned (poetry.lock, pdm.lock, Pipfile.lock) becomes constraints: the
same versions again. What is read and not carried on is named in `notes`.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from shipway.errors import ConfigError
from shipway.releases.local_packages import local_folder
from shipway.scaffold.installed_extras import USUAL, installed_extras, installed_files
from shipway.scaffold.lock_text import PYPI
from shipway.scaffold.requirement_files import (
    DIRECT,
    RequirementFiles,
    is_pinned,
    normalized,
    requirement_name,
)
from shipway.scaffold.sources import Sources
from shipway.source_text import parse_source, parse_toml

# Requirements of Poetry and Pipfile as PEP 508 has them.
#
# https://python-poetry.org/docs/dependency-specification/: caret, tilde and wildcard are Poetry's
# own; Pipfile's tables have the same keys.

ROOT = "{root}"  # in a requirement: the file: address of the application's folder

_NUMBER = re.compile(r"^[\^~]?\s*v?(\d+(?:\.\d+)*)(.*)$")
_TRANSLATED = {
    "version",
    "extras",
    "markers",
    "python",
    "platform",
    "sys_platform",
    "path",
    "file",
    "url",
    "git",
    "rev",
    "ref",
    "tag",
    "branch",
    "subdirectory",
    "source",
    "index",
    "optional",
    "develop",  # the same package from the same folder, linked or copied
    "editable",
}


@dataclass
class Translation:
    """Requirements of one table, as they are translated. revisions: what the lock has of git."""

    revisions: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    indexes: dict[str, str] = field(default_factory=dict)  # package → name of its index
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, value: Any) -> None:
        """One requirement: a constraint, a table, or a list of alternatives by Python."""
        alternatives = value if isinstance(value, list) else [value]
        for alternative in alternatives:
            settings = (
                alternative if isinstance(alternative, dict) else {"version": str(alternative)}
            )
            self._add(name, settings)

    def add_all(self, table: Mapping[str, Any]) -> None:
        """Every requirement of a table."""
        for name, value in table.items():
            self.add(name, value)

    def _add(self, name: str, settings: Mapping[str, Any]) -> None:
        for key in settings.keys() - _TRANSLATED:
            self.notes.append(f"{name}: {key}, which uv does not have")
        if settings.get("optional"):
            self.notes.append(f"{name}: optional")
            return
        version = str(settings.get("version", "*"))
        constraint = version_constraint(version)
        address = self._address(name, settings)
        if not address and not constraint and version not in ("", "*", "latest"):
            self.notes.append(f"{name}: its constraint {version}; PEP 440 has no like of it")
        if index := settings.get("source") or settings.get("index"):
            self.indexes[normalized(name)] = str(index)
        extras = f"[{','.join(settings['extras'])}]" if settings.get("extras") else ""
        markers = list(filter(None, _markers(settings)))
        condition = " and ".join(f"({one})" if len(markers) > 1 else one for one in markers)
        self.lines.append(
            f"{name}{extras}{f' @ {address}' if address else constraint}"
            + (f" ; {condition}" if condition else "")
        )

    def _address(self, name: str, settings: Mapping[str, Any]) -> str:
        """Where the package is, if no index has it."""
        if path := settings.get("path") or settings.get("file"):
            path = str(path)
            return path if "://" in path else f"{ROOT}/{path.removeprefix('./')}"
        folder = settings.get("subdirectory")
        below = f"#subdirectory={folder}" if folder else ""
        if git := settings.get("git"):
            keys = ("rev", "ref", "tag", "branch")
            revision = self.revisions.get(normalized(name)) or next(
                (str(settings[key]) for key in keys if key in settings), ""
            )
            git = re.sub(r"^git@([^:/]+):", r"ssh://git@\1/", str(git)).removeprefix("git+")
            return f"git+{git}{'@' if revision else ''}{revision}{below}"
        return f"{settings['url']}{below}" if settings.get("url") else ""


def _markers(settings: Mapping[str, Any]) -> Iterator[str]:
    yield str(settings.get("markers", ""))
    python = version_constraint(str(settings.get("python", "")))
    yield " and ".join(_python_marker(part) for part in python.split(",") if part)
    for key in ("platform", "sys_platform"):
        if value := str(settings.get(key, "")):
            sign = "" if value[0] in "<>=!" else "== "
            yield f"sys_platform {sign}{value}" if "'" in value else f"sys_platform {sign}'{value}'"


def _python_marker(part: str) -> str:
    match = re.match(r"^(~=|[<>=!]=?|===)(.*)$", part)
    sign, version = (match[1], match[2]) if match else ("==", part)
    name = "python_full_version" if version.count(".") > 1 and "*" not in version else ""
    return f"{name or 'python_version'} {sign} '{version}'"


def version_constraint(text: str) -> str:
    """`^1.2` → `>=1.2,<2`; alternatives (`||`) are left open, because PEP 440 has none."""
    if "|" in text:
        return ""
    parts = [_one(part.strip()) for part in text.split(",")]
    return ",".join(part for part in parts if part)


def _one(part: str) -> str:
    if part in ("", "*", "latest"):
        return ""
    if part[0] in "<>=!" or part.startswith("~="):
        return part.replace(" ", "")
    if part.endswith(".*"):
        return f"=={part}"
    match = _NUMBER.match(part)
    if match is None:
        return ""
    figures = [int(number) for number in match[1].split(".")]
    if part[0] == "^":
        index = next((i for i, figure in enumerate(figures) if figure), len(figures) - 1)
        return f">={match[1]}{match[2]},<{_above(figures, index)}"
    if part[0] == "~":
        return f">={match[1]}{match[2]},<{_above(figures, min(1, len(figures) - 1))}"
    return f"=={match[1]}{match[2]}"


def _above(figures: list[int], index: int) -> str:
    return ".".join(str(figure) for figure in (*figures[:index], figures[index] + 1))


# The requirements in a setup.py, without running it.


def install_requires(text: str) -> tuple[str, ...] | None:
    """What `setup(install_requires=…)` lists; None where only running it would tell."""
    tree = parse_source(text)
    if tree is None:
        return None
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for key in node.keywords:
                if key.arg == "install_requires":
                    return _listed(key.value, constants)
    return ()


def _listed(node: ast.expr, constants: dict[str, ast.expr]) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        node = constants.get(node.id, node)
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    texts = [element.value for element in node.elts if isinstance(element, ast.Constant)]
    strings = [text for text in texts if isinstance(text, str)]
    return tuple(strings) if len(strings) == len(node.elts) else None


_FILES = (
    "requirements.txt",
    "requirements/base.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/common.txt",
)
_TEST_FILES = (
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements_dev.txt",
    "requirements-test.txt",
    "test-requirements.txt",
    "requirements_test.txt",
    "requirements-tests.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements/local.txt",  # of cookiecutter-django
    "requirements/test.txt",
    "requirements/testing.txt",
)
_COMPILED = re.compile(r"autogenerated by (pip-compile|uv)")
_HEAD = 500  # characters in which a compiled file says so
_TEST_GROUPS = ("dev", "test", "tests", "testing", "develop", "development")
_TESTERS = {"pytest", "coverage", "pytest-cov", "nose", "pytest-django", "pytest-asyncio"}
_PROJECT = "pyproject.toml"
_UV_LOCK = "uv.lock"


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index. name: as the variables with its credentials have it, "" where it has none.
    explicit: only packages that name it are from it."""

    url: str
    name: str = ""
    explicit: bool = False


@dataclass(frozen=True, kw_only=True)
class Part:
    """Requirements of production, or what tests want besides.

    files: what uv reads itself. extras, groups: of pyproject.toml, for uv, too. lines: as PEP 508
    has them, from files that uv cannot read. names: the normalised names in all of them.
    """

    files: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """origin: the file that says it. production, testing: what it says. lock: uv.lock where there
    is one, "" else. constraints: `name==version` of another tool's lock. indexes: in the order in
    which they are asked; empty: PyPI. by_index: package → the name of the index that it is from.
    places: package → the URL of the index that it is from as far as a file says, or DIRECT.
    sources: every file that was read. texts: requirements files, path → text for uv; rewritten:
    whether one differs from its file. folders: of packages in the repository. notes: what was not
    carried on, in words. pinned: whether every requirement names one version. synced: what
    `uv sync` installs by itself. opaque: only building it tells what it needs.
    """

    origin: str
    production: Part
    testing: Part = Part()
    lock: str = ""
    constraints: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    by_index: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    rewritten: bool = False
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pinned: bool = False
    synced: frozenset[str] = frozenset()
    opaque: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The normalised names (PEP 503) of what is wanted in production."""
        return self.production.names

    @property
    def all_names(self) -> frozenset[str]:
        """The same, with what only tests want."""
        return self.names | self.testing.names


def find_requirements(sources: Sources) -> Requirements | None:
    """What the application wants; None where no file says it. Raises ConfigError for a file that
    is not what its name says, and for one that another includes and that does not exist."""
    for reader in (_of_pyproject, _of_pipfile, _of_files, _of_setup):
        requirements = reader(sources)
        if requirements is not None:
            return _with_tests(requirements, sources)
    return None


def _reader(sources: Sources) -> RequirementFiles:
    project = any(sources.read(name) is not None for name in ("setup.py", _PROJECT))
    return RequirementFiles(sources, project)


def _names(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(requirement_name, lines)))


def _direct(lines: Iterable[str]) -> dict[str, str]:
    """name → DIRECT for each requirement that has an address."""
    return {
        requirement_name(line): DIRECT
        for line in lines
        if (" @ " in line or "#egg=" in line) and requirement_name(line)
    }


def _folders(lines: Iterable[str]) -> tuple[str, ...]:
    """The folders of this repository that packages are in."""
    paths = (local_folder(line.replace(f"{ROOT}/", "./")) for line in lines)
    return tuple(path for path in dict.fromkeys(paths) if path not in ("", ".", "./"))


def _of_files(sources: Sources) -> Requirements | None:
    usual = (name for name in _FILES if sources.read(name) is not None)
    paths = installed_files(sources) or tuple(islice(usual, 1))
    return _from_files(sources, paths, paths[0]) if paths else None


def _from_files(sources: Sources, paths: Sequence[str], origin: str) -> Requirements:
    files = _reader(sources)
    for path in paths:
        files.add(path)
    return Requirements(
        origin=origin,
        production=Part(files=tuple(paths), names=_names(files.lines)),
        places=_direct(files.lines),
        sources=tuple(dict.fromkeys((origin, *files.read))),
        texts=files.texts,
        rewritten=files.rewritten,
        folders=_folders(files.lines),
        notes=tuple(files.notes),
        pinned=bool(files.lines) and all(map(is_pinned, files.lines)),
    )


# pyproject.toml: uv's, or any tool's that has [project], and Poetry's.


def _of_pyproject(sources: Sources) -> Requirements | None:
    text = sources.read(_PROJECT)
    if text is None:
        return None
    data = _toml(_PROJECT, text)
    if _table(data, "tool", "poetry", "dependencies"):
        return _of_poetry(data, sources)
    project = _table(data, "project")
    main = _strings(project.get("dependencies"))
    dynamic = "dependencies" in _strings(project.get("dynamic"))
    if not main and not dynamic:
        return None
    optional = _optional(data, _deployed(sources))
    other = [line for lines in _pdm(data).values() for line in lines]
    tests = optional.testing.part(other)
    files = _dynamic_files(data, sources) if dynamic and not main else ()
    deployed = optional.production.part(main)
    if files:
        base = _from_files(sources, files, _PROJECT)
        production = replace(
            base.production,
            groups=deployed.groups,
            lines=tuple(optional.production.extra_lines),
            names=base.production.names | deployed.names,
        )
        base = replace(base, production=production)
        tests = replace(tests, extras=(), lines=(*tests.lines, *optional.testing.extra_lines))
    else:
        base = Requirements(
            origin=_PROJECT,
            production=replace(deployed, files=(_PROJECT,), lines=()),
            places=_direct(main),
            sources=(_PROJECT,),
            pinned=bool(main) and all(map(is_pinned, main)),
            opaque=dynamic and not main,
        )
    locked = _uv_lock(sources) or _locked(sources)
    synced = [line for name in _default_groups(data) for line in _group(data, name, ())]
    return replace(
        base,
        testing=tests,
        lock=locked.lock,
        constraints=locked.constraints,
        indexes=_uv_indexes(data),
        places={**locked.places, **base.places, **_uv_places(data)},
        sources=(*base.sources, *locked.sources),
        folders=tuple(dict.fromkeys((*base.folders, *locked.folders, *_uv_folders(data, sources)))),
        notes=(*base.notes, *locked.notes, *optional.notes),
        synced=_names(main) | _names(synced),
    )


def _dynamic_files(data: Mapping[str, Any], sources: Sources) -> tuple[str, ...]:
    """The requirements files that setuptools reads the dependencies from."""
    setting = _table(data, "tool", "setuptools", "dynamic", "dependencies").get("file")
    names = [setting] if isinstance(setting, str) else _strings(setting)
    return tuple(name for name in names if sources.read(name) is not None)


@dataclass
class _OptionalParts:
    """Groups (PEP 735) and extras: name → requirements."""

    groups: dict[str, list[str]] = field(default_factory=dict)
    extras: dict[str, list[str]] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """All of their requirements."""
        return [line for part in (*self.groups.values(), *self.extras.values()) for line in part]

    @property
    def extra_lines(self) -> list[str]:
        """Those of the extras."""
        return [line for part in self.extras.values() for line in part]

    def part(self, lines: Sequence[str]) -> Part:
        """With other requirements, as uv takes them."""
        names = _names((*self.lines, *lines))
        return Part(
            extras=tuple(self.extras), groups=tuple(self.groups), lines=tuple(lines), names=names
        )


@dataclass
class _Optional:
    """What of a project is optional: what a deployment installs, what is for tests, and in words
    what is left out."""

    production: _OptionalParts = field(default_factory=_OptionalParts)
    testing: _OptionalParts = field(default_factory=_OptionalParts)
    notes: list[str] = field(default_factory=list)


def _optional(data: Mapping[str, Any], deployed: Collection[str]) -> _Optional:
    groups = {name: [*_group(data, name, ())] for name in _table(data, "dependency-groups")}
    legacy = _strings(_table(data, "tool", "uv").get("dev-dependencies"))
    if legacy:
        groups["dev"] = [*groups.get("dev", ()), *legacy]
    table = _table(data, "project", "optional-dependencies")
    extras = {name: _strings(lines) for name, lines in table.items()}
    optional = _Optional()
    testing, production = optional.testing, optional.production
    for kind, parts, tested, shipped in (
        ("group", groups, testing.groups, production.groups),
        ("extra", extras, testing.extras, production.extras),
    ):
        for name, lines in parts.items():
            if _for_tests(name, lines):
                tested[name] = lines
            elif name in deployed:
                shipped[name] = lines
            else:
                optional.notes.append(f"the {kind} {name}: {', '.join(lines) or 'it is empty'}")
    return optional


def _deployed(sources: Sources) -> frozenset[str]:
    """The extras and groups that a deployment has: those that a command installs, else those that
    are called so."""
    installed = installed_extras(sources)
    return USUAL if installed is None else installed


def _for_tests(name: str, lines: Sequence[str]) -> bool:
    return name in _TEST_GROUPS or bool(_names(lines) & _TESTERS)


def _group(data: Mapping[str, Any], name: str, above: Sequence[str]) -> Iterator[str]:
    groups = _table(data, "dependency-groups")
    for item in groups.get(name, ()) if name not in above else ():
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict) and "include-group" in item:
            yield from _group(data, str(item["include-group"]), (*above, name))


def _default_groups(data: Mapping[str, Any]) -> Sequence[str]:
    """The groups that `uv sync` installs by itself."""
    setting = _table(data, "tool", "uv").get("default-groups", ["dev"])
    return list(_table(data, "dependency-groups")) if setting == "all" else _strings(setting)


def _pdm(data: Mapping[str, Any]) -> dict[str, list[str]]:
    table = _table(data, "tool", "pdm", "dev-dependencies")
    return {name: _strings(lines) for name, lines in table.items()}


def _uv_indexes(data: Mapping[str, Any]) -> tuple[Index, ...]:
    tables = _tables(_table(data, "tool", "uv").get("index"))
    return tuple(
        Index(
            url=str(table.get("url", "")),
            name=str(table.get("name", "")),
            explicit=bool(table.get("explicit")),
        )
        for table in tables
        if table.get("url")
    )


def _uv_sources(data: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    table = _table(data, "tool", "uv", "sources")
    return {
        normalized(name): _tables(value) or ([value] if isinstance(value, dict) else [])
        for name, value in table.items()
    }


def _uv_places(data: Mapping[str, Any]) -> dict[str, str]:
    """Where each package of [tool.uv.sources] is from; not of one that has several sources."""
    urls = {index.name: index.url for index in _uv_indexes(data)}
    places = {}
    for name, alternatives in _uv_sources(data).items():
        if len(alternatives) == 1:
            index = str(alternatives[0].get("index", ""))
            places[name] = urls.get(index, "") if index else DIRECT
    return {name: place for name, place in places.items() if place}


def _uv_folders(data: Mapping[str, Any], sources: Sources) -> tuple[str, ...]:
    """The folders of [tool.uv.sources], and of the workspace's members."""
    paths = [
        str(source["path"])
        for alternatives in _uv_sources(data).values()
        for source in alternatives
        if "path" in source
    ]
    for pattern in _strings(_table(data, "tool", "uv", "workspace").get("members")):
        above, star, _ = pattern.partition("*")
        members = [f"{above}{name}" for name in sources.folders(above.rstrip("/"))]
        paths += [
            path for path in (members if star else [pattern]) if sources.read(f"{path}/{_PROJECT}")
        ]
    return _folders(f"./{path.removeprefix('./')}" if path[:1] != "." else path for path in paths)


# What a lock of another tool says.


@dataclass(frozen=True, kw_only=True)
class Locked:
    """What a lock pins, and where each package in it is from. revisions: of git repositories."""

    lock: str = ""
    constraints: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    revisions: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _uv_lock(sources: Sources) -> Locked | None:
    """uv.lock, which uv exports. Only where packages are from is read here."""
    text = sources.read(_UV_LOCK)
    if text is None:
        return None
    places, folders = {}, []
    for package in _tables(_toml(_UV_LOCK, text).get("package")):
        source = _table(package, "source")
        name = normalized(str(package.get("name", "")))
        folder = str(source.get("editable") or source.get("directory") or source.get("virtual", ""))
        if folder in ("", "."):
            folder = ""
        elif "virtual" not in source:
            folders.append(folder if folder.startswith("..") else f"./{folder}")
        registry = str(source.get("registry", ""))
        if registry:
            places[name] = registry
        elif source and source.get("virtual", source.get("editable")) != ".":
            places[name] = DIRECT
    return Locked(lock=_UV_LOCK, places=places, sources=(_UV_LOCK,), folders=tuple(folders))


def _locked(sources: Sources) -> Locked:
    """poetry.lock or pdm.lock; else requirements files that were compiled from the project."""
    for name in ("poetry.lock", "pdm.lock"):
        text = sources.read(name)
        if text is not None:
            packages = _tables(_toml(name, text).get("package"))
            return _pins(name, packages)
    return _compiled(sources)


def _compiled(sources: Sources) -> Locked:
    """The pins that pip-compile or uv wrote down: a lock by another name."""
    files = _reader(sources)
    for name in (*_FILES, *_TEST_FILES):
        if _COMPILED.search((sources.read(name) or "")[:_HEAD]):
            files.add(name)
    pins: dict[str, str] = {}
    for line in filter(is_pinned, files.lines):
        pins.setdefault(requirement_name(line), re.sub(r"\[[^\]]*\]", "", line))
    return Locked(constraints=tuple(pins.values()), sources=tuple(files.read))


def _pins(lock: str, packages: Sequence[Mapping[str, Any]]) -> Locked:
    counts: dict[str, int] = {}
    for package in packages:
        key = normalized(str(package.get("name", "")))
        counts[key] = counts.get(key, 0) + 1
    constraints, notes = [], list[str]()
    places, revisions = {}, {}
    for package in packages:
        name, source = normalized(str(package.get("name", ""))), _table(package, "source")
        kind = str(source.get("type", ""))
        if (kind and kind != "legacy") or package.keys() & {"git", "path", "url"}:
            places[name] = DIRECT
            revision = source.get("resolved_reference") or package.get("revision")
            if revision:
                revisions[name] = str(revision)
            continue
        places[name] = str(source.get("url", ""))
        marker = package.get("markers") or package.get("marker")
        if isinstance(marker, dict):
            marker = marker.get("main")
        if counts[name] > 1 and not isinstance(marker, str):
            notes.append(f"{name}: {lock} has {counts[name]} versions of it, without conditions")
        elif "version" in package:
            condition = f" ; {marker}" if isinstance(marker, str) else ""
            constraints.append(f"{name}=={package['version']}{condition}")
    return Locked(
        constraints=tuple(constraints),
        places=places,
        revisions=revisions,
        sources=(lock,),
        notes=tuple(dict.fromkeys(notes)),
    )


# Poetry, with and without [project]: Poetry 2 has in its own table only what [project] cannot say.


def _of_poetry(data: Mapping[str, Any], sources: Sources) -> Requirements:
    locked = _locked(sources)
    poetry = _table(data, "tool", "poetry")
    main = _translated(_table(poetry, "dependencies"), locked)
    project = _strings(_table(data, "project").get("dependencies"))
    lines = [_enriched(line, main) for line in project]
    declared = _names(project)
    lines += [line for line in main.lines if not project or requirement_name(line) not in declared]
    deployed = _deployed(sources)
    more, tests, notes = _poetry_parts(poetry, locked, deployed)
    optional = _optional(data, deployed)
    tests.lines += optional.testing.lines
    lines += [*more.lines, *optional.production.lines]
    indexes = _poetry_indexes(poetry)
    by_index = {**main.indexes, **more.indexes, **tests.indexes}
    urls = {index.name: index.url for index in indexes}
    named = {name: urls.get(index, "") for name, index in by_index.items()}
    return Requirements(
        origin=_PROJECT,
        production=Part(lines=tuple(lines), names=_names(lines)),
        testing=Part(lines=tuple(tests.lines), names=_names(tests.lines)),
        constraints=locked.constraints,
        indexes=indexes,
        by_index=by_index,
        places={**locked.places, **named, **_direct((*lines, *tests.lines))},
        sources=(_PROJECT, *locked.sources),
        folders=_folders((*lines, *tests.lines)),
        notes=(*_kept(main.notes, more), *tests.notes, *locked.notes, *optional.notes, *notes),
        pinned=bool(lines) and all(map(is_pinned, lines)),
    )


def _poetry_parts(
    poetry: Mapping[str, Any], locked: Locked, deployed: frozenset[str]
) -> tuple[Translation, Translation, list[str]]:
    """Of its groups and extras: what a deployment installs, what tests want, and in words what is
    left out."""
    more, tests, notes = _translated({}, locked), _translated({}, locked), list[str]()
    tables = {
        name: _table(group, "dependencies") for name, group in _table(poetry, "group").items()
    }
    tables["dev-dependencies"] = _table(poetry, "dev-dependencies")
    for name, table in tables.items():
        if name == "dev-dependencies" or _for_tests(name, list(table)):
            tests.add_all(table)
        elif name in deployed:
            more.add_all(table)
        elif table:
            notes.append(f"the group {name}: {', '.join(table)}")
    required = _table(poetry, "dependencies")
    for name, packages in _table(poetry, "extras").items():
        if name in deployed:
            more.add_all({key: _required(required.get(key, "*")) for key in _strings(packages)})
        elif name not in _TEST_GROUPS:
            notes.append(f"the extra {name}")
    return more, tests, notes


def _kept(notes: Sequence[str], more: Translation) -> list[str]:
    """Notes but for those of optional requirements that an extra brings all the same."""
    brought = {f"{requirement_name(line)}: optional" for line in more.lines}
    return [
        note for note in notes if normalized(note.partition(":")[0]) + ": optional" not in brought
    ]


def _required(value: Any) -> Any:
    """A requirement of Poetry's, which an extra that is installed asks for: it is optional no
    longer."""
    return {**value, "optional": False} if isinstance(value, dict) else value


def _translated(table: Mapping[str, Any], locked: Locked) -> Translation:
    translation = Translation(revisions=locked.revisions)
    for name, value in table.items():
        if name != "python":
            translation.add(name, value)
    return translation


def _enriched(line: str, poetry: Translation) -> str:
    """A requirement of [project] with the address that Poetry's own table has for it."""
    name = requirement_name(line)
    for other in poetry.lines:
        if requirement_name(other) == name and " @ " in other:
            address = other.partition(" @ ")[2].partition(" ; ")[0]
            extras = re.search(r"\[[^\]]*\]", line.partition(";")[0])
            marker = line.partition(";")[2].strip()
            return f"{name}{extras[0] if extras else ''} @ {address}" + (
                f" ; {marker}" if marker else ""
            )
    return line


def _poetry_indexes(poetry: Mapping[str, Any]) -> tuple[Index, ...]:
    """In the order in which Poetry asks them."""
    ordered: dict[str, list[Index]] = {"primary": [], "supplemental": [], "explicit": []}
    for table in _tables(poetry.get("source")):
        name, url = str(table.get("name", "")), str(table.get("url", ""))
        priority = str(table.get("priority", "primary"))
        if table.get("secondary") or priority == "secondary":
            priority = "supplemental"
        known = priority if priority in ordered else "primary"
        url = url or (PYPI if name.lower() == "pypi" else "")
        ordered[known].append(Index(url=url, name=name, explicit=priority == "explicit"))
    if any(ordered.values()) and not ordered["primary"]:
        ordered["primary"].append(Index(url=PYPI))
    return tuple(index for group in ordered.values() for index in group if index.url)


def _of_pipfile(sources: Sources) -> Requirements | None:
    text = sources.read("Pipfile")
    if text is None:
        return None
    data = _toml("Pipfile", text)
    indexes = _pipfile_indexes(data)
    lock = sources.read("Pipfile.lock")
    locked = _pipfile_lock(lock, indexes) if lock is not None else Locked()
    main = _translated(_table(data, "packages"), locked)
    tests = _translated(_table(data, "dev-packages"), locked)
    other = [
        f"the category {name}: {', '.join(table)}"
        for name, table in data.items()
        if name not in ("packages", "dev-packages", "requires", "scripts", "pipenv")
        and isinstance(table, dict)
    ]
    by_index = {**main.indexes, **tests.indexes}
    urls = {index.name: index.url for index in indexes}
    named = {name: urls.get(index, "") for name, index in by_index.items()}
    unverified = [
        f"the index {table.get('name')}: verify_ssl = false; its certificate is checked"
        for table in _tables(data.get("source"))
        if table.get("verify_ssl") is False and str(table.get("url", "")).startswith("https:")
    ]
    return Requirements(
        origin="Pipfile",
        production=Part(lines=tuple(main.lines), names=_names(main.lines)),
        testing=Part(lines=tuple(tests.lines), names=_names(tests.lines)),
        constraints=locked.constraints,
        indexes=indexes,
        by_index=by_index,
        places={**locked.places, **named, **_direct((*main.lines, *tests.lines))},
        sources=("Pipfile", *locked.sources),
        folders=_folders((*main.lines, *tests.lines)),
        notes=(*main.notes, *tests.notes, *locked.notes, *other, *unverified),
        pinned=bool(main.lines) and all(map(is_pinned, main.lines)),
    )


def _pipfile_indexes(data: Mapping[str, Any]) -> tuple[Index, ...]:
    """The first is for all packages; the others are for those that name them (pipenv 2022.4)."""
    tables = [table for table in _tables(data.get("source")) if table.get("url")]
    return tuple(
        Index(url=str(table["url"]), name=str(table.get("name", "")), explicit=number > 0)
        for number, table in enumerate(tables)
    )


def _pipfile_lock(text: str, indexes: Sequence[Index]) -> Locked:
    try:
        locked = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"Pipfile.lock is not JSON: {error}", "Make it again.") from None
    urls = {index.name: index.url for index in indexes}
    constraints: dict[str, str] = {}
    places, revisions = {}, {}
    for part in ("default", "develop"):
        for name, package in _table(locked, part).items():
            key = normalized(name)
            if not isinstance(package, dict) or package.keys() & {"git", "path", "file"}:
                places[key] = DIRECT
                if isinstance(package, dict) and package.get("ref"):
                    revisions[key] = str(package["ref"])
            elif "version" in package:
                places[key] = urls.get(str(package.get("index", "")), "")
                constraints.setdefault(key, f"{name}{package['version']}")
    return Locked(
        constraints=tuple(constraints.values()),
        places=places,
        revisions=revisions,
        sources=("Pipfile.lock",),
    )


# setup.cfg and setup.py.


def _of_setup(sources: Sources) -> Requirements | None:
    script = sources.read("setup.py")
    listed, files, extras = _of_setup_cfg(sources)
    declared = install_requires(script) if script is not None else ()
    lines = [*listed, *(declared or ())]
    origin = "setup.py" if script is not None else "setup.cfg"
    if not lines and not files and script is None:
        return None
    if files:
        base = _from_files(sources, files, "setup.cfg")
    else:
        base = Requirements(
            origin=origin,
            production=Part(lines=tuple(lines), names=_names(lines)),
            places=_direct(lines),
            sources=(origin,),
            pinned=bool(lines) and all(map(is_pinned, lines)),
            opaque=declared is None and not lines,
        )
        if base.opaque:
            base = replace(base, production=Part(files=(origin,)))
    tests = [line for name, part in extras.items() if _for_tests(name, part) for line in part]
    others = {name: part for name, part in extras.items() if not _for_tests(name, part)}
    deployed = _deployed(sources)
    more = [line for name, part in others.items() if name in deployed for line in part]
    notes = [
        f"the extra {name}: {', '.join(part)}"
        for name, part in others.items()
        if name not in deployed
    ]
    production = replace(
        base.production,
        lines=(*base.production.lines, *more),
        names=base.production.names | _names(more),
    )
    if script and re.search(r"\b(extras|tests)_require\s*=", script):
        notes.append("extras_require and tests_require of setup.py")
    return replace(
        base,
        production=production,
        testing=Part(lines=tuple(tests), names=_names(tests)),
        notes=(*base.notes, *notes),
    )


def _of_setup_cfg(
    sources: Sources,
) -> tuple[list[str], tuple[str, ...], dict[str, list[str]]]:
    """The requirements, or the files that have them, and the extras."""
    settings = sources.read("setup.cfg")
    if settings is None:
        return [], (), {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(settings)
    except configparser.Error as error:
        raise ConfigError(f"setup.cfg cannot be read: {error}", "Correct it.") from None
    section = "options.extras_require"
    extras = {
        name: value.strip().splitlines()
        for name, value in (parser.items(section) if parser.has_section(section) else ())
    }
    value = parser.get("options", "install_requires", fallback="").strip()
    if not value.startswith("file:"):
        return [line.strip() for line in value.splitlines() if line.strip()], (), extras
    files = tuple(name.strip() for name in re.split(r"[,\n]", value.removeprefix("file:")))
    for name in filter(None, files):
        if sources.read(name) is None:
            raise ConfigError(
                f"setup.cfg, install_requires: there is no file {name}",
                "Add the file, or correct the setting.",
                code="invalid-setting",
            )
    return [], tuple(filter(None, files)), extras


def _with_tests(requirements: Requirements, sources: Sources) -> Requirements:
    """With the requirements files for tests."""
    files = _reader(sources)
    files.read += requirements.sources
    roots = []
    # What production leaves of it, where that installs another file.
    others = _FILES[:1] if requirements.origin.endswith(".txt") else ()
    for path in (*others, *_TEST_FILES):
        if path not in files.read and sources.read(path) is not None:
            roots.append(path)
            files.add(path)
    testing = requirements.testing
    return replace(
        requirements,
        testing=replace(testing, files=tuple(roots), names=testing.names | _names(files.lines)),
        places={**requirements.places, **_direct(files.lines)},
        sources=tuple(dict.fromkeys((*requirements.sources, *files.read))),
        texts={**requirements.texts, **files.texts},
        rewritten=requirements.rewritten or files.rewritten,
        folders=tuple(dict.fromkeys((*requirements.folders, *_folders(files.lines)))),
        notes=tuple(dict.fromkeys((*requirements.notes, *files.notes))),
    )


def _toml(path: str, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text.replace("\r\n", "\n"))
    except ValueError as error:
        raise ConfigError(
            f"{path} is {error}", "Correct it and run again.", code="invalid-setting"
        ) from None


def _table(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _tables(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
