"""The step cache: what need not be done again, and why something must be.

Correct before fast; the eight rules it keeps are in docs/architecture.md, each with a test.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Set
from typing import Protocol

from shipway.core.codec import step_from_json
from shipway.core.fingerprint import digest, explain, key_of, key_parts
from shipway.core.outcome import Outcome
from shipway.core.result import StepResult
from shipway.core.step import Step


class Files(Protocol):
    """The application's files (effects.files.Tree)."""

    learned: dict[str, tuple[str, str]]

    def fingerprints(self, patterns: tuple[str, ...]) -> dict[str, str]: ...
    def touched(self, patterns: tuple[str, ...], changed: Set[str]) -> bool: ...
    def reread(self) -> Files: ...


class Blobs(Protocol):
    """Contents by digest (effects.files.Blobs); None for one that is missing or damaged."""

    def get(self, name: str) -> bytes | None: ...


class CacheRecord(Protocol):
    """What the cache needs of the record."""

    def cached(self) -> dict[str, tuple[float, str]]: ...
    def key_parts(self, step: str) -> dict[str, str]: ...
    def put_files(self, files: Iterable[tuple[str, str, str]]) -> None: ...


class StepCache:
    """Looks steps up by their keys. Ask for each step after all that it needs."""

    def __init__(
        self, files: Files, record: CacheRecord, blobs: Blobs, environment: Mapping[str, str],
        machine: str, *, enabled: bool = True,
    ) -> None:  # fmt: skip
        self.files = files
        self._record = record
        self._blobs = blobs
        self._environment = environment
        self._machine = machine
        self._entries = record.cached() if enabled else {}
        self._keys: dict[str, str] = {}
        self._parts: dict[str, dict[str, str]] = {}

    def look(self, step: Step, now: float) -> tuple[str, StepResult] | None:
        """The stored result of a step (as text and as cached), or None when it must run."""
        parts = key_parts(
            step, self.files.fingerprints(step.inputs), self._environment,
            {need: self._keys.get(need, "none") for need in step.needs}, self._machine,
        )  # fmt: skip
        self._parts[step.name] = parts
        key = self._keys[step.name] = key_of(parts)
        entry = self._entries.get(key)
        if entry is None or step.max_age == 0:
            return None
        stored, text = entry
        if step.max_age is not None and now - stored > step.max_age:
            return None
        result = step_from_json(text, outcome=Outcome.CACHED)
        if not self._whole(result):
            return None
        self.ended(step, result)
        return text, result

    def why(self, step: Step, now: float) -> str:
        """Why a step that `look` did not find must run, in one sentence."""
        if step.max_age == 0:
            return "it is never cached"
        entry = self._entries.get(key_of(self._parts[step.name]))
        if entry is None:
            return explain(self._record.key_parts(step.name), self._parts[step.name])
        if step.max_age is not None and now - entry[0] > step.max_age:
            return f"its outcome is older than {step.max_age / 3600:g} h"
        return "a report of its stored outcome is missing or damaged"

    def ended(self, step: Step, result: StepResult) -> None:
        """What follows depends on what this step brought about, not only on what went in."""
        if result.outcome not in (Outcome.PASSED, Outcome.CACHED):
            self._keys[step.name] = str(result.outcome)
        elif result.reports:
            self._keys[step.name] += digest(repr(sorted(result.reports.items())))

    def entry(self, step: Step) -> tuple[str, str] | None:
        """The key and parts to store a passed step under.

        None when nothing may be stored: it is never cached, or an input changed while it ran
        (rule 1), so that nobody knows which content it saw.
        """
        parts = self._parts[step.name]
        if step.max_age == 0 or not self._unchanged(step, parts):
            return None
        return key_of(parts), json.dumps(parts, separators=(",", ":"))

    def remember_files(self) -> None:
        """Keep what was learned of the files for the next run."""
        if self.files.learned:
            self._record.put_files((path, *known) for path, known in self.files.learned.items())

    def _unchanged(self, step: Step, parts: Mapping[str, str]) -> bool:
        before = {name[5:]: value for name, value in parts.items() if name.startswith("file ")}
        return before == self.files.reread().fingerprints(step.inputs)

    def _whole(self, result: StepResult) -> bool:
        """Rule 7: what the entry promises is really there, and is what it was."""
        blobs = [*result.reports.values(), *([result.log] if result.log else [])]
        return all(self._blobs.get(name) is not None for name in blobs) and all(
            os.path.exists(path) for path in result.facts.get("paths", ())
        )
