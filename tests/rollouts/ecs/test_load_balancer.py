"""How a service is asked: by its public name, and the candidate before people get to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.load_balancer import DNS
from tests.rollouts.ecs.fake_environment import SHIFTING, Place

from shipway.config.aws import Infrastructure
from shipway.config.schema import Smoke
from shipway.pipeline.outcome import Verdict

NAME = "shop.example.org"


def public(folder: Path, strategy: str = "blue-green", *, host: str = NAME) -> Place:
    """An environment behind a certificate and a rule for one name, with the stack's test rule."""
    place = Place(folder, strategy, smoke=(Smoke("/"),), infrastructure=Infrastructure(host=host))
    place.account.balancer.host = place.account.balancer.certificate = NAME
    place.ecs.has_test_rule = True
    place.http = place.account.balancer
    return place


@pytest.mark.parametrize("strategy", SHIFTING)
@pytest.mark.parametrize("host", [NAME, ""])
def test_smoke_tests_ask_by_the_public_name_although_it_does_not_lead_here_yet(
    tmp_path: Path, strategy: str, host: str
) -> None:
    place = public(tmp_path, strategy, host=host)  # without one, the production rule names it
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert receipt.address == f"https://{NAME}"
    assert (place.new.name, False) in place.account.balancer.asked


@pytest.mark.parametrize("strategy", SHIFTING)
def test_the_candidate_is_asked_by_the_test_rule_before_any_user_moves(
    tmp_path: Path, strategy: str
) -> None:
    place = public(tmp_path, strategy)
    place.account.balancer.statuses[place.new.name] = 500
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "a smoke test failed: / answered 500" in receipt.cause
    assert place.account.balancer.asked == [(place.new.name, True)]
    assert {weight for _, weight in place.ecs.deployments[0].shares} == {0.0}


def test_where_the_certificate_is_for_another_name_that_is_told(tmp_path: Path) -> None:
    place = public(tmp_path)
    place.account.balancer.certificate = "other.example.org"
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "Hostname mismatch" in receipt.cause


def test_a_rule_for_several_names_names_none(tmp_path: Path) -> None:
    place = public(tmp_path, host="")
    place.account.balancer.host = "*.example.org"
    place.account.balancer.certificate = ""
    assert place.platform().address == f"http://{DNS}"


def test_without_a_test_rule_the_first_smoke_test_is_after_the_shift(tmp_path: Path) -> None:
    place = public(tmp_path)
    place.ecs.has_test_rule = False
    assert place.deploy().verdict is Verdict.PASSED
    assert place.account.balancer.asked == [(place.new.name, False)]
