"""What the stack's parts are called inside its template, and references to them."""

from __future__ import annotations

import re
from typing import Any

Resource = dict[str, Any]
_PARAMETER = re.compile(r"\$\{(\w+)\}")


def logical_id(*texts: str) -> str:
    """A logical id, of letters and digits only: ("alarm", "latency-p95") → AlarmLatencyP95."""
    parts = [part for word in texts for part in re.split(r"[^A-Za-z0-9]+", word)]
    return "".join(part[:1].upper() + part[1:] for part in parts)


def reference_to(id: str) -> Resource:
    """A reference to a parameter or a resource."""
    return {"Ref": id}


def attribute_of(id: str, name: str) -> Resource:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [id, name]}


def substitution(text: str) -> Resource:
    """Text with `${Name}` in it."""
    return {"Fn::Sub": text}


def resolved_later(value: str) -> str | Resource:
    """A value as it is, or a reference where it is `${Name}` (monitoring/alarm.py)."""
    match = _PARAMETER.fullmatch(value)
    return reference_to(match[1]) if match else value
