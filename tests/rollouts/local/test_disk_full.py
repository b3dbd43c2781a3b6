"""The disk is full from some writing on: the rollout stops there, and goes on when it is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.rollouts.local.killed_rollout import STRATEGIES, Place

from shipway.errors import RecordError
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.events import NullListener
from shipway.rollouts.local.environment_lock import EnvironmentLock
from shipway.system.record import SqliteRecord

COMMANDS = ("resume", "cancel", "deploy", "rollback")


class Full(SqliteRecord):
    """A record with room for so many more writings of what is released."""

    room = 10_000

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        self._take()
        super().put_state(environment, state)

    def add_release(self, release: Mapping[str, object]) -> None:
        self._take()
        super().add_release(release)

    def add_rollout(self, environment: str, rollout: Mapping[str, object]) -> int:
        self._take()
        return super().add_rollout(environment, rollout)

    def update_rollout(self, number: int, rollout: Mapping[str, object]) -> None:
        self._take()
        super().update_rollout(number, rollout)

    def _take(self) -> None:
        self.room -= 1
        if self.room < 0:
            raise RecordError("the disk is full: the record cannot be written", "Free some space.")


def place_in(folder: Path, strategy: str) -> Place:
    """A release serves there."""
    folder.mkdir()
    return Place(folder, strategy=strategy)


def filled(place: Place, room: int) -> RecordError | None:
    """A rollout for whose record there is so much room; what its caller was told."""
    place.record.close()
    place.record = record = Full(str(place.folder / "record.sqlite3"))
    record.room = room
    try:
        place.platform().deploy(place.new, NullListener())
    except RecordError as error:
        return error
    finally:
        record.room = 10_000
    return None


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_wherever_the_disk_is_full_everybody_is_served_and_the_next_command_ends_it(
    tmp_path: Path, strategy: str
) -> None:
    stopped = 0
    place = place_in(tmp_path / "here", strategy)
    place.keep()
    for room in range(200):
        command = COMMANDS[room % len(COMMANDS)]
        place.restore()
        error = filled(place, room)
        assert not place.machine.unserved()
        if error is None:
            break
        stopped += 1
        assert "the disk is full" in error.message and error.remedy
        assert error.exit_code == 2
        platform = place.platform()
        if platform.unfinished is None:  # it was full before anything had been begun
            assert place.machine.shares() == {place.old.digest[:12]: 100}
            assert platform.deploy(place.new, NullListener()).verdict is Verdict.PASSED
            place.only(place.new)
        else:
            execution = platform.unfinished.execution
            was_over = execution.state.stage if execution else None
            receipt = (
                platform.deploy(place.new, NullListener())
                if command == "deploy"
                else platform.rollback("", NullListener())
                if command == "rollback"
                else getattr(platform, command)(NullListener())
            )
            forward = command in ("resume", "deploy")
            over = was_over == "SUCCEEDED"
            good = forward or over
            assert receipt.verdict is (Verdict.PASSED if good else Verdict.ROLLED_BACK)
            place.only(place.new if forward or (over and command == "cancel") else place.old)
        assert not place.machine.unserved()
    assert stopped > 8


def test_down_ends_everything_although_that_cannot_be_written_down(tmp_path: Path) -> None:
    place = place_in(tmp_path / "here", "canary")
    filled(place, 10_000)
    assert isinstance(place.record, Full)
    place.record.room = 0
    with pytest.raises(RecordError, match="the disk is full"):
        place.platform().down()
    assert not place.machine.running


def test_the_lock_needs_no_space(tmp_path: Path) -> None:
    (tmp_path / "lease").symlink_to("/dev/full")  # null(4): writing to it fails with ENOSPC
    with EnvironmentLock(str(tmp_path), "local").acquire():
        pass


def test_it_is_full_before_the_first_action_and_nothing_was_started(tmp_path: Path) -> None:
    place = place_in(tmp_path / "here", "canary")
    error = filled(place, 3)  # healed, release, rollout: no action
    assert error is not None
    assert place.platform().unfinished is None
    assert {one.digest for one in place.platform().running} == {place.old.digest}
    assert len(place.machine.running) == 1 + 3
