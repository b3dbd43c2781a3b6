from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.dependencies import UNRATED, site_packages
from shipway.checks.pip_audit import PIP_AUDIT
from shipway.errors import CannotRun
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

from . import osv_service, real_tools, tiny_application
from .check_results import argv, fix, refusal, refused
from .published_outputs import published
from .recordings import SITE

FAULT = {"id": "PYSEC-1", "fix_versions": [], "aliases": [], "description": "no"}


def understood(output: ToolOutput) -> CheckResult:
    return PIP_AUDIT.read(output, tiny_application.CONFIG, SITE)


def said(code: int, *dependencies: object) -> ToolOutput:
    return ToolOutput(code, json.dumps({"dependencies": dependencies, "fixes": []}), "")


def test_the_applications_environment_is_audited_and_not_the_tools_own() -> None:
    assert argv("pip-audit")[:3] == ("--path", "/app/lib/site-packages", "--skip-editable")
    assert fix("pip-audit") is None


def test_packages_are_where_the_interpreter_has_them(tmp_path: Path) -> None:
    packages = tmp_path / "[env]" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    context = replace(SITE, python=str(tmp_path / "[env]" / "bin" / "python"))
    assert site_packages(context) == str(packages)


def test_without_an_environment_there_is_nothing_to_audit() -> None:
    with pytest.raises(CannotRun, match="environment is not there") as raised:
        PIP_AUDIT.argv(tiny_application.CONFIG, CheckContext("/app", "/out"))
    assert raised.value.remedy


def test_a_fault_has_its_package_all_its_names_and_the_version_that_mends_it() -> None:
    (finding,) = understood(published("pip-audit", "bad")).findings
    assert (finding.rule, finding.kind, finding.severity) == (
        "PYSEC-2026-1",
        FindingKind.DEPENDENCY,
        UNRATED,
    )
    assert finding.package == "pytest 9.2.0"
    assert set(finding.ids) == {"PYSEC-2026-1", "CVE-2026-0001", "GHSA-aaaa-bbbb-cccc"}
    assert (finding.path, finding.line) == ("uv.lock", 0)
    assert finding.message == "It lets anybody cross"
    assert finding.remedy == "Update pytest to 1000."
    assert finding.link == "https://osv.dev/vulnerability/PYSEC-2026-1"


def test_what_has_no_fix_says_so() -> None:
    package = {"name": "town", "version": "1.0", "vulns": [FAULT]}
    assert understood(said(1, package)).findings[0].remedy == "No fix is known."


def test_a_long_description_is_cut_to_a_length_that_people_read() -> None:
    fault = {**FAULT, "description": "word " * 1000}
    package = {"name": "town", "version": "1.0", "vulns": [fault]}
    assert len(understood(said(1, package)).findings[0].message) <= 300


def test_clean_is_clean() -> None:
    assert understood(published("pip-audit", "clean")).findings == ()


def test_where_all_was_skipped_nothing_was_audited_though_it_ends_with_0() -> None:
    problem = refusal("pip-audit", published("pip-audit", "skipped"))
    assert problem.message == (
        "pip-audit could audit none of 6 packages: "
        "Dependency not found on PyPI and could not be audited: coverage (7.17.3)"
    )
    assert "shipway run --advisories DIR" in problem.remedy


def test_one_package_that_was_skipped_is_named() -> None:
    output = said(
        0,
        {"name": "flask", "version": "3.1.3", "vulns": []},
        {"name": "ours", "skip_reason": "Dependency not found on PyPI"},
        {"name": "town", "skip_reason": "distribution marked as editable"},
    )
    (finding,) = understood(output).findings
    assert (finding.rule, finding.package, finding.severity) == (
        "not-audited",
        "ours",
        Severity.INFO,
    )


def test_no_packages_are_not_a_pass() -> None:
    assert refused("pip-audit", "nothing") == "pip-audit found no packages"


def test_an_untrusted_proxy_is_told_from_a_fault() -> None:
    problem = refusal("pip-audit", published("pip-audit", "untrusted"))
    assert "does not trust the certificate" in problem.message
    assert "REQUESTS_CA_BUNDLE" in problem.remedy


@pytest.mark.parametrize(
    "line",
    [
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='pypi.org', port=443)",
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
    ],
)
def test_no_network_is_not_a_pass(line: str) -> None:
    problem = refusal("pip-audit", ToolOutput(1, "", f"Traceback:\n{line}\n"))
    assert problem.message == "pip-audit could not reach pypi.org"
    assert "--advisories" in problem.remedy


@pytest.mark.parametrize(
    "stdout",
    [
        "[]",
        "{}",
        '{"dependencies": {}}',
        '{"dependencies": [3]}',
        '{"dependencies": [{}]}',
        '{"dependencies": [{"name": "a", "version": "1", "vulns": [{}]}]}',
    ],
)
def test_another_form_is_no_result(stdout: str) -> None:
    for code in (0, 1):
        with pytest.raises(CannotRun):
            understood(ToolOutput(code, stdout, ""))


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("bad", -9), ("clean", 2)):
        output = replace(published("pip-audit", case), code=code)
        assert "no result" in refusal("pip-audit", output).message


@pytest.mark.e2e
def test_the_real_tool_still_says_what_was_recorded(tmp_path: Path) -> None:
    python = real_tools.application_environment(str(tmp_path / "environment"))
    context = CheckContext(str(tmp_path), str(tmp_path / "out"), python)
    with osv_service.answering("pytest") as url:
        service = ("--vulnerability-service", "osv", "--osv-url", url)
        output = real_tools.execute(
            PIP_AUDIT, (*PIP_AUDIT.argv(tiny_application.CONFIG, context), *service), context
        )
    assert understood(output) == understood(published("pip-audit", "bad"))
