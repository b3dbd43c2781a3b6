"""The packages of an image: those of its system, and what Python has installed in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser

from packaging.utils import canonicalize_name

from shipway.checks.osv.layers import UnreadableArchive, files_in_layers, read_images
from shipway.checks.osv.package import Package

# The Debian packages of an image, by dpkg's status file.

_SOURCE = re.compile(r"(\S+)(?: \((\S+)\))?")


def installed_packages(text: str) -> tuple[Package, ...]:
    """Source packages, which Debian's advisories name, each once."""
    packages = (_package(dict(_fields(part))) for part in re.split(r"\n[ \t]*\n", text))
    return tuple(dict.fromkeys(package for package in packages if package))


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


_RELEASES = ("etc/os-release", "usr/lib/os-release")  # os-release(5): the first one counts
_STATUS = re.compile(r"var/lib/dpkg/status(\.d/[^/]+(?<!\.md5sums))?")
_DISTRIBUTION = re.compile(r"(?:.*/)?([^/]+)\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)")
# Python's packages that are Debian's come with Debian's mending (Debian Python Policy, 3.1.1).
_DEBIANS_OWN = "usr/lib/python3/dist-packages/"
_OTHER_SYSTEMS = re.compile(
    r"(usr/)?lib/apk/db/installed|(var/lib|usr/lib/sysimage)/rpm/(Packages(\.db)?|rpmdb\.sqlite)"
)


@dataclass
class ImagePackageList:
    """By ecosystem as OSV names it: packages, and in which of the image's files each is named."""

    places: dict[str, dict[Package, str]] = field(default_factory=dict)

    def add(self, ecosystem: str, package: Package, path: str) -> None:
        """Each version of a package once."""
        self.places.setdefault(ecosystem, {}).setdefault(package, path)


def packages_of_image(path: str) -> ImagePackageList:
    """Those of all images in an archive or layout. Raises UnreadableArchive."""
    inventory = ImagePackageList()
    with read_images(path) as each:
        for layers in each:
            content = files_in_layers(layers, _matters)
            system = _system(content)
            _add_system(content, system, inventory)
            _add_distributions(content, system, inventory)
    return inventory


def _matters(path: str) -> bool:
    return path in _RELEASES or any(
        pattern.fullmatch(path) for pattern in (_STATUS, _DISTRIBUTION, _OTHER_SYSTEMS)
    )


def _system(content: Mapping[str, bytes]) -> str:
    """ "Debian:12"; "" for an image that has nothing but its application."""
    text = next((content[path] for path in _RELEASES if path in content), b"")
    fields = dict(re.findall(r"""^(\w+)=["']?([^"'\n]*)""", text.decode(errors="replace"), re.M))
    if fields.get("ID") == "debian" and fields.get("VERSION_ID"):
        return f"Debian:{fields['VERSION_ID']}"
    others = [path for path in content if _OTHER_SYSTEMS.fullmatch(path) or _STATUS.fullmatch(path)]
    if not fields and not others:
        return ""
    name = " ".join(filter(None, (fields.get("ID"), fields.get("VERSION_ID")))) or "not named"
    raise UnreadableArchive(f"its system is {name}: only releases of Debian are known here")


def _add_system(content: Mapping[str, bytes], system: str, inventory: ImagePackageList) -> None:
    count = 0
    for path, data in content.items():
        if _STATUS.fullmatch(path):
            for package in installed_packages(data.decode(errors="replace")):
                inventory.add(system, package, path)
                count += 1
    if system and not count:
        raise UnreadableArchive("it is Debian's, but its list of packages is gone")


def _add_distributions(
    content: Mapping[str, bytes], system: str, inventory: ImagePackageList
) -> None:
    for path, data in content.items():
        name = _DISTRIBUTION.fullmatch(path)
        if name and not (system and path.startswith(_DEBIANS_OWN)):
            inventory.add("PyPI", _distribution(name[1], data), path)


def _distribution(folder: str, data: bytes) -> Package:
    """By its metadata, else by the name of its folder ("name-version")."""
    headers = HeaderParser().parsestr(data.decode(errors="replace"))
    name, _, version = folder.partition("-")
    name, version = headers["Name"] or name, headers["Version"] or version
    return Package(canonicalize_name(str(name).strip()), str(version).strip())
