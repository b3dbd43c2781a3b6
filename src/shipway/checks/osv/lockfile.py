"""The packages that a lock file names: uv.lock, or requirements.txt in any encoding."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from shipway.checks.osv.package import Package
from shipway.errors import ConfigError
from shipway.source_text import parse_toml, read_text

_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"\s--?[a-z].*$")  # of one requirement: --hash, --config-settings
_INCLUDED = re.compile(r"(?:-r|--requirement)[\s=]*(\S+)")
_NAMED = re.compile(r'^name = "(.+)"\nversion = "(.+)"$', re.MULTILINE)


def locked_packages(path: str) -> tuple[Package, ...]:
    """What the lock names, each package once; ValueError or OSError where it cannot be read."""
    if os.path.basename(path).endswith(".lock"):
        return _uv(_text(path).replace("\r\n", "\n"))
    return tuple(dict.fromkeys(_requirements(path, ())))


def _text(path: str) -> str:
    try:
        return read_text(path)
    except ConfigError as problem:
        raise ValueError(problem.message) from None


def _uv(text: str) -> tuple[Package, ...]:
    """uv.lock, without what is the application itself."""
    packages = parse_toml(text).get("package", [])
    lines = {
        match.groups(): text.count("\n", 0, match.start()) + 1 for match in _NAMED.finditer(text)
    }
    shipped = _shipped(packages)
    return tuple(
        Package(
            canonicalize_name(package["name"]),
            package["version"],
            lines.get((package["name"], package["version"]), 0),
            package["name"] not in shipped,
        )
        for package in packages
        if "version" in package and not _own(package)
    )


def _own(package: Mapping[str, Any]) -> bool:
    return bool({"virtual", "editable"} & package["source"].keys())


def _shipped(packages: list[dict[str, Any]]) -> set[str]:
    """Names of what the application needs outside its development groups."""
    needs = {name: set[str]() for name in (package["name"] for package in packages)}
    for package in packages:
        extras = [
            need for extra in package.get("optional-dependencies", {}).values() for need in extra
        ]
        needs[package["name"]] |= {
            need["name"] for need in (*package.get("dependencies", ()), *extras)
        }
    waiting = [package["name"] for package in packages if _own(package)] or list(needs)
    shipped: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in shipped:
            shipped.add(name)
            waiting += needs.get(name, ())
    return shipped


def _requirements(path: str, above: tuple[str, ...]) -> Iterator[Package]:
    """A file of requirements and those that it includes; only the first has lines."""
    if path in above:
        return
    for number, line in _logical(_text(path)):
        if included := _INCLUDED.match(line):
            inner = os.path.join(os.path.dirname(path), included[1])
            for nested in _requirements(inner, (*above, path)):
                yield Package(nested.name, nested.version)
        elif not line.startswith("-") and (package := _package(line, number)):
            yield package


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that a backslash continues as one; each with its number."""
    begun, parts = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun or number
        part = _COMMENT.sub("", line)
        parts += part.removesuffix("\\") + " "
        if part.endswith("\\"):
            continue
        if parts.strip():
            yield begun, parts.strip()
        begun, parts = 0, ""
    if parts.strip():
        yield begun, parts.strip()


def _package(line: str, number: int) -> Package | None:
    """None for a file or an address, which has no name that an advisory could give."""
    try:
        requirement = Requirement(_OPTION.sub("", line))
    except InvalidRequirement:
        if re.match(r"[\w+.]+://|[./~]|.*\.(whl|zip|tar\.gz)$", line):
            return None
        raise ValueError(f"line {number} is no requirement: {line}") from None
    pins = [
        specifier.version
        for specifier in requirement.specifier
        if specifier.operator in ("==", "===")
    ]
    pinned = pins[0] if len(pins) == 1 and not pins[0].endswith(".*") else ""
    return Package(canonicalize_name(requirement.name), pinned, number)
