"""Which Python an application is for, as its files say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from shipway.scaffold.documents import items, parse_toml, parse_yaml, table, text
from shipway.scaffold.requirements import version_constraint
from shipway.scaffold.sources import Sources
from shipway.scaffold.start_commands import docker_files, docker_instructions

OLDEST = (3, 8)  # that Shipway's own parts run on inside an application
_VERSION = re.compile(r"(?:cpython-|python-?)?(3\.\d+)(?:[.\-\w]*)?$", re.IGNORECASE)
_IMAGE = re.compile(r"(?:^|/)python:(3\.\d+)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_TOX = re.compile(r"\bpy3\.?(\d+)\b")


@dataclass(frozen=True)
class PythonRequirement:
    """version: `3.9`, "" where no file names one. place: the file that does. limits: of the range
    that is allowed besides, as PEP 440 has it, and limited_by: the file that says it."""

    version: str = ""
    place: str = ""
    limits: str = ""
    limited_by: str = ""

    @property
    def supported(self) -> bool:
        """Whether it is a version that Shipway's parts run on."""
        return bool(self.version) and _key(self.version) >= OLDEST

    def allows(self, version: str) -> bool:
        """Whether the application says that it runs on this version, and Shipway's parts do."""
        if _key(version) < OLDEST:
            return False
        newest = f"{version}.99"  # `>=3.9.2` is no reason against 3.9
        return not self.limits or newest in SpecifierSet(self.limits)


def find_python_requirement(sources: Sources) -> PythonRequirement:
    """What the files say: the first that names one version within the range that others allow."""
    limits, limited_by = next(_ranges(sources), ("", ""))
    requirement = PythonRequirement(limits=limits, limited_by=limited_by)
    exact = list(_versions(sources))
    for version, place in exact:
        if not limits or requirement.allows(version):
            return PythonRequirement(version, place, limits, limited_by)
    return requirement


def choose_python(
    requirement: PythonRequirement, available: Iterable[str], usual: str
) -> tuple[str, str]:
    """(the version to use, why it is another than the application's, "" where it is not).

    available: the versions that are on this machine; usual: what is taken where nothing is asked.
    """
    versions = sorted(set(available), key=_key)
    target = requirement.version or usual
    fits = _key(target) >= OLDEST and (requirement.version or requirement.allows(target))
    if fits and target in versions:
        return target, ""
    allowed = [version for version in versions if requirement.allows(version)]
    nearest = min(
        allowed or [version for version in versions if _key(version) >= OLDEST] or [usual],
        key=lambda version: (abs(_key(version)[1] - _key(target)[1]), -_key(version)[1]),
    )
    if requirement.version:
        asked = f"Python {requirement.version} of {requirement.place}"
        reason = (
            "is older than 3.8, the oldest that Shipway's parts run on"
            if _key(requirement.version) < OLDEST
            else "is not on this machine"
        )
        return nearest, f"{asked} {reason}; the nearest that is, {nearest}, is used"
    if requirement.limits and not allowed:
        asked = f"Python {requirement.limits} of {requirement.limited_by}"
        return nearest, f"{asked} is not on this machine; the nearest that is, {nearest}, is used"
    return nearest, ""


_TRIED = 180 * 86400.0  # seconds until most packages have wheels for a new Python


def python_of_day(time: float) -> str:
    """The Python that was usual on a day (seconds since the epoch): the newest that had been out
    for half a year. There is one each October (PEP 602)."""
    day = datetime.fromtimestamp(time - _TRIED, UTC)
    minor = day.year - (2011 if day.month > 10 else 2012)
    return f"3.{max(minor, OLDEST[1])}"


def _key(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


# One version


def _versions(sources: Sources) -> Iterator[tuple[str, str]]:
    """(version, place) in the order of how much it says about what is served."""
    for path in (".python-version", "runtime.txt"):
        for line in (sources.read(path) or "").splitlines():
            if match := _VERSION.match(line.strip()):
                yield match[1], path
    required = table(parse_toml(sources.read("Pipfile") or ""), "requires")
    for key in ("python_version", "python_full_version"):
        if match := _VERSION.match(text(required.get(key))):
            yield match[1], "Pipfile"
    for path in docker_files(sources):
        if version := _of_image(sources.read(path) or ""):
            yield version, path
    for version in _newest(_of_workflows(sources)):
        yield version, ".github/workflows"
    yield from _of_tox(sources)


def _of_tox(sources: Sources) -> Iterator[tuple[str, str]]:
    for path in ("tox.ini", "setup.cfg", "pyproject.toml"):
        body = sources.read(path) or ""
        if path == "tox.ini" or "tox" in body:
            for version in _newest(f"3.{number}" for number in _TOX.findall(body)):
                yield version, path


def _of_image(body: str) -> str:
    """The version of the last stage that is an image of Python's."""
    arguments: dict[str, str] = {}
    version = ""
    for _, word, rest in docker_instructions(body):
        if word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name.strip()] = value.strip().strip("\"'")
        elif word == "FROM":
            image = _VARIABLE.sub(lambda match: arguments.get(match[1], match[0]), rest)
            if match := _IMAGE.search(image.split(" ")[0] if "--" not in image else image):
                version = match[1]
    return version


def _of_workflows(sources: Sources) -> Iterator[str]:
    """What setup-python is told, in workflows that Shipway did not write."""
    for name in sources.files(".github/workflows"):
        body = sources.read(f".github/workflows/{name}") or ""
        if body.startswith("# Written by `shipway"):
            continue
        for job in table(parse_yaml(body), "jobs").values():
            matrix = table(job, "strategy", "matrix")
            for step in items(table(job).get("steps")):
                settings = table(step)
                if not text(settings.get("uses")).startswith("actions/setup-python"):
                    continue
                value = text(table(settings, "with").get("python-version"))
                keys = re.findall(r"matrix\.([\w-]+)", value)
                listed = [text(item) for key in keys for item in items(matrix.get(key))]
                for word in listed or value.split():
                    if match := _VERSION.match(word):
                        yield match[1]


def _newest(versions: Iterable[str]) -> Sequence[str]:
    return sorted(set(versions), key=_key, reverse=True)


# A range


def _ranges(sources: Sources) -> Iterator[tuple[str, str]]:
    project = parse_toml(sources.read("pyproject.toml") or "")
    poetry = table(project, "tool", "poetry", "dependencies").get("python")
    for value in (text(table(project, "project").get("requires-python")), text(poetry)):
        limits = version_constraint(value) if value else ""
        if limits and _is_range(limits):
            yield limits, "pyproject.toml"
    for path, pattern in (
        ("setup.cfg", r"^python_requires\s*=\s*(.+)$"),
        ("setup.py", r"python_requires\s*=\s*[\"']([^\"']+)[\"']"),
    ):
        match = re.search(pattern, sources.read(path) or "", re.MULTILINE)
        if match and _is_range(match[1].strip()):
            yield match[1].strip(), path


def _is_range(limits: str) -> bool:
    try:
        SpecifierSet(limits)
    except InvalidSpecifier:
        return False
    return True
