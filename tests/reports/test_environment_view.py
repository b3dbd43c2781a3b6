from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.ui.sample_workspace import NEW, NOW, OLD, deployed, moving, serving, status

from shipway.reports.environment_view import (
    EnvironmentSnapshot,
    environment_view,
    lasting,
    watching_left,
)
from shipway.rollouts.delivery import delivery_metrics
from shipway.rollouts.strategy import RolloutPlan, Strategy

CANARY = RolloutPlan(
    strategy=Strategy.CANARY, wanted=2, replaced=2, steps=(10.0, 100.0), step_bake=60.0, bake=30.0
)


def test_what_serves_and_since_when_is_shown() -> None:
    view = environment_view(serving(), NOW)
    assert (view.state, view.tone, view.release) == ("serves", "good", NEW)
    facts = dict(view.facts)
    assert facts["Instances"] == "1 of 1 healthy"
    assert facts["Serves since"].endswith("UTC (120 min)")  # from the rollout's end on
    assert facts["Deployed by"] == "ann"
    assert [action.command for action in view.actions] == ["rollback"]
    assert view.actions[0].options == ("--to", OLD)


def test_a_rollout_that_goes_on_has_shares_errors_latency_judge_and_time_to_go() -> None:
    view = environment_view(moving(), NOW)
    progress = view.rollout
    assert progress
    assert [(s.name, s.weight) for s in progress.shares] == [(NEW, 10.0), (OLD, 90.0)]
    new, old = progress.shares
    assert (new.error_rate, new.p95, old.error_rate, old.p95) == (10.0, 22.0, 0.0, 20.0)
    assert new.requests == 300  # of the last half minute only
    assert (progress.judged, progress.sentence) == ("hold", "1 of 10 requests fails")
    assert progress.to_go == "62 s of watching, at least"
    assert progress.messages == (("+1 s", "the migration: flask db upgrade"),)
    assert progress.receipt.drawing
    assert [entry.decision for entry in progress.receipt.evidence] == ["keep watching", "hold"]
    assert [action.command for action in view.actions] == ["resume", "cancel"]
    assert not view.actions[0].urgent and view.state == "rollout in progress"


def test_what_the_judge_says_again_is_no_new_evidence() -> None:
    snapshot = moving()
    assert snapshot.ongoing
    repeated = [*snapshot.ongoing.evidence, {"at": NOW, "decision": "hold", "sentence": "2 of 20"}]
    view = environment_view(
        replace(snapshot, ongoing=replace(snapshot.ongoing, evidence=repeated)), NOW
    )
    assert view.rollout
    assert view.rollout.sentence == "2 of 20"
    assert len(view.rollout.receipt.evidence) == 2


def test_a_held_rollout_and_one_at_a_pause_wait_for_a_person() -> None:
    paused = moving()
    assert paused.ongoing
    timeline = [{"at": NOW - 3, "stage": "POST_SCALE_UP", "text": "pause"}]
    paused = replace(paused, ongoing=replace(paused.ongoing, timeline=timeline))
    for snapshot in (moving(held=True), paused):
        view = environment_view(snapshot, NOW)
        assert view.state == "waits for a person"
        assert view.actions[0].urgent
        assert view.rollout and "until somebody decides" in view.rollout.to_go


def test_an_environment_that_is_not_well_says_so() -> None:
    sick = replace(serving(), status=status("staging", NEW, health="status 500"))
    assert environment_view(sick, NOW).state == "not well"
    alone = replace(serving(), status={**status("staging", NEW), "proxy": False})
    assert environment_view(alone, NOW).state == "not well"
    lost = replace(serving(), status={**status("staging", ""), "unrecorded": [7]})
    assert environment_view(lost, NOW).state == "not on record"
    nothing = replace(serving(), status=status("staging", ""))
    view = environment_view(nothing, NOW)
    assert (view.state, view.actions) == ("nothing runs", ())


def test_where_the_platform_does_not_say_nothing_is_called_good() -> None:
    away = EnvironmentSnapshot(
        name="production",
        platform="Amazon ECS",
        strategy="canary",
        trouble=("no credentials", "Sign in."),
        rollouts=[deployed(4, NEW, "unknown")],
    )
    view = environment_view(away, NOW)
    assert (view.state, view.tone, view.trouble) == ("not known", "unsure", "no credentials")
    assert [action.command for action in view.actions] == ["resume", "cancel"]  # by the record
    assert view.release == "" and view.rollout is None


def test_a_rollback_is_told_from_a_deployment() -> None:
    rollouts = [deployed(3, OLD), deployed(2, NEW), deployed(1, OLD)]
    view = environment_view(replace(serving(), rollouts=rollouts), NOW)
    assert [row.kind for row in view.rollouts] == ["rollback", "deployment", "deployment"]


def test_the_four_keys_are_there_where_they_are_known() -> None:
    metrics = delivery_metrics([deployed(1)], {OLD: NOW - 12_600}, NOW, 30.0)
    view = environment_view(replace(serving(), delivery=metrics), NOW)
    assert view.delivery == (
        ("Deployment frequency", "0.2 a week (1)"),
        ("Lead time for changes", "60 min"),
        ("Change failure rate", "0 % (0 of 1)"),
        ("Time to restore", "not known"),
    )


def test_time_to_go_is_what_the_plan_still_watches() -> None:
    assert watching_left(CANARY, 0.0, 5.0) == 90.0  # nothing is watched yet
    assert watching_left(CANARY, 10.0, 15.0) == 75.0
    assert watching_left(CANARY, 10.0, 500.0) == 30.0
    assert watching_left(CANARY, 100.0, 10.0) == 20.0


@given(st.floats(0, 100), st.floats(0, 1000), st.floats(0, 1000))
def test_time_to_go_is_never_negative_and_never_more_later(
    weight: float, first: float, more: float
) -> None:
    now, later = (watching_left(CANARY, weight, watched) for watched in (first, first + more))
    assert 0 <= later <= now <= 90.0


def test_times_that_go_on_are_as_coarse_as_people_say_them() -> None:
    said = [lasting(seconds) for seconds in (-1, 59, 60, 7200, 100_000, 200_000)]
    assert said == ["0 s", "59 s", "60 s", "2 h", "28 h", "2 days"]
