from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from tests.reports.markdown_page import OUR_TAGS, Page, page

from shipway.reports.markdown import LONGEST, escape_markdown, markdown_report

from .any_report import RECEIPTS
from .sample_rollouts import NEW, OLD, rollouts_run
from .sample_runs import HOSTILE, result, run


def of(receipt: object) -> Page:
    return page(run(replace(result("deploy"), facts={"receipt": receipt})))


def test_a_receipt_is_told_with_verdict_figures_judge_cause_and_remedy() -> None:
    text = markdown_report(rollouts_run())
    parsed = Page(text)
    assert "### Rollout of <code>rollback</code>\n**rolled back**, canary, 16.0 s.\n" in text
    assert ["Release", "requests", "failed", "p50 (ms)", "p95 (ms)", "p99 (ms)"] in parsed.rows
    assert [OLD, "755", "0", "9.8", "31.2", "47.9"] in parsed.rows
    assert [NEW, "45", "18", "9.8", "31.2", "47.9"] in parsed.rows
    assert "Judge: roll back: candidate fails 40 % of 45 requests" in parsed.words
    assert "Cause: the new release fails 40 % of its requests" in parsed.words
    assert "Next: Look at its log: shipway logs local" in parsed.words


def test_what_a_receipt_does_not_have_is_left_out() -> None:
    parsed = of({"verdict": "passed"})
    assert not [row for row in parsed.rows if "requests" in row]
    assert "passed." in parsed.words
    assert not any(word in parsed.words for word in ("Judge", "Cause", "Next"))
    assert "no verdict." in of({"cause": "it crashed"}).words


def test_hostile_names_and_sentences_stay_words() -> None:
    hostile = f"{HOSTILE}|`x`**b**[l](https://evil.example)<img src=x>\n\n## @ann #12"
    parsed = page(rollouts_run(hostile))
    assert {tag for tag, _ in parsed.tags} <= OUR_TAGS
    assert [tag for tag, _ in parsed.tags] == [tag for tag, _ in page(rollouts_run()).tags]
    assert "@ann" not in parsed.words.partition("Cause:")[2]


@given(RECEIPTS)
def test_whatever_the_record_holds_is_short_and_in_known_tags(receipt: dict[str, object]) -> None:
    finished = run(replace(result("deploy"), facts={"receipt": receipt}))
    assert {tag for tag, _ in page(finished).tags} <= OUR_TAGS
    assert len(markdown_report(finished)) < LONGEST


def test_many_long_receipts_still_fit_where_github_takes_them() -> None:
    long = {name: "|`<&" * 500 for name in ("verdict", "cause", "remedy", "strategy")}
    releases = {f"{n}{'|`<&' * 500}": {"requests": 1} for n in range(50)}
    steps = [
        replace(result(f"deploy-{n}"), facts={"receipt": {**long, "releases": releases}})
        for n in range(50)
    ]
    assert len(markdown_report(run(*steps))) < LONGEST
    assert escape_markdown(long["cause"], 300)[:20] in markdown_report(run(*steps[:1]))
