"""Smoke tests: one request after a rollout, and what must come back."""

from __future__ import annotations

import json
from typing import Any

from shipway.core.config import Smoke
from shipway.core.ports import Response

_MISSING = object()


def fault(smoke: Smoke, response: Response) -> str:
    """What is wrong with a response, in one sentence; empty when nothing is."""
    if response.status != smoke.status:
        return f"{smoke.path} answered {response.status} instead of {smoke.status}"
    text = response.body.decode("utf-8", "replace")
    if smoke.contains and smoke.contains not in text:
        return f"{smoke.path} does not contain {smoke.contains!r}"
    if not smoke.json:
        return ""
    try:
        document = json.loads(text)
    except ValueError:
        return f"{smoke.path} did not answer with JSON"
    for path, wanted in smoke.json.items():
        found = _at(document, path)
        if found is _MISSING or found is None or (wanted != "*" and found != wanted):
            shown = "nothing" if found is _MISSING else repr(found)
            return f"{smoke.path} has {shown} at {path} instead of {wanted!r}"
    return ""


def _at(document: Any, path: str) -> Any:
    """The value at a key path such as `items.0.code`."""
    for key in path.split("."):
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _MISSING
    return document
