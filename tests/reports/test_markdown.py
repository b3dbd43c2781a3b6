from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.reports.markdown_page import OUR_TAGS, Page, page

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult
from shipway.reports.markdown import (
    LONGEST,
    MOST_FINDINGS,
    code_span,
    escape_markdown,
    markdown_link,
    markdown_report,
)

from .any_finding import ANY_TEXT, FINDINGS
from .sample_runs import HOSTILE, everything_wrong, failed_run, finding, passed_run, result, run

INJECTION = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.HIGH,
    path="main/api.py",
    line=12,
    message="SQL from words of a request",
    remedy="Give values as parameters.",
    link="https://bandit.readthedocs.io/b608",
    also=("semgrep",),
)


def of(*found: Finding, **facts: object) -> RunResult:
    step = replace(result("findings", Outcome.FAILED, "security"), findings=found, facts=facts)
    return run(step, verdict=Verdict.FAILED)


def test_the_verdict_and_its_reason_come_first() -> None:
    first, _, second, *_ = markdown_report(failed_run()).splitlines()
    assert first == "## mycandidate: rolled back"
    assert second.endswith("deploy: the new release crashed at its start.")
    assert second.startswith("13 steps: ")


def test_gates_have_figure_limit_and_worst_places() -> None:
    rows = page(failed_run()).rows
    assert [
        "coverage",
        "broken",
        "71.25 %",
        "at least 80 %",
        "main/importer.py 41 %, main/api.py 62 %",
    ] in rows
    assert ["p95 of ward page", "kept", "31.4 ms", "at most 50 ms", ""] in rows


def test_findings_are_counted_by_severity_and_state() -> None:
    known = replace(finding(2), state=FindingState.KNOWN)
    waived = replace(INJECTION, state=FindingState.WAIVED)
    finished = of(INJECTION, waived, known, fixed=3, compared=True)
    rows = page(finished).rows
    assert ["Severity", "open", "known", "waived", "set aside"] in rows
    assert ["high", "1", "0", "1", "0"] in rows
    assert ["medium", "0", "1", "0", "0"] in rows
    assert "3 findings of the baseline fixed." in page(finished).words
    assert "of the baseline" not in page(of(INJECTION, fixed=0, compared=False)).words


def test_the_worst_open_findings_are_a_table() -> None:
    low = [finding(n, Severity.LOW) for n in range(1, 13)]
    parsed = page(of(*low, INJECTION, replace(INJECTION, state=FindingState.WAIVED)))
    at = parsed.rows.index(["Severity", "Place", "Rule", "What", "What to do"])
    assert parsed.rows[at + 1] == [
        "high",
        "main/api.py:12",
        "B608 bandit, semgrep",
        "SQL from words of a request",
        "Give values as parameters.",
    ]
    end = parsed.rows.index(["Step", "Outcome", "Took", "When"])
    assert len(parsed.rows[at + 1 : end]) == MOST_FINDINGS
    assert "And 3 more open findings, in the report." in parsed.words
    assert ("a", {"href": "https://bandit.readthedocs.io/b608"}) in parsed.tags


def test_what_could_not_run_is_told_with_its_reason_and_remedy() -> None:
    words = page(failed_run()).words
    assert "What these would have found is not known." in words
    assert "trivy: the program trivy is not on PATH. Install it: https:" in words


def test_links_are_the_callers() -> None:
    text = markdown_report(passed_run(), {"Report": "https://ci.example/1", "Bad": "javascript:x"})
    assert text.rstrip().endswith('<a href="https://ci.example/1">Report</a> · Bad')


def test_a_run_without_findings_and_gates_is_short() -> None:
    assert len(markdown_report(run()).splitlines()) == 3


def test_hostile_words_stay_words() -> None:
    parts = (
        HOSTILE,
        "a|b",
        "`x`",
        "**b**",
        "[l](https://evil.example)",
        "![i](https://evil.example)",
        "<img src=x onerror=alert(1)>",
        "# head",
        "- item",
        "1. item",
        "> quote",
        "a\n\n## b",
        "```\nfence",
        "| - |",
        "\\|",
        "&lt;",
        "<!-- ",
        "$x$",
        "~~s~~",
        "https://evil.example",
    )
    for part in parts:
        hostile = replace(INJECTION, path=part, rule=part, message=part, remedy=part, tool=part)
        finished = of(hostile)
        step = replace(finished.steps[0], reason=part, step=part, outcome=Outcome.ERROR)
        parsed = page(replace(finished, application=part, steps=(*finished.steps, step)))
        assert {tag for tag, _ in parsed.tags} <= OUR_TAGS, part
        assert [row for row in parsed.rows if len(row) not in (4, 5)] == [], part
        links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
        assert set(links) <= {"https://bandit.readthedocs.io/b608"}


@given(st.lists(FINDINGS, max_size=3), ANY_TEXT)
def test_any_text_gives_the_same_tables(found: list[Finding], text: str) -> None:
    finished = replace(of(*found), application=text)
    parsed = page(finished)
    assert {tag for tag, _ in parsed.tags} <= OUR_TAGS
    assert [row for row in parsed.rows if len(row) not in (4, 5)] == []


def test_nobody_is_called_and_nothing_is_referred_to() -> None:
    shown = escape_markdown("@everyone #12 GH-7 www.evil.example https://evil.example", 200)
    plain = Page(shown).words.strip()
    assert not re.search(r"@\w|#\d|GH-\d|www\.|://", plain)
    assert plain.replace("\u200b", "") == (
        "@everyone #12 GH-7 www.evil.example https://evil.example"
    )


def test_long_text_is_cut_and_of_paths_the_end_stays() -> None:
    assert escape_markdown("x" * 50, 10) == "x" * 9 + "…"
    assert code_span("a/" * 50 + "end.py", 10) == "<code>…a/end.py</code>".replace("…a", "…/a")


def test_a_link_that_is_not_of_the_web_is_only_words() -> None:
    assert markdown_link("x", 'https://e.example/"onclick=') == "x"
    assert (
        markdown_link("x", "https://e.example/?a=1&b=2")
        == '<a href="https://e.example/?a=1&amp;b=2">x</a>'
    )


def test_it_is_always_short_enough_for_github() -> None:
    long = "|`<&" * 500
    hostile = replace(INJECTION, message=long, remedy=long, path=long, rule=long, tool=long)
    steps = [
        replace(result(f"{long}{n}", Outcome.ERROR, "security"), reason=long, remedy=long)
        for n in range(60)
    ]
    gated = replace(
        result("gated"), gates=tuple(g for s in failed_run().steps for g in s.gates) * 9
    )
    finished = of(*[replace(hostile, line=n + 1) for n in range(3000)])
    text = markdown_report(
        replace(finished, application=long, steps=(*finished.steps, *steps, gated))
    )
    assert 10_000 < len(text) < LONGEST
    assert "And 40 more checks, in the report." in text


def test_what_could_not_run_is_named_the_worst_first_and_what_a_figure_lacks() -> None:
    scanner = replace(result("trivy", Outcome.ERROR, "security"), reason="not here")
    suite = replace(result("browser", Outcome.ERROR, "test"), reason="no browser")
    lacking = {"warnings": ["measured without browser, which did not run"]}
    coverage = replace(result("coverage", stage="test"), facts=lacking)
    text = markdown_report(run(scanner, suite, coverage, verdict=Verdict.INCOMPLETE))
    suite_line, scanner_line = "<code>browser</code>: no browser.", "<code>trivy</code>: not here."
    assert text.index(suite_line) < text.index(scanner_line)
    warning = "- <code>coverage</code>: measured without browser, which did not run."
    assert f"### Warnings\n{warning}" in text
    assert "Warnings" not in markdown_report(passed_run())


def test_what_is_wrong_comes_first_in_order_of_weight_and_what_is_new_is_marked() -> None:
    text = markdown_report(everything_wrong())
    listed = [line for line in text.splitlines() if line.startswith("- **")]
    kinds = [line.split("**")[-2] for line in listed]
    assert listed[0].startswith(
        "- **new** **secret** <code>main/keys.py:10</code>: Generic API key"
    )
    assert kinds[:2] == ["secret", "failed test"]
    assert kinds[-2:] == ["failed test", "missed limit"]  # main has the one, and not the other ran
    assert text.index("### What is wrong") < text.index("### Gates")
