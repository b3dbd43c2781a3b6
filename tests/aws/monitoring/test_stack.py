"""Change sets: nothing to do is no failure, a failure has its first reason."""

from __future__ import annotations

import pytest
from tests.aws.monitoring.account import FakeClients, FakeFormation

from shipway.aws.monitoring.stack import MonitoringStack, StackFailed, StillGoing
from shipway.effects.clock import VirtualClock


def stack(formation: FakeFormation) -> MonitoringStack:
    return MonitoringStack(FakeClients(formation), VirtualClock(), "web-production-monitoring")


def test_where_nothing_differs_nothing_is_done() -> None:
    formation = FakeFormation(reason="The submitted information didn't contain changes. Submit…")
    assert stack(formation).plan("{}", {}) == ()
    assert stack(formation).apply("{}", {}, print) is False
    assert formation.deleted
    assert not formation.executed


def test_a_template_that_cannot_be_worked_out_is_a_failure() -> None:
    with pytest.raises(StackFailed, match="Unresolved dependencies"):
        stack(FakeFormation(reason="Unresolved dependencies [Topic]")).apply("{}", {}, print)


def test_the_first_reason_is_told_and_not_what_followed_from_it() -> None:
    ends = ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")
    lines: list[str] = []
    with pytest.raises(StackFailed, match="AlarmCpu: Period must be a multiple of 60"):
        stack(FakeFormation(ends=ends)).apply("{}", {}, lines.append)
    assert lines == ["update failed: AlarmCpu", "update failed: Dashboard"]


def test_what_takes_too_long_goes_on_by_itself() -> None:
    with pytest.raises(StillGoing, match="after 30 minutes"):
        stack(FakeFormation(ends=("UPDATE_IN_PROGRESS",))).apply("{}", {}, print)


def test_it_waits_until_an_update_is_cleaned_up() -> None:
    ends = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    assert stack(FakeFormation(ends=ends)).apply("{}", {}, print) is True
