from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.checks.dependencies import UNRATED
from shipway.checks.safety import SAFETY
from shipway.findings.finding import FindingKind
from shipway.pipeline.check import CheckResult, ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, refusal
from .published_outputs import published
from .recordings import SITE


def understood(case: str, code: int | None = None) -> CheckResult:
    output = published("safety", case)
    output = output if code is None else replace(output, code=code)
    return SAFETY.read(output, tiny_application.CONFIG, SITE)


def test_it_looks_at_the_applications_environment() -> None:
    context = replace(SITE, python="/app/.shipway/venvs/1/bin/python")
    assert SAFETY.argv(tiny_application.CONFIG, context) == (
        "--stage",
        "cicd",
        "scan",
        "--target",
        "/app/.shipway/venvs/1",
        "--output",
        "json",
    )
    assert "." in SAFETY.argv(tiny_application.CONFIG, replace(SITE, python="python"))
    assert fix("safety") is None
    assert "cicd" in argv("safety")


def test_what_its_policy_ignores_is_no_finding() -> None:
    assert faults(understood("bad")) == [("SAFETY-36388", "uv.lock", 0, UNRATED)]


def test_a_fault_has_its_package_and_what_mends_it() -> None:
    (finding,) = understood("bad").findings
    assert (finding.kind, finding.package) == (FindingKind.DEPENDENCY, "flask 0.12.2")
    assert finding.message == "versions <0.12.3 have a known fault"
    assert finding.remedy == "Update flask to 3.1.3."
    assert "36388" in finding.link


def test_what_its_policy_lets_pass_is_a_finding_all_the_same() -> None:
    assert understood("bad", code=0) == understood("bad")


def test_clean_is_clean() -> None:
    assert understood("clean").findings == ()


def test_no_packages_are_not_a_pass() -> None:
    output = ToolOutput(0, '{"scan_results": {"projects": []}}', "")
    assert refusal("safety", output).message == "safety found no packages"


def test_without_a_network_it_cannot_run() -> None:
    problem = refusal("safety", published("safety", "unreached"))
    assert problem.message == "safety could not reach safetycli.com"
    assert "--advisories" in problem.remedy


@pytest.mark.parametrize(
    "output",
    [
        ToolOutput(65, "", "Your authentication credential is invalid."),
        ToolOutput(1, "Safety CLI requires that you log in or register.", ""),
    ],
)
def test_without_an_account_it_cannot_run(output: ToolOutput) -> None:
    problem = refusal("safety", output)
    assert problem.message == "safety has no account to ask with"
    assert "SAFETY_API_KEY" in problem.remedy


def test_an_untrusted_proxy_is_told() -> None:
    problem = refusal("safety", ToolOutput(1, "", "safety.errors.SSLCertificateError: SSL"))
    assert "does not trust the certificate" in problem.message


@pytest.mark.parametrize(
    "stdout",
    [
        "{",
        "{}",
        '{"scan_results": []}',
        '{"scan_results": {"projects": [{}]}}',
        '{"scan_results": {"projects": [], "files": [{"results": {"dependencies": [{}]}}]}}',
    ],
)
def test_another_form_is_no_result(stdout: str) -> None:
    for code in (0, 64):
        assert "no result" in refusal("safety", ToolOutput(code, stdout, "")).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for case, code in (("clean", 64), ("bad", 1), ("clean", -9)):
        output = replace(published("safety", case), code=code)
        assert "no result" in refusal("safety", output).message
