"""What the stack's parts are called inside its template, and references to them."""

from __future__ import annotations

import re
from typing import Any

Resource = dict[str, Any]
_PARAMETER = re.compile(r"\$\{(\w+)\}")


def logical(*words: str) -> str:
    """A logical id, of letters and digits only: ("alarm", "latency-p95") → AlarmLatencyP95."""
    parts = [part for word in words for part in re.split(r"[^A-Za-z0-9]+", word)]
    return "".join(part[:1].upper() + part[1:] for part in parts)


def ref(id: str) -> Resource:
    """A reference to a parameter or a resource."""
    return {"Ref": id}


def attribute(id: str, name: str) -> Resource:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [id, name]}


def sub(text: str) -> Resource:
    """Text with `${Name}` in it."""
    return {"Fn::Sub": text}


def known_later(value: str) -> str | Resource:
    """A value as it is, or a reference where it is `${Name}` (core/alarms/place.py)."""
    found = _PARAMETER.fullmatch(value)
    return ref(found[1]) if found else value
