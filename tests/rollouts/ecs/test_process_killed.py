"""The deploying process dies at any point: ECS ends what it left, and the next command says how."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.rollouts.ecs.fake_environment import SHIFTING, STRATEGIES, Killed, Place

from shipway.errors import Busy, ConfigError
from shipway.pipeline.outcome import Verdict

A_DAY = 86_400.0
POINTS = (0, 1, 3, 8, 15, 25, 40, 55, 70, 85)


def killed_after(place: Place, sleeps: int) -> bool:
    """Deploy, and die at a look; whether there was one to die at."""
    place.clock.left = sleeps
    try:
        place.deploy()
    except Killed:
        return True
    finally:
        place.clock.left = 1_000_000
    return False


@pytest.mark.parametrize("sleeps", POINTS)
@pytest.mark.parametrize("strategy", SHIFTING)
def test_nothing_stays_half_moved_and_the_next_command_says_what_came_of_it(
    tmp_path: Path, strategy: str, sleeps: int
) -> None:
    place = Place(tmp_path, strategy)
    if not killed_after(place, sleeps):
        return
    place.clock.time += A_DAY
    serving = place.serving  # raises where the traffic is shared
    receipt = place.platform().resume(place.listener)
    new = serving == place.new.name
    assert receipt.verdict is (Verdict.PASSED if new else Verdict.ROLLED_BACK)
    if not new:
        assert "nobody answered a pause in time" in receipt.cause
    assert place.platform().unfinished is None
    assert place.record.rollouts("production")[0]["verdict"] == str(receipt.verdict)


@pytest.mark.parametrize("strategy", SHIFTING)
def test_it_dies_before_any_traffic_has_moved_and_none_moves(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy)
    assert killed_after(place, 3)
    place.clock.time += A_DAY
    assert place.serving == place.old.name
    assert all(weight == 0 for _, weight in place.ecs.deployments[-1].shares)


@pytest.mark.parametrize("sleeps", (0, 3, 25))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_resumed_at_once_it_goes_on_to_the_end(tmp_path: Path, strategy: str, sleeps: int) -> None:
    place = Place(tmp_path, strategy)
    assert killed_after(place, sleeps)
    receipt = place.platform().resume(place.listener)
    assert receipt.verdict is Verdict.PASSED
    assert place.serving == place.new.name
    assert len(place.ecs.deployments) == 1


def test_the_same_release_again_goes_on_with_what_was_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert killed_after(place, 25)
    assert place.deploy().verdict is Verdict.PASSED
    assert len(place.ecs.deployments) == 1


def test_another_release_waits_and_is_told_for_what(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert killed_after(place, 25)
    other = place.platform()
    with pytest.raises(Busy, match=r"of 2\.0.*deployment0001") as caught:
        other.deploy(place.old, place.listener)
    assert "shipway cancel production" in caught.value.remedy


def test_killed_before_ecs_was_asked_nothing_had_begun(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.config.environments["production"].ecs  # noqa: B018  # read: it is there
    platform = place.platform()
    place.account.throttled = 1
    place.clock.left = 0  # dies at the first wait, which is for the throttled question
    with pytest.raises(Killed):
        platform.deploy(place.new, place.listener)
    place.clock.left = 1_000_000
    with pytest.raises(ConfigError, match="no rollout is unfinished"):
        place.platform().resume(place.listener)


def test_killed_while_it_registers_it_is_closed_as_failed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    before = place.platform()
    perform = place.account.perform

    class Dies:
        """An account at which the process dies when it registers."""

        def perform(self, service, operation, given, do):  # type: ignore[no-untyped-def]
            if operation == "register_task_definition":
                raise Killed
            return perform(service, operation, given, do)

    place.account.perform = Dies().perform  # type: ignore[method-assign]
    with pytest.raises(Killed):
        before.deploy(place.new, place.listener)
    place.account.perform = perform  # type: ignore[method-assign]
    receipt = place.platform().resume(place.listener)
    assert receipt.verdict is Verdict.FAILED
    assert "before ECS was asked for anything" in receipt.cause
