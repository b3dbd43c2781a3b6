"""Smoke tests sent to what has just been started, or to what everybody gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shipway.core.config import Smoke
from shipway.core.errors import Unreachable
from shipway.core.ports import Http
from shipway.core.smoke import fault
from shipway.core.watching import RolloutListener

LIMIT = 10.0  # seconds for one request


def first_fault(
    tests: Iterable[Smoke], address: str, headers: Mapping[str, str], http: Http,
    listener: RolloutListener,
) -> str:  # fmt: skip
    """What is wrong with the first answer that is not as it should be; nothing if all are."""
    for one in tests:
        try:
            wrong = fault(one, http.get(address + one.path, timeout=LIMIT, headers=headers))
        except Unreachable as problem:
            wrong = problem.message
        listener.said(f"smoke {one.path}: {wrong or 'as it should be'}")
        if wrong:
            return wrong
    return ""
