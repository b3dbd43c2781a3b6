from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.hadolint import HADOLINT
from shipway.config.schema import Application, Config
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import ToolOutput

from . import tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load


def test_it_looks_at_the_dockerfile_that_the_configuration_names() -> None:
    assert argv("hadolint") == ("--no-fail", "--format", "json", "Dockerfile")
    other = Config(application=Application(dockerfile="deploy/Dockerfile"))
    assert HADOLINT.argv(other, SITE)[-1] == "deploy/Dockerfile"
    more = Config(
        application=Application(dockerfile="Dockerfile", dockerfiles=("worker/Dockerfile",))
    )
    assert HADOLINT.argv(more, SITE)[-2:] == ("Dockerfile", "worker/Dockerfile")
    assert HADOLINT.inputs(more)[:2] == ("Dockerfile", "worker/Dockerfile")
    assert HADOLINT.applies(Config(application=Application(dockerfiles=("worker/Dockerfile",))))
    assert HADOLINT.inputs(other) == ("deploy/Dockerfile", ".hadolint.yaml", ".hadolint.yml")


def test_it_repairs_nothing() -> None:
    assert fix("hadolint") is None


def test_findings_have_rule_place_and_severity() -> None:
    assert faults(read("hadolint", "bad")) == [
        ("DL3007", "Dockerfile", 1, Severity.MEDIUM),
        ("DL3064", "Dockerfile", 2, Severity.MEDIUM),
        ("DL4006", "Dockerfile", 3, Severity.MEDIUM),
        ("DL3004", "Dockerfile", 4, Severity.HIGH),
        ("SC2086", "Dockerfile", 4, Severity.LOW),
        ("DL3002", "Dockerfile", 7, Severity.MEDIUM),
        ("DL3066", "Dockerfile", 7, Severity.LOW),
    ]


def test_a_rule_about_security_has_its_weakness_and_what_to_do() -> None:
    by_rule = {one.rule: one for one in read("hadolint", "bad").findings}
    root = by_rule["DL3002"]
    assert (root.kind, root.score, root.cwe) == (FindingKind.CONFIGURATION, "warning", ("CWE-250",))
    assert root.remedy == "End with a USER that is not root."
    assert root.link == "https://github.com/hadolint/hadolint/wiki/DL3002"
    assert by_rule["DL3007"].cwe == ("CWE-1357",)
    assert by_rule["DL3064"].cwe == ("CWE-526",)
    assert by_rule["SC2086"].link == "https://github.com/koalaman/shellcheck/wiki/SC2086"
    assert by_rule["SC2086"].cwe == ()


def test_clean_is_clean() -> None:
    assert read("hadolint", "clean").findings == ()


def test_the_projects_settings_hold_but_its_threshold_hides_nothing() -> None:
    rules = {one.rule: one.severity for one in read("hadolint", "own-settings").findings}
    assert {"DL3064", "SC2086"}.isdisjoint(rules)
    assert rules["DL3007"] is Severity.INFO
    assert rules["DL3002"] is Severity.MEDIUM


def test_what_it_could_not_parse_is_no_result_though_hadolint_calls_it_a_finding() -> None:
    assert refused("hadolint", "syntax") == "hadolint could not read Dockerfile:8: unexpected 'N'"


def test_no_dockerfile_is_not_a_pass() -> None:
    assert refused("hadolint", "nothing") == "hadolint could not read Dockerfile"


def test_settings_that_it_could_not_read_are_no_result_though_it_goes_on_without_them() -> None:
    assert refused("hadolint", "wrong-settings") == "hadolint could not read .hadolint.yaml"


def test_settings_that_make_it_speak_in_another_form_are_no_result() -> None:
    assert "hadolint ended with 0 and no result" in refused("hadolint", "other-format")


@pytest.mark.parametrize("change", [{"level": "dire"}, {"line": None}, {"file": 3}])
def test_a_result_in_another_form_is_no_result(change: dict[str, object]) -> None:
    said = json.loads(load("hadolint", "bad").stdout)
    said[0].update(change)
    assert "no result" in refusal("hadolint", ToolOutput(0, json.dumps(said), "")).message


@pytest.mark.parametrize("case", ["bad", "clean"])
def test_an_exit_code_that_does_not_fit_is_no_result(case: str) -> None:
    for code in (1, 2, -9):
        output = replace(load("hadolint", case), code=code)
        assert "no result" in refusal("hadolint", output, tiny_application.CONFIG).message
