"""One change of a stack, as CloudFormation's DescribeChangeSet tells it.

Form: CloudFormation's API reference, ResourceChange and ResourceChangeDetail, with
IncludePropertyValues. Where the values are missing, the names still say what changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shipway.infrastructure.stack_status import (
    DATA,
    RULE,
    impact_of_removal,
    impact_of_update,
    resource_name,
)

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import (
        DescribeChangeSetOutputTypeDef,
        ResourceChangeDetailTypeDef,
        ResourceChangeTypeDef,
    )


class ChangeKind(StrEnum):
    """What happens to a resource."""

    CREATED = "created"
    CHANGED = "changed"
    REPLACED = "replaced"
    DELETED = "deleted"
    RELEASED = "released"  # it stays, and is no longer the stack's
    IMPORTED = "imported"


@dataclass(frozen=True)
class ChangeDetail:
    """A property that changes. before and after: "" where CloudFormation does not say.

    certain: it will change; else only if what it refers to (`cause`) becomes another one.
    """

    name: str
    before: str = ""
    after: str = ""
    recreates: str = "Never"
    certain: bool = True
    cause: str = ""


@dataclass(frozen=True)
class ResourceChange:
    """A resource that changes. name: in the template. type: CloudFormation's.

    physical: what it is called in AWS. maybe: it is replaced only under a condition.
    snapshot: whether one is taken of what goes. keeps: whether what goes stays, outside the stack.
    """

    name: str
    type: str
    kind: ChangeKind
    physical: str = ""
    details: tuple[ChangeDetail, ...] = ()
    maybe: bool = False
    snapshot: bool = False
    keeps: bool = False


def read_changes(pages: Iterable[DescribeChangeSetOutputTypeDef]) -> tuple[ResourceChange, ...]:
    """The changes in the pages of a change set, without those that only might have been.

    A property that refers to another resource is listed whenever that one changes at all; it
    changes only where that one becomes another: those of a resource that stays are left out.
    """
    rows = [
        entry["ResourceChange"]
        for page in pages
        for entry in page.get("Changes", ())
        if "ResourceChange" in entry
    ]
    renewed = {row["LogicalResourceId"] for row in rows if _replaced(row) or _action(row) == "Add"}
    changes = (_change(row, renewed) for row in rows)
    return tuple(change for change in changes if change)


def _change(row: ResourceChangeTypeDef, renewed: set[str]) -> ResourceChange | None:
    entries = row.get("Details") or []
    details = tuple(
        parsed for entry in entries if (parsed := _detail(entry)).certain or parsed.cause in renewed
    )
    kind = _kind(row)
    if kind is ChangeKind.CHANGED and entries and not details:
        return None
    replaced, policy = row.get("Replacement", ""), row.get("PolicyAction", "")
    maybe = replaced == "Conditional" and kind is ChangeKind.CHANGED
    if maybe and entries:
        maybe = any(detail.recreates != "Never" for detail in details)
    return ResourceChange(
        name=row["LogicalResourceId"],
        type=row["ResourceType"],
        kind=kind,
        physical=row.get("PhysicalResourceId") or "",
        details=_distinct(details),
        maybe=maybe,
        snapshot="Snapshot" in policy,
        keeps="Retain" in policy,
    )


def _kind(row: ResourceChangeTypeDef) -> ChangeKind:
    action, policy = _action(row), row.get("PolicyAction", "")
    if action == "Remove":
        return ChangeKind.RELEASED if policy == "Retain" else ChangeKind.DELETED
    if action == "Modify":
        return ChangeKind.REPLACED if _replaced(row) else ChangeKind.CHANGED
    return ChangeKind.IMPORTED if action == "Import" else ChangeKind.CREATED


def _action(row: ResourceChangeTypeDef) -> str:
    return str(row.get("Action", ""))


def _replaced(row: ResourceChangeTypeDef) -> bool:
    return _action(row) == "Modify" and row.get("Replacement") == "True"


def _detail(entry: ResourceChangeDetailTypeDef) -> ChangeDetail:
    target = entry.get("Target", {})
    before, after = target.get("BeforeValue") or "", target.get("AfterValue") or ""
    cause = str(entry.get("CausingEntity") or "").partition(".")[0]
    certain = entry.get("Evaluation", "Static") == "Static" and (before != after or not before)
    name = target.get("Name") or target.get("Attribute", "")
    return ChangeDetail(
        str(name),
        str(before),
        str(after),
        target.get("RequiresRecreation", "Never"),
        certain,
        cause,
    )


def _distinct(details: Iterable[ChangeDetail]) -> tuple[ChangeDetail, ...]:
    """One detail a property and pair of values: it may have several causes."""
    distinct: dict[tuple[str, str, str], ChangeDetail] = {}
    for detail in details:
        previous = distinct.setdefault((detail.name, detail.before, detail.after), detail)
        if detail.recreates == "Always" and previous.recreates != "Always":
            distinct[(detail.name, detail.before, detail.after)] = detail
    return tuple(distinct.values())


# A change set in words that a person can read.

_MARKS = {
    ChangeKind.CREATED: "+",
    ChangeKind.IMPORTED: "+",
    ChangeKind.CHANGED: "~",
    ChangeKind.REPLACED: "!",
    ChangeKind.DELETED: "-",
    ChangeKind.RELEASED: "-",
}
_LONG = 60  # characters of a value that are still read
_ORDER = (
    ChangeKind.DELETED,
    ChangeKind.REPLACED,
    ChangeKind.RELEASED,
    ChangeKind.CHANGED,
    ChangeKind.IMPORTED,
    ChangeKind.CREATED,
)


def plan_lines(
    changes: Sequence[ResourceChange], cost: tuple[float, float] | None = None
) -> list[str]:
    """What would happen: the worst first, at the end a count and what a month costs.

    cost: US dollars a month, before and after; None where nobody estimates it.
    """
    if not changes:
        return ["nothing would change"]
    ordered = sorted(
        changes, key=lambda change: (_ORDER.index(change.kind), change.type, change.name)
    )
    lines = [
        f"{_MARKS[change.kind]} {change_sentence(change)}"
        for change in ordered
        if change.kind is not ChangeKind.CREATED
    ]
    lines += _created([change for change in ordered if change.kind is ChangeKind.CREATED])
    counts = [(sum(change.kind is kind for change in changes), kind) for kind in _ORDER]
    lines.append(", ".join(f"{count} {kind}" for count, kind in counts if count))
    if cost:
        before, after = cost
        lines.append(
            f"a month costs about ${after:.0f}, ${abs(after - before):.0f} "
            f"{'more' if after >= before else 'less'} than before"
        )
    return lines


def _created(changes: Sequence[ResourceChange]) -> list[str]:
    """What is new hurts nobody: a line for each sort is enough."""
    names: dict[str, list[str]] = {}
    for change in changes:
        names.setdefault(resource_name(change.type), []).append(change.name)
    return [
        f"+ {sort} {', '.join(some)} {'is' if len(some) == 1 else 'are'} created"
        for sort, some in names.items()
    ]


def change_sentence(change: ResourceChange) -> str:
    """One change in a sentence."""
    what = f"{resource_name(change.type)} {change.name}"
    if change.kind in (ChangeKind.CREATED, ChangeKind.IMPORTED, ChangeKind.RELEASED):
        tail = ": it stays, and is no longer part of the stack"
        return f"{what} is {change.kind}{tail if change.kind is ChangeKind.RELEASED else ''}"
    parts = [f"{what} is {change.kind}{_because(change)}"]
    effects = interruptions(change)
    if effects:
        parts.append("; ".join(effects))
    if change.kind is not ChangeKind.CHANGED:
        parts.append(_fate(change))
    elif change.maybe:
        parts.append("it may be replaced: CloudFormation finds out only while it works")
    return " - ".join(part for part in parts if part)


def interruptions(change: ResourceChange) -> list[str]:
    """What is interrupted by a change; empty for nothing."""
    if change.kind in (ChangeKind.REPLACED, ChangeKind.DELETED):
        return [interruption] if (interruption := impact_of_removal(change.type)) else []
    if change.kind is not ChangeKind.CHANGED:
        return []
    found_all = [impact_of_update(change.type, detail.name) for detail in change.details]
    return list(dict.fromkeys(text for text in found_all if text))


def _because(change: ResourceChange) -> str:
    """`: DBInstanceClass db.t4g.micro → db.t4g.small, Tags`."""
    shown = change.details
    if change.kind is ChangeKind.REPLACED:
        shown = tuple(detail for detail in shown if detail.recreates != "Never") or shown
    return f": {', '.join(map(_property, shown))}" if shown else ""


def _property(detail: ChangeDetail) -> str:
    before, after = (
        value if len(value) <= _LONG else "" for value in (detail.before, detail.after)
    )
    if before and after:
        return f"{detail.name} {before} → {after}"
    if after and not detail.before:
        return f"{detail.name} {after}, which was not set"
    if before and not detail.after:
        return f"{detail.name} no longer {before}"
    return detail.name


def _fate(change: ResourceChange) -> str:
    """What becomes of what goes."""
    if change.keeps:
        return "the old one stays, outside the stack"
    if change.snapshot:
        return "a snapshot is taken of it first"
    return ""


# What must not happen by mistake, or not at all.

_GOES = (ChangeKind.REPLACED, ChangeKind.DELETED)


def data_losses(changes: Sequence[ResourceChange]) -> list[str]:
    """What data would go, in sentences; somebody has to say that it may.

    A database that CloudFormation might replace counts: it says so only while it works.
    """
    return [
        change_sentence(change)
        for change in changes
        if change.type in DATA and (change.kind in _GOES or change.maybe)
    ]


def routing_resets(changes: Sequence[ResourceChange], *, at_rest: bool) -> list[str]:
    """The listener rules that would be written again while their weights are not the template's.

    at_rest: they are, so that writing them again moves nobody. A tag that changes counts: the
    rule is written as a whole.
    """
    if at_rest:
        return []
    return [
        change.name
        for change in changes
        if change.type == RULE and change.kind is not ChangeKind.CREATED
    ]
