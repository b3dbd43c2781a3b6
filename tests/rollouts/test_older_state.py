"""What older builds left is read, gone on with and rolled back: documents recorded from them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.rollouts.ecs.fake_environment import Place as EcsPlace
from tests.rollouts.local.killed_rollout import Place

from shipway.errors import RecordError
from shipway.pipeline.codec import run_from_json, step_from_json
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.rollouts.ecs.state import ECS_STATE
from shipway.rollouts.events import NullListener
from shipway.rollouts.local.state import LOCAL_STATE
from shipway.rollouts.report import ROLLOUT, last_report, rollout_records
from shipway.rollouts.state_machine import Stage

RECORDED = Path(__file__).parents[1] / "recorded" / "state"
BUILDS = ("3fabc6d", "41d922e")
builds = pytest.mark.parametrize("build", BUILDS)


def recorded(build: str, name: str) -> Any:
    return json.loads((RECORDED / build / f"{name}.json").read_text())


def left_by(build: str, name: str, folder: Path) -> Place:
    """An environment whose record is as an older build left it; its processes are gone."""
    place = Place(folder, strategy="canary", judged=True)
    left = recorded(build, name)
    with sqlite3.connect(folder / "record.sqlite3") as db:
        for table in ("states", "releases", "rollouts"):
            db.execute(f"DELETE FROM {table}")
        for environment, state in left["states"]:
            db.execute("INSERT INTO states VALUES (?, ?)", (environment, json.dumps(state)))
        for release in left["releases"]:
            db.execute(
                "INSERT INTO releases (digest, release) VALUES (?, ?)",
                (release["digest"], json.dumps(release)),
            )
        for row in left["rollouts"]:
            number, environment, rollout = row
            db.execute(
                "INSERT INTO rollouts VALUES (?, ?, ?)", (number, environment, json.dumps(rollout))
            )
    return place


@builds
@pytest.mark.parametrize("name", ["local-held", "local-killed-9"])
def test_a_local_rollout_that_an_older_build_left_is_known_with_its_evidence(
    build: str, name: str
) -> None:
    ((_, document),) = recorded(build, name)["states"]
    state = LOCAL_STATE.from_object(document, "the record")
    walk = document["unfinished"]["walk"]
    assert state.current is not None and state.unfinished is not None
    assert state.unfinished.candidate.name == document["unfinished"]["release"]["name"]
    assert state.unfinished.stable == state.current
    execution = state.unfinished.execution
    assert execution is not None
    assert execution.state.weight == walk["state"]["weight"]
    assert execution.notes.timeline == walk["story"]["timeline"]
    assert list(execution.counters.samples) == walk["meter"]["samples"]
    assert {
        name: [count.requests, count.errors, [[str(e), n] for e, n in count.buckets.items()]]
        for name, count in execution.counters.totals.items()
    } == walk["meter"]["totals"]
    judge = execution.analysis.state
    assert judge.requests == walk["judging"]["state"]["requests"]
    assert [[str(edge), count] for edge, count in judge.histogram] == walk["judging"]["state"][
        "histogram"
    ]
    again = LOCAL_STATE.read(LOCAL_STATE.write(state), "the record")
    assert again == state


@builds
@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        ("resume", Verdict.PASSED),
        ("cancel", Verdict.ROLLED_BACK),
        ("rollback", Verdict.ROLLED_BACK),
    ],
)
def test_what_an_older_build_held_ends_as_a_person_wants(
    tmp_path: Path, build: str, command: str, verdict: Verdict
) -> None:
    place = left_by(build, "local-held", tmp_path)
    platform = place.platform()
    rollout = platform.status()["rollout"]
    assert rollout is not None and rollout["held"]
    if command == "rollback":
        receipt = platform.rollback("", NullListener())
    else:
        receipt = getattr(platform, command)(NullListener())
    assert receipt.verdict is verdict
    assert bool(receipt.remedy) == (verdict is not Verdict.PASSED)
    place.only(place.new if verdict is Verdict.PASSED else place.old)
    newest, first = place.platform().rollouts(print)
    assert (newest.verdict, newest.report) == (verdict, receipt)
    assert first.report is not None and first.report.release == place.old.name


@builds
def test_over_what_an_older_build_left_another_release_is_deployed_and_rolled_back(
    tmp_path: Path, build: str
) -> None:
    place = left_by(build, "local-killed-9", tmp_path)
    third = place.release("3.0")
    deployed = place.platform().deploy(third, NullListener())
    if deployed.verdict is Verdict.ACTION_REQUIRED:
        deployed = place.platform().resume(NullListener())
    assert deployed.verdict is Verdict.PASSED
    place.only(third)
    assert place.platform().rollback("", NullListener()).verdict is Verdict.PASSED
    place.only(place.old)


@builds
def test_a_deployment_on_ecs_that_an_older_build_left_is_known(build: str) -> None:
    ((_, document),) = recorded(build, "ecs-killed")["states"]
    state = ECS_STATE.from_object(document, "the record")
    left, unfinished = document["unfinished"], state.unfinished
    assert unfinished is not None and unfinished.candidate is not None
    assert unfinished.candidate.name == unfinished.release == left["release"]["name"]
    assert (unfinished.before, unfinished.deployment) == (
        left["before"]["name"],
        left["deployment"],
    )
    assert unfinished.watcher is not None
    assert list(unfinished.watcher.hooks) == left["course"]["hooks"]
    assert unfinished.watcher.notes.timeline == left["course"]["story"]["timeline"]
    assert ECS_STATE.read(ECS_STATE.write(state), "the record") == state


@builds
def test_rollouts_of_older_builds_are_listed_as_they_were(build: str) -> None:
    for name in ("ecs-deployed", "local-held"):
        for number, _, document in recorded(build, name)["rollouts"]:
            rollout = ROLLOUT.from_object({**document, "number": number}, "the record")
            listed = rollout.to_dict()
            assert listed == {**listed, **document, "number": number}
            assert ROLLOUT.read(ROLLOUT.write(rollout), "the record") == rollout


@builds
def test_another_machine_goes_back_by_what_an_older_build_kept_in_s3(
    tmp_path: Path, build: str
) -> None:
    place = EcsPlace(tmp_path)
    kept = recorded(build, "s3-rollout")
    key = "shop/production/rollouts/20231114T221320.000000Z-x.json"
    place.account.s3.objects[key] = json.dumps(kept).encode()
    (rollout, *_) = place.platform(place.open("elsewhere")).rollouts(print)
    assert (rollout.release, rollout.task_definition) == (kept["release"], kept["task_definition"])
    assert rollout.candidate is not None and rollout.candidate.path == ""
    assert last_report([rollout]) == rollout.report


def test_runs_of_an_older_build_are_read() -> None:
    for run, steps in recorded("41d922e", "runs"):
        results = tuple(step_from_json(json.dumps(step)) for step in steps)
        result = run_from_json(json.dumps(run), results)
        assert result.verdict is Verdict(run["verdict"])
        assert [step.outcome for step in result.steps] == [
            Outcome(step["outcome"]) for step in steps
        ]
        assert [len(step.findings) for step in results] == [
            len(step.get("findings", ())) for step in steps
        ]


def test_a_damaged_state_is_named_with_its_environment_and_field(tmp_path: Path) -> None:
    place = Place(tmp_path, strategy="canary")
    document = place.record.state("local")
    assert document is not None
    place.record.put_state("local", {**document, "instances": [{"digest": "a"}]})
    with pytest.raises(RecordError, match=r"environment local: the state is damaged: instances\[0"):
        place.platform()
    with pytest.raises(RecordError, match=r"the record, local, rollout 7: .*started: expected a"):
        rollout_records([{"schema": 2, "number": 7, "started": "yesterday"}], "the record, local")


def test_the_stages_of_the_state_machine_are_those_that_records_have() -> None:
    stages = {
        recorded(build, "local-held")["states"][0][1]["unfinished"]["walk"]["state"]["stage"]
        for build in BUILDS
    }
    assert {Stage(stage) for stage in stages}
