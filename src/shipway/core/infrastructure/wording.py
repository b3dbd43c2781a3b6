"""A change set in words that a person can read."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.core.infrastructure.change import Change, Detail, Kind
from shipway.core.infrastructure.kinds import felt, missed, word

_MARKS = {
    Kind.CREATED: "+", Kind.IMPORTED: "+", Kind.CHANGED: "~", Kind.REPLACED: "!",
    Kind.DELETED: "-", Kind.RELEASED: "-",
}  # fmt: skip
_LONG = 60  # characters of a value that are still read
_ORDER = (Kind.DELETED, Kind.REPLACED, Kind.RELEASED, Kind.CHANGED, Kind.IMPORTED, Kind.CREATED)


def plan_lines(changes: Sequence[Change], cost: tuple[float, float] | None = None) -> list[str]:
    """What would happen: the worst first, at the end a count and what a month costs.

    cost: US dollars a month, before and after; None where nobody estimates it.
    """
    if not changes:
        return ["nothing would change"]
    ordered = sorted(changes, key=lambda one: (_ORDER.index(one.kind), one.type, one.name))
    lines = [
        f"{_MARKS[one.kind]} {sentence(one)}" for one in ordered if one.kind is not Kind.CREATED
    ]
    lines += _created([one for one in ordered if one.kind is Kind.CREATED])
    counts = [(sum(one.kind is kind for one in changes), kind) for kind in _ORDER]
    lines.append(", ".join(f"{count} {kind}" for count, kind in counts if count))
    if cost:
        before, after = cost
        lines.append(f"a month costs about ${after:.0f}, ${abs(after - before):.0f} "
                     f"{'more' if after >= before else 'less'} than before")  # fmt: skip
    return lines


def _created(changes: Sequence[Change]) -> list[str]:
    """What is new hurts nobody: a line for each sort is enough."""
    names: dict[str, list[str]] = {}
    for one in changes:
        names.setdefault(word(one.type), []).append(one.name)
    return [
        f"+ {sort} {', '.join(some)} {'is' if len(some) == 1 else 'are'} created"
        for sort, some in names.items()
    ]


def sentence(change: Change) -> str:
    """One change in a sentence."""
    what = f"{word(change.type)} {change.name}"
    if change.kind in (Kind.CREATED, Kind.IMPORTED, Kind.RELEASED):
        tail = ": it stays, and is no longer part of the stack"
        return f"{what} is {change.kind}{tail if change.kind is Kind.RELEASED else ''}"
    parts = [f"{what} is {change.kind}{_because(change)}"]
    effects = interruptions(change)
    if effects:
        parts.append("; ".join(effects))
    if change.kind is not Kind.CHANGED:
        parts.append(_fate(change))
    elif change.maybe:
        parts.append("it may be replaced: CloudFormation finds out only while it works")
    return " - ".join(part for part in parts if part)


def interruptions(change: Change) -> list[str]:
    """What is interrupted by a change; empty for nothing."""
    if change.kind in (Kind.REPLACED, Kind.DELETED):
        return [found] if (found := missed(change.type)) else []
    if change.kind is not Kind.CHANGED:
        return []
    found_all = [felt(change.type, one.name) for one in change.details]
    return list(dict.fromkeys(one for one in found_all if one))


def _because(change: Change) -> str:
    """`: DBInstanceClass db.t4g.micro → db.t4g.small, Tags`."""
    shown = change.details
    if change.kind is Kind.REPLACED:
        shown = tuple(one for one in shown if one.recreates != "Never") or shown
    return f": {', '.join(map(_property, shown))}" if shown else ""


def _property(detail: Detail) -> str:
    before, after = (value if len(value) <= _LONG else "" for value in
                     (detail.before, detail.after))  # fmt: skip
    if before and after:
        return f"{detail.name} {before} → {after}"
    if after and not detail.before:
        return f"{detail.name} {after}, which was not set"
    if before and not detail.after:
        return f"{detail.name} no longer {before}"
    return detail.name


def _fate(change: Change) -> str:
    """What becomes of what goes."""
    if change.keeps:
        return "the old one stays, outside the stack"
    if change.snapshot:
        return "a snapshot is taken of it first"
    return ""
