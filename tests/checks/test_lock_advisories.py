from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.dependencies import UNRATED
from shipway.checks.osv_advisories import ADVISORIES
from shipway.checks.scripts import match_advisories
from shipway.errors import CannotRun
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckResult, ToolOutput

from . import advisory_projects, tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load, perform


def reported(**changed: Any) -> CheckResult:
    report = {**json.loads(load("advisories", "bad").stdout), **changed}
    return ADVISORIES.read(ToolOutput(0, json.dumps(report), ""), tiny_application.CONFIG, SITE)


def test_it_reads_the_lock_and_the_folder_that_was_given() -> None:
    assert argv("advisories") == ("/app/advisories", "uv.lock")
    assert fix("advisories") is None


def test_without_advisories_it_cannot_run() -> None:
    with pytest.raises(CannotRun, match="no advisories were given") as raised:
        ADVISORIES.argv(tiny_application.CONFIG, replace(SITE, advisories=""))
    assert "shipway run --advisories DIR" in raised.value.remedy


def test_no_module_of_the_application_takes_the_place_of_one_of_pythons() -> None:
    assert dict(ADVISORIES.tool.env)["PYTHONSAFEPATH"]


def test_each_fault_is_one_finding_whatever_databases_call_it() -> None:
    assert faults(read("advisories", "bad")) == [
        ("GHSA-562c-5r94-xh97", "uv.lock", 5, Severity.HIGH),
        ("PYSEC-2026-1", "uv.lock", 16, UNRATED),
    ]


def test_a_finding_says_all_that_the_advisory_says() -> None:
    finding = read("advisories", "bad").findings[0]
    assert (finding.kind, finding.package) == (FindingKind.DEPENDENCY, "flask 0.12.2")
    assert (finding.cvss, finding.score, finding.cwe) == (7.5, "HIGH", ("CWE-20",))
    assert set(finding.ids) == {"GHSA-562c-5r94-xh97", "CVE-2018-1000656", "PYSEC-2018-66"}
    assert finding.message == "JSON in an unexpected encoding takes all memory"
    assert finding.remedy == "Update flask to 0.12.3 or later."
    assert (finding.link, finding.confidence) == ("https://example.org/flask", "high")


def test_what_only_development_needs_is_marked_and_no_fix_is_said() -> None:
    finding = read("advisories", "bad").findings[1]
    assert finding.message == "It tells all (only development needs it)"
    assert finding.remedy == "No fix is known."


def test_what_cannot_be_told_is_a_finding_of_low_confidence() -> None:
    match = json.loads(load("advisories", "bad").stdout)["matches"][0]
    (finding,) = reported(matches=[{**match, "certain": False}]).findings
    assert finding.confidence == "low"
    assert "cannot be told" in finding.message


def test_what_is_not_pinned_is_named() -> None:
    (finding,) = reported(matches=[], unpinned=["redis"]).findings
    assert (finding.rule, finding.package, finding.severity) == (
        "not-pinned",
        "redis",
        Severity.LOW,
    )


def test_the_age_of_the_advisories_is_measured() -> None:
    (measure,) = reported(age_days=1.5).measures
    assert (measure.name, measure.value, measure.unit) == ("advisories age", 1.5, "d")


def test_clean_is_clean() -> None:
    assert read("advisories", "clean").findings == ()


def test_no_packages_and_no_pins_are_not_a_pass() -> None:
    assert refused("advisories", "nothing") == "advisories found no packages"
    with pytest.raises(CannotRun, match="found no packages"):
        reported(packages=1, unpinned=["redis"], matches=[])


def test_no_advisories_are_not_a_pass() -> None:
    assert refused("advisories", "no-advisories") == (
        "/app/advisories has no advisory for PyPI's packages"
    )


def test_advisories_that_cannot_be_read_are_not_a_pass() -> None:
    assert refused("advisories", "damaged") == "1 of the advisories cannot be read: PYSEC-2.json"


def test_a_lock_that_cannot_be_read_is_not_a_pass() -> None:
    assert refused("advisories", "syntax") == (
        "advisories ended with 1 and no result: "
        "error: uv.lock: Invalid value (at line 1, column 10)"
    )


@pytest.mark.parametrize(
    "changed",
    [{"matches": 3}, {"matches": [{}]}, {"packages": None}, {"unread": None}, {"age_days": "x"}],
)
def test_another_form_is_no_result(changed: dict[str, Any]) -> None:
    with pytest.raises(CannotRun, match="no result"):
        reported(**changed)


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for code in (1, 2, -9):
        output = replace(load("advisories", "clean"), code=code)
        assert "no result" in refusal("advisories", output).message


@pytest.mark.parametrize("case", ["bad", "clean"])
def test_the_program_still_says_what_was_recorded(case: str, tmp_path: Path) -> None:
    said, recorded = (
        {**json.loads(output.stdout), "age_days": 0}
        for output in (perform("advisories", case, str(tmp_path), ""), load("advisories", case))
    )
    assert said == recorded


def test_a_range_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_application.write({"uv.lock": advisory_projects.LOCK}, str(tmp_path))
    one = advisory_projects.advisory(
        "PYSEC-3", "jinja2", [{"introduced": "0"}, {"fixed": "no version"}]
    )
    (tmp_path / "PYSEC-3.json").write_text(json.dumps(one))
    match_advisories.main(str(tmp_path), str(tmp_path / "uv.lock"), 0.0)
    (match,) = json.loads(capsys.readouterr().out)["matches"]
    assert (match["id"], match["certain"], match["fixed"]) == ("PYSEC-3", False, [])


def test_it_imports_nothing_heavy() -> None:
    program = f"import sys, {ADVISORIES.tool.program}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    heavy = {"pydantic", "rich", "httpx", "jinja2", "license_expression", "univers.debian"}
    assert not heavy & set(done.stdout.split())
