from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from shipway.reports.html import html_report
from shipway.reports.rollout_report import rollout_report_view, rollout_report_views

from .any_report import RECEIPTS
from .sample_rollouts import promoted, rolled_back, rollouts_run
from .sample_runs import BLOBS, STARTED, result, run


def test_every_step_with_a_receipt_has_one() -> None:
    assert [one.step for one in rollout_report_views(rollouts_run())] == ["deploy", "rollback"]


def test_times_are_shown_from_the_rollouts_own_start() -> None:
    read = rollout_report_view("deploy", promoted().to_dict(), STARTED)
    assert [at for at, _, _ in read.timeline] == [
        "+0.00 s",
        "+4.0 s",
        "+24.0 s",
        "+44.0 s",
        "+54.0 s",
    ]
    assert [one.at for one in read.evidence] == ["+5.0 s", "+43.0 s"]


def test_probes_of_its_own_are_told_where_there_were_any() -> None:
    name = "own probes"
    assert (name, "12") in rollout_report_view("deploy", promoted().to_dict(), STARTED).facts
    without = replace(promoted(), synthetic=0).to_dict()
    assert name not in dict(rollout_report_view("deploy", without, STARTED).facts)


def test_what_has_a_place_of_its_own_is_no_fact() -> None:
    read = rollout_report_view("deploy", rolled_back().to_dict(), STARTED)
    assert not {"cause", "remedy", "samples", "evidence", "log"} & set(dict(read.facts))
    assert read.cause == "the new release fails 40 % of its requests"
    assert read.remedy == "Look at its log: shipway logs local"


def test_a_rollout_that_was_not_sampled_says_so_and_an_old_receipt_does_not() -> None:
    assert rollout_report_view("deploy", {"samples": ()}, STARTED).unsampled
    assert not rollout_report_view("deploy", {"verdict": "passed"}, STARTED).unsampled
    assert not rollout_report_view("deploy", promoted().to_dict(), STARTED).unsampled


@settings(max_examples=25)  # a page's templates are read anew for each
@given(RECEIPTS)
def test_the_page_is_written_whatever_the_record_holds(raw: dict[str, object]) -> None:
    step = replace(result("deploy"), facts={"receipt": raw})
    assert "</html>" in html_report(run(step), BLOBS.__getitem__)
