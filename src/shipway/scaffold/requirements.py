"""What an application wants installed, from whichever file says it, as lines for uv.

Formats: pip's requirements files, PEP 621 and PEP 735 tables of pyproject.toml, Poetry's own
tables, Pipfile, install_requires of setup.cfg and setup.py. What another tool's lock has pinned
(uv.lock, poetry.lock, pdm.lock, Pipfile.lock) becomes constraints: the same versions again.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import Any

from shipway.errors import ConfigError
from shipway.scaffold.sources import Sources
from shipway.source_text import parse_source, parse_toml

# Requirements of Poetry and Pipfile as PEP 508 has them.
#
# https://python-poetry.org/docs/dependency-specification/: caret, tilde and wildcard are Poetry's
# own; Pipfile's tables have the same keys.

_NUMBER = re.compile(r"^[\^~]?\s*v?(\d+(?:\.\d+)*)(.*)$")


def requirement_from_poetry(name: str, value: Any) -> str:
    """One requirement; "" for what is optional, a list of alternatives, or only a path here."""
    if isinstance(value, list):  # one for each Python or platform: each with its own marker
        lines = [line for item in value if (line := requirement_from_poetry(name, item))]
        return lines[0] if len(lines) == 1 else name if lines else ""
    if not isinstance(value, dict):
        return name + version_constraint(str(value))
    if value.get("optional") or "path" in value or "file" in value:
        return ""
    extras = f"[{','.join(value['extras'])}]" if value.get("extras") else ""
    marker = f" ; {value['markers']}" if value.get("markers") else ""
    if address := value.get("git"):
        revision = next((value[key] for key in ("rev", "ref", "tag", "branch") if key in value), "")
        return f"{name}{extras} @ git+{address}{'@' if revision else ''}{revision}{marker}"
    return f"{name}{extras}{version_constraint(str(value.get('version', '*')))}{marker}"


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
    "requirements/test.txt",
    "requirements/testing.txt",
)
_TEST_GROUPS = ("dev", "test", "tests", "testing", "develop", "development")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_INCLUDED = re.compile(r"^(?:-r|--requirement)[\s=]*(\S+)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_PINNED = re.compile(r"^[\w.\-\[\],]+\s*={2,3}\s*[^*,;\s]+\s*(;|$)")
_HASHES = re.compile(r"\s*\\?\s*--hash[=\s]\S+")
_SELF = re.compile(r"^(-e\s+|--editable[\s=]+)?\.(\[[\w,\-]+\])?$")
_CONDA = re.compile(r"^([\w.\-]+)\s*@\s*file://\S+")


@dataclass(frozen=True)
class Requirements:
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
        return frozenset(filter(None, map(requirement_name, self.lines)))

    @property
    def all_names(self) -> frozenset[str]:
        """The same, with what only tests want."""
        return self.names | frozenset(filter(None, map(requirement_name, self.test_lines)))

    @property
    def pinned(self) -> bool:
        """Whether every line names one version."""
        requirements = [line for line in self.lines if not line.startswith("-")]
        return bool(requirements) and all(_PINNED.match(line) for line in requirements)


def requirement_name(line: str) -> str:
    """The normalised name in a requirement; "" for an option or an address."""
    match = re.match(r"^([A-Za-z0-9][\w.\-]*)\s*(\[|[<>=!~;@ ]|$)", line)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def find_requirements(sources: Sources) -> Requirements | None:
    """What the application wants; None where no file says it. Raises ConfigError for a file that
    is not what its name says."""
    for reader in (_of_pyproject, _of_pipfile, _of_files, _of_setup):
        requirements = reader(sources)
        if requirements is not None:
            return _with_tests(_cleaned(requirements), sources)
    return None


def _of_files(sources: Sources) -> Requirements | None:
    path = next((name for name in _FILES if sources.read(name) is not None), None)
    if path is None:
        return None
    read: list[str] = []
    lines = tuple(_lines(sources, path, read))
    return Requirements(path, lines, sources=tuple(read))


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


def _of_pyproject(sources: Sources) -> Requirements | None:
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
    return Requirements(
        "pyproject.toml",
        tuple(main),
        tuple(tests),
        constraints,
        ("pyproject.toml", *lock),
        opaque=dynamic and not main,
    )


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
    for item in groups.get(name, ()) if name not in above else ():
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict) and "include-group" in item:
            yield from _group(groups, str(item["include-group"]), (*above, name))


def _poetry(table: Mapping[str, Any]) -> list[str]:
    lines = (
        requirement_from_poetry(name, value) for name, value in table.items() if name != "python"
    )
    return [line for line in lines if line]


def _locked(sources: Sources) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a lock of another tool pins, as constraints, and which file that is."""
    for name in _LOCKS:
        text = sources.read(name)
        if text is not None:
            packages = _toml(name, text).get("package", [])
            return tuple(
                f"{package['name']}=={package['version']}"
                for package in packages
                if "version" in package
                and not {"virtual", "editable"} & set(package.get("source", {}))
            ), (name,)
    return (), ()


def _of_pipfile(sources: Sources) -> Requirements | None:
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
            f"{name}{package['version']}"
            for part in ("default", "develop")
            for name, package in locked.get(part, {}).items()
            if "version" in package
        ]
    return Requirements(
        "Pipfile",
        tuple(_poetry(_table(data, "packages"))),
        tuple(_poetry(_table(data, "dev-packages"))),
        tuple(dict.fromkeys(pins)),
        ("Pipfile", *(("Pipfile.lock",) if lock is not None else ())),
    )


def _of_setup(sources: Sources) -> Requirements | None:
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
    declared = install_requires(script) if script is not None else ()
    requirements = tuple(filter(None, (line.strip() for line in (*lines, *(declared or ())))))
    origin = "setup.py" if script is not None else "setup.cfg"
    if not requirements and script is None:
        return None
    return Requirements(
        origin, requirements, sources=(origin,), opaque=declared is None and not requirements
    )


def _with_tests(requirements: Requirements, sources: Sources) -> Requirements:
    """With the requirements files for tests, without what they repeat of the others."""
    read: list[str] = list(requirements.sources)
    lines = [line for path in _TEST_FILES for line in _lines(sources, path, read)]
    tests = tuple(dict.fromkeys((*requirements.test_lines, *_kept(lines)[0])))
    return Requirements(
        requirements.origin,
        requirements.lines,
        tests,
        requirements.constraints,
        tuple(read),
        requirements.notes,
        requirements.opaque,
    )


def _cleaned(requirements: Requirements) -> Requirements:
    lines, notes = _kept(requirements.lines)
    return Requirements(
        requirements.origin,
        lines,
        requirements.test_lines,
        requirements.constraints,
        requirements.sources,
        notes,
        requirements.opaque,
    )


def _kept(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Without what no other machine can install, and what was left out, in words."""
    requirements, notes = [], []
    for line in lines:
        if conda := _CONDA.match(line):
            notes.append(f"{conda[1]}: a file of another machine; its newest version is taken")
            line = conda[1]
        if _SELF.match(line):
            notes.append(f"{line}: the application itself is no dependency")
        elif re.sub(r"[-_.]+", "-", line.lower()).startswith("pkg-resources=="):
            notes.append(f"{line}: Debian's pip writes it by mistake; there is no such package")
        else:
            requirements.append(line)
    return tuple(dict.fromkeys(requirements)), tuple(notes)


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


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
