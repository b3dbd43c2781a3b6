"""The deploying process is killed at every action, for every strategy, and resumed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.rollouts.local.fake_machine import Machine
from tests.rollouts.local.killed_rollout import STRATEGIES, Place

from shipway.config.schema import Pause, Smoke
from shipway.pipeline.outcome import Verdict
from shipway.ports import Command, Response, Server
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener, NullListener
from shipway.rollouts.state_machine import Stage


class Served(NullListener):
    """Sees that everybody is served between any two actions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """Look."""
        assert not self._machine.unserved(), (stage, text)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("command", ["resume", "cancel", "rollback", "deploy"])
def test_killed_at_any_writing_the_next_command_ends_it_and_traffic_never_stops(
    tmp_path: Path, strategy: str, command: str, after: bool
) -> None:
    killed = 0
    folder = tmp_path / "place"
    folder.mkdir()
    place = Place(folder, strategy=strategy)
    place.keep()
    for action in range(200):
        place.restore()
        died = place.die_at(action, after=after)
        assert not place.machine.unserved()
        platform = place.platform()
        forward = command in ("resume", "deploy")
        execution = platform.unfinished.execution if platform.unfinished else None
        ended = execution is not None and execution.state.stage is Stage.SUCCEEDED
        if ended and command == "cancel":
            continue  # too late: there is nothing to undo but by rolling back
        if not died:
            break
        killed += 1
        if platform.unfinished is None:
            continue  # before its first writing, or after its last
        if command == "deploy":
            receipt = platform.deploy(place.new, Served(place.machine))
        elif command == "rollback":
            receipt = platform.rollback("", Served(place.machine))
        else:
            receipt = getattr(platform, command)(Served(place.machine))
        good = forward or ended
        assert receipt.verdict is (Verdict.PASSED if good else Verdict.ROLLED_BACK)
        assert not place.machine.unserved()
        place.only(place.new if forward else place.old)
    assert killed > 5


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_release_that_is_never_healthy_is_rolled_back(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy=strategy)
    place.machine.sick.add(place.new.name)
    receipt = place.platform().deploy(place.new, NullListener())
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "/health answers 500" in receipt.cause
    place.only(place.old)


def test_a_killed_rollout_of_another_release_is_undone_before_the_next(tmp_path: Path) -> None:
    place = Place(tmp_path, strategy="canary")
    assert place.die_at(6, after=True)
    third = place.release("3.0")
    assert place.platform().deploy(third, NullListener()).verdict is Verdict.PASSED
    place.only(third)
    verdicts = [one["verdict"] for one in place.record.rollouts("local")]
    assert verdicts[:2] == [Verdict.PASSED, Verdict.ROLLED_BACK]


def test_a_judge_without_data_holds_and_a_person_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path, strategy="canary", judged=True)
    said: list[str] = []
    receipt = place.platform().deploy(place.new, LineListener(said.append))
    assert receipt.verdict is Verdict.ACTION_REQUIRED
    assert place.platform().status()["rollout"]["held"]
    assert not place.machine.unserved()
    assert place.platform().resume(NullListener()).verdict is Verdict.PASSED
    place.only(place.new)


def test_a_pause_that_nobody_answers_goes_back(tmp_path: Path) -> None:
    place = Place(tmp_path, strategy="blue-green", pauses={"POST_SCALE_UP": Pause(60.0)})
    receipt = place.platform().deploy(place.new, NullListener())
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "nobody answered the pause at POST_SCALE_UP" in receipt.cause
    place.only(place.old)


class Killing(NullListener):
    """Kills an instance of a release at the first action that is said with these words."""

    def __init__(self, machine: Machine, release: Release, words: str) -> None:
        self._machine, self._release, self._words = machine, release, words
        self.said_lines: list[str] = []

    def on_message(self, line: str) -> None:
        """Remember it."""
        self.said_lines.append(line)

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """Kill."""
        if text.startswith(self._words):
            self._words = "never again"
            self._machine.kill(self._release.name)


@pytest.mark.parametrize("strategy", ["blue-green", "linear", "canary"])
def test_an_instance_of_the_old_release_that_dies_is_replaced_at_once(
    tmp_path: Path, strategy: str
) -> None:
    place = Place(tmp_path, strategy=strategy)
    listener = Killing(place.machine, place.old, "watch")
    assert place.platform().deploy(place.new, listener).verdict is Verdict.PASSED
    assert f"an instance of {place.old.name} had ended: replaced" in listener.said_lines
    place.only(place.new)


class Sickening(NullListener):
    """The new release stops answering well once it is watched with all of the traffic."""

    def __init__(self, machine: Machine, release: Release) -> None:
        self._machine, self._release = machine, release

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """Fall ill."""
        if text.startswith("watch") and stage == Stage.BAKE_TIME:
            self._machine.sick.add(self._release.name)


@pytest.mark.parametrize("strategy", ["blue-green", "linear", "canary"])
def test_a_release_that_hangs_while_it_is_watched_is_rolled_back(
    tmp_path: Path, strategy: str
) -> None:
    place = Place(tmp_path, strategy=strategy)
    listener = Sickening(place.machine, place.new)
    receipt = place.platform().deploy(place.new, listener)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert receipt.cause.endswith("is unwell while it serves: /health answers 500")
    place.only(place.old)


class Interrupting(Machine):
    """A machine on which somebody presses Ctrl-C when a smoke test is sent, and at the next start
    of an instance once more."""

    presses = 0

    def get(self, url: str, **options: Any) -> Response:
        if url.endswith("/smoke"):
            self.presses = 1
            raise KeyboardInterrupt
        return super().get(url, **options)

    def spawn(self, command: Command, log: str) -> Server:
        if self.presses == 1:
            self.presses = 2
            raise KeyboardInterrupt
        return super().spawn(command, log)


def test_interrupted_twice_it_is_left_as_it_is_and_the_next_command_ends_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    machine = Interrupting(str(tmp_path))
    vars(machine).update(vars(place.machine))
    place.machine = machine
    here = replace(place.config.environments["local"], smoke=(Smoke("/smoke"),))
    place.config = replace(place.config, environments={"local": here})
    with pytest.raises(KeyboardInterrupt):
        place.platform().deploy(place.new, NullListener())
    assert machine.presses == 2
    assert not machine.unserved()
    assert place.platform().resume(NullListener()).verdict is Verdict.ROLLED_BACK
    place.only(place.old)
