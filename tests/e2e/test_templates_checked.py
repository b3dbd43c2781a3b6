"""The templates, by cfn-lint and checkov as Shipway pins them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.checks import real_tools
from tests.infrastructure.levers import HERE, config, pairwise, parameters
from tests.infrastructure.render import dump, parse, render

from shipway.checks.cfn_lint import CFN_LINT
from shipway.checks.checkov import CHECKOV
from shipway.config.schema import Application, Config
from shipway.config.validation import validate
from shipway.findings.finding import Severity
from shipway.findings.waivers import LocatedWaiver
from shipway.infrastructure.parameters import bootstrap_parameters
from shipway.infrastructure.template import load_template
from shipway.pipeline.check import CheckContext

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
OWN = validate(tomllib.loads((ROOT / "shipway.toml").read_text()), "shipway.toml")


def test_the_templates_are_in_shipways_own_pipeline() -> None:
    folder = ROOT / "src" / "shipway" / "infrastructure" / "templates"
    found = {str(one.relative_to(ROOT)) for one in folder.glob("*.yml")}
    assert found == set(OWN.application.templates)


def test_cfn_lint_finds_nothing_in_them(tmp_path: Path) -> None:
    site = CheckContext(str(ROOT), str(tmp_path))
    assert CFN_LINT.read(real_tools.run(CFN_LINT, OWN, site), OWN, site).findings == ()


def test_cfn_lint_finds_no_error_whatever_two_levers_meet(tmp_path: Path) -> None:
    """Each rendered: what a condition leaves out is not there, what a parameter says is."""
    environment, bootstrap = parse(load_template("environment")), parse(load_template("bootstrap"))
    rendered = [render(environment, parameters(setting)) for setting in pairwise()]
    for aws in ({}, {"budget": 80.0, "alerts": "a@example.org", "github_provider": False}):
        rendered.append(render(bootstrap, bootstrap_parameters(config(**aws), HERE)))
    names = []
    for number, one in enumerate(rendered):
        names.append(f"{number}.yml")
        (tmp_path / names[-1]).write_text(dump(one))
    given = Config(application=Application(templates=tuple(names)))
    site = CheckContext(str(tmp_path), str(tmp_path / "out"))
    found = CFN_LINT.read(real_tools.run(CFN_LINT, given, site), given, site).findings
    assert [one for one in found if one.severity is Severity.HIGH] == []
    # W3691 wants a minor version; RDS takes the major one and keeps the minor up to date by itself,
    # and with a minor one here the stack would ask for a way back after each of its updates.
    assert {one.rule for one in found} <= {"W3691"}


def test_what_checkov_finds_is_waived_with_a_reason_and_no_waiver_is_idle(tmp_path: Path) -> None:
    only = Config(application=Application(templates=OWN.application.templates))
    site = CheckContext(str(ROOT), str(tmp_path))
    found = CHECKOV.read(real_tools.run(CHECKOV, only, site), only, site).findings
    waivers = [LocatedWaiver(one, "shipway.toml") for one in OWN.waivers if "templates" in one.path]
    assert [one for one in found if not any(waiver.covers(one) for waiver in waivers)] == []
    assert [one for one in waivers if not any(one.covers(finding) for finding in found)] == []
