"""The Debian packages of an image, by dpkg's status file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shipway.checks.osv.package import Package

_SOURCE = re.compile(r"(\S+)(?: \((\S+)\))?")


def installed(text: str) -> tuple[Package, ...]:
    """Source packages, which Debian's advisories name, each once."""
    found = (_package(dict(_fields(part))) for part in re.split(r"\n[ \t]*\n", text))
    return tuple(dict.fromkeys(package for package in found if package))


def _fields(paragraph: str) -> Iterator[tuple[str, str]]:
    """The fields of one line; those that go on below are not needed."""
    for line in paragraph.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            yield name.lower(), value.strip()


def _package(fields: dict[str, str]) -> Package | None:
    """What is installed; images without dpkg itself have no Status."""
    if not fields.get("status", "install ok installed").endswith(" installed"):
        return None
    if "package" not in fields or "version" not in fields:
        return None
    source = _SOURCE.match(fields.get("source", ""))
    if source is None:
        return Package(fields["package"], fields["version"])
    return Package(source[1], source[2] or fields["version"])
