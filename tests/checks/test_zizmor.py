from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shipway.checks.zizmor import ZIZMOR
from shipway.config.schema import Application, Config
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import ToolOutput

from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import SITE, load


def test_it_looks_at_the_folder_of_workflows_and_asks_nobody() -> None:
    assert argv("zizmor") == (
        "--offline",
        "--no-progress",
        "--quiet",
        "--format",
        "json",
        "--strict-collection",
        "--collect=all",
        "./.github/workflows",
    )
    other = Config(application=Application(workflows="ci/workflows"))
    assert ZIZMOR.argv(other, SITE)[-1] == "./ci/workflows"
    assert ZIZMOR.inputs(other)[0] == "ci/workflows/**"


def test_it_repairs_nothing() -> None:
    assert fix("zizmor") is None


def test_findings_have_rule_place_and_severity_with_lines_from_1() -> None:
    welcome = ".github/workflows/welcome.yml"
    assert sorted(faults(read("zizmor", "bad"))) == [
        ("artipacked", welcome, 9, Severity.MEDIUM),
        ("template-injection", welcome, 12, Severity.HIGH),
        ("unpinned-uses", welcome, 9, Severity.HIGH),
    ]


def test_of_a_block_the_line_to_be_changed_is_named() -> None:
    release = ".github/workflows/release.yml"
    assert sorted(faults(read("zizmor", "blocks"))) == [
        ("insecure-commands", release, 11, Severity.HIGH),
        ("secrets-inherit", release, 16, Severity.MEDIUM),
    ]


def test_a_finding_carries_all_that_zizmor_knows_its_weakness_and_what_to_do() -> None:
    by_rule = {one.rule: one for one in read("zizmor", "bad").findings}
    injection = by_rule["template-injection"]
    assert injection.kind is FindingKind.CONFIGURATION
    assert (injection.score, injection.confidence) == ("High", "high")
    assert injection.cwe == ("CWE-94",)
    assert injection.remedy == "Give it by env, and use it as a shell variable."
    assert injection.link == "https://docs.zizmor.sh/audits/#template-injection"
    assert injection.message == (
        "code injection via template expansion: may expand into attacker-controllable code"
    )


def test_a_rule_of_which_nothing_is_known_here_has_the_remedy_that_zizmor_offers() -> None:
    said = json.loads(load("zizmor", "bad").stdout)
    one = {**said[0], "ident": "new-rule", "fixes": [{"title": "mend it"}]}
    said = json.dumps([{**one, "determinations": {"severity": "Low", "confidence": "Low"}}])
    (finding,) = ZIZMOR.read(ToolOutput(12, said, ""), Config(), SITE).findings
    assert (finding.cwe, finding.remedy, finding.severity) == ((), "mend it", Severity.LOW)


def test_clean_is_clean() -> None:
    assert read("zizmor", "clean").findings == ()


def test_the_projects_settings_hold() -> None:
    assert [one.rule for one in read("zizmor", "own-settings").findings] == ["artipacked"]


def test_a_workflow_that_it_could_not_load_is_no_result_whatever_the_others_hold() -> None:
    assert refused("zizmor", "syntax") == "zizmor could not read .github/workflows/check.yml"


@pytest.mark.parametrize("case", ["nothing", "no-workflow"])
def test_no_workflow_is_not_a_pass(case: str) -> None:
    assert refused("zizmor", case) == "zizmor found no workflow to look at"


def test_settings_that_it_could_not_read_are_told() -> None:
    assert refused("zizmor", "wrong-settings") == (
        "zizmor ended with 1 and no result: error: configuration error in ./.github/workflows"
    )


@pytest.mark.parametrize(
    "change", [{"determinations": {"severity": "Dire"}}, {"locations": []}, {"fixes": None}]
)
def test_a_result_in_another_form_is_no_result(change: dict[str, object]) -> None:
    said = json.loads(load("zizmor", "bad").stdout)
    said[0].update(change)
    assert "no result" in refusal("zizmor", ToolOutput(14, json.dumps(said), "")).message


@pytest.mark.parametrize(
    ("case", "code"), [("bad", 0), ("bad", 13), ("clean", 14), ("clean", 1), ("clean", -9)]
)
def test_an_exit_code_that_does_not_fit_is_no_result(case: str, code: int) -> None:
    assert "no result" in refusal("zizmor", replace(load("zizmor", case), code=code)).message
