from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.sarif_import import findings_from_sarif
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports import sarif as module
from shipway.reports.sarif import sarif_report

from .any_finding import FILE_NAMES, FINDINGS, UNICODE, findings
from .sample_runs import HOSTILE, failed_run, finding, passed_run, result, run
from .sarif_schema import faults

INJECTION = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.HIGH,
    path="main/api.py",
    line=12,
    message="SQL from words of a request",
    remedy="Give values as parameters.",
    confidence="medium",
    cwe=("CWE-89",),
    link="https://bandit.readthedocs.io/b608",
)
JINJA = Finding(
    tool="pip-audit",
    rule="GHSA-gmj6-6f8f-6699",
    severity=Severity.CRITICAL,
    path="uv.lock",
    line=7,
    message="Jinja2 runs code",
    remedy="Update jinja2 to 3.1.5.",
    kind=FindingKind.DEPENDENCY,
    cvss=9.8,
    ids=("GHSA-gmj6-6f8f-6699", "CVE-2024-56201"),
    package="jinja2 3.1.4",
    also=("osv",),
)


def log(*steps: StepResult, root_uri: str = "") -> dict[str, Any]:
    written: dict[str, Any] = json.loads(sarif_report(run(*steps), root_uri))
    assert faults(written) == []
    return written


def security(name: str, *found: Finding, outcome: Outcome = Outcome.PASSED) -> StepResult:
    return replace(result(name, outcome, "security"), findings=found)


def of(written: dict[str, Any], tool: str) -> dict[str, Any]:
    (one,) = (r for r in written["runs"] if r["tool"]["driver"]["name"] == tool)
    return dict(one)


@pytest.mark.parametrize("finished", [passed_run(), failed_run(), run()], ids=lambda r: r.run)
def test_whole_runs_keep_the_official_schema(finished: RunResult) -> None:
    assert faults(json.loads(sarif_report(finished))) == []


@given(st.lists(FINDINGS, max_size=3))
def test_any_findings_keep_the_official_schema(found: list[Finding]) -> None:
    written = log(security("bandit", *found))
    assert sum(len(one["results"]) for one in written["runs"]) == len(found)


@given(st.lists(findings(UNICODE, FILE_NAMES), max_size=4))
def test_what_was_written_is_read_back_whole(found: list[Finding]) -> None:
    read = findings_from_sarif(log(security("bandit", *found)))
    assert sorted(read, key=repr) == sorted(found, key=repr)
    assert sorted(f.fingerprint for f in read) == sorted(f.fingerprint for f in found)


def test_each_tool_that_looked_has_a_run_of_its_own_even_if_it_found_nothing() -> None:
    written = log(security("bandit", INJECTION), security("pip-audit", JINJA), security("zizmor"))
    names = [one["tool"]["driver"]["name"] for one in written["runs"]]
    assert names == ["shipway", "bandit", "pip-audit", "zizmor"]
    assert of(written, "zizmor")["results"] == []


def test_a_tool_that_could_not_look_has_no_empty_run_but_a_note() -> None:
    trivy = replace(
        security("trivy", outcome=Outcome.ERROR),
        reason="trivy is not on PATH",
        remedy="Install it.",
    )
    written = log(security("bandit", INJECTION), trivy)
    assert [one["tool"]["driver"]["name"] for one in written["runs"]] == ["shipway", "bandit"]
    (invocation,) = of(written, "shipway")["invocations"]
    assert invocation["executionSuccessful"] is False
    (note,) = invocation["toolExecutionNotifications"]
    text = "trivy did not look (unavailable): trivy is not on PATH. Install it."
    assert (note["level"], note["message"]["text"]) == ("error", text)
    assert of(written, "bandit")["invocations"] == [{"executionSuccessful": True}]


def test_findings_of_a_tool_that_could_not_look_again_stand_in_an_unsuccessful_run() -> None:
    trivy = security("trivy", outcome=Outcome.ERROR)
    imported = replace(INJECTION, tool="trivy")
    (invocation,) = of(log(trivy, security("findings", imported)), "trivy")["invocations"]
    assert invocation["executionSuccessful"] is False


def test_a_result_says_where_how_bad_and_which_one() -> None:
    (written,) = of(log(security("bandit", INJECTION)), "bandit")["results"]
    place = written["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "main/api.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 12}
    assert written["message"] == {"text": "SQL from words of a request"}
    assert (written["ruleId"], written["ruleIndex"], written["level"]) == ("B608", 0, "error")
    assert written["partialFingerprints"] == {"shipway/v1": INJECTION.fingerprint}
    assert written["baselineState"] == "new"
    assert "suppressions" not in written


def test_a_rule_says_what_it_is_about_and_what_to_do() -> None:
    (rule,) = of(log(security("bandit", INJECTION)), "bandit")["tool"]["driver"]["rules"]
    assert rule["id"] == "B608"
    assert rule["shortDescription"]["text"] == rule["fullDescription"]["text"] == INJECTION.message
    assert rule["help"]["text"].splitlines() == [
        "Give values as parameters.",
        "CWE-89",
        "https://bandit.readthedocs.io/b608",
    ]
    assert rule["helpUri"] == "https://bandit.readthedocs.io/b608"
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert rule["properties"] == {
        "tags": ["security", "code", "external/cwe/cwe-89"],
        "problem.severity": "error",
        "security-severity": "8.0",
        "precision": "medium",
    }


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "2.0"),
        (Severity.INFO, "note", "0.0"),
    ],
)
def test_severity_gives_level_and_score(severity: Severity, level: str, score: str) -> None:
    one = of(log(security("bandit", replace(INJECTION, severity=severity))), "bandit")
    assert one["results"][0]["level"] == level
    assert one["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == score


def test_cvss_is_the_score_where_it_is_known() -> None:
    (rule,) = of(log(security("pip-audit", JINJA)), "pip-audit")["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.8"


def test_what_is_not_about_security_has_no_security_score() -> None:
    (rule,) = of(log(replace(result("ruff"), findings=(finding(1),))), "ruff")["tool"]["driver"][
        "rules"
    ]
    assert "security-severity" not in rule["properties"]
    assert rule["properties"]["tags"] == ["code"]


def test_a_rule_with_several_messages_is_called_by_its_name() -> None:
    found = (finding(1), finding(2))
    (rule,) = of(log(replace(result("ruff"), findings=found)), "ruff")["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "E501, reported by ruff"


@pytest.mark.parametrize("state", [FindingState.WAIVED, FindingState.DISMISSED])
def test_findings_that_do_not_count_are_suppressed_and_known_ones_unchanged(
    state: FindingState,
) -> None:
    waived = replace(INJECTION, state=state, because="only numbers (Ann, until 2027-01-31)")
    known = replace(INJECTION, line=30, message="other", state=FindingState.KNOWN)
    written = of(log(security("bandit", waived, known)), "bandit")["results"]
    by_line = {r["locations"][0]["physicalLocation"]["region"]["startLine"]: r for r in written}
    assert by_line[12]["suppressions"] == [
        {"kind": "external", "justification": "only numbers (Ann, until 2027-01-31)"}
    ]
    assert (by_line[12]["baselineState"], by_line[30]["baselineState"]) == ("new", "unchanged")


def test_findings_that_a_step_judged_are_told_once_by_its_word() -> None:
    waived = replace(INJECTION, state=FindingState.WAIVED, because="x")
    judge = replace(
        security("findings", waived), needs=("bandit",), facts={"fixed": 0, "compared": False}
    )
    (written,) = of(log(security("bandit", INJECTION), judge), "bandit")["results"]
    assert written["suppressions"]


def test_a_finding_without_a_place_or_line_still_has_one() -> None:
    nowhere = replace(INJECTION, path="", line=0)
    (written,) = of(log(security("bandit", nowhere)), "bandit")["results"]
    place = written["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "shipway.toml"
    assert place["region"] == {"startLine": 1}


def test_odd_file_names_are_proper_uris() -> None:
    names = ("a b#c?.py", "50%.py", "ü/☃.py", "c:x.py", "/etc/passwd", "../up.py", "bad\udcff.py")
    found = [
        replace(INJECTION, path=name, message=name.encode("utf-8", "replace").decode())
        for name in names
    ]
    written = of(log(security("bandit", *found)), "bandit")["results"]
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in written}
    assert uris == {
        "a%20b%23c%3F.py",
        "50%25.py",
        "%C3%BC/%E2%98%83.py",
        "c%3Ax.py",
        "file:///etc/passwd",
        "../up.py",
        "bad%FF.py",
    }


def test_the_root_is_told_only_where_it_was_given() -> None:
    assert "originalUriBaseIds" not in of(log(security("bandit", INJECTION)), "bandit")
    written = of(log(security("bandit", INJECTION), root_uri="file:///work/app"), "bandit")
    assert written["originalUriBaseIds"] == {"%SRCROOT%": {"uri": "file:///work/app/"}}


def test_hostile_words_make_no_link_and_no_control_characters() -> None:
    hostile = replace(INJECTION, message=f"[click](https://evil.example) {HOSTILE}", rule=HOSTILE)
    written = of(log(security("bandit", hostile)), "bandit")
    text = written["results"][0]["message"]["text"]
    assert text.startswith(r"\[click\](https://evil.example)")
    rule = written["tool"]["driver"]["rules"][0]
    for words in (text, rule["id"], rule["shortDescription"]["text"]):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", words)


def test_a_link_that_is_not_of_the_web_is_no_help_uri() -> None:
    bad = replace(INJECTION, link="javascript:alert(1)")
    (rule,) = of(log(security("bandit", bad)), "bandit")["tool"]["driver"]["rules"]
    assert "helpUri" not in rule


def test_more_tools_than_github_takes_share_shipways_run() -> None:
    steps = [security(f"tool{n:02}", replace(INJECTION, tool=f"tool{n:02}")) for n in range(30)]
    written = log(*steps)
    assert len(written["runs"]) == module.MOST_RUNS
    assert next(r["ruleId"] for r in of(written, "shipway")["results"]) == "tool19/B608"
    assert {f.tool for f in findings_from_sarif(written)} == {f"tool{n:02}" for n in range(30)}


def test_the_worst_findings_are_kept_where_github_takes_no_more() -> None:
    many = [replace(INJECTION, severity=Severity.LOW, line=n + 1) for n in range(25_000)]
    written = json.loads(sarif_report(run(security("bandit", *many, INJECTION, INJECTION))))
    bandit = of(written, "bandit")
    assert len(bandit["results"]) == module.MOST_RESULTS
    assert [r["level"] for r in bandit["results"][:3]] == ["error", "error", "note"]
    (note,) = bandit["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "2 less severe findings left out: GitHub takes 25,000"
