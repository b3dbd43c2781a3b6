from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.checks.advisory_projects import FLASK, PYTEST, WITHDRAWN, advisory

from shipway.checks.osv.advisory import AdvisoryDatabase, read_advisories
from shipway.checks.osv.package import version_ordering


def advisories(folder: Path, ecosystem: str = "PyPI") -> AdvisoryDatabase:
    return read_advisories(str(folder), ecosystem, version_ordering(ecosystem))


def test_files_folders_and_archives_are_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "flask.json").write_text(json.dumps(FLASK))
    (tmp_path / "README.txt").write_text("not an advisory")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-2026-1.json", json.dumps(PYTEST))
    found = advisories(tmp_path)
    assert found.by_package.keys() == {"flask", "pytest"}
    assert (found.count, found.unread) == (2, [])


def test_one_that_was_withdrawn_counts_only_for_the_age(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(WITHDRAWN))
    found = advisories(tmp_path)
    assert (found.count, found.by_package) == (0, {})
    assert found.newest == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()


def test_the_newest_is_told_by_its_last_change(tmp_path: Path) -> None:
    for number, day in enumerate(("2024-05-06T00:00:00.123456789Z", "2023-01-01T00:00:00Z")):
        text = json.dumps({**FLASK, "modified": day})
        (tmp_path / f"{number}.json").write_text(text)
    newest = advisories(tmp_path).newest
    assert newest and datetime.fromtimestamp(newest, UTC).date().isoformat() == "2024-05-06"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"id": "A"}',
        '{"id": "A", "modified": "yesterday"}',
        '{"id": "A", "modified": "2024-01-01T00:00:00Z", "affected": [{"package": {}}]}',
    ],
)
def test_what_is_no_advisory_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    assert advisories(tmp_path).unread == ["bad.json"]


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "all.zip").write_bytes(b"PK\x03\x04 cut off")
    assert advisories(tmp_path).unread == ["all.zip"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        advisories(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("stated", "asked", "same"),
    [
        ("PyPI", "PyPI", True),
        ("npm", "PyPI", False),
        ("Debian:12", "Debian:12", True),
        ("Debian", "Debian:12", True),
        ("Debian:11", "Debian:12", False),
        ("Debian:12", "Debian", False),
    ],
)
def test_only_the_asked_ecosystem_counts(
    tmp_path: Path, stated: str, asked: str, same: bool
) -> None:
    one = advisory("DSA-1", "openssl", [{"introduced": "0"}])
    one["affected"][0]["package"]["ecosystem"] = stated
    (tmp_path / "DSA-1.json").write_text(json.dumps(one))
    assert advisories(tmp_path, asked).count == int(same)
