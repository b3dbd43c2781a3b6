"""The scans that were imported, as the state folder keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipway.errors import RecordError
from shipway.findings.finding import Finding, Severity
from shipway.findings.scan import Scan
from shipway.pipeline.imported_scans import ImportedScan, imported_scans, keep_scan

FINDING = Finding(
    tool="CodeQL",
    rule="py/sql-injection",
    severity=Severity.CRITICAL,
    path="main/a.py",
    line=2,
    message="SQL from parts",
    cwe=("CWE-89",),
)


def test_a_scan_is_read_as_it_was_kept(tmp_path: Path) -> None:
    scan = Scan(tool="CodeQL", category="python", findings=(FINDING,), incomplete="it gave up")
    keep_scan(str(tmp_path), scan, name=scan.name, source="codeql.sarif", now=12.5)
    assert imported_scans(str(tmp_path)) == [
        ImportedScan(
            name="CodeQL/python",
            tool="CodeQL",
            source="codeql.sarif",
            imported=12.5,
            findings=(FINDING,),
            incomplete="it gave up",
        )
    ]


def test_what_an_older_build_kept_has_the_name_of_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "imported"
    folder.mkdir()
    stored = {"source": "snyk.json", "imported": 3.0, "findings": []}
    (folder / "snyk.json").write_text(json.dumps(stored))
    (scan,) = imported_scans(str(tmp_path))
    assert (scan.name, scan.tool, scan.imported) == ("snyk", "", 3.0)


@pytest.mark.parametrize("text", ["", "[]", '{"source": "a", "imported": 1.0}'])
def test_one_that_is_damaged_is_named_and_never_taken_for_clean(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "imported"
    folder.mkdir()
    (folder / "snyk.json").write_text(text)
    with pytest.raises(RecordError, match=r"imported/snyk\.json") as problem:
        imported_scans(str(tmp_path))
    assert problem.value.code == "record-damaged"
