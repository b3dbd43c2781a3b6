from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from resource import RUSAGE_SELF, getrusage

import pytest

from shipway.errors import RecordError
from shipway.findings.finding import FindingKind
from shipway.pipeline.gates import Measure
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, TestTally
from shipway.reports.html import MOST_FINDINGS, FindingRow, html_report
from shipway.reports.sarif import sarif_report
from shipway.rollouts.report import RolloutReport

from .sample_rollouts import rollouts_run
from .sample_runs import (
    BLOBS,
    HOSTILE,
    SOURCES,
    STARTED,
    everything_wrong,
    failed_run,
    finding,
    judged_run,
    many_findings,
    passed_run,
    result,
    run,
)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html.replace("<wbr>", ""))  # where a long name may be broken

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(finished: RunResult) -> Page:
    return Page(html_report(finished, BLOBS.__getitem__))


def receipt_text(receipt: object) -> str:
    text = page(run(replace(result("deploy"), facts={"receipt": receipt}))).text
    return text.partition("Receipt of deploy")[2]


def test_the_page_links_to_the_last_rollout_of_each_environment() -> None:
    rollouts = {"<staging>": "environments/%3Cstaging%3E/rollout.html"}
    found = Page(html_report(failed_run(), BLOBS.__getitem__, None, rollouts))
    assert "Last rollouts: <staging>" in found.text
    assert ("a", {"href": "environments/%3Cstaging%3E/rollout.html"}) in found.tags
    assert "Last rollouts" not in page(failed_run()).text


def test_the_page_says_verdict_reason_and_facts() -> None:
    text = page(failed_run()).text
    assert "rolled back deploy: the new release crashed at its start" in text
    for fact in (
        "Application mycandidate",
        "Commit 3f2a91c0d4e5",
        "Jobs 2",
        "Duration 22.3 s",
        "Started 2026-09-21 14:13:20 UTC",
    ):
        assert fact in text


@pytest.mark.parametrize(
    "finished", [passed_run(), failed_run(), rollouts_run(), run()], ids=lambda r: r.run
)
def test_nothing_is_loaded_from_elsewhere(finished: RunResult) -> None:
    for tag, attributes in page(finished).tags:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        if tag == "link":
            assert attributes["href"] == "data:,"


def test_what_went_wrong_comes_first_with_remedy_command_and_log() -> None:
    text = page(failed_run()).text
    assert text.index("What needs attention") < text.index("Timeline 13 steps")
    assert "Next: Look at the log. Run it alone: shipway -C mycandidate run unit" in text
    assert "62 before them are not shown" in text
    assert "test_ward_61 PASSED" not in text
    assert "test_ward_62 PASSED" in text


def test_a_log_that_is_gone_is_told() -> None:
    def gone(digest: str) -> bytes:
        raise RecordError(f"no blob {digest}")

    assert "The log is no longer stored (no blob log-unit)." in html_report(failed_run(), gone)


def test_gates_are_shown_with_figure_limit_and_worst_places() -> None:
    text = page(failed_run()).text
    assert "coverage broken 71.25 % at least 80 % in unit main/importer.py 41 %" in text
    assert "p95 of ward search broken 88.2 ms at most 50 ms in performance" in text


def test_coverage_lists_the_least_covered_file_first() -> None:
    text = page(passed_run()).text
    assert text.index("main/importer.py") < text.index("main/pages.py")
    assert "unit: 71.25 % (at least 80 % wanted)" in text


def test_performance_has_a_row_for_each_endpoint() -> None:
    text = page(passed_run()).text
    assert "Endpoint p50 (ms) p95 (ms) p99 (ms) rps (/s) error-rate (%)" in text
    assert "ward page 11.2 31.4 48 410.2 0" in text


def test_a_figure_that_was_not_measured_is_a_dash() -> None:
    measures = (Measure("p95", 12.0, "ms", "a"), Measure("p50", 3.0, "ms", "b"))
    text = page(run(replace(result("load"), measures=measures))).text
    assert "a – 12 b 3 –" in text


def test_other_measures_have_a_table_of_their_own() -> None:
    measures = (Measure("size", 1_234_567, "bytes"),)
    text = page(run(replace(result("package"), measures=measures))).text
    assert "Other figures" in text
    assert "size package 1,234,567 bytes" in text


def test_left_out_tests_are_named() -> None:
    assert "Left out of unit test_redis: no Redis here" in page(passed_run()).text


def test_tests_that_failed_before_shipway_came_are_named() -> None:
    tests = TestTally(3, 0, 0, known_failures=("test_mail: no host",))
    text = page(run(replace(result("unit"), tests=tests))).text
    assert "Failed before Shipway came, and again: unit test_mail: no host" in text


def test_the_receipt_shows_releases_and_what_happened_when() -> None:
    text = page(passed_run()).text
    assert "verdict passed requests 1,840 failed 0" in text
    assert "1.4.0+3f2a91c.8c1d02 938 0 10.1 31.2 47.9" in text
    assert "+21.4 s health it answers on /health/ready" in text


def test_a_receipt_with_only_some_of_its_parts_is_shown_as_far_as_it_goes() -> None:
    assert "verdict passed" in receipt_text({"verdict": "passed"})
    partly = {
        "failed": None,
        "releases": {"one": {"requests": 7}, "two": {"failed": 1}, "odd": "no dict"},
        "timeline": [{"text": "began"}, {"at": 2.0, "stage": "stop"}, {"at": "noon"}, "odd"],
    }
    text = receipt_text(partly)
    assert "one 7 – two – 1" in text
    assert "began +2.0 s stop noon" in text
    odd = receipt_text({"cause": "none", "releases": ["x"], "timeline": "x"})
    assert odd.strip().startswith("Cause: none")


def test_the_receipt_of_a_real_rollout_reads_well() -> None:
    receipt = RolloutReport(
        environment="local",
        release="1.4.0",
        before="1.3.9",
        verdict=Verdict.ROLLED_BACK,
        started=STARTED,
        seconds=65.0,
        address="http://localhost:8080",
        cause="it answered 500",
        remedy="Read the log.",
        log=("Traceback", HOSTILE),
        releases={"1.3.9": {"requests": 90, "failed": 0, "p95": 3.14159}},
    )
    text = receipt_text(receipt.to_dict())
    assert "before 1.3.9 verdict rolled back seconds 1 min 05 s" in text
    assert "Cause: it answered 500 Next: Read the log." in text
    assert "requests failed p95 (ms) 1.3.9 90 0 3.14" in text
    assert "Last lines of what failed Traceback <script>alert(1)</script>red" in text
    assert "1,790,000,000" not in text
    assert "Nothing was sampled during this rollout" in text


def test_a_rollout_is_drawn_and_its_drawing_is_told_in_words_and_as_a_table() -> None:
    parsed = page(rollouts_run())
    assert parsed.text.count("The rollout over time: traffic, failed requests and latency") == 2
    assert "ended at 100 %. The release before, 1.3.9+77aa01b.aa12ff: 1,600 requests" in parsed.text
    assert "+12.0 s 10 % 5 2 188 45 0 30" in parsed.text
    svgs = [a for tag, a in parsed.tags if tag == "svg" and a.get("role") == "img"]
    ids = {a["id"] for tag, a in parsed.tags if tag in ("title", "desc") and "id" in a}
    told = [
        (a.get("aria-labelledby"), a.get("aria-describedby"))
        for a in svgs
        if "aria-describedby" in a
    ]
    assert len(told) == 2
    assert {one for pair in told for one in pair} == ids


def test_the_judges_sentences_cause_and_remedy_are_below_the_drawing() -> None:
    text = page(rollouts_run()).text.partition("Receipt of rollback")[2]
    assert "A +4.0 s keep watching candidate fails 40 % of 5 requests: too few to say" in text
    assert "B +12.0 s roll back candidate fails 40 % of 45 requests, baseline 0 % of 450" in text
    assert text.index("The drawing as a table") < text.index("What the judge said")
    assert text.index("< 1 in 10,000") < text.index("Cause: the new release fails 40 %")
    assert text.index("Cause: ") < text.index("Next: Look at its log: shipway logs local")


@pytest.mark.parametrize("nothing", [None, {}, "text", 3])
def test_without_a_receipt_there_is_no_such_part(nothing: object) -> None:
    assert receipt_text(nothing) == ""


def test_more_findings_than_fit_are_counted() -> None:
    many = tuple(finding(number) for number in range(MOST_FINDINGS + 7))
    text = page(run(replace(result("ruff", Outcome.FAILED), findings=many))).text
    assert "7 more are not shown without JavaScript" in text


def test_a_finding_says_all_that_is_known() -> None:
    text = page(judged_run()).text
    assert "critical GHSA-gmj6-6f8f-6699 pip-audit uv.lock Jinja has a sandbox breakout" in text
    assert "Next: Update jinja2 to 3.1.5. jinja2 3.1.4 · CVE-2024-56201 · CVSS 9.8 open" in text
    assert "B608 bandit, semgrep main/api.py:7" in text
    assert "CWE-89 · medium confidence" in text
    assert "waived a build image (Ann)" in text


def test_a_finding_that_was_judged_is_shown_once() -> None:
    assert page(judged_run()).text.partition('{"words"')[0].count("SQL from words") == 1


def test_the_lines_around_a_finding_are_shown_where_the_caller_has_them() -> None:
    html = html_report(judged_run(), BLOBS.__getitem__, SOURCES.get)
    assert "› 7      row = cursor.execute(query).fetchone()" not in page(judged_run()).text
    for line in ("  4  def page(request):", "› 7      row = cursor.execute(query).fetchone()"):
        assert line in html
    assert "import os" not in html


def test_a_file_with_a_secret_shows_no_lines() -> None:
    asked = []

    def source(path: str) -> str:
        asked.append(path)
        return "code\n" * 20

    judged = judged_run().steps[-1]
    key = next(one for one in judged.findings if one.kind is FindingKind.SECRET)
    beside = replace(judged.findings[1], path=key.path, line=key.line + 5)
    html_report(
        run(replace(judged, findings=(*judged.findings, beside))), BLOBS.__getitem__, source
    )
    assert sorted(asked) == ["Dockerfile", "main/api.py"]


def test_the_data_of_the_script_is_all_findings_whatever_they_hold() -> None:
    found = tuple(replace(finding(n), message=f"{HOSTILE}</script>{n}") for n in range(1, 600))
    html = html_report(run(replace(result("ruff"), findings=found)), BLOBS.__getitem__)
    data = json.loads(html.partition('id="found">')[2].partition("</script>")[0])
    assert len(data["rows"]) == 599
    place = list(fields(FindingRow)).index(
        next(f for f in fields(FindingRow) if f.name == "message")
    )
    messages = [data["words"][row[place]] for row in data["rows"]]
    assert messages[-1].endswith("</script>599")
    assert "\x1b" not in "".join(messages)


def test_twenty_thousand_findings_are_written_in_little_memory() -> None:
    finished = run(many_findings(20_000))
    before = getrusage(RUSAGE_SELF).ru_maxrss
    html, log = (
        html_report(finished, BLOBS.__getitem__, lambda path: "code\n" * 1000),
        sarif_report(finished),
    )
    assert (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024 < 300
    assert (len(html), len(log)) < (10_000_000, 20_000_000)


def test_an_address_that_the_sentence_names_is_linked_there_and_said_once() -> None:
    where = "http://127.0.0.1:8080"
    passed = html_report(replace(passed_run(), address=where), BLOBS.__getitem__)
    banner = passed.partition('class="banner')[2].partition("</div>")[0]
    assert f'answers at <a href="{where}">{where}</a></p>' in banner
    assert banner.count(f">{where}</a>") == 1


def test_the_address_is_a_link_only_when_it_is_one_of_the_web() -> None:
    links = [a.get("href") for tag, a in page(passed_run()).tags if tag == "a"]
    assert "http://127.0.0.1:8080" in links
    bad = page(replace(passed_run(), address="javascript:alert(1)"))
    assert not any((a.get("href") or "").startswith("java") for _, a in bad.tags)


def test_hostile_text_stays_text() -> None:
    hostile = run(
        *(
            replace(
                s,
                step=f"{s.step}{HOSTILE}",
                stage=HOSTILE,
                reason=HOSTILE,
                remedy=HOSTILE,
                command=HOSTILE,
            )
            for s in failed_run().steps
        ),
        verdict=Verdict.FAILED,
    )
    hostile = replace(hostile, application=HOSTILE, branch=HOSTILE, commit=HOSTILE, run=HOSTILE)
    html = html_report(hostile, lambda digest: HOSTILE.encode("utf-8", "replace"))
    parsed = Page(html)
    scripts = [attributes.get("type") for tag, attributes in parsed.tags if tag == "script"]
    assert scripts == ["application/json", None]
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", html)
    html.encode()


def test_hostile_text_of_a_receipt_stays_text() -> None:
    html = html_report(rollouts_run(HOSTILE), BLOBS.__getitem__)
    tags = [tag for tag, _ in Page(html).tags]
    assert tags == [tag for tag, _ in page(rollouts_run()).tags]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", html)
    assert "alert(1)" in html


@pytest.mark.parametrize("finished", [failed_run(), rollouts_run()], ids=lambda r: r.run)
def test_every_table_has_a_caption_and_headings_do_not_skip_a_level(finished: RunResult) -> None:
    tags = [tag for tag, _ in page(finished).tags]
    assert tags.count("caption") == tags.count("table") > 0
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("finished", [failed_run(), rollouts_run()], ids=lambda r: r.run)
def test_anchors_are_unique_and_every_link_inside_leads_somewhere(finished: RunResult) -> None:
    tags = page(finished).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = [a["href"] for tag, a in tags if tag == "a" and (a.get("href") or "").startswith("#")]
    assert inside
    assert all((href or "")[1:] in ids for href in inside)


def test_the_problems_stand_at_the_top_with_place_and_remedy() -> None:
    text = page(everything_wrong()).text
    first = text.index("secret new main/keys.py:10 Generic API key (gitleaks generic-api-key)")
    assert first < text.index("failed test new tests/test_wards.py:41 expected 200, got 404")
    assert first < text.index("What needs attention")
    assert "Next: Correct the code or the test; shipway run unit runs these tests alone." in text


def test_a_test_that_failed_is_a_case_with_the_lines_that_show_it() -> None:
    text = page(everything_wrong()).text
    assert "2 of 261 tests failed" in text
    assert "> assert page.status_code == 200, 'expected 200, got 404'" in " ".join(text.split())


def test_long_names_may_be_broken_at_their_separators_only() -> None:
    html = html_report(everything_wrong(), BLOBS.__getitem__)
    assert "tests/<wbr>integration/<wbr>test_<wbr>the_<wbr>import_" in html
    hostile = replace(everything_wrong(), steps=(replace(result("a/<b>", Outcome.FAILED)),))
    assert "<b>" not in html_report(hostile, BLOBS.__getitem__)
