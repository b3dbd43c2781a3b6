"""Composite alarms: one fault rings once, whatever else it brings about.

A full disk makes errors, slow answers and restarts. Symptoms ring before causes: while visitors
are known to suffer, what only says why stays quiet, and rings afterwards if it is still there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.core.alarms.rule import Group, Rule, Severity

# Seconds. A cause may be seen before its symptom: it waits so long for it, and so long after it.
# Error rates need three bad minutes, and the balancer's metrics come a minute late.
WAIT = 300
EXTENSION = 180
AFFECTED = "affected"


@dataclass(frozen=True)
class Composite:
    """An alarm over others: in ALARM while any of `of` is. `suppressor` keeps it quiet."""

    name: str
    severity: Severity
    meaning: str
    of: tuple[str, ...]
    suppressor: str = ""
    rings: bool = True


_MEANING = {
    Group.OUTAGE: (Severity.CRITICAL, "Visitors cannot use the site.", ""),
    Group.DEGRADED: (Severity.WARNING, "The site answers, but not as well as it should.", "outage"),
    Group.STRAIN: (Severity.WARNING, "Something is nearly used up.", AFFECTED),
    Group.SECURITY: (Severity.WARNING, "Somebody tries what they may not.", ""),
}


def composites(rules: Sequence[Rule]) -> tuple[Composite, ...]:
    """The composite alarms over these rules; a group without rules has none."""
    made = [one for group in _MEANING if (one := _of(group, rules)) is not None]
    symptoms = tuple(one.name for one in made if one.name in (Group.OUTAGE, Group.DEGRADED))
    there = {one.name for one in made}
    if symptoms:
        there.add(AFFECTED)
        made.append(
            Composite(
                AFFECTED, Severity.WARNING, "Visitors feel something. Rings for nobody.",
                symptoms, rings=False,
            )
        )  # fmt: skip
    return tuple(_quieted(one, there) for one in made)


def _of(group: Group, rules: Sequence[Rule]) -> Composite | None:
    children = tuple(rule for rule in rules if rule.group is group)
    if not children:
        return None
    severity, meaning, suppressor = _MEANING[group]
    return Composite(
        group.value, severity, meaning, tuple(rule.name for rule in children), suppressor
    )


def _quieted(one: Composite, there: set[str]) -> Composite:
    """Without a suppressor that was switched off."""
    if one.suppressor in there:
        return one
    return Composite(one.name, one.severity, one.meaning, one.of, "", one.rings)


def route(rule: Rule) -> str:
    """How the rule's message leaves, in words: the name of a composite, `itself` or `event`."""
    return {Group.ALONE: "itself", Group.EVENT: "event"}.get(rule.group, rule.group.value)
