from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.checks.trivy import TRIVY
from shipway.config.schema import Application, Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import ToolOutput, ToolSource

from . import real_tools, tiny_application
from .check_results import argv, faults, fix, refusal
from .published_outputs import published
from .recordings import SITE


def found(case: str) -> tuple[Finding, ...]:
    return TRIVY.read(published("trivy", case), tiny_application.CONFIG, SITE).findings


def test_it_must_be_installed_and_asked_for() -> None:
    assert TRIVY.tool.home is ToolSource.SYSTEM
    assert "github.com/aquasecurity/trivy/releases" in TRIVY.tool.how
    assert not TRIVY.default
    assert TRIVY.max_age == 0


def test_it_looks_for_faults_of_packages_and_configuration_not_for_secrets() -> None:
    assert argv("trivy") == (
        "filesystem",
        "--format",
        "json",
        "--scanners",
        "vuln,misconfig",
        "--list-all-pkgs",
        "--exit-code",
        "0",
        "--quiet",
        "--skip-dirs",
        ".shipway,.venv",
        ".",
    )


@pytest.mark.parametrize(
    "application",
    [Application(lock="uv.lock"), Application(dockerfile="D"), Application(templates=("t",))],
)
def test_any_of_what_it_knows_is_enough(application: Application) -> None:
    assert TRIVY.applies(Config(application=application))


def test_it_repairs_nothing() -> None:
    assert fix("trivy") is None


def test_findings_have_rule_place_and_severity_and_what_passed_is_none() -> None:
    reading = TRIVY.read(published("trivy", "bad"), tiny_application.CONFIG, SITE)
    assert faults(reading) == [
        ("CVE-2019-14806", "uv.lock", 6, Severity.HIGH),
        ("CVE-2020-28724", "uv.lock", 6, Severity.HIGH),
        ("DS002", "Dockerfile", 0, Severity.HIGH),
        ("DS001", "Dockerfile", 1, Severity.MEDIUM),
    ]


def test_a_fault_of_a_package_carries_all_that_trivy_knows() -> None:
    pin, redirect = found("bad")[:2]
    assert (pin.kind, pin.package) == (FindingKind.DEPENDENCY, "werkzeug 0.11")
    assert pin.ids == ("CVE-2019-14806", "GHSA-gq9m-qvpx-68hc")
    assert (pin.cvss, pin.cwe, pin.score) == (7.5, ("CWE-331",), "HIGH")
    assert pin.remedy == "Update werkzeug to 0.15.3."
    assert pin.link == "https://avd.aquasec.com/nvd/cve-2019-14806"
    assert (redirect.score, redirect.cvss, redirect.remedy) == ("UNKNOWN", None, "No fix is known.")


def test_a_fault_of_configuration_has_what_to_do_and_the_weakness_that_its_title_tells() -> None:
    root = found("bad")[2]
    assert (root.kind, root.cwe, root.ids) == (
        FindingKind.CONFIGURATION,
        ("CWE-250",),
        ("AVD-DS-0002",),
    )
    assert root.remedy == "Add 'USER <non root user name>' line to the Dockerfile"


def test_clean_is_clean() -> None:
    assert found("clean") == ()


def test_no_database_is_no_result() -> None:
    problem = refusal("trivy", published("trivy", "no-database"))
    assert problem.message == "trivy could not fetch its database"
    assert "--advisories" in problem.remedy


def test_nothing_that_it_knows_is_not_a_pass() -> None:
    assert refusal("trivy", published("trivy", "nothing")).message == (
        "trivy found nothing that it knows to look at"
    )


def test_a_lock_file_that_it_does_not_name_it_did_not_look_at() -> None:
    assert refusal("trivy", published("trivy", "left-out")).message == (
        "trivy could not read uv.lock"
    )


@pytest.mark.parametrize(
    "report",
    [{"SchemaVersion": 1, "Results": []}, {"Results": []}, {"SchemaVersion": 2, "Results": [{}]}],
)
def test_another_schema_is_no_result(report: dict[str, object]) -> None:
    assert "no result" in refusal("trivy", ToolOutput(0, json.dumps(report), "")).message


@pytest.mark.parametrize(("case", "code"), [("bad", 1), ("clean", 1), ("clean", -9)])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    assert "no result" in refusal("trivy", replace(published("trivy", case), code=code)).message


@pytest.mark.e2e
@pytest.mark.needs("trivy")
def test_the_real_tool_takes_these_arguments(tmp_path: Path) -> None:
    tiny_application.write({"Dockerfile": "FROM python:latest\n"}, str(tmp_path))
    config = Config(application=Application(dockerfile="Dockerfile"))
    output = real_tools.run(
        TRIVY, config, replace(SITE, root=str(tmp_path), out=str(tmp_path / "out"))
    )
    assert "unknown flag" not in output.stderr
