"""What a receipt is news of."""

from __future__ import annotations

import pytest

from shipway.core.notice import Event, Notice, event_of, figures_of
from shipway.core.outcome import Verdict
from shipway.core.receipt import Receipt


def receipt(verdict: Verdict, last: str = "", **more: object) -> Receipt:
    timeline = ({"at": 1.0, "stage": "X", "text": last},)
    return Receipt("staging", "2", "1", verdict, 1.0, 2.0, "http://x", timeline=timeline, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "last", "undo", "event"),
    [
        (Verdict.PASSED, "", False, Event.DEPLOYED),
        (Verdict.PASSED, "", True, Event.ROLLED_BACK),
        (Verdict.ROLLED_BACK, "", False, Event.ROLLED_BACK),
        (Verdict.ROLLED_BACK, "", True, Event.ROLLED_BACK),
        (Verdict.NEEDS_PERSON, "held", False, Event.HELD),
        (Verdict.NEEDS_PERSON, "start old", False, Event.FAILED),
        (Verdict.UNKNOWN, "", False, Event.FAILED),
    ],
)
def test_an_event_follows_from_the_verdict(
    verdict: Verdict, last: str, undo: bool, event: Event
) -> None:
    assert event_of(receipt(verdict, last), undo=undo) is event


def test_without_a_timeline_what_needs_a_person_has_failed() -> None:
    bare = Receipt("s", "2", "1", Verdict.NEEDS_PERSON, 1.0, 2.0, "")
    assert event_of(bare) is Event.FAILED


def test_the_figures_are_the_receipts() -> None:
    releases = {"2": {"requests": 1200.0, "failed": 1.0, "p95": 42.4}, "1": {"requests": 3.0}}
    assert figures_of(receipt(Verdict.PASSED, releases=releases)) == {
        "strategy": "rolling", "took": "2.0 s", "requests": "1,203 seen, 1 failed",
        "2": "1,200 requests, p95 42 ms", "1": "3 requests",
    }  # fmt: skip


@pytest.mark.parametrize("event", Event)
def test_a_headline_names_application_environment_and_release(event: Event) -> None:
    notice = Notice(event, "web", "staging", "1.2", 0.0, cause="x")
    assert notice.headline.startswith("web, staging: ") and "1.2" in notice.headline
    assert notice.to_dict()["headline"] == notice.headline
    assert Notice(event, "web", "staging", "", 0.0, test=True).headline.startswith("test: web")


def test_going_back_by_hand_has_no_cause() -> None:
    assert Notice(Event.ROLLED_BACK, "a", "b", "1.2", 0.0).headline == "a, b: went back to 1.2"
