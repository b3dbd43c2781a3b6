"""What a rollout tells while it goes on, in a file that other commands can read.

The record has a rollout as it was at its last action. What came since (a sample a second, what the
judge says) is known to the command that carries it out, and stands here for `shipway ui`.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from shipway.codec import JsonObject
from shipway.errors import ConfigError
from shipway.ports import Clock
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import JudgementRow, TrafficRow
from shipway.source_text import parse_json, read_tail

EVENTS_FILE = "rollout.jsonl"  # in the environment's folder
_MOST = 8 << 20  # bytes that are read: eight hours of samples


class RolloutEventLog:
    """Passes everything on, and writes it down: a line of JSON for each event.

    The file begins anew with the first event of a command. What cannot be written is left out: a
    full disk must not hold up a rollout.
    """

    def __init__(self, listener: RolloutListener, path: str, clock: Clock) -> None:
        self._listener = listener
        self._path = path
        self._clock = clock
        self._begun = False
        self._lock = threading.Lock()

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """One line, and passed on."""
        self._write("timeline", {"at": at, "stage": stage, "text": text})
        self._listener.on_stage(at, stage, text)

    def on_sample(self, sample: TrafficRow) -> None:
        """One line, and passed on."""
        self._write("samples", sample)
        self._listener.on_sample(sample)

    def on_judgement(self, evidence: JudgementRow) -> None:
        """One line, and passed on."""
        self._write("evidence", evidence)
        self._listener.on_judgement(evidence)

    def on_message(self, line: str) -> None:
        """One line, and passed on."""
        self._write("messages", {"at": self._clock.now(), "text": line})
        self._listener.on_message(line)

    def _write(self, kind: str, event: Mapping[str, object]) -> None:
        with self._lock, suppress(OSError):
            if not self._begun:
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
            anew = os.O_APPEND if self._begun else os.O_TRUNC
            self._begun = True
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | anew, 0o600)
            try:
                os.write(handle, json.dumps({"kind": kind, **event}).encode() + b"\n")
            finally:
                os.close(handle)


@dataclass(frozen=True)
class RolloutEvents:
    """What was written down, oldest first: entries as a rollout's report has them. messages:
    {at, text}."""

    timeline: tuple[JsonObject, ...] = ()
    samples: tuple[JsonObject, ...] = ()
    evidence: tuple[JsonObject, ...] = ()
    messages: tuple[JsonObject, ...] = ()


def event_time(event: Mapping[str, object]) -> float:
    """When an event was, in seconds since the epoch; NaN, which is no time, where it does not
    say, or says what is none: infinity, or a number too large for one."""
    at = event.get("at")
    if not isinstance(at, int | float) or isinstance(at, bool):
        return math.nan
    try:
        seconds = float(at)
    except OverflowError:
        return math.nan
    return seconds if math.isfinite(seconds) else math.nan


def read_rollout_events(path: str, since: float = 0.0) -> RolloutEvents:
    """The events of a file, from `since` (seconds since the epoch) on. Nothing where there is no
    such file; a line that is no event, or not whole yet, is left out."""
    try:
        lines = read_tail(path, _MOST).splitlines()
    except (OSError, ConfigError):
        return RolloutEvents()
    kinds: dict[str, list[JsonObject]] = {
        "timeline": [],
        "samples": [],
        "evidence": [],
        "messages": [],
    }
    for line in lines:
        with suppress(ValueError):
            event = parse_json(line)
            if not isinstance(event, dict):
                continue
            kind = event.pop("kind", None)
            if isinstance(kind, str) and kind in kinds and event_time(event) >= since:
                kinds[kind].append(event)
    return RolloutEvents(**{kind: tuple(events) for kind, events in kinds.items()})
