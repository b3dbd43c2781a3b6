"""What a receipt is news of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.reports.sample_runs import result, run

from shipway.notifications.notice import (
    RUN_EVENTS,
    Notice,
    NoticeEvent,
    notice_event,
    notice_figures,
    problem_keys,
    run_event,
    run_notice,
)
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import Comparison, RunResult
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


@pytest.mark.parametrize("event", [event for event in NoticeEvent if event not in RUN_EVENTS])
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


def failing(*names: str, **changes: Any) -> RunResult:
    steps = (replace(result(name, Outcome.FAILED, "test"), reason="it broke") for name in names)
    return replace(run(*steps, verdict=Verdict.FAILED), branch="main", **changes)


def test_a_failed_run_is_news_once_and_again_where_something_else_is_wrong() -> None:
    first = failing("unit")
    told = problem_keys(first)
    assert run_event(first, None, strict=True) is NoticeEvent.RUN_FAILED
    assert run_event(failing("unit", run="later"), told, strict=True) is None
    more = failing("unit", "integration")
    assert run_event(more, told, strict=True) is NoticeEvent.RUN_FAILED
    assert run_event(first, problem_keys(more), strict=True) is None  # less is wrong


def test_a_run_that_passes_is_news_after_one_that_failed() -> None:
    passed = run(result("unit"))
    assert run_event(passed, None, strict=True) is None
    assert run_event(passed, ("anything",), strict=True) is NoticeEvent.RUN_RECOVERED


def test_an_incomplete_run_has_not_recovered_and_is_a_failure_where_that_is_strict() -> None:
    incomplete = run(result("unit", Outcome.ERROR), verdict=Verdict.INCOMPLETE)
    assert run_event(incomplete, ("anything",), strict=False) is None
    assert run_event(incomplete, None, strict=True) is NoticeEvent.RUN_FAILED


@pytest.mark.parametrize("told", [None, ("anything",)])
def test_an_interrupted_run_is_no_news(told: tuple[str, ...] | None) -> None:
    stopped = run(result("unit", Outcome.CANCELLED), verdict=Verdict.INTERRUPTED)
    assert run_event(stopped, told, strict=True) is None


def test_a_failure_that_nothing_explains_has_a_key_of_its_own() -> None:
    assert problem_keys(run(verdict=Verdict.UNKNOWN)) == ("verdict unknown",)


def test_the_message_about_a_run_has_its_problems_as_the_terminal_has_them() -> None:
    whole = failing("unit", "browser", commit="abcdef1234")
    compared = Comparison(run="1", looked=("unit", "browser"), known=("step browser",))
    whole = replace(whole, compared=compared)
    notice = run_notice(NoticeEvent.RUN_FAILED, whole, 1.0, {"run": "https://ci.example/1"})
    assert notice.headline == "mycandidate, main: the run failed: 2 failed tests"
    assert [(p.sentence, p.new) for p in notice.problems] == [
        ("unit: it broke", True),
        ("browser: it broke", False),
    ]
    assert notice.figures["commit"] == "abcdef1"
    again = run_notice(NoticeEvent.RUN_RECOVERED, whole, 1.0, {})
    assert again.headline == "mycandidate, main: the run passes again"
    assert (again.problems, again.cause) == ((), "")


def test_many_problems_of_a_kind_are_counted() -> None:
    whole = failing(*(f"suite-{number}" for number in range(8)))
    notice = run_notice(NoticeEvent.RUN_FAILED, whole, 1.0, {})
    assert len(notice.problems) == 5
    assert notice.more_problems == ("3 more failed tests",)
