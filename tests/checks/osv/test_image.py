"""The packages of an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.checks.osv.image import packages_of_image
from shipway.checks.osv.layers import UnreadableArchive
from shipway.checks.osv.package import Package

from . import image_files
from .image_files import BASE, DEBIAN, FLASK, SITE, STATUS, Layer, symlink

OPENSSL, GLIBC = Package("openssl", "3.0.11-1~deb12u2"), Package("glibc", "2.36-9+deb12u3")
HERE = {
    "Debian:12": {OPENSSL: "var/lib/dpkg/status", GLIBC: "var/lib/dpkg/status"},
    "PyPI": {Package("flask", "0.12.2"): FLASK},
}


def found(tmp_path: Path, *layers: Layer) -> dict[str, dict[Package, str]]:
    return packages_of_image(
        str(image_files.docker_archive(tmp_path / "image.tar", *layers))
    ).places


def test_the_packages_of_debian_and_of_python_are_found_with_their_places(tmp_path: Path) -> None:
    assert found(tmp_path, BASE) == HERE


def test_what_a_higher_layer_took_away_or_updated_does_not_count(tmp_path: Path) -> None:
    newer = STATUS.replace("deb12u2", "deb12u9")
    later = {"var/lib/dpkg/status": newer, f"{SITE}/.wh.Flask-0.12.2.dist-info": ""}
    assert found(tmp_path, BASE, later) == {
        "Debian:12": {
            Package("openssl", "3.0.11-1~deb12u9"): "var/lib/dpkg/status",
            GLIBC: "var/lib/dpkg/status",
        }
    }


def test_an_image_without_dpkg_names_each_package_in_a_file_of_its_own(tmp_path: Path) -> None:
    status = "Package: libssl3\nSource: openssl\nVersion: 3.0.11-1~deb12u2\n"
    layer = {
        "usr/lib/os-release": DEBIAN,
        "etc/os-release": symlink("../usr/lib/os-release"),
        "var/lib/dpkg/status.d/libssl3": status,
        "var/lib/dpkg/status.d/libssl3.md5sums": "Package: no\nVersion: 1\n",
    }
    assert found(tmp_path, layer) == {"Debian:12": {OPENSSL: "var/lib/dpkg/status.d/libssl3"}}


def test_pythons_packages_that_are_debians_count_as_debians(tmp_path: Path) -> None:
    own = "usr/lib/python3/dist-packages/requests-2.28.1.egg-info"
    assert found(tmp_path, {**BASE, own: "Name: requests\nVersion: 2.28.1\n"}) == HERE


@pytest.mark.parametrize(
    ("path", "text", "package"),
    [
        (
            "a/Flask_Login-1.dist-info/METADATA",
            "Name: Flask_Login\nVersion: 2\n",
            ("flask-login", "2"),
        ),
        ("a/b-1.0.dist-info/METADATA", "rubbish", ("b", "1.0")),
        ("a/b-1.0.dist-info/METADATA", "", ("b", "1.0")),
        ("a/b.egg-info/PKG-INFO", "Name: b\nVersion: 3\n", ("b", "3")),
        ("a/b-4-py3.egg-info", "Name: b\nVersion: 4\n", ("b", "4")),
        ("b.dist-info/METADATA", "Name: b\n", ("b", "")),
    ],
)
def test_a_distribution_is_known_by_its_metadata_else_by_its_folder(
    path: str, text: str, package: tuple[str, str], tmp_path: Path
) -> None:
    assert found(tmp_path, {path: text}) == {"PyPI": {Package(*package): path}}


def test_all_platforms_count(tmp_path: Path) -> None:
    other = {f"{SITE}/b-1.dist-info/METADATA": "Name: b\nVersion: 1\n"}
    layout = image_files.write(image_files.oci_files([BASE], [other]), tmp_path)
    assert set(packages_of_image(str(layout)).places["PyPI"]) == {
        Package("flask", "0.12.2"),
        Package("b", "1"),
    }


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("ID=alpine\nVERSION_ID=3.20.1\n", "alpine 3.20.1"),
        ("ID=ubuntu\n", "ubuntu"),
        ("ID=debian\n", "debian"),
        ('ID="rhel"\nVERSION_ID="9.4"\n', "rhel 9.4"),
        ("ID_LIKE=debian\n", "not named"),
    ],
)
def test_another_system_is_not_taken_for_one_without_faults(
    release: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableArchive, match=f"its system is {name}: only releases of Debian"):
        found(tmp_path, {**BASE, "etc/os-release": release})


@pytest.mark.parametrize(
    "list_of_packages",
    [
        "var/lib/dpkg/status",
        "lib/apk/db/installed",
        "var/lib/rpm/Packages",
        "usr/lib/sysimage/rpm/rpmdb.sqlite",
    ],
)
def test_a_system_that_does_not_say_its_name_is_refused(
    list_of_packages: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableArchive, match="its system is not named"):
        found(tmp_path, {list_of_packages: "x", FLASK: BASE[FLASK]})


def test_debian_whose_list_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match="its list of packages is gone"):
        found(tmp_path, BASE, {"var/lib/.wh.dpkg": ""})


def test_an_image_of_nothing_has_no_packages(tmp_path: Path) -> None:
    assert found(tmp_path, {"app": "x"}) == {}
