"""The packages of an image: those of its system, and what Python has installed in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser

from packaging.utils import canonicalize_name

from shipway.checks.osv.archive import Unreadable, images
from shipway.checks.osv.dpkg import installed
from shipway.checks.osv.layers import files
from shipway.checks.osv.package import Package

_RELEASES = ("etc/os-release", "usr/lib/os-release")  # os-release(5): the first one counts
_STATUS = re.compile(r"var/lib/dpkg/status(\.d/[^/]+(?<!\.md5sums))?")
_DISTRIBUTION = re.compile(r"(?:.*/)?([^/]+)\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)")
# Python's packages that are Debian's come with Debian's mending (Debian Python Policy, 3.1.1).
_DEBIANS_OWN = "usr/lib/python3/dist-packages/"
_OTHER_SYSTEMS = re.compile(
    r"(usr/)?lib/apk/db/installed|(var/lib|usr/lib/sysimage)/rpm/(Packages(\.db)?|rpmdb\.sqlite)"
)


@dataclass
class Found:
    """By ecosystem as OSV names it: packages, and in which of the image's files each is named."""

    places: dict[str, dict[Package, str]] = field(default_factory=dict)

    def add(self, ecosystem: str, package: Package, place: str) -> None:
        """Each version of a package once."""
        self.places.setdefault(ecosystem, {}).setdefault(package, place)


def packages(path: str) -> Found:
    """Those of all images in an archive or layout. Raises Unreadable."""
    found = Found()
    with images(path) as each:
        for layers in each:
            content = files(layers, _matters)
            system = _system(content)
            _add_system(content, system, found)
            _add_distributions(content, system, found)
    return found


def _matters(path: str) -> bool:
    return path in _RELEASES or any(
        pattern.fullmatch(path) for pattern in (_STATUS, _DISTRIBUTION, _OTHER_SYSTEMS)
    )


def _system(content: Mapping[str, bytes]) -> str:
    """ "Debian:12"; "" for an image that has nothing but its application."""
    text = next((content[path] for path in _RELEASES if path in content), b"")
    said = dict(re.findall(r"""^(\w+)=["']?([^"'\n]*)""", text.decode(errors="replace"), re.M))
    if said.get("ID") == "debian" and said.get("VERSION_ID"):
        return f"Debian:{said['VERSION_ID']}"
    others = [path for path in content if _OTHER_SYSTEMS.fullmatch(path) or _STATUS.fullmatch(path)]
    if not said and not others:
        return ""
    name = " ".join(filter(None, (said.get("ID"), said.get("VERSION_ID")))) or "not named"
    raise Unreadable(f"its system is {name}: only releases of Debian are known here")


def _add_system(content: Mapping[str, bytes], system: str, found: Found) -> None:
    count = 0
    for path, data in content.items():
        if _STATUS.fullmatch(path):
            for package in installed(data.decode(errors="replace")):
                found.add(system, package, path)
                count += 1
    if system and not count:
        raise Unreadable("it is Debian's, but its list of packages is gone")


def _add_distributions(content: Mapping[str, bytes], system: str, found: Found) -> None:
    for path, data in content.items():
        name = _DISTRIBUTION.fullmatch(path)
        if name and not (system and path.startswith(_DEBIANS_OWN)):
            found.add("PyPI", _distribution(name[1], data), path)


def _distribution(folder: str, data: bytes) -> Package:
    """By its metadata, else by the name of its folder ("name-version")."""
    said = HeaderParser().parsestr(data.decode(errors="replace"))
    name, _, version = folder.partition("-")
    name, version = said["Name"] or name, said["Version"] or version
    return Package(canonicalize_name(str(name).strip()), str(version).strip())
