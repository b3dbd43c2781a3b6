"""One fault rings once."""

from __future__ import annotations

from tests.monitoring.incidents import STORIES
from tests.monitoring.series import RULES

from shipway.monitoring.alarm import AlarmSeverity
from shipway.monitoring.composite_alarms import EXTENSION, WAIT, composite_alarms
from shipway.monitoring.replay import AlarmState, alarm_messages, replay_alarms

ALL = list(RULES.values())
MINUTES = 60


def told(**spells: tuple[int, int]) -> list[tuple[int, str]]:
    """The messages when alarms (`_` for `-`) are on from one minute until another."""
    on = {name.replace("_", "-"): spell for name, spell in spells.items()}
    states = {
        name: [
            AlarmState.ALARM
            if on.get(name, (0, 0))[0] <= minute < on.get(name, (0, 0))[1]
            else AlarmState.OK
            for minute in range(MINUTES)
        ]
        for name in RULES
    }
    return [
        (ring.minute, ring.alarm) for ring in alarm_messages(ALL, composite_alarms(ALL), states)
    ]


def test_a_broken_database_that_breaks_everything_rings_once() -> None:
    assert told(
        database_connections=(4, 40),
        log_errors=(5, 40),
        latency_p95=(6, 40),
        error_rate=(7, 40),
        unhealthy_hosts=(8, 40),
        task_restarts=(10, 40),
        cpu=(12, 40),
    ) == [(7, "outage")]


def test_several_signs_of_slowness_ring_once_and_only_after_waiting_for_an_outage() -> None:
    found = told(latency_p95=(5, 40), latency_p99=(9, 40), cpu=(5, 40), database_cpu=(8, 40))
    assert found == [(5 + WAIT // 60, "degraded")]


def test_a_cause_rings_alone_when_nobody_feels_it() -> None:
    assert told(database_storage=(5, 40)) == [(5 + WAIT // 60, "strain")]


def test_a_cause_that_outlives_its_outage_rings_afterwards() -> None:
    found = told(error_rate=(5, 20), database_storage=(6, 50))
    assert found == [(5, "outage"), (19 + EXTENSION // 60, "strain")]


def test_what_ends_while_it_waits_never_rings() -> None:
    assert told(latency_p95=(5, 5 + WAIT // 60)) == []


def test_a_fault_that_comes_back_rings_again() -> None:
    assert told(error_rate=(5, 10), unhealthy_hosts=(6, 9)) == [(5, "outage")]
    assert told(error_rate=(5, 10), no_healthy_hosts=(20, 25)) == [(5, "outage"), (20, "outage")]


def test_security_and_failed_deployments_are_faults_of_their_own() -> None:
    found = told(
        error_rate=(5, 40),
        burst_of_403=(6, 40),
        burst_of_429=(7, 40),
        secret_denied=(8, 20),
        deployment_failed=(9, 10),
    )
    assert found == [
        (5, "outage"),
        (6, "security"),
        (8, "secret-denied"),
        (9, "deployment-failed"),
    ]


def test_an_outage_is_critical_and_what_can_wait_is_not() -> None:
    severities = {one.name: one.severity for one in composite_alarms(ALL)}
    assert severities.pop("outage") is AlarmSeverity.CRITICAL
    assert set(severities.values()) == {AlarmSeverity.WARNING}


def test_a_replay_says_when_alarms_were_on_and_who_would_have_been_told() -> None:
    quiet = {
        name: {id: row[:8] * 5 for id, row in story.metrics.items()}
        for name, story in STORIES.items()
    }
    played = replay_alarms(ALL, {**quiet, "error-rate": STORIES["error-rate"].metrics})
    assert [spell.alarm for spell in played.spells] == ["error-rate"]
    (spell,), (ring,) = played.spells, played.rings
    assert (ring.alarm, ring.minute) == ("outage", spell.begin)
    assert spell.begin == 10  # the third bad minute
    assert spell.end == 8 + 20 + 2


def test_a_replay_knows_a_long_period_only_when_it_has_ended() -> None:
    rules = [RULES["log-errors"], RULES["no-traffic"]]
    played = replay_alarms(
        rules,
        {"log-errors": {"counted": [None, 9.0, None, None]}, "no-traffic": {"requests": [3.0]}},
    )
    begins = {spell.alarm: (spell.begin, spell.end) for spell in played.spells}
    assert begins["log-errors"] == (9, None)  # the newest datapoint there is
    assert begins["no-traffic"] == (59, None)
