"""Alarms that guard a deployment."""

from __future__ import annotations

from tests.rollouts.ecs.environment import Standing

from shipway.rollouts.ecs.preflight.checklist import run_preflight


def test_an_alarm_that_fires_already_would_guard_nothing(standing: Standing) -> None:
    standing.alarm("web-5xx", "ALARM")
    (found,) = run_preflight(standing.subject())
    assert found.description.startswith("alarms: the alarm web-5xx is firing already")


def test_an_alarm_without_data_is_quiet(standing: Standing) -> None:
    standing.alarm("web-5xx", "INSUFFICIENT_DATA")
    assert run_preflight(standing.subject()) == ()


def test_an_alarm_that_does_not_exist_is_to_be_made(standing: Standing) -> None:
    standing.clients.client("cloudwatch").delete_alarms(AlarmNames=["web-5xx"])
    (found,) = run_preflight(standing.subject())
    assert found.message == "there is no alarm web-5xx"
    assert "shipway monitor apply production" in found.remedy


def test_those_that_the_service_has_already_count_too(standing: Standing) -> None:
    standing.alarm("other", "ALARM")
    standing.ecs.services[0]["deploymentConfiguration"] = {"alarms": {"alarmNames": ["other"]}}
    (found,) = run_preflight(standing.subject())
    assert "the alarm other is firing" in found.message
