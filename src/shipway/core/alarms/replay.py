"""What would have rung over recorded metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.core.alarms.composite import composites
from shipway.core.alarms.evaluation import Series, State, play
from shipway.core.alarms.ringing import Ring, rings
from shipway.core.alarms.rule import Rule


@dataclass(frozen=True)
class Spell:
    """An alarm was on. begin and end: minutes from the first one; end is None while it is on."""

    alarm: str
    begin: int
    end: int | None


@dataclass(frozen=True)
class Replay:
    """Which alarms were on, and which messages people would have got."""

    spells: tuple[Spell, ...]
    rings: tuple[Ring, ...]


def replay(rules: Sequence[Rule], recorded: Mapping[str, Series]) -> Replay:
    """Play every rule over its series, which begin together.

    recorded: rule's name → its metrics' series. Raises ValueError as `evaluation.play` does.
    """
    states = {rule.name: _by_minute(rule, play(rule, recorded[rule.name])) for rule in rules}
    length = max((len(row) for row in states.values()), default=0)
    # All begin together; one with long periods has its last state until the next one ends.
    aligned = {name: row + row[-1:] * (length - len(row)) for name, row in states.items()}
    spells = [spell for name, row in aligned.items() for spell in _spells(name, row)]
    return Replay(
        tuple(sorted(spells, key=lambda spell: (spell.begin, spell.alarm))),
        rings(rules, composites(rules), aligned),
    )


def _by_minute(rule: Rule, states: Sequence[State]) -> list[State]:
    """The state in each minute: what a period gave is known when it has ended."""
    minutes = rule.period // 60
    return [
        states[at // minutes - 1] if at >= minutes else State.INSUFFICIENT
        for at in range(1, len(states) * minutes + 1)
    ]


def _spells(name: str, states: Sequence[State]) -> list[Spell]:
    found: list[Spell] = []
    begin: int | None = None
    for minute, state in enumerate(states):
        if state is State.ALARM and begin is None:
            begin = minute
        elif state is not State.ALARM and begin is not None:
            found.append(Spell(name, begin, minute))
            begin = None
    return found if begin is None else [*found, Spell(name, begin, None)]
