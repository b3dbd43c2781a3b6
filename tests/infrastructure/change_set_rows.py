"""Rows of DescribeChangeSet as CloudFormation writes them, with property values."""

from __future__ import annotations

from typing import Any


def row(action: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    """A change. more: Replacement, PolicyAction, Details."""
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": f"AWS::{kind}",
            "PhysicalResourceId": f"web-{name.lower()}",
            "Scope": [],
            "Details": [],
            **more,
        },
    }


def detail(
    name: str, before: str = "", after: str = "", recreation: str = "Never", **more: Any
) -> dict[str, Any]:
    """A property that changes. more: Evaluation, ChangeSource, CausingEntity."""
    target = {
        "Attribute": "Properties",
        "Name": name,
        "RequiresRecreation": recreation,
        "Path": f"/Properties/{name}",
    }
    if before:
        target["BeforeValue"] = before
    if after:
        target["AfterValue"] = after
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification", **more}


def depends(name: str, on: str, recreation: str = "Always") -> dict[str, Any]:
    """A property that changes only if what it refers to becomes another one."""
    return detail(
        name,
        recreation=recreation,
        Evaluation="Dynamic",
        ChangeSource="ResourceReference",
        CausingEntity=on,
    )


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    """A page of an answer."""
    return {"Status": "CREATE_COMPLETE", "Changes": list(rows)}
