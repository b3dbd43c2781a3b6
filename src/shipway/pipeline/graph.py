"""The pipeline: steps, what each needs, and which comes next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shipway.errors import ConfigError
from shipway.pipeline.dependency import Effect, Role, Standing, effect, standing
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import ALL_CORES, STAGES, Step


class Graph:
    """Steps in an order in which each follows what it needs.

    Raises ConfigError for a name given twice, a need that is no step (with the nearest name),
    and a cycle (named step by step).
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps: dict[str, Step] = {}
        for step in steps:
            if step.name in self.steps:
                raise ConfigError(
                    f"two steps are named {step.name!r}",
                    "Rename one of them.",
                    code="invalid-pipeline",
                )
            self.steps[step.name] = step
        self.dependants: dict[str, list[str]] = {name: [] for name in self.steps}
        for step in self.steps.values():
            for need in step.needs:
                if need not in self.steps:
                    raise _unknown(step.name, need, self.steps)
                self.dependants[need].append(step.name)
        self.order = self._sort()

    def _sort(self) -> list[str]:
        waiting = {name: len(step.needs) for name, step in self.steps.items()}
        order = [name for name, count in waiting.items() if not count]
        for name in order:  # grows while it is walked
            for dependant in self.dependants[name]:
                waiting[dependant] -= 1
                if not waiting[dependant]:
                    order.append(dependant)
        if len(order) < len(self.steps):
            raise _cycle(self.steps, set(order))
        return order

    def select(self, stages: Sequence[str], skip: Iterable[str] = ()) -> Graph:
        """The steps of these stages (all when empty) with everything they need, less `skip`.

        Raises ConfigError for a stage that no step has and for a step to skip that is none.
        """
        skipped = set(skip)
        if not self.steps:
            raise ConfigError(
                "there is no pipeline here: no application was found, and no step is configured",
                "Give this folder one: shipway init. Or work elsewhere: shipway -C DIR run.",
                code="no-pipeline",
            )
        if not stages and not skipped:
            return self
        for name in skipped - set(self.steps):
            raise _no_such("step to skip", name, self.steps)
        for stage in stages:
            if stage not in STAGES and stage not in self.steps:
                raise _no_such("stage or step", stage, (*STAGES, *self.steps))
        selected: set[str] = set()
        for name in reversed(self.order):
            step = self.steps[name]
            chosen = not stages or step.stage in stages or name in stages
            if name not in skipped and (
                chosen or any(other in selected for other in self.dependants[name])
            ):
                selected.add(name)
        steps = [
            self._without(self.steps[name], skipped) for name in self.order if name in selected
        ]
        if not steps:
            raise ConfigError(
                "there is nothing to run",
                "Name a stage that has steps: shipway plan shows them.",
                code="unknown-name",
            )
        return Graph(steps)

    def unasked(self, names: Sequence[str]) -> set[str]:
        """Steps that run on request only, and that no word (stage or step) asks for.

        One that is asked for asks for those that it needs.
        """
        requested: set[str] = set()
        left: set[str] = set()
        for name in reversed(self.order):
            step = self.steps[name]
            if not step.work.get("on_request"):
                continue
            matches = name in names or step.stage in names
            if matches or requested.intersection(self.dependants[name]):
                requested.add(name)
            else:
                left.add(name)
        return left

    @staticmethod
    def _without(step: Step, skipped: set[str]) -> Step:
        if not skipped.intersection(step.needs):
            return step
        from dataclasses import replace

        return replace(step, needs=tuple(need for need in step.needs if need not in skipped))

    def remaining(self, durations: Mapping[str, float]) -> dict[str, float]:
        """For each step, the seconds from its start to the end of the longest path behind it."""
        remaining: dict[str, float] = {}
        for name in reversed(self.order):
            behind = max((remaining[other] for other in self.dependants[name]), default=0.0)
            remaining[name] = behind + durations.get(name, self.steps[name].expected)
        return remaining


class Blocked(NamedTuple):
    """A step that will not run, and the step that is the cause, however far behind."""

    step: Step
    cause: str
    outcome: Outcome


class _State(NamedTuple):
    """How good something is, and the step that makes it no better."""

    standing: Standing
    cause: str


class _Ending(NamedTuple):
    """How a step ended by itself, and with all behind it."""

    itself: _State
    whole: _State


class Scheduler:
    """Which step may start now: longest remaining path first, within a budget of cores.

    Pure: tell it what started and how things ended, ask it what comes next. Times are seconds
    of the caller's clock; durations are what each step took last time. A step is decided on when
    all that it needs has ended, by the table in pipeline/dependency.py: the order of their endings
    changes nothing. strict: whether what is absent holds up a rollout as a failure does. first:
    steps that start before others that are ready.
    """

    def __init__(
        self,
        graph: Graph,
        cores: int,
        durations: Mapping[str, float],
        *,
        strict: bool = False,
        first: Collection[str] = (),
    ) -> None:
        self._graph = graph
        self._cores = cores
        self._strict = strict
        self._free = cores
        self._waiting = {name: len(step.needs) for name, step in graph.steps.items()}
        self._cancelled: set[str] = set()
        self._outcomes: dict[str, Outcome] = {}
        self._endings: dict[str, _Ending] = {}
        self._running: dict[str, float] = {}  # when each is expected to end
        self._durations = durations
        self._left = len(graph.steps)
        remaining = graph.remaining(durations)
        self._rank = {
            name: (name not in first, -remaining[name], position)
            for position, name in enumerate(graph.order)
        }
        self._ready = sorted(
            (name for name, count in self._waiting.items() if not count), key=self._rank.__getitem__
        )

    @property
    def done(self) -> bool:
        """Whether every step has ended."""
        return not self._left

    @property
    def running(self) -> frozenset[str]:
        """The steps that have started and not ended."""
        return frozenset(self._running)

    def next(self, now: float = 0.0) -> Step | None:
        """The step to start now, which counts as started; None when nothing can.

        Where the first in the queue asks for more cores than are free, those behind it may pass
        if they are expected to end before its turn comes (EASY backfilling: Lifka, "The ANL/IBM
        SP scheduling system", 1995), so that it waits no longer for them.
        """
        turn: float | None = None
        for position, name in enumerate(self._ready if self._free else ()):
            step = self._graph.steps[name]
            end = now + self._durations.get(name, step.expected)
            if self._need(step) <= self._free and (turn is None or end <= turn):
                del self._ready[position]
                self._free -= self._need(step)
                self._running[name] = end
                return step
            if turn is None:
                turn = self._turn(self._need(step))
        return None

    def _turn(self, cores: int) -> float:
        """When so many cores are expected to be free."""
        free = self._free
        for name, end in sorted(self._running.items(), key=lambda item: item[1]):
            free += self._need(self._graph.steps[name])
            if free >= cores:
                return end
        return 0.0

    def finish(self, name: str, outcome: Outcome) -> list[Blocked]:
        """A running step ended; returns the steps that will not run now, ended too."""
        del self._running[name]
        self._free += self._need(self._graph.steps[name])
        self._left -= 1
        blocked: list[Blocked] = []
        ended = [(name, outcome)]
        while ended:
            current, how = ended.pop()
            self._note(current, how)
            for dependant in self._graph.dependants[current]:
                self._waiting[dependant] -= 1
                if self._waiting[dependant] or dependant in self._cancelled:
                    continue
                step = self._graph.steps[dependant]
                hindrance = self._hindrance(step)
                if hindrance is None:
                    self._insert(dependant)
                    continue
                self._left -= 1
                cause = hindrance.cause
                blocked.append(Blocked(step, cause, self._outcomes[cause]))
                ended.append((dependant, Outcome.UPSTREAM_FAILED))
        return blocked

    def cancel(self) -> list[Step]:
        """Nothing more may start; returns the steps that had not, now ended."""
        waiting = [
            self._graph.steps[name]
            for name in self._graph.order
            if name not in self._running
            and name not in self._cancelled
            and (self._waiting[name] or name in self._ready)
        ]
        self._left -= len(waiting)
        self._cancelled.update(step.name for step in waiting)
        self._ready = []
        return waiting

    def _note(self, name: str, outcome: Outcome) -> None:
        step = self._graph.steps[name]
        if outcome is Outcome.UPSTREAM_FAILED:
            itself = _worst(state for _, state in self._states(step))
        else:
            itself = _State(standing(outcome), name)
        behind = (self._endings[need].whole for need in step.needs)
        self._outcomes[name] = outcome
        self._endings[name] = _Ending(itself, _worst((itself, *behind)))

    def _hindrance(self, step: Step) -> _State | None:
        """The worst that keeps it from running; None when nothing does."""
        hindrances = [
            state
            for role, state in self._states(step)
            if effect(role, state.standing, strict=self._strict) is Effect.BLOCKED
        ]
        return _worst(hindrances) if hindrances else None

    def _states(self, step: Step) -> Iterator[tuple[Role, _State]]:
        """What the step sees of each need; of one whose product it takes, as a consumer too."""
        for need in step.needs:
            ending = self._endings[need]
            yield step.role, ending.whole if step.role.looks_behind else ending.itself
            if need in step.products:
                yield Role.CONSUMER, ending.itself

    def _insert(self, name: str) -> None:
        from bisect import insort

        insort(self._ready, name, key=self._rank.__getitem__)

    def _need(self, step: Step) -> int:
        return self._cores if step.cores == ALL_CORES else min(step.cores, self._cores)


def _worst(states: Iterable[_State]) -> _State:
    return max(states, key=lambda state: state.standing)


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _unknown(step: str, need: str, steps: Iterable[str]) -> ConfigError:
    return ConfigError(
        f"step {step!r} needs {need!r}, which is no step.{_nearest(need, steps)}",
        "shipway plan lists the steps.",
        code="unknown-name",
    )


def _no_such(what: str, name: str, known: Iterable[str]) -> ConfigError:
    names = list(dict.fromkeys(known))
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return ConfigError(
        f"no {what} is named {name!r}.{_nearest(name, names)}",
        f"There are: {shown}. shipway plan lists all.",
        code="unknown-name",
    )


def _cycle(steps: Mapping[str, Step], sorted_: set[str]) -> ConfigError:
    """Every step left over needs another one left over: follow needs until one repeats."""
    left = [name for name in steps if name not in sorted_]
    path = [left[0]]
    while True:
        following = next(need for need in steps[path[-1]].needs if need not in sorted_)
        if following in path:
            circle = [*path[path.index(following) :], following]
            return ConfigError(
                "the steps need each other in a circle: " + " → ".join(circle),
                f"Remove one of the needs, for example {following!r} from {path[-1]!r}.",
                code="invalid-pipeline",
            )
        path.append(following)
