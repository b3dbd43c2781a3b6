"""A test by its name in pytest's report."""

from __future__ import annotations

import pytest

from shipway.checks.scripts.reported_test import reported_test


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/test_a.py::test_b", ("tests.test_a", "test_b")),
        ("test_a.py::TestB::test_c[x::y/z.py]", ("test_a.TestB", "test_c[x::y/z.py]")),
    ],
)
def test_a_test_is_known_by_its_name_in_the_report(nodeid: str, name: tuple[str, str]) -> None:
    assert reported_test(nodeid) == name
