from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.cfn_lint import CFN_LINT
from shipway.config.schema import Application, Config
from shipway.findings.finding import FindingKind, Severity

from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load

STACK = "infrastructure/stack.yaml"
TWO = Config(application=Application(templates=(STACK, "infra/queue.json")))


def test_it_looks_at_the_templates_and_says_at_which() -> None:
    assert argv("cfn-lint") == (
        "--info",
        "--format",
        "json",
        "--non-zero-exit-code",
        "informational",
        "--",
        STACK,
    )
    assert CFN_LINT.argv(TWO, SITE)[-2:] == (STACK, "infra/queue.json")
    assert CFN_LINT.inputs(TWO) == (STACK, "infra/queue.json", ".cfnlintrc", ".cfnlintrc.y*ml")


def test_it_repairs_nothing() -> None:
    assert fix("cfn-lint") is None


def test_findings_have_rule_place_and_severity() -> None:
    assert faults(read("cfn-lint", "bad")) == [
        ("W2501", STACK, 12, Severity.MEDIUM),
        ("E3002", STACK, 23, Severity.HIGH),
    ]


def test_a_rule_about_security_has_its_weakness_and_what_to_do() -> None:
    password, colour = read("cfn-lint", "bad").findings
    assert (password.kind, password.score) == (FindingKind.CONFIGURATION, "Warning")
    assert password.cwe == ("CWE-798",)
    assert password.remedy.startswith("Take it from Secrets Manager")
    assert password.link.startswith("https://docs.aws.amazon.com/")
    assert (colour.cwe, colour.score) == ((), "Error")


def test_clean_is_clean() -> None:
    assert read("cfn-lint", "clean").findings == ()


def test_the_projects_settings_hold_but_its_threshold_hides_nothing() -> None:
    assert load("cfn-lint", "own-settings").code == 4
    assert [one.rule for one in read("cfn-lint", "own-settings").findings] == ["W2501"]


def test_a_template_that_it_could_not_parse_is_no_result() -> None:
    assert (
        refused("cfn-lint", "syntax")
        == f"cfn-lint could not read {STACK}: did not find expected key"
    )


@pytest.mark.parametrize("case", ["forgiving", "left-out", "nothing"])
def test_a_template_that_it_did_not_look_at_is_no_result_whatever_it_ended_with(case: str) -> None:
    assert refused("cfn-lint", case) == f"cfn-lint could not read {STACK}"


def test_one_template_of_two_is_no_result() -> None:
    assert refusal("cfn-lint", load("cfn-lint", "bad"), TWO).message == (
        "cfn-lint could not read infra/queue.json"
    )


def test_settings_that_it_could_not_read_are_told() -> None:
    assert "no result: Invalid configuration key 'ignore_everything'" in refused(
        "cfn-lint", "wrong-settings"
    )


@pytest.mark.parametrize("change", [{"Level": "Dire"}, {"Location": {}}, {"Rule": None}])
def test_a_result_in_another_form_is_no_result(change: dict[str, object]) -> None:
    output = load("cfn-lint", "bad")
    said = json.loads(output.stdout)
    said[0].update(change)
    output = replace(output, stdout=json.dumps(said))
    assert "no result" in refusal("cfn-lint", output).message


@pytest.mark.parametrize(
    ("case", "code"), [("bad", 0), ("bad", 2), ("clean", 4), ("clean", 1), ("clean", -9)]
)
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    assert "no result" in refusal("cfn-lint", replace(load("cfn-lint", case), code=code)).message
