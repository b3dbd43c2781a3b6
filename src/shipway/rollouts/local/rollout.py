"""One rollout from its first action to its receipt, or from where a killed command left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil

from shipway.config.schema import Application, Environment
from shipway.errors import CannotRun, ConfigError, RecordError, ShipwayError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.ports import Clock, Http
from shipway.releases.release import Release, release_fields
from shipway.rollouts.analysis.rollout_analysis import RolloutAnalysis
from shipway.rollouts.analysis.window import Decision
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.local.abort_conditions import AbortConditions
from shipway.rollouts.local.environment import EnvironmentState
from shipway.rollouts.local.environment_lock import EnvironmentLock, Signal
from shipway.rollouts.local.envoy import RELEASE_HEADER, SMOKE_TEST, SYNTHETIC_HEADER
from shipway.rollouts.local.instances import (
    Instance,
    Instances,
    cluster_of,
    raise_if_command_failed,
    unhealthy_remedy,
)
from shipway.rollouts.local.proxy import EnvoyProxy
from shipway.rollouts.local.replica_set import ReplicaSet
from shipway.rollouts.local.state import ExecutionState, UnfinishedRollout
from shipway.rollouts.local.traffic_monitor import SyntheticTraffic, TrafficCounters, TrafficMonitor
from shipway.rollouts.platform import NO_REMARKS
from shipway.rollouts.report import (
    ROLLOUT,
    RolloutNotes,
    RolloutRecord,
    RolloutReport,
    TimelineEntry,
)
from shipway.rollouts.smoke_tests import first_smoke_test_failure
from shipway.rollouts.state_machine import (
    Action,
    ActionType,
    Event,
    Rollout,
    Stage,
    advance_rollout,
    begin_rollout,
)
from shipway.rollouts.strategy import OnTimeout, RolloutPlan, Strategy, steps_of
from shipway.system.user import current_user

# What comes before a rollout's first action: its plan, its migration, its seed.


def rollout_plan(settings: Environment, desired: int, replaced: int) -> RolloutPlan:
    """As configured. A first release is not waited for: there is nothing to go back to."""
    strategy = Strategy(settings.strategy)
    pauses = settings.pauses.items() if replaced else ()
    return RolloutPlan(
        strategy=strategy,
        wanted=desired,
        replaced=replaced,
        batch=settings.batch,
        minimum=ceil(max(desired, replaced) * settings.minimum_healthy / 100),
        steps=steps_of(strategy, settings.canary_percent, settings.step_percent),
        step_bake=settings.step_bake,
        bake=settings.bake if replaced else 0.0,
        test=bool(settings.test_port),
        pauses={stage: OnTimeout(pause.on_timeout) for stage, pause in pauses},
        breaker=settings.failed_starts,
    )


def run_migrations(
    instances: Instances,
    application: Application,
    release: Release,
    listener: RolloutListener,
    *,
    seed: bool,
) -> None:
    """Migrations, and on the first rollout the seed: before anything moves. Raises CannotRun."""
    steps = [("the migration", application.migrate)]
    if seed:
        steps.append(("the seed", application.seed))
    for what, command in steps:
        if command:
            listener.on_message(f"{what}: {command}")
            raise_if_command_failed(instances.once(release, command), what)


# The two times when a rollout waits: for the judge, and for a person.

AGAIN = "Roll it out again when it may go on."
LOOK = 0.25  # seconds between looks
HEALTH_EVERY = 2.0  # seconds between looks at the health of instances that serve
DOUBT_LASTS = 60.0  # seconds at most that a bake is prolonged while the judge doubts


@dataclass
class RolloutWaits:
    """Of one rollout; story is told why it ends otherwise than well."""

    settings: Environment
    conditions: AbortConditions
    clock: Clock

    def await_analysis(self, state: Rollout, story: RolloutNotes) -> Event:
        """At a share of traffic, until the judge promotes; at all of it, for the bake, which does
        not end while the judge doubts: a rollout that is over quickly leaves it little to go by.

        What hangs answers nothing, and gives the judge no figures: so its health is asked, too.
        """
        bake = self.settings.bake if state.weight >= 100 else self.settings.step_bake
        end = self.clock.monotonic() + bake
        checked = self.clock.monotonic()
        while True:
            if (objection := self.conditions.check(state.stage, story)) is not None:
                return objection
            now = self.clock.monotonic()
            decision = self.conditions.analysis.decision
            if now >= end or now - checked >= HEALTH_EVERY:
                if self.conditions.is_unhealthy(story):
                    return Event.ALARM
                checked = now
            if now >= end and self._enough(state, decision, now - end):
                return Event.DONE
            if decision is Decision.INCONCLUSIVE and state.weight < 100:
                story.fail(
                    f"the judge holds it: {self.conditions.analysis.sentence}", self._choices
                )
                return Event.INCONCLUSIVE
            self.clock.sleep(LOOK)

    def await_approval(self, state: Rollout, story: RolloutNotes) -> Event:
        """Until a person answers, or the pause's time is over."""
        pause = self.settings.pauses[state.stage.value]  # type: ignore[index]  # its names
        end = self.clock.monotonic() + pause.timeout
        self.conditions.listener.on_message(f"paused at {state.stage}. {self._choices}")
        while self.clock.monotonic() < end:
            answer = self.conditions.lock.receive()
            if answer is Signal.CONTINUE:
                return Event.DONE
            self.conditions.asked = self.conditions.asked or answer is Signal.STOP
            if (objection := self.conditions.check(state.stage, story)) is not None:
                return objection
            self.clock.sleep(LOOK)
        cause = f"nobody answered the pause at {state.stage} within {pause.timeout:g} s"
        self.conditions.listener.on_message(f"{cause}: {pause.on_timeout}")
        if pause.on_timeout == "roll back":
            name = self.conditions.environment
            story.fail(cause, f"Roll it out again, and answer: {command_line('resume', name)}.")
        return Event.TIMED_OUT

    def _enough(self, state: Rollout, decision: Decision, over: float) -> bool:
        """Whether it was watched for long enough, so many seconds after its time was over."""
        if not self.settings.judged or decision is Decision.PROMOTE:
            return True
        return state.weight >= 100 and (
            not self.conditions.analysis.reasons_to_doubt or over >= DOUBT_LASTS
        )

    @property
    def _choices(self) -> str:
        name = self.conditions.environment
        return f"Go on: {command_line('resume', name)}. Go back: {command_line('cancel', name)}."


# Carries out one rollout on this machine: asks the state machine, does what it says.


@dataclass(kw_only=True)
class RolloutExecutor:
    """One rollout. Everything is saved before it is done: `save` is called with what a later
    command needs to go on."""

    candidate: Release
    stable: Release | None
    state: Rollout
    environment: str
    settings: Environment
    address: str
    replicas: ReplicaSet
    proxy: EnvoyProxy
    counters: TrafficCounters
    analysis: RolloutAnalysis
    synthetic: SyntheticTraffic
    http: Http
    clock: Clock
    lock: EnvironmentLock
    listener: RolloutListener
    save: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    notes: RolloutNotes = field(default_factory=RolloutNotes)

    def __post_init__(self) -> None:
        self.keeper = TrafficMonitor(
            self.proxy,
            cluster_of(self.candidate.digest),
            self.counters,
            self.analysis,
            self.synthetic,
            self.listener,
            self.clock,
        )
        self._guard = AbortConditions(
            environment=self.environment,
            candidate=self.candidate,
            stable=self.stable,
            replicas=self.replicas,
            proxy=self.proxy,
            monitor=self.keeper,
            analysis=self.analysis,
            lock=self.lock,
            listener=self.listener,
            stopping=self.stopping,
        )
        self._waiting = RolloutWaits(self.settings, self._guard, self.clock)
        self._interruptions = 0

    def run(self, observation: Event | None) -> Rollout:
        """To the end, or until a person is needed. None: do again what had been begun.

        Raises RecordError where nothing can be written any more: what was moved stays as it is.
        """
        with self.keeper.monitoring():
            while True:
                try:
                    if observation is not None:
                        if observation not in (Event.BEGIN, Event.DONE):
                            self._count()
                        self.state, _ = advance_rollout(self.state, observation)
                        self._note()
                        self.save()
                    if self.state.stage.final or self.state.held:
                        return self.state
                    objection = self._guard.check(self.state.stage, self.notes)
                    observation = objection or self._carry_out(self.state.last)
                except KeyboardInterrupt:  # in whatever it does, between two actions, too
                    observation = self._interrupted()

    def _interrupted(self) -> Event | None:
        """Going back, also where that had begun; raises at the second interruption, and where
        there is nothing to go back from."""
        stage = self.state.stage
        if self._interruptions or stage.final or self.state.held:
            raise KeyboardInterrupt
        self._interruptions += 1
        if stage is Stage.ROLLING_BACK:
            self.listener.on_message(
                "interrupted: it goes back already; once more leaves it as it is"
            )
            return None
        self.notes.fail("it was interrupted", AGAIN)
        self.listener.on_message("interrupted: going back; once more leaves it as it is")
        return Event.STOP

    def _count(self) -> None:
        """Who is really there: an action that did not get to its end may have done a part."""
        old = len(self.replicas.instances_of(self.stable.digest)) if self.stable else 0
        new = len(self.replicas.instances_of(self.candidate.digest))
        self.state = replace(self.state, old=old, new=new)

    def _carry_out(self, action: Action) -> Event:
        try:
            return self._do(action)
        except RecordError:
            raise
        except (ShipwayError, OSError) as problem:
            self.notes.fail(str(problem), getattr(problem, "remedy", ""))
            self.listener.on_message(str(problem))
            return Event.FAILED

    def _do(self, action: Action) -> Event:
        if action.do in (ActionType.START_CANDIDATE, ActionType.START_STABLE):
            return self._start(
                self.candidate if action.do is ActionType.START_CANDIDATE else self.stable, action
            )
        if action.do is ActionType.SMOKE_TEST:
            return self._smoke()
        if action.do is ActionType.ANALYZE:
            return self._waiting.await_analysis(self.state, self.notes)
        if action.do is ActionType.PAUSE:
            return self._waiting.await_approval(self.state, self.notes)
        if action.do is not ActionType.NONE:
            self._move(action)
        return Event.DONE

    def _start(self, release: Release | None, action: Action) -> Event:
        if release is None:
            return Event.FAILED
        stage = self.state.stage
        why, sick = self.replicas.start(
            release, action.count, lambda: self._guard.stop_requested(stage)
        )
        if sick is None:
            return Event.DONE
        self.notes.fail(why, unhealthy_remedy(why, sick.log), self.replicas.instances.tail(sick))
        self.listener.on_message(why)
        return Event.FAILED

    def _move(self, action: Action) -> None:
        """Who serves, as it will be when this action is done."""
        after, _ = advance_rollout(self.state, Event.DONE)
        new, old = self.candidate.digest, self.stable.digest if self.stable else ""
        if action.do in (ActionType.ADD_CANDIDATE, ActionType.ADD_STABLE):
            self.replicas.mark_ready()
        leaving: list[Instance] = []
        if action.do is ActionType.REMOVE_STABLE:
            leaving = self.replicas.excess(old, after.old)
        elif action.do is ActionType.REMOVE_CANDIDATE:
            leaving = self.replicas.excess(new, after.new)
        tested = cluster_of(new if after.test_weight else old) if self.stable else ""
        shares = self.replicas.traffic_split(
            leaving, new, after.weight, tested if after.new else ""
        )
        self.keeper.serve(shares)
        self.save()
        self.replicas.terminate(leaving)

    def _smoke(self) -> Event:
        """The new release's test traffic before it serves anybody; its requests afterwards."""
        testing = self.state.stage is Stage.POST_TEST_TRAFFIC_SHIFT
        address = self.proxy.inner_address if testing else self.address
        headers = (
            {RELEASE_HEADER: cluster_of(self.candidate.digest)}
            if testing
            else {SYNTHETIC_HEADER: SMOKE_TEST}
        )
        wrong = first_smoke_test_failure(
            self.settings.smoke, address, headers, self.http, self.listener.on_message
        )
        if not wrong:
            return Event.DONE
        self.notes.fail(f"a smoke test failed: {wrong}", "Correct the release.")
        return Event.FAILED

    def _note(self) -> None:
        state, now = self.state, self.clock.now()
        text = "" if state.last.do is ActionType.NONE else state.last.description
        text = "held" if state.held else "" if state.stage.final else text
        self.notes.timeline.append(TimelineEntry(at=now, stage=str(state.stage), text=text))
        self.listener.on_stage(now, str(state.stage), text)

    def snapshot(self) -> ExecutionState:
        """What another command needs to go on."""
        return ExecutionState(
            state=self.state,
            counters=self.counters.snapshot(),
            analysis=self.analysis.snapshot(),
            notes=self.notes,
            synthetic=self.synthetic.sent,
        )

    def restore(self, known: ExecutionState) -> None:
        """What `snapshot` gave."""
        self.state = known.state
        self.counters.restore(known.counters)
        self.analysis.restore(known.analysis)
        self.notes = known.notes
        self.synthetic.sent = known.synthetic


_VERDICTS = {
    Stage.SUCCEEDED: Verdict.PASSED,
    Stage.ROLLED_BACK: Verdict.ROLLED_BACK,
    Stage.NEEDS_PERSON: Verdict.ACTION_REQUIRED,
}


class LocalRollout:
    """Changes what an environment serves, which is held by the caller."""

    def __init__(
        self,
        environment: EnvironmentState,
        listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._environment = environment
        self._listener = listener
        self._stopping = stopping
        self._executing = False

    def start(
        self,
        release: Release,
        plan: RolloutPlan,
        *,
        migrate: bool = True,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> RolloutReport:
        """To another release, as planned. migrate: an older one does not know what the database
        has become. remarks: kept with the rollout."""
        environment = self._environment
        environment.proxy.raise_if_ports_taken()
        started = environment.clock.now()
        stable = environment.current
        environment.record.add_release(release_fields(release))
        rollout = RolloutRecord(
            release=release.name,
            before=stable.name if stable else "",
            started=started,
            by=current_user(),
            strategy=str(plan.strategy),
            digest=release.digest,
        )
        environment.unfinished = UnfinishedRollout(
            number=environment.record.add_rollout(environment.name, ROLLOUT.fields(rollout)),
            started=started,
            candidate=release,
            stable=stable,
            remarks=dict(remarks),
        )
        walk = self._walk(release, begin_rollout(plan))
        first = Event.BEGIN
        try:
            if migrate:
                run_migrations(
                    environment.instances,
                    environment.application,
                    release,
                    self._listener,
                    seed=self._never_good,
                )
        except CannotRun as problem:
            walk.notes.fail(problem.message, problem.remedy)
            first = Event.STOP
        else:
            walk.analysis.seed_baseline(walk.counters.begin())
        return self._finish(walk, first)

    def resume(self, observation: Event | None, cause: str = "") -> RolloutReport:
        """With the rollout that is not finished. None: do again what had been begun. cause: why
        it is undone. An interruption that comes before its first action undoes it, too: later ones
        are the executor's."""
        try:
            return self._resume(observation, cause)
        except KeyboardInterrupt:
            if self._executing:
                raise
            self._listener.on_message("interrupted: going back; once more leaves it as it is")
            return self._resume(Event.STOP, "it was interrupted")

    def _resume(self, observation: Event | None, cause: str) -> RolloutReport:
        unfinished = self._unfinished
        release = unfinished.candidate
        if unfinished.execution is None:  # killed before its first action
            walk = self._walk(release, begin_rollout(self.rollout_plan()))
            walk.notes.fail(cause, AGAIN)
            walk.analysis.seed_baseline(walk.counters.begin())
            return self._finish(walk, observation or Event.BEGIN)
        state = unfinished.execution.state
        self._listener.on_message(
            f"going on with the rollout of {release.name}, left at {state.stage}"
        )
        walk = self._walk(release, state)
        walk.restore(unfinished.execution)
        if observation is None and state.held:
            observation = Event.DONE
        if observation is Event.DONE:  # somebody has answered: what held it is history
            walk.notes.cause = walk.notes.remedy = ""
        walk.notes.fail(cause, AGAIN)
        return self._finish(walk, observation)

    def close(self) -> RolloutReport | None:
        """The receipt of a rollout that had come to its end when its command was killed."""
        unfinished = self._environment.unfinished
        if unfinished is None or unfinished.execution is None:
            return None
        if not unfinished.execution.state.stage.final:
            return None
        return self.resume(None)

    def rollout_plan(self) -> RolloutPlan:
        """As configured, for what runs now."""
        environment = self._environment
        return rollout_plan(
            environment.settings, environment.settings.instances, len(environment.team.members)
        )

    @property
    def _unfinished(self) -> UnfinishedRollout:
        """The one that is carried out here."""
        environment = self._environment
        if environment.unfinished is None:
            raise ConfigError(
                f"no rollout is unfinished in {environment.name}", code="rollout-in-progress"
            )
        return environment.unfinished

    @property
    def _never_good(self) -> bool:
        """Whether nothing was ever rolled out well here: then the data are seeded."""
        rollouts = self._environment.record.rollouts(self._environment.name)
        return all(rollout.get("verdict") != Verdict.PASSED for rollout in rollouts)

    def _walk(self, release: Release, state: Rollout) -> RolloutExecutor:
        environment = self._environment
        old = environment.unfinished.stable if environment.unfinished else None
        new, other = cluster_of(release.digest), cluster_of(old.digest) if old else ""
        names = {new: release.name, **({other: old.name} if old else {})}
        walk = RolloutExecutor(
            candidate=release,
            stable=old,
            state=state,
            environment=environment.name,
            settings=environment.settings,
            address=environment.address,
            replicas=environment.team,
            proxy=environment.proxy,
            counters=TrafficCounters(environment.proxy, environment.clock, names),
            analysis=RolloutAnalysis(environment.settings, new, other),
            synthetic=SyntheticTraffic(
                environment.application, environment.settings, environment.proxy, environment.http
            ),
            http=environment.http,
            clock=environment.clock,
            lock=environment.lease,
            listener=self._listener,
            save=lambda: self._keep(walk),
            stopping=self._stopping,
        )
        return walk

    def _keep(self, walk: RolloutExecutor) -> None:
        self._environment.unfinished = replace(self._unfinished, execution=walk.snapshot())
        self._environment.save()

    def _finish(self, walk: RolloutExecutor, observation: Event | None) -> RolloutReport:
        environment = self._environment
        unfinished = self._unfinished
        with environment.supervised(unfinished.number, self._listener):
            self._executing = True
            state = walk.run(observation)
            walk.keeper.check()
            receipt = self._receipt(walk, state, unfinished)
            ended = RolloutRecord(
                release=receipt.release,
                before=receipt.before,
                started=receipt.started,
                verdict=str(receipt.verdict),
                by=current_user(),
                strategy=receipt.strategy,
                digest=walk.candidate.digest,
                report=receipt,
            )
            environment.record.update_rollout(
                unfinished.number, {**ROLLOUT.fields(ended), **unfinished.remarks}
            )
            if not state.held:
                # Last: as long as it is unfinished, the next command comes back here.
                environment.finish_unfinished(
                    walk.candidate,
                    succeeded=state.stage is Stage.SUCCEEDED,
                    tidy=state.stage is not Stage.NEEDS_PERSON,
                )
            return receipt

    def _receipt(
        self, walk: RolloutExecutor, state: Rollout, unfinished: UnfinishedRollout
    ) -> RolloutReport:
        environment, story, before = self._environment, walk.notes, walk.stable
        figures = walk.counters.totals()  # before the clock is read: what they wait for is in them
        return RolloutReport(
            environment=environment.name,
            release=walk.candidate.name,
            before=before.name if before else "",
            verdict=_VERDICTS.get(state.stage, Verdict.ACTION_REQUIRED),
            started=unfinished.started,
            seconds=environment.clock.now() - unfinished.started,
            address=environment.address,
            strategy=str(state.plan.strategy),
            cause="" if state.stage is Stage.SUCCEEDED else story.cause,
            remedy=story.remedy,
            log=story.log,
            releases=figures,
            timeline=tuple(story.timeline),
            samples=tuple(walk.counters.samples),
            evidence=tuple(walk.analysis.evidence),
            synthetic=walk.synthetic.sent,
            outages=walk.keeper.outages,
            downtime=walk.keeper.downtime,
        )
