from __future__ import annotations

import pytest

from shipway.pipeline.outcome import Verdict
from shipway.reports.figures import style_of


@pytest.mark.parametrize(
    ("decision", "tone"),
    [
        ("promote", "good"),
        ("PROMOTE", "good"),
        ("roll back", "bad"),
        ("ROLL_BACK", "bad"),
        ("rollback", "bad"),
        ("hold", "unsure"),
        ("keep watching", "quiet"),
        ("", "quiet"),
    ],
)
def test_a_decision_has_the_tone_of_what_it_leads_to(decision: str, tone: str) -> None:
    assert style_of(decision) == tone


def test_only_a_pass_is_good_among_verdicts_and_none_but_incomplete_is_quiet() -> None:
    assert [v for v in Verdict if style_of(v) == "good"] == [Verdict.PASSED]
    assert [v for v in Verdict if style_of(v) == "quiet"] == [Verdict.INCOMPLETE]
