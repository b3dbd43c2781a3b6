"""Debian's order, and the packages of an image."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import pytest

from shipway.checks.osv.image import installed_packages
from shipway.checks.osv.match import affects
from shipway.checks.osv.package import Debian, Package, version_ordering

ASCENDING = [
    "1.0~~",
    "1.0~~a",
    "1.0~",
    "1.0~rc1-1",
    "1.0",
    "1.0-1~deb12u1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u1",
    "1.0-1+deb12u2",
    "1.0-1+deb12u10",
    "1.0a",
    "1.0+dfsg",
    "1.0.1",
    "1.10",
    "1:0.1",
    "2:0",
]
STATUS = """Package: libssl3
Status: install ok installed
Source: openssl
Version: 3.0.11-1~deb12u2
Description: Secure Sockets Layer toolkit
 Version: 9 is not what this line says
.

Package: openssl
Status: hold ok installed
Version: 3.0.11-1~deb12u2

Package: libc6
Status: install ok installed
Source: glibc (2.36-9+deb12u3)
Version: 2.36-9+deb12u3+b1

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: broken
Status: install ok half-configured
Version: 1.0
"""


def test_versions_are_in_debians_order() -> None:
    order = Debian()
    assert sorted(reversed(ASCENDING), key=order.version) == ASCENDING  # type: ignore[arg-type]


@pytest.mark.needs("dpkg")
def test_dpkg_itself_says_the_same() -> None:
    for first, second in pairwise(ASCENDING):
        subprocess.run(["dpkg", "--compare-versions", first, "lt", second], check=True)


def test_a_range_holds_what_debian_has_not_fixed() -> None:
    affected = {
        "ranges": [
            {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.36-9+deb12u3"}]}
        ]
    }
    assert affects(affected, "2.36-9+deb12u2", version_ordering("Debian:12"))
    assert not affects(affected, "2.36-9+deb12u3", version_ordering("Debian:12"))
    assert not affects(affected, "1:0", version_ordering("Debian:12"))


def test_an_ecosystem_that_is_not_known_is_said() -> None:
    with pytest.raises(ValueError, match="npm is not known here; known are PyPI, Debian"):
        version_ordering("npm")


def test_what_is_installed_is_told_by_its_source() -> None:
    assert installed_packages(STATUS) == (
        Package("openssl", "3.0.11-1~deb12u2"),
        Package("glibc", "2.36-9+deb12u3"),
    )


def test_an_image_without_dpkg_has_no_status() -> None:
    text = "Package: base-files\nVersion: 12.4\n"
    assert installed_packages(text) == (Package("base-files", "12.4"),)


def test_a_file_that_is_no_status_names_nothing() -> None:
    assert installed_packages("\ufffd rubbish\n\n: \n\nPackage:\n") == ()
