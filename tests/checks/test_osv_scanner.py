from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.dependencies import UNRATED
from shipway.checks.osv_scanner import OSV_SCANNER
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckResult, ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, refusal
from .published_outputs import published
from .recordings import SITE


def understood(case: str) -> CheckResult:
    return OSV_SCANNER.read(published("osv-scanner", case), tiny_application.CONFIG, SITE)


def test_it_looks_at_the_lock_and_names_all_packages() -> None:
    assert argv("osv-scanner") == (
        "scan",
        "source",
        "--format",
        "json",
        "--all-packages",
        "--lockfile",
        "uv.lock",
    )
    assert fix("osv-scanner") is None


def test_each_group_of_names_is_one_fault() -> None:
    assert faults(understood("bad")) == [
        ("GHSA-562c-5r94-xh97", "uv.lock", 0, Severity.HIGH),
        ("PYSEC-2026-1", "uv.lock", 0, UNRATED),
    ]


def test_a_finding_says_all_that_the_advisories_say() -> None:
    finding = understood("bad").findings[0]
    assert (finding.kind, finding.package, finding.cvss) == (
        FindingKind.DEPENDENCY,
        "flask 0.12.2",
        7.5,
    )
    assert set(finding.ids) == {"GHSA-562c-5r94-xh97", "CVE-2018-1000656", "PYSEC-2018-66"}
    assert (finding.cwe, finding.score) == (("CWE-20",), "HIGH")
    assert finding.remedy == "Update flask to 0.12.3 or later."
    assert finding.link == "https://nvd.nist.gov/vuln/detail/CVE-2018-1000656"


def test_what_only_development_needs_is_marked() -> None:
    assert understood("bad").findings[1].message == "It tells all (only development needs it)"


def test_its_own_score_counts_where_no_vector_is_understood() -> None:
    output = published("osv-scanner", "bad")
    report = json.loads(output.stdout)
    report["results"][0]["packages"][2]["groups"][0]["max_severity"] = "2.1"
    reading = OSV_SCANNER.read(
        replace(output, stdout=json.dumps(report)), tiny_application.CONFIG, SITE
    )
    assert (reading.findings[1].cvss, reading.findings[1].severity) == (2.1, Severity.LOW)


def test_clean_is_clean() -> None:
    assert understood("clean").findings == ()


def test_no_packages_are_not_a_pass() -> None:
    problem = refusal("osv-scanner", published("osv-scanner", "nothing"))
    assert problem.message == "osv-scanner found no packages"
    empty = ToolOutput(0, '{"results": []}', "")
    assert refusal("osv-scanner", empty).message == "osv-scanner found no packages"


@pytest.mark.parametrize(
    "said", ["dial tcp: lookup api.osv.dev: no such host", "Error during extraction: 503"]
)
def test_no_advisories_are_not_a_pass_though_it_ends_with_0(said: str) -> None:
    for output in (published("osv-scanner", "no-data"), ToolOutput(127, "", said)):
        problem = refusal("osv-scanner", output)
        assert problem.message == "osv-scanner could not reach osv.dev's advisories"
        assert "--advisories" in problem.remedy


@pytest.mark.parametrize(
    "stdout",
    [
        "[]",
        "{}",
        '{"results": [3]}',
        '{"results": [{"packages": [{}]}]}',
        '{"results": [{"packages": [{"package": {"name": "a", "version": "1"}, '
        '"groups": [{"ids": ["A"]}]}]}]}',
    ],
)
def test_another_form_is_no_result(stdout: str) -> None:
    for code in (0, 1):
        assert "no result" in refusal("osv-scanner", ToolOutput(code, stdout, "")).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("bad", 127), ("clean", -9)):
        output = replace(published("osv-scanner", case), code=code)
        assert "no result" in refusal("osv-scanner", output).message
