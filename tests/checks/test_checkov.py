from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.base import rule_topic
from shipway.checks.checkov import CHECKOV
from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, ToolOutput

from . import insecure_application, tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load

STACK, CHECK = "infrastructure/stack.yaml", ".github/workflows/check.yml"
OPTIONS = (
    "--framework",
    "cloudformation",
    "dockerfile",
    "github_actions",
    "--skip-download",
    "--soft-fail",
    "--compact",
    "--output",
    "json",
    "--file",
)


def changed(case: str, **change: Any) -> ToolOutput:
    """A recorded output, with its first report's first failed check changed."""
    output = load("checkov", case)
    said = json.loads(output.stdout)
    said[0]["results"]["failed_checks"][0].update(change)
    return replace(output, stdout=json.dumps(said))


def test_it_names_each_file_and_asks_nobody(tmp_path: Path) -> None:
    assert argv("checkov") == (*OPTIONS, "Dockerfile", STACK)
    tiny_application.write(insecure_application.CHECKOV["bad"], str(tmp_path))
    assert CHECKOV.argv(tiny_application.CONFIG, CheckContext(str(tmp_path), "")) == (
        *OPTIONS,
        "Dockerfile",
        CHECK,
        ".github/workflows/welcome.yml",
        STACK,
    )


@pytest.mark.parametrize(
    "application",
    [Application(dockerfile="D"), Application(workflows="w"), Application(templates=("t",))],
)
def test_any_kind_of_file_is_enough_and_its_inputs_are_no_more(application: Application) -> None:
    assert CHECKOV.applies(Config(application=application))
    assert CHECKOV.inputs(Config(application=application))[0] in ("D", "w/*", "t")
    assert len(CHECKOV.inputs(Config(application=application))) == 3


def test_it_repairs_nothing() -> None:
    assert fix("checkov") is None


def test_findings_have_rule_place_and_severity_for_every_kind_of_file() -> None:
    found = faults(read("checkov", "bad"))
    assert ("CKV_DOCKER_7", "Dockerfile", 1, Severity.MEDIUM) in found
    assert ("CKV_AWS_17", STACK, 3, Severity.HIGH) in found
    assert ("CKV_AWS_24", STACK, 14, Severity.HIGH) in found
    assert ("CKV_GHA_2", ".github/workflows/welcome.yml", 10, Severity.HIGH) in found
    assert len(found) == 12


def test_a_finding_says_what_must_hold_of_what_and_what_to_do() -> None:
    by_rule = {one.rule: one for one in read("checkov", "bad").findings}
    public = by_rule["CKV_AWS_17"]
    assert public.message == (
        "Ensure all data stored in RDS is not publicly accessible: AWS::RDS::DBInstance.Wards"
    )
    assert (public.kind, public.cwe, public.score) == (FindingKind.CONFIGURATION, ("CWE-668",), "")
    assert public.remedy == "Let in only those who must reach it."


def test_the_severity_of_its_makers_platform_goes_before() -> None:
    output = changed("bad", severity="CRITICAL", guideline="https://docs.example")
    (finding,) = (
        one for one in CHECKOV.read(output, tiny_application.CONFIG, SITE).findings if one.link
    )
    assert (finding.severity, finding.score) == (Severity.CRITICAL, "CRITICAL")


@pytest.mark.parametrize(
    ("name", "severity", "cwe"),
    [
        ("Ensure no hard-coded secrets exist in Lambda environment", Severity.HIGH, ("CWE-798",)),
        ("Ensure S3 bucket has block public policy enabled", Severity.MEDIUM, ("CWE-668",)),
        (
            "Ensure the S3 bucket does not allow READ permissions to everyone",
            Severity.HIGH,
            ("CWE-668",),
        ),
        ("Ensure Glue Data Catalog Encryption is enabled", Severity.MEDIUM, ("CWE-311",)),
        ("Ensure that RDS instances have Multi-AZ enabled", Severity.LOW, ()),
        ("Ensure CloudFront Distribution has Access Logging enabled", Severity.LOW, ("CWE-778",)),
        ("Ensure what nobody has thought of", Severity.MEDIUM, ()),
    ],
)
def test_a_check_is_rated_by_what_it_is_about(
    name: str, severity: Severity, cwe: tuple[str, ...]
) -> None:
    assert rule_topic(name)[:2] == (severity, cwe)


def test_clean_is_clean_with_a_template_for_which_it_has_no_check() -> None:
    assert read("checkov", "clean").findings == ()


def test_the_projects_settings_hold() -> None:
    rules = {one.rule for one in read("checkov", "own-settings").findings}
    assert rules and "CKV_AWS_18" not in rules


def test_a_template_that_it_could_not_parse_is_no_result_though_it_ends_with_0() -> None:
    assert load("checkov", "syntax").code == 0
    assert refused("checkov", "syntax") == f"checkov could not read {STACK}"


def test_a_workflow_that_it_passed_over_is_a_finding_though_it_ends_with_0(tmp_path: Path) -> None:
    new = {".github/workflows/new.yml": "on: push\njobs: {}\n"}
    tiny_application.write({**insecure_application.CHECKOV["clean"], **new}, str(tmp_path))
    reading = CHECKOV.read(
        load("checkov", "clean"), tiny_application.CONFIG, CheckContext(str(tmp_path), "")
    )
    (found,) = reading.findings
    assert (found.rule, found.path) == ("not-looked-at", ".github/workflows/new.yml")
    assert found.severity is Severity.INFO


def test_settings_that_make_it_say_less_than_what_it_looked_at_are_no_result(
    tmp_path: Path,
) -> None:
    tiny_application.write(insecure_application.CHECKOV["quiet"], str(tmp_path))
    with pytest.raises(CannotRun, match=rf"checkov could not read {CHECK}"):
        CHECKOV.read(
            load("checkov", "quiet"), tiny_application.CONFIG, CheckContext(str(tmp_path), "")
        )


@pytest.mark.parametrize("case", ["nothing", "no-dockerfile", "wrong-settings"])
def test_what_it_could_not_start_with_is_no_result(case: str) -> None:
    assert "checkov ended with 2 and no result" in refused("checkov", case)


def test_findings_have_one_order_whichever_part_was_ready_first() -> None:
    output = load("checkov", "bad")
    turned = replace(output, stdout=json.dumps(json.loads(output.stdout)[::-1]))
    assert CHECKOV.read(turned, tiny_application.CONFIG, SITE) == read("checkov", "bad")


def test_nothing_that_it_knows_is_not_a_pass() -> None:
    summary = {"passed": 0, "failed": 0, "parsing_errors": 0, "resource_count": 0}
    assert refusal("checkov", ToolOutput(0, json.dumps(summary), "")).message == (
        "checkov found nothing that it knows to look at"
    )


@pytest.mark.parametrize("change", [{"severity": "DIRE"}, {"file_line_range": None}])
def test_a_result_in_another_form_is_no_result(change: dict[str, object]) -> None:
    assert "no result" in refusal("checkov", changed("bad", **change)).message


@pytest.mark.parametrize(("case", "code"), [("bad", 1), ("clean", 1), ("clean", 2), ("bad", -9)])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    assert "no result" in refusal("checkov", replace(load("checkov", case), code=code)).message
