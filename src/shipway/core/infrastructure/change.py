"""One change of a stack, as CloudFormation's DescribeChangeSet tells it.

Form: CloudFormation's API reference, ResourceChange and ResourceChangeDetail, with
IncludePropertyValues. Where the values are missing, the names still say what changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happens to a resource."""

    CREATED = "created"
    CHANGED = "changed"
    REPLACED = "replaced"
    DELETED = "deleted"
    RELEASED = "released"  # it stays, and is no longer the stack's
    IMPORTED = "imported"


@dataclass(frozen=True)
class Detail:
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
class Change:
    """A resource that changes. name: in the template. type: CloudFormation's.

    physical: what it is called in AWS. maybe: it is replaced only under a condition.
    snapshot: whether one is taken of what goes. keeps: whether what goes stays, outside the stack.
    """

    name: str
    type: str
    kind: Kind
    physical: str = ""
    details: tuple[Detail, ...] = ()
    maybe: bool = False
    snapshot: bool = False
    keeps: bool = False


def read_changes(pages: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """The changes in the pages of a change set, without those that only might have been.

    A property that refers to another resource is listed whenever that one changes at all; it
    changes only where that one becomes another: those of a resource that stays are left out.
    """
    rows = [one["ResourceChange"] for page in pages for one in page.get("Changes", ())
            if "ResourceChange" in one]  # fmt: skip
    renewed = {row["LogicalResourceId"] for row in rows if _replaced(row) or _action(row) == "Add"}
    found = (_change(row, renewed) for row in rows)
    return tuple(one for one in found if one)


def _change(row: Mapping[str, Any], renewed: set[str]) -> Change | None:
    given: Sequence[Mapping[str, Any]] = row.get("Details") or ()
    details = tuple(
        found for one in given if (found := _detail(one)).certain or found.cause in renewed
    )
    kind = _kind(row)
    if kind is Kind.CHANGED and given and not details:
        return None
    replaced, policy = row.get("Replacement", ""), row.get("PolicyAction", "")
    maybe = replaced == "Conditional" and kind is Kind.CHANGED
    if maybe and given:
        maybe = any(one.recreates != "Never" for one in details)
    return Change(
        row["LogicalResourceId"], row["ResourceType"], kind, row.get("PhysicalResourceId") or "",
        _distinct(details), maybe, "Snapshot" in policy, "Retain" in policy,
    )  # fmt: skip


def _kind(row: Mapping[str, Any]) -> Kind:
    action, policy = _action(row), row.get("PolicyAction", "")
    if action == "Remove":
        return Kind.RELEASED if policy == "Retain" else Kind.DELETED
    if action == "Modify":
        return Kind.REPLACED if _replaced(row) else Kind.CHANGED
    return Kind.IMPORTED if action == "Import" else Kind.CREATED


def _action(row: Mapping[str, Any]) -> str:
    return str(row.get("Action", ""))


def _replaced(row: Mapping[str, Any]) -> bool:
    return _action(row) == "Modify" and row.get("Replacement") == "True"


def _detail(one: Mapping[str, Any]) -> Detail:
    target = one.get("Target", {})
    before, after = target.get("BeforeValue") or "", target.get("AfterValue") or ""
    cause = str(one.get("CausingEntity") or "").partition(".")[0]
    certain = one.get("Evaluation", "Static") == "Static" and (before != after or not before)
    name = target.get("Name") or target.get("Attribute", "")
    return Detail(
        str(name), str(before), str(after), target.get("RequiresRecreation", "Never"),
        certain, cause,
    )  # fmt: skip


def _distinct(details: Iterable[Detail]) -> tuple[Detail, ...]:
    """One detail a property and pair of values: it may have several causes."""
    kept: dict[tuple[str, str, str], Detail] = {}
    for one in details:
        held = kept.setdefault((one.name, one.before, one.after), one)
        if one.recreates == "Always" and held.recreates != "Always":
            kept[(one.name, one.before, one.after)] = one
    return tuple(kept.values())
