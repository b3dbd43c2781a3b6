"""Debian's advisories."""

from __future__ import annotations

from typing import Any

from . import advisory_projects


def of_debian(name: str, package: str, fixed: str, **other: Any) -> dict[str, Any]:
    found = advisory_projects.advisory(
        name, package, [{"introduced": "0"}, {"fixed": fixed}], **other
    )
    found["affected"][0]["package"]["ecosystem"] = "Debian:12"
    return found


OPENSSL = of_debian(
    "DSA-5764-1",
    "openssl",
    "3.0.11-1~deb12u3",
    summary="openssl - security update",
    upstream=["CVE-2026-1", "CVE-2026-2"],
    severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
)
MENDED = of_debian("DSA-5000-1", "glibc", "2.36-9+deb12u3")
