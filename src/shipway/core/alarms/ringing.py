"""Who rings when, of several alarms: composites, and what keeps them quiet.

Source: "Composite alarm action suppression" in the CloudWatch user guide. A composite that goes
into ALARM while its suppressor is in ALARM does not ring. Otherwise it waits for it up to the
wait period, then rings. When the suppressor leaves ALARM, it waits up to the extension period,
then rings if it is still in ALARM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.core.alarms.composite import EXTENSION, WAIT, Composite
from shipway.core.alarms.evaluation import State
from shipway.core.alarms.rule import Group, Rule, Severity

States = Mapping[str, Sequence[State]]  # alarm → its state in each minute


@dataclass(frozen=True)
class Ring:
    """A message: in which minute, counted from 0, and which alarm sends it."""

    minute: int
    alarm: str
    severity: Severity


def rings(
    rules: Sequence[Rule], composites: Sequence[Composite], states: States
) -> tuple[Ring, ...]:
    """The messages that people get, in order. states: of every rule, minute by minute."""
    known: dict[str, Sequence[State]] = dict(states)
    for one in composites:
        known[one.name] = _together(one, known)
    found = [
        Ring(minute, rule.name, rule.severity)
        for rule in rules
        if rule.group in (Group.ALONE, Group.EVENT)
        for minute in _starts(known[rule.name])
    ]
    for one in composites:
        quiet = known.get(one.suppressor, ()) if one.suppressor else ()
        if one.rings:
            found += [Ring(at, one.name, one.severity) for at in _rung(known[one.name], quiet)]
    return tuple(sorted(found, key=lambda ring: (ring.minute, ring.alarm)))


def _together(one: Composite, states: States) -> list[State]:
    rows = zip(*(states[name] for name in one.of), strict=True)
    return [State.ALARM if State.ALARM in row else State.OK for row in rows]


def _starts(states: Sequence[State]) -> list[int]:
    return [
        minute
        for minute, state in enumerate(states)
        if state is State.ALARM and (minute == 0 or states[minute - 1] is not State.ALARM)
    ]


def _rung(states: Sequence[State], quiet: Sequence[State]) -> list[int]:
    """The minutes in which a composite with this suppressor rings: once each time it is on."""
    if not quiet:
        return _starts(states)
    found = []
    due: int | None = None  # the minute in which it rings unless it is kept quiet until then
    for minute, state in enumerate(states):
        if state is not State.ALARM:
            due = None
            continue
        if minute == 0 or states[minute - 1] is not State.ALARM:
            due = minute + WAIT // 60
        if due is None:  # it has rung
            continue
        if quiet[minute] is State.ALARM:
            due = minute + EXTENSION // 60
        elif minute >= due:
            found.append(minute)
            due = None
    return found
