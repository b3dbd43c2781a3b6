"""The scans that were imported, as the state folder keeps them: one file a scan."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace

from shipway.codec import DocumentFormat
from shipway.findings.finding import Finding
from shipway.findings.scan import Scan
from shipway.source_text import read_bytes
from shipway.system.files import write_atomic

_LARGEST = 256 << 20  # bytes
_FOLDER = "imported"
_NOT_A_NAME = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, kw_only=True)
class ImportedScan:
    """A scan that is kept. source: the file or image it is of. imported: seconds since the epoch.

    incomplete: why it is no whole scan; "" where it is. What Shipway before 0.2 kept has no
    tool, and the name of its file.
    """

    name: str = ""
    tool: str = ""
    source: str
    imported: float
    findings: tuple[Finding, ...]
    incomplete: str = ""


IMPORTED_SCAN = DocumentFormat(ImportedScan, "the imported scan")


def keep_scan(state: str, scan: Scan, *, name: str, source: str, now: float) -> None:
    """Keep a scan under its name, in the place of the earlier one.

    A tool that failed before it could say what it was to scan has no category; its next whole
    scan makes up for that, whatever its category is.
    """
    for other in imported_scans(state):
        if not scan.incomplete and other.incomplete and other.tool == other.name == scan.tool:
            forget_scan(state, other.name)
    stored = ImportedScan(
        name=name,
        tool=scan.tool,
        source=source,
        imported=now,
        findings=scan.findings,
        incomplete=scan.incomplete,
    )
    write_atomic(_path(state, name), IMPORTED_SCAN.write(stored).encode())


def forget_scan(state: str, name: str) -> bool:
    """Remove a scan; whether there was one of that name."""
    try:
        os.unlink(_path(state, name))
    except FileNotFoundError:
        return False
    return True


def imported_scans(state: str) -> list[ImportedScan]:
    """What is kept, by name. Raises RecordError, which names the file, for one that is damaged."""
    folder = os.path.join(state, _FOLDER)
    scans = []
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        data = read_bytes(os.path.join(folder, file), _LARGEST)
        scan = IMPORTED_SCAN.read(data, f"{_FOLDER}/{file}")
        scans.append(replace(scan, name=scan.name or file.removesuffix(".json")))
    return scans


def _path(state: str, name: str) -> str:
    """A file's name is made of what is harmless in a path; two names never share a file."""
    plain = _NOT_A_NAME.sub("-", name.lower()).strip("-.")
    if plain != name.lower().replace(" ", "-"):
        plain += "-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return os.path.join(state, _FOLDER, f"{plain}.json")
