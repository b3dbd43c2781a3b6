"""Findings get what stands at their places, where that is what they are about."""

from __future__ import annotations

from dataclasses import replace

from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.findings.fingerprint import with_code_context

FOUND = Finding(
    tool="bandit", rule="B602", severity=Severity.HIGH, path="a.py", line=2, message="m"
)
TEXTS = {"a.py": "import os\nrun( 'a' )\n", "Dockerfile": "FROM  a\n"}


def content(one: Finding) -> str:
    [placed] = with_code_context([one], TEXTS)
    assert replace(placed, content=one.content) == one
    return placed.content


def test_code_and_configuration_have_what_stands_there() -> None:
    assert content(FOUND) == "run('a')"
    image = replace(FOUND, kind=FindingKind.CONFIGURATION, path="Dockerfile", line=1)
    assert content(image) == "FROM a"


def test_what_its_check_gave_stays() -> None:
    assert content(replace(FOUND, content="given")) == "given"


def test_a_secret_or_a_dependency_has_nothing_of_the_code() -> None:
    for kind in (FindingKind.SECRET, FindingKind.DEPENDENCY, FindingKind.LICENCE):
        assert content(replace(FOUND, kind=kind)) == ""


def test_a_place_that_is_not_there_has_none() -> None:
    assert content(replace(FOUND, path="gone.py")) == ""
    assert content(replace(FOUND, line=99)) == ""


def test_the_order_stays() -> None:
    many = [replace(FOUND, line=line) for line in (2, 1, 2)]
    assert [one.content for one in with_code_context(many, TEXTS)] == [
        "run('a')",
        "import os",
        "run('a')",
    ]
