"""Paths of other machines, as they are here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.finding import Finding, Severity
from shipway.findings.paths import relocate

FILES = ("app.py", "main/a.py", "main/b.py", "odd\\name.py")


def at(path: str) -> Finding:
    return Finding(tool="t", rule="r", severity=Severity.LOW, path=path, line=1, message="m")


def relocated(*paths: str, folder: str = "") -> list[str]:
    findings = relocate(map(at, paths), root="/here/app", folder=folder, files=FILES)
    return [finding.path for finding in findings]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("main/a.py", "main/a.py"),
        ("/here/app/main/a.py", "main/a.py"),
        ("/here/app/deleted.py", "deleted.py"),
        ("/here/application/main.py", "/here/application/main.py"),
        ("/home/runner/work/x/x/main/a.py", "main/a.py"),
        ("C:/agent/s/main/a.py", "main/a.py"),
        ("C:\\agent\\s\\main\\a.py", "main/a.py"),
        ("main\\a.py", "main/a.py"),
        ("odd\\name.py", "odd\\name.py"),
        ("/usr/lib/none.py", "/usr/lib/none.py"),
        ("mycandidate:1.4.0", "mycandidate:1.4.0"),
    ],
)
def test_a_path_is_counted_from_the_applications_root(path: str, expected: str) -> None:
    assert relocated(path) == [expected]


def test_the_root_elsewhere_is_the_one_that_explains_most() -> None:
    paths = ("/w/s/main/a.py", "/w/s/main/b.py", "/w/s/gone.py", "/usr/lib/app.py")
    assert relocated(*paths) == ["main/a.py", "main/b.py", "gone.py", "/usr/lib/app.py"]


def test_a_scanner_counts_from_the_top_of_the_repository() -> None:
    assert relocated("services/town/main/a.py", folder="services/town") == ["main/a.py"]
    assert relocated("services/other/main/a.py", folder="services/town") == [
        "services/other/main/a.py"
    ]


@given(st.lists(st.sampled_from(FILES[:3]), min_size=1), st.sampled_from(["/w", "D:/a b/s", "/"]))
def test_whatever_the_root_elsewhere_our_own_files_are_known(names: list[str], root: str) -> None:
    assert relocated(*(f"{root.rstrip('/')}/{name}" for name in names)) == names
