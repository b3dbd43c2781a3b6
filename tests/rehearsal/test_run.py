"""Rehearsals on a stage of fakes, whose clock costs no time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.load import ScriptedLoad
from tests.patience import until

from shipway.config.schema import Application, Config, Environment
from shipway.errors import CannotRun, ShipwayError
from shipway.pipeline.outcome import Verdict
from shipway.rehearsal.environment import NAME, candidate_release
from shipway.rehearsal.faults import FaultKind, parse_fault
from shipway.rehearsal.load import LoadPlan, LoadResponse, LoadTarget
from shipway.rehearsal.ports import RehearsalPlan, RehearsalSetup
from shipway.rehearsal.result import RehearsalResult
from shipway.rehearsal.run import run_rehearsal
from shipway.releases.release import Release
from shipway.rollouts.events import NullListener, RolloutListener
from shipway.rollouts.report import RolloutReport

ONE = Release(
    application="web",
    version="1",
    commit="",
    digest="a" * 64,
    lock="",
    migrations=(),
    path="/files",
    python="/python",
)
TWO = candidate_release(ONE)


@dataclass
class Numbered:
    pid: int
    digest: str = ""


@dataclass
class World:
    """What the fakes share: who serves, what was done, what was sent."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    serving: Release | None = None
    did: list[str] = field(default_factory=list)
    migrations: list[str] = field(default_factory=list)
    refused: Callable[[Release], str] = lambda release: ""
    broken: Callable[[], bool] = lambda: False
    killed: list[int] = field(default_factory=list)
    tripped: bool = False
    apart_dies: bool = True
    loads: list[ScriptedLoad] = field(default_factory=list)
    patience: Callable[[World], None] = lambda world: None

    def sent(self) -> Sequence[LoadResponse]:
        """Ten requests in the last second before now, by the release that serves."""
        name = self.serving.name if self.serving else ""
        now = self.clock.now()
        good = LoadResponse(now - 0.5, 0.01, 0.0, 200, "", name, "plain", 3)
        return [good._replace(status=500)] * self.broken() + [good] * 10

    def deploy(self, release: Release) -> RolloutReport:
        self.did.append(f"deploy {release.version}")
        before, why = self.serving, self.refused(release)
        if not why:
            self.serving = release
            self.patience(self)
        started = self.clock.now()
        self.clock.sleep(3.0)
        verdict = Verdict.ROLLED_BACK if why else Verdict.PASSED
        name = before.name if before else ""
        return RolloutReport(
            environment=NAME,
            release=release.name,
            before=name,
            verdict=verdict,
            started=started,
            seconds=3.0,
            address="",
            cause=why,
        )


class FakePlatform:
    """A platform that only remembers."""

    address = "http://127.0.0.1:1"
    proxy = Numbered(77)

    def __init__(self, world: World, config: Config) -> None:
        self._world = world
        world.migrations.append(config.application.migrate)

    @property
    def running(self) -> list[Numbered]:
        serving = self._world.serving
        return [Numbered(42, serving.digest)] if serving else []

    def deploy(self, release: Release, listener: RolloutListener) -> RolloutReport:
        return self._world.deploy(release)

    def rollback(self, name: str, listener: RolloutListener) -> RolloutReport:
        self._world.did.append("rollback")
        return self._world.deploy(ONE)

    def down(self) -> int:
        self._world.did.append("down")
        return 3


class FakeApart:
    """A deploy elsewhere, which dies or does not."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ran = True

    def kill(self) -> bool:
        ran, self._ran = self._ran, False
        return ran

    def wait(self) -> RolloutReport | None:
        if self._world.apart_dies:
            self._ran = False
            return None
        return self._world.deploy(TWO)


def played(world: World, fault: str = "") -> RehearsalResult:
    def load(_: LoadPlan) -> ScriptedLoad:
        world.loads.append(ScriptedLoad(world.sent))
        return world.loads[-1]

    def trip() -> None:
        world.tripped = True

    stage = RehearsalSetup(
        platform=lambda config: FakePlatform(world, config),
        load=load,
        apart=lambda config, release: FakeApart(world),
        kill=world.killed.append,
        trip=trip,
        clock=world.clock,
    )
    config = Config(application=Application(migrate="migrate"), environments={NAME: Environment()})
    plan = LoadPlan(host="127.0.0.1", port=1, targets=(LoadTarget("/"),), rate=100, users=50)
    order = parse_fault(fault) if fault else None
    return run_rehearsal(
        stage, RehearsalPlan(config, ONE, TWO, order, fault, plan, 2.0), NullListener()
    )


def test_it_goes_to_the_candidate_and_back_and_takes_everything_down() -> None:
    world = World()
    found = played(world)
    assert world.did == ["deploy 1", f"deploy {TWO.version}", "rollback", "deploy 1", "down"]
    assert (found.verdict, found.back_verdict, found.exit_code) == ("passed", "passed", 0)
    marks = found.marks
    assert (marks.forward_end - marks.forward, marks.back - marks.forward_end) == (3.0, 2.0)
    assert world.loads[0].stopped


def test_a_candidate_that_was_rolled_back_is_not_rolled_back_again() -> None:
    world = World(refused=lambda release: "it is sick" if release == TWO else "")
    found = played(world)
    assert world.did == ["deploy 1", f"deploy {TWO.version}", "deploy 1", "down"]
    assert (found.verdict, found.cause, found.exit_code) == ("rolled back", "it is sick", 1)


def test_what_was_ordered_is_no_failure_of_the_rehearsal() -> None:
    world = World(refused=lambda release: "it is sick" if release == TWO else "")
    assert played(world, "never-healthy").exit_code == 0


def test_users_who_are_hit_without_a_fault_are_a_failure() -> None:
    world = World()
    found = played(World(broken=lambda: True))
    assert (found.total.failed, found.sound, found.exit_code) == (1, False, 1)
    assert played(world).exit_code == 0


def test_only_the_candidate_has_the_bad_migration() -> None:
    world = World()
    played(world, "bad-migration")
    bad = ["sys.exit" in migrate for migrate in world.migrations]
    assert bad == [False, True, False, False]  # first release, candidate, the way back, down


def test_a_release_that_cannot_start_ends_it_before_any_load() -> None:
    world = World(refused=lambda release: "no module named main")
    with pytest.raises(CannotRun, match="cannot be started: no module named main"):
        played(world)
    assert (world.did[-1], world.loads) == ("down", [])


def test_ctrl_c_takes_everything_down() -> None:
    def press(world: World) -> None:
        if world.serving == TWO:
            raise KeyboardInterrupt

    world = World(patience=press)
    with pytest.raises(KeyboardInterrupt):
        played(world)
    assert world.did[-1] == "down"
    assert world.loads[0].stopped


def test_a_command_that_gives_up_is_a_result() -> None:
    def give_up(world: World) -> None:
        if world.serving == TWO:
            raise ShipwayError("Envoy is gone", "Start it.")

    found = played(World(patience=give_up), "kill-proxy")
    assert (found.verdict, found.cause) == (Verdict.FAILED, "Envoy is gone")
    assert found.back_verdict is Verdict.PASSED


def test_a_killed_command_is_followed_by_the_next() -> None:
    world = World()
    found = played(world, str(FaultKind.KILL_SHIPWAY))
    assert world.did.count(f"deploy {TWO.version}") == 1
    assert found.verdict is Verdict.PASSED
    unharmed = World(apart_dies=False)
    assert played(unharmed, "kill-shipway").verdict is Verdict.PASSED
    assert unharmed.did.count(f"deploy {TWO.version}") == 1


def until_struck(condition: Callable[[], object]) -> Callable[[World], None]:
    """Real time for the saboteur, which has a thread of its own."""

    def wait(world: World) -> None:
        until(lambda: world.serving != TWO or condition())

    return wait


@pytest.mark.parametrize(("fault", "pid"), [("kill-proxy", 77), ("kill-instance", 42)])
def test_a_process_is_killed_once_the_candidate_has_traffic(fault: str, pid: int) -> None:
    world = World()
    world.patience = until_struck(lambda: world.killed)
    found = played(world, fault)
    assert world.killed == [pid]
    assert found.marks.struck is not None


def test_a_crash_is_set_off_by_the_share_of_traffic() -> None:
    world = World()
    world.patience = until_struck(lambda: world.tripped)
    assert played(world, "crash-at=40%").marks.struck is not None
    assert world.tripped
