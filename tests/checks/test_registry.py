"""What holds for every check there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.checks.pytest import TESTS
from shipway.checks.registry import CHECKS, enabled_checks
from shipway.checks.secrets import SecretScanner
from shipway.config.schema import Application, Config
from shipway.pipeline.check import Check, ToolOutput, ToolSource
from shipway.pipeline.run_secrets import SECRET_SCANNERS

from . import tiny_application
from .check_results import refusal
from .recordings import SITE, check_named

NAMES = [check.name for check in CHECKS]
by_name = pytest.mark.parametrize("check", CHECKS, ids=NAMES)


def test_no_two_checks_share_a_name() -> None:
    assert len(set(NAMES)) == len(NAMES)


@by_name
def test_a_tool_from_outside_is_pinned_to_one_version(check: Check) -> None:
    isolated = check.tool.home is ToolSource.ISOLATED
    assert bool(check.tool.version) == bool(check.tool.package) == isolated
    assert all(part.isdigit() for part in check.tool.version.split(".") if part)


@by_name
def test_what_is_needed_comes_before(check: Check) -> None:
    assert set(check.needs) <= {"install", *NAMES[: NAMES.index(check.name)]}


@by_name
def test_what_runs_in_the_applications_environment_waits_for_it(check: Check) -> None:
    if check.tool.home is ToolSource.APPLICATION:
        assert "install" in check.needs


@by_name
@pytest.mark.parametrize(
    "output",
    [
        ToolOutput(0, "rubbish\n", "rubbish\n"),
        ToolOutput(1, "rubbish\n", ""),
        ToolOutput(1, "", ""),
        ToolOutput(-9, "", ""),
        ToolOutput(2, "", "error: Failed to fetch\n"),
    ],
    ids=["rubbish and 0", "rubbish and 1", "silence and 1", "killed", "not fetched"],
)
def test_what_is_not_understood_is_neither_pass_nor_failure(
    check: Check, output: ToolOutput
) -> None:
    if check in TESTS:  # a suite that leaves no report has failed: the application's own fault
        reading = check.read(output, tiny_application.CONFIG, SITE)
        assert reading.failed.startswith("the tests did not run to their end") and reading.remedy
        return
    problem = refusal(check.name, output)
    assert "no result" in problem.message
    assert problem.remedy


@by_name
def test_silence_is_not_a_pass(check: Check) -> None:
    if check in TESTS:
        assert check.read(ToolOutput(0, "", ""), tiny_application.CONFIG, SITE).failed
    elif check.name != "mypy":  # it says nothing where it finds nothing, 2 where it read nothing
        refusal(check.name, ToolOutput(0, "", ""))


@by_name
def test_arguments_are_words_and_say_no_secret_place(check: Check) -> None:
    context = replace(SITE, upstream={"unit": "/out/unit"})
    for words in (
        check.argv(tiny_application.CONFIG, context),
        check.fix(tiny_application.CONFIG, context) or (),
    ):
        assert all(isinstance(word, str) and word for word in words)


def test_all_apply_to_an_application_that_has_everything() -> None:
    named = dict.fromkeys(NAMES, True)
    assert enabled_checks(replace(tiny_application.CONFIG, checks=named)) == CHECKS
    assert {check.name for check in CHECKS} - {
        c.name for c in enabled_checks(tiny_application.CONFIG)
    } == {check.name for check in CHECKS if not check.default}


def test_none_applies_to_a_folder_without_python() -> None:
    assert enabled_checks(Config(application=Application())) == ()


def test_what_is_switched_off_is_not_waited_for() -> None:
    chosen = {
        check.name: check
        for check in enabled_checks(replace(tiny_application.CONFIG, checks={"unit": False}))
    }
    assert "unit" not in chosen
    assert chosen["coverage"].needs == ("install", "integration", "browser")
    assert chosen["performance"].needs == ("install",)
    assert chosen["mypy"] is check_named("mypy")


def test_what_other_steps_say_waits_for_every_check_that_looks_for_secrets() -> None:
    scanners = {check.name for check in CHECKS if isinstance(check, SecretScanner)}
    assert scanners == {*SECRET_SCANNERS} - {"bandit"}
