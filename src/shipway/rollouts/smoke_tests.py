"""Smoke tests: one request after a rollout, and what must come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shipway.config.schema import Smoke
from shipway.errors import Unreachable
from shipway.ports import Http, Response

_MISSING = object()


def smoke_test_failure(smoke: Smoke, response: Response) -> str:
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
    for path, expected in smoke.json.items():
        actual = _at(document, path)
        if actual is _MISSING or actual is None or (expected != "*" and actual != expected):
            shown = "nothing" if actual is _MISSING else repr(actual)
            return f"{smoke.path} has {shown} at {path} instead of {expected!r}"
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


# Smoke tests sent to what has just been started, or to what everybody gets.

LIMIT = 10.0  # seconds for one request


def first_smoke_test_failure(
    tests: Iterable[Smoke],
    address: str,
    headers: Mapping[str, str],
    http: Http,
    say: Callable[[str], None],
) -> str:
    """What is wrong with the first answer that is not as it should be; nothing if all are.

    say: told of every test.
    """
    for test in tests:
        try:
            wrong = smoke_test_failure(
                test, http.get(address + test.path, timeout=LIMIT, headers=headers)
            )
        except Unreachable as problem:
            wrong = problem.message
        say(f"smoke {test.path}: {wrong or 'as it should be'}")
        if wrong:
            return wrong
    return ""
