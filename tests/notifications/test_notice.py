"""What a receipt is news of."""

from __future__ import annotations

import pytest

from shipway.notifications.notice import Notice, NoticeEvent, notice_event, notice_figures
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutReport


def receipt(verdict: Verdict, last: str = "", **more: object) -> RolloutReport:
    timeline = ({"at": 1.0, "stage": "X", "text": last},)
    return RolloutReport(
        environment="staging",
        release="2",
        before="1",
        verdict=verdict,
        started=1.0,
        seconds=2.0,
        address="http://x",
        timeline=timeline,
        **more,
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "last", "undo", "event"),
    [
        (Verdict.PASSED, "", False, NoticeEvent.DEPLOYED),
        (Verdict.PASSED, "", True, NoticeEvent.ROLLED_BACK),
        (Verdict.ROLLED_BACK, "", False, NoticeEvent.ROLLED_BACK),
        (Verdict.ROLLED_BACK, "", True, NoticeEvent.ROLLED_BACK),
        (Verdict.ACTION_REQUIRED, "held", False, NoticeEvent.HELD),
        (Verdict.ACTION_REQUIRED, "start old", False, NoticeEvent.FAILED),
        (Verdict.UNKNOWN, "", False, NoticeEvent.FAILED),
    ],
)
def test_an_event_follows_from_the_verdict(
    verdict: Verdict, last: str, undo: bool, event: NoticeEvent
) -> None:
    assert notice_event(receipt(verdict, last), undo=undo) is event


def test_without_a_timeline_what_needs_a_person_has_failed() -> None:
    bare = RolloutReport(
        environment="s",
        release="2",
        before="1",
        verdict=Verdict.ACTION_REQUIRED,
        started=1.0,
        seconds=2.0,
        address="",
    )
    assert notice_event(bare) is NoticeEvent.FAILED


def test_the_figures_are_the_receipts() -> None:
    releases = {"2": {"requests": 1200.0, "failed": 1.0, "p95": 42.4}, "1": {"requests": 3.0}}
    assert notice_figures(receipt(Verdict.PASSED, releases=releases)) == {
        "strategy": "rolling",
        "took": "2.0 s",
        "requests": "1,203 seen, 1 failed",
        "2": "1,200 requests, p95 42 ms",
        "1": "3 requests",
    }


@pytest.mark.parametrize("event", NoticeEvent)
def test_a_headline_names_application_environment_and_release(event: NoticeEvent) -> None:
    notice = Notice(
        event=event, application="web", environment="staging", release="1.2", at=0.0, cause="x"
    )
    assert notice.headline.startswith("web, staging: ") and "1.2" in notice.headline
    assert notice.to_dict()["headline"] == notice.headline
    assert Notice(
        event=event, application="web", environment="staging", release="", at=0.0, test=True
    ).headline.startswith("test: web")


def test_going_back_by_hand_has_no_cause() -> None:
    assert (
        Notice(
            event=NoticeEvent.ROLLED_BACK, application="a", environment="b", release="1.2", at=0.0
        ).headline
        == "a, b: went back to 1.2"
    )
