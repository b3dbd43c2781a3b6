"""Every rule fires and clears over its story, however far back CloudWatch looks."""

from __future__ import annotations

import pytest
from tests.monitoring.incidents import STORIES
from tests.monitoring.series import RULES

from shipway.monitoring.replay import AlarmState, alarm_states


def test_every_rule_has_a_story_and_no_story_is_for_nothing() -> None:
    assert set(STORIES) == set(RULES)


@pytest.mark.parametrize("extra", [0, 2, 5])
@pytest.mark.parametrize("name", sorted(RULES))
def test_it_is_quiet_then_fires_then_clears(name: str, extra: int) -> None:
    rule, story = RULES[name], STORIES[name]
    states = alarm_states(rule, story.metrics, extra=extra)
    alarmed = [place for place, state in enumerate(states) if state is AlarmState.ALARM]
    assert alarmed, "it never fires"
    slack = rule.of + extra
    assert story.fault <= alarmed[0] < story.fault + slack, "it fires before the fault, or late"
    assert alarmed == list(range(alarmed[0], alarmed[-1] + 1)), "it flaps"
    assert story.over <= alarmed[-1] + 1 <= story.over + slack, "it clears early, or never"


@pytest.mark.parametrize("name", sorted(RULES))
def test_one_bad_period_rings_only_where_one_is_enough(name: str) -> None:
    rule, story = RULES[name], STORIES[name]
    good = {id: row[: story.fault] * 3 for id, row in story.metrics.items()}
    assert AlarmState.ALARM not in alarm_states(rule, good)
    once = {id: [*row, story.metrics[id][story.fault], *row] for id, row in good.items()}
    assert (AlarmState.ALARM in alarm_states(rule, once)) == (rule.datapoints == 1)
