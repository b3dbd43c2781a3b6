"""A rehearsal as a person reads it."""

from __future__ import annotations

from dataclasses import replace

from tests.rehearsal.sent_requests import GOOD

from shipway.pipeline.outcome import Verdict
from shipway.rehearsal.load import summarize_load
from shipway.rehearsal.result import (
    RehearsalResult,
    RehearsalTimes,
    rehearsal_lines,
    rehearsal_moments,
)

SENT = [GOOD._replace(at=100 + at / 10, release="old") for at in range(50)]
HIT = [GOOD._replace(at=105 + at / 10, release="new", status=500, user=at) for at in range(10)]
NEW = [GOOD._replace(at=106 + at / 10, release="new") for at in range(50)]


def rehearsal() -> RehearsalResult:
    sent = [*SENT, *HIT, *NEW]
    whole = summarize_load(sent)
    return RehearsalResult(
        strategy="canary",
        fault="error=5%",
        rate=10,
        before_release="old",
        candidate="new",
        verdict=Verdict.ROLLED_BACK,
        cause="it failed",
        back_verdict=Verdict.PASSED,
        marks=RehearsalTimes(104, 108, 109, 110, struck=106.5),
        users=30,
        to_verdict=4.2,
        to_recovery=whole.failing,
        sound=True,
        total=whole,
        before=summarize_load(SENT),
        while_=summarize_load(HIT),
        after=summarize_load(NEW),
        moments=rehearsal_moments(sent, "new"),
    )


def test_it_says_what_users_would_have_felt() -> None:
    text = "\n".join(rehearsal_lines(rehearsal(), "utf-8"))
    for words in (
        "rehearsed canary at 10 requests/s, fault error=5%",
        "110 sent, 10 failed (500 10)",
        "10 of 30 hit",
        "rolled back after 4.2 s",
        "it failed",
        "recovery  0.9 s",
        "4.0 s forward, 1.0 s back (passed)",
        "fault     2.5 s after the rollout began",
    ):
        assert words in text
    assert [line.split()[:4] for line in text.splitlines()[-3:]] == [
        ["before", "50", "0", "10.0"],
        ["while", "10", "10", "-"],
        ["after", "50", "0", "10.0"],
    ]
    assert "AT THE END" not in text
    assert "AT THE END" in "\n".join(rehearsal_lines(replace(rehearsal(), sound=False), "utf-8"))


def test_the_picture_has_a_column_a_second() -> None:
    lines = rehearsal_lines(rehearsal(), "utf-8")
    assert "  candidate |     ██████| most 100% of answers" in lines
    assert "  failed    |     █     | most 100%" in lines
    assert all(line.isascii() for line in rehearsal_lines(rehearsal(), "ascii"))


def test_a_long_one_is_as_wide_as_a_terminal_and_loses_no_failure() -> None:
    long = [GOOD._replace(at=100.0 + at) for at in range(1000)]
    long[700] = long[700]._replace(status=500)
    found = replace(rehearsal(), moments=rehearsal_moments(long, "new"))
    (failed,) = (line for line in rehearsal_lines(found, "utf-8") if line.startswith("  failed"))
    assert "█" in failed
    assert len(failed) < 100


def test_of_nothing_there_is_still_a_picture() -> None:
    assert rehearsal_lines(replace(rehearsal(), moments=()), "utf-8")
