from __future__ import annotations

import pytest

from shipway.checks.dependencies import UNRATED, severity_of_vulnerability
from shipway.checks.osv.match import base_score, severity_name
from shipway.findings.finding import Severity

V2 = {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:N/I:N/A:C"}
V3 = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
V30 = {"type": "CVSS_V3", "score": "CVSS:3.0/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"}
V4 = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N"}


def test_a_vector_gives_the_base_score() -> None:
    assert [base_score([one]) for one in (V2, V3, V30, V4)] == [7.8, 9.8, 2.2, 6.9]


def test_the_newest_kind_of_vector_counts_and_of_one_kind_the_worst() -> None:
    assert base_score([V2, V3, V4]) == 6.9
    assert base_score([V2, V30, V3]) == 9.8


@pytest.mark.parametrize("score", ["", "high", "7.5", "CVSS:3.1/AV:N", "CVSS:9/AV:N"])
def test_what_is_no_vector_gives_none(score: str) -> None:
    assert base_score([{"type": "CVSS_V3", "score": score}]) is None
    assert base_score([{"type": "Ubuntu", "score": "medium"}]) is None
    assert base_score([{"type": "CVSS_V4", "score": score}, V3]) == 9.8


def test_a_database_has_a_word_of_its_own() -> None:
    github, debian = {"database_specific": {"severity": "LOW"}}, {"urgency": "unimportant"}
    assert severity_name(github, {}) == "LOW"
    assert severity_name(github, {"ecosystem_specific": debian}) == "unimportant"
    assert severity_name({}, {"database_specific": None}) == ""


@pytest.mark.parametrize(
    ("score", "said", "severity"),
    [
        (10, "", Severity.CRITICAL),
        (9.0, "", Severity.CRITICAL),
        (8.9, "LOW", Severity.HIGH),
        (7.0, "", Severity.HIGH),
        (6.9, "", Severity.MEDIUM),
        (4.0, "", Severity.MEDIUM),
        (3.9, "", Severity.LOW),
        (0.1, "", Severity.LOW),
        (0.0, "", Severity.INFO),
        (None, "MODERATE", Severity.MEDIUM),
        (None, "low**", Severity.LOW),
        (None, "unimportant", Severity.INFO),
        (None, "not yet assigned", UNRATED),
        (None, "", UNRATED),
    ],
)
def test_a_score_is_a_severity_as_first_says(
    score: float | None, said: str, severity: Severity
) -> None:
    assert severity_of_vulnerability(score, said) is severity
