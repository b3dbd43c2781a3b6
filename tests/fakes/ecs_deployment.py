"""One service deployment as ECS carries it out, on rollouts/state_machine.py and in virtual time.

Nothing moves by itself: `settle(now)` plays what has happened until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.ecs_scenario import Scenario

from shipway.rollouts.state_machine import (
    Action,
    ActionType,
    Event,
    Rollout,
    Stage,
    advance_rollout,
    begin_rollout,
)
from shipway.rollouts.strategy import RolloutPlan

PENDING = 5.0  # seconds until a deployment begins
STAGE_LIMIT = 24 * 3600.0  # seconds (G: a stage may last 24 hours, then it is rolled back)
TASK_LIFE = 60.0  # seconds until a task that cannot be healthy is given up


@dataclass
class Pausing:
    """A pause hook that was reached."""

    identity: str
    expires: float
    action: str
    status: str = "AWAITING_ACTION"


@dataclass
class StoppedTask:
    """A task that failed."""

    number: int
    at: float


@dataclass
class FakeDeployment:
    """target, source: revisions. shares: (at, percent for the target), as it went."""

    arn: str
    configuration: Mapping[str, Any]
    target: str
    source: str
    created: float
    scenario: Scenario
    plan: RolloutPlan
    state: Rollout = field(init=False)
    hooks: list[Pausing] = field(default_factory=list)
    stopped: list[StoppedTask] = field(default_factory=list)
    shares: list[tuple[float, float]] = field(default_factory=list)
    reason: str = ""
    triggered: tuple[str, ...] = ()
    ended: float | None = None
    superseded: bool = False
    requested: bool = False
    now: float = 0.0
    _due: float = 0.0
    _stage_began: float = 0.0
    _began: bool = False

    def __post_init__(self) -> None:
        self.state = begin_rollout(self.plan)
        self.now = self._stage_began = self.created
        self._due = self.created + PENDING

    # -- what ECS says ----------------------------------------------------------------------

    @property
    def status(self) -> str:
        """ServiceDeploymentStatus."""
        if self.superseded:
            return "STOPPED"
        if not self._began:
            return "PENDING"
        final = {
            Stage.SUCCEEDED: "SUCCESSFUL",
            Stage.ROLLED_BACK: "ROLLBACK_SUCCESSFUL",
            Stage.NEEDS_PERSON: "ROLLBACK_FAILED",
        }
        if self.state.stage in final:
            return final[self.state.stage]
        if self.requested:
            return "ROLLBACK_REQUESTED"
        return "ROLLBACK_IN_PROGRESS" if self._undoing else "IN_PROGRESS"

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.superseded or self.state.stage.final

    @property
    def lifecycle(self) -> str:
        """M has no value for the stage before a shift: the one before is shown (assumed)."""
        stage = self.state.stage
        if stage is Stage.PRE_PRODUCTION_TRAFFIC_SHIFT:
            stage = Stage.PRODUCTION_TRAFFIC_SHIFT if self.state.weight else Stage.POST_SCALE_UP
        return str(stage) if stage not in (Stage.ROLLING_BACK,) and not stage.final else ""

    @property
    def watches_alarms(self) -> bool:
        """S, M: an alarm that fires at the start switches the check off for the deployment."""
        alarms = self.configuration.get("alarms", {})
        return bool(alarms.get("enable")) and not set(alarms["alarmNames"]) & set(
            self.scenario.firing
        )

    @property
    def _undoing(self) -> bool:
        return self.state.stage is Stage.ROLLING_BACK

    # -- what is asked of it ----------------------------------------------------------------

    def stop(self, at: float, reason: str) -> None:
        """Roll back; begins at once."""
        if not self.over and not self._undoing:
            self.reason, self._began = reason, True
            self._observe(at, Event.STOP)

    def answer(self, at: float, hook: Pausing, action: str) -> None:
        """A pause's answer."""
        hook.status = "SUCCEEDED"
        if action == "ROLLBACK":
            self.stop(at, "the pause was answered with ROLLBACK")
        elif not any(other.status == "AWAITING_ACTION" for other in self.hooks):
            self._observe(at, Event.DONE)

    def supersede(self, at: float) -> None:
        """Somebody else's deployment takes over."""
        self.superseded, self.ended = True, at
        self.reason = "Service deployment was stopped: a new deployment was started."

    # -- time -------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Play until `now`."""
        while not self.over:
            at, happen = self._next()
            if at > now:
                break
            happen(at)
        self.now = max(self.now, now)

    def _next(self) -> tuple[float, Any]:
        """The next thing that happens, and when."""
        moments = [(self._due, self._step), (self._stage_began + STAGE_LIMIT, self._too_long)]
        if (alarm := self._alarm_at()) is not None:
            moments.append((alarm, self._alarm))
        return min(moments, key=lambda moment: moment[0])

    def _alarm_at(self) -> float | None:
        after = self.scenario.alarm_after
        first = next((at for at, weight in self.shares if weight > 0), None)
        if after is None or first is None or not self.watches_alarms or self._undoing:
            return None
        return first + after

    def _alarm(self, at: float) -> None:
        self.triggered = tuple(self.configuration["alarms"]["alarmNames"])[:1]
        self.reason = "Service deployment rolled back because of a CloudWatch alarm."
        self._observe(at, Event.ALARM)

    def _too_long(self, at: float) -> None:
        self.reason = "Service deployment rolled back: a lifecycle stage took more than 24 hours."
        self._stage_began = at
        self._observe(at, Event.STOP)

    def _step(self, at: float) -> None:
        """The current action is due."""
        if not self._began:
            self._began = True
            self._observe(at, Event.BEGIN)
            return
        do = self.state.last.do
        if self.scenario.bad_network and not self._undoing:
            self.reason = "Service deployment rolled back: invalid networking configuration."
            self._observe(at, Event.STOP)
        elif self._undoing and self.scenario.rollback_fails:
            self._observe(at, Event.FAILED)
        elif do is ActionType.START_CANDIDATE and self.scenario.stop_reason:
            self._fail_start(at)
        elif do is ActionType.PAUSE:
            self._time_out(at)
        else:
            self._observe(at, Event.DONE)

    def _fail_start(self, at: float) -> None:
        """Rolling counts failures; the others start tasks anew until the stage's limit (G)."""
        for _ in range(self.state.last.count if self.plan.rolling else self.plan.wanted):
            self.stopped.append(StoppedTask(len(self.stopped), at))
        if not self.plan.rolling:
            self._due = at + self.scenario.start + TASK_LIFE
            return
        failures = self.state.failures + 1
        if failures >= self.plan.breaker:
            self.reason = (
                "Service deployment rolled back because the circuit breaker threshold was exceeded."
            )
        self._observe(at, Event.FAILED)

    def _time_out(self, at: float) -> None:
        for hook in self.hooks:
            if hook.status == "AWAITING_ACTION":
                hook.status = "TIMED_OUT"
        self.reason = "Service deployment rolled back: a lifecycle hook timed out."
        self._observe(at, Event.TIMED_OUT)

    def _observe(self, at: float, observation: Event) -> None:
        before = self.state
        self.state, action = advance_rollout(self.state, observation)
        if self.state.stage is not before.stage:
            self._stage_began = at
        if self.state.weight != before.weight or not self.shares:
            self.shares.append((at, self.state.weight))
        if self.state.stage.final:
            self.ended = at
            return
        self._due = at + self._lasts(at, action)

    def _lasts(self, at: float, action: Action) -> float:
        """Seconds that an action takes."""
        if action.do in (ActionType.START_CANDIDATE, ActionType.START_STABLE):
            never = self.scenario.stop_reason and action.do is ActionType.START_CANDIDATE
            return self.scenario.start + (TASK_LIFE if never else 0.0)
        if action.do is ActionType.PAUSE:
            return self._pause(at)
        if action.do is ActionType.ANALYZE:
            return self.plan.step_bake if action.weight < 100 else self.plan.bake
        if action.do is ActionType.SMOKE_TEST:  # ECS asks nothing
            return 0.0
        return 15.0

    def _pause(self, at: float) -> float:
        """Every hook of the stage waits, each reached anew (G: a new hookId each time)."""
        minutes: list[float] = []
        for hook in self.configuration.get("lifecycleHooks", []):
            if str(self.state.stage) in hook["lifecycleStages"]:
                timeout = hook.get("timeoutConfiguration", {})
                minutes.append(60.0 * timeout.get("timeoutInMinutes", 1440))
                identity = f"hook-{self.arn[-4:]}-{len(self.hooks) + 1}"
                action = timeout.get("action", "ROLLBACK")
                self.hooks.append(Pausing(identity, at + minutes[-1], action))
        return min(minutes)


def fake_time(at: float) -> datetime:
    """As botocore gives times."""
    return datetime.fromtimestamp(at, UTC)
