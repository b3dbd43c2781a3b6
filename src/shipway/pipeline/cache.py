"""The step cache: what need not be done again, and why something must be.

Correct before fast; the nine rules it keeps are in docs/architecture.md, each with a test.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Protocol

from shipway.pipeline.codec import step_from_json, step_to_json
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepFacts, StepResult
from shipway.pipeline.step import BASE_ENV, Step

# The cache key of a step: a digest over named parts, so that a miss can be explained.
#
# The parts are the rules' (docs/architecture.md): the step's definition, its inputs by
# content, the tool's version, the allowed environment, what it needs, Python and the platform.

_WORDS = {
    "definition": "its own definition or configuration changed",
    "tool": "its tool's version changed",
    "machine": "Python or the platform changed",
    "upstream": "a step that it needs ended with something else",
}


_REPLAYED = "no-tests"  # code of a suite in which nothing was tested: rule 9
# A service on the network may have come meanwhile, and no folder tells.
_REPLAYED_FOR = 3600.0  # seconds
ALL_TESTS_AFTER = 24 * 3600.0  # seconds for which tests that a change does not reach need not run


def content_digest(text: str) -> str:
    """A short content digest (SHA-256, 128 bits of it)."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def key_parts(
    step: Step,
    files: Mapping[str, str],
    environment: Mapping[str, str],
    upstream: Mapping[str, str],
    machine: str,
) -> dict[str, str]:
    """The parts of a step's key.

    files: path → content digest with mode. environment: every variable there is; only what
    the step declares is looked at, and unset, empty and a value are three things. upstream:
    needed step → key of its outcome. machine: Python's version and the platform.
    """
    parts = {"definition": step.identity, "tool": step.tool, "machine": machine}
    for name in step.env:
        value = environment.get(name)
        parts[f"env {name}"] = "unset" if value is None else "=" + content_digest(value)
    for path, content in files.items():
        parts[f"file {path}"] = content
    if upstream:
        parts["upstream"] = "\n".join(f"{name} {key}" for name, key in sorted(upstream.items()))
    return parts


def key_of(parts: Mapping[str, str]) -> str:
    """One digest over all parts. NUL and newline separate what may itself hold spaces."""
    return content_digest("\n".join(f"{name}\0{value}" for name, value in parts.items()))


def explain_miss(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Why the key is another: one sentence that names what changed."""
    if not before:
        return "it has not passed yet"
    files = [name for name in _changed(before, now) if name.startswith("file ")]
    others = [name for name in _changed(before, now) if not name.startswith("file ")]
    reasons = [_WORDS.get(name) or f"the variable {name[4:]} changed" for name in others]
    if files:
        names = [_file_change(name, before, now) for name in files[:3]]
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        reasons.append(", ".join(names) + more)
    return "; ".join(reasons) or "nothing changed"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    return [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]


def _file_change(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    path = name[5:]
    if name not in before:
        return f"{path} is new"
    return f"{path} is gone" if name not in now else f"{path} changed"


def _fresh(stored: float, now: float, max_age: float) -> bool:
    """Whether an outcome still holds. One from the future has no age."""
    return 0 <= now - stored <= max_age


def cached_text(text: str) -> str:
    """What the record says of a step in a run that replays the outcome in `text`."""
    return text.replace('"outcome":"passed"', '"outcome":"cached"', 1)


class FileIndex(Protocol):
    """The application's files (system.files.FileTree)."""

    learned: dict[str, tuple[str, str]]

    def fingerprints(self, patterns: tuple[str, ...]) -> dict[str, str]: ...
    def touched(self, patterns: tuple[str, ...], changed: Set[str]) -> bool: ...
    def reread(self) -> FileIndex: ...


class OutputStore(Protocol):
    """Contents by digest (system.files.BlobFolder); None for one that is missing or damaged."""

    def get(self, name: str) -> bytes | None: ...


class CacheRecord(Protocol):
    """What the cache needs of the record."""

    def cached(self) -> dict[str, tuple[float, str]]: ...
    def key_parts(self, step: str) -> dict[str, str]: ...
    def put_files(self, files: Iterable[tuple[str, str, str]]) -> None: ...


class SharedOutcomes(Protocol):
    """Outcomes that others brought about (pipeline/shared_cache.py)."""

    def provides(self, step: Step) -> bool:
        """Whether the outcomes of a step are shared at all."""
        ...

    def fill(self, cache: StepCache, now: float) -> None:
        """Put what there is for the steps of the run into the cache, by `adopt`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reuse:
    """Which stored outcomes count.

    enabled: whether any does. all_tests: why an outcome of which tests were taken over is none, ""
    where it is. installed: what this machine has for programs that see these variables
    (system/installed.py); without it nothing is replayed as unavailable. shared: is asked once,
    for all steps, as soon as the first outcome that it may have is missing.
    """

    enabled: bool = True
    all_tests: str = ""
    installed: Callable[[Mapping[str, str]], str] | None = None
    shared: SharedOutcomes | None = None


_REUSE_ALL = Reuse()


class StepCache:
    """Looks steps up by their keys. Ask for each step after all that it needs.

    settled: the steps whose keys are final, because they are cached or have ended.
    """

    def __init__(
        self,
        files: FileIndex,
        record: CacheRecord,
        blobs: OutputStore,
        environment: Mapping[str, str],
        machine: str,
        reuse: Reuse = _REUSE_ALL,
    ) -> None:
        self.files = files
        self.settled: set[str] = set()
        self._shared = reuse.shared if reuse.enabled else None
        self._record = record
        self._blobs = blobs
        self._environment = environment
        self._machine = machine
        self._entries = record.cached() if reuse.enabled else {}
        self._installed = reuse.installed
        self._all_tests = reuse.all_tests
        self._keys: dict[str, str] = {}
        self._parts: dict[str, dict[str, str]] = {}
        self._absence_keys: dict[str, str] = {}

    def look(self, step: Step, now: float) -> tuple[str, StepResult] | None:
        """The stored result of a step (as text and as cached), or None when it must run."""
        hit = self.look_here(step, now)
        if hit is None and self._shared is not None and self._shared.provides(step):
            shared, self._shared = self._shared, None
            shared.fill(self, now)
            hit = self.look_here(step, now)
        return hit

    def look_here(self, step: Step, now: float) -> tuple[str, StepResult] | None:
        """The same, of what this machine has by now."""
        parts = key_parts(
            step,
            self.files.fingerprints(step.inputs),
            self._environment,
            {need: self._keys.get(need, "none") for need in step.needs},
            self._machine,
        )
        self._parts[step.name] = parts
        key = self._keys[step.name] = key_of(parts)
        entry = self._entries.get(key)
        if entry is None or step.max_age == 0:
            return None
        stored, text = entry
        if step.max_age is not None and not _fresh(stored, now, step.max_age):
            return None
        result = step_from_json(text, outcome=Outcome.CACHED)
        if not self._whole(result) or self._too_few_tests(result, now):
            return None
        if result.origin is not None:
            result = replace(result, origin=replace(result.origin, taken=now))
            text = step_to_json(replace(result, outcome=Outcome.PASSED))
        self.ended(step, result)
        return text, result

    def absence(self, step: Step, now: float) -> StepResult | None:
        """What a step that `look` did not find is known to lack here; None when it must be asked.

        A suite in which every test was skipped has not passed, and is not asked again while
        nothing has changed that a skip can depend on. It stays `unavailable`.
        """
        if self._installed is None or step.max_age == 0:
            return None
        names = (*BASE_ENV, *step.env)
        visible = {name: self._environment[name] for name in names if name in self._environment}
        state = content_digest(f"{sorted(visible.items())}\n{self._installed(visible)}")
        key = key_of({**self._parts[step.name], "installed": state})
        self._absence_keys[step.name] = key  # as it was before the step began
        stored, text = self._entries.get(key, (0.0, ""))
        if not text or not _fresh(stored, now, _REPLAYED_FOR):
            return None
        result = step_from_json(text)
        if result.outcome is not Outcome.ERROR or not self._whole(result):
            return None
        self.ended(step, result)
        minutes = int((now - stored) / 60)
        reason = (
            f"{result.reason.rstrip('.')}; replayed from {minutes} min ago, "
            "for nothing has been installed here since (--no-cache asks again)"
        )
        facts: StepFacts = {**result.facts, "replayed": True}
        return replace(result, started=now, seconds=0.0, reason=reason, facts=facts)

    def adopt(self, step: Step, stored: float, text: str) -> None:
        """Take an outcome for what `look_here` asked for. stored: seconds since the epoch."""
        self._entries[self.key(step)] = (stored, text)

    def entry_of(self, step: Step) -> tuple[float, str] | None:
        """When its outcome was stored, and the outcome as text, under the key of `look`."""
        return self._entries.get(self.key(step))

    def looked(self, step: Step) -> bool:
        """Whether `look` was asked for a step: not for one that never began."""
        return step.name in self._parts

    def key(self, step: Step) -> str:
        """The key under which `look` has looked for a step."""
        return key_of(self._parts[step.name])

    def inputs(self, step: Step) -> dict[str, str]:
        """The files as `look` saw them: path → fingerprint."""
        parts = self._parts.get(step.name, {})
        return {name[5:]: value for name, value in parts.items() if name.startswith("file ")}

    def surroundings(self, step: Step) -> dict[str, str]:
        """What else a step's outcome depends on, as `look` saw it: of the steps that it needs, only
        those whose product it takes."""
        parts = self._parts.get(step.name, {})
        own = {name: value for name, value in parts.items() if not name.startswith("file ")}
        needs = [line for line in own.pop("upstream", "").splitlines()]
        products = [line for line in needs if line.partition(" ")[0] in step.products]
        return {**own, "products": "\n".join(products)}

    def why(self, step: Step, now: float) -> str:
        """Why a step that `look` did not find must run, in one sentence."""
        if step.max_age == 0:
            return "it is never cached"
        entry = self._entries.get(self.key(step))
        if entry is None:
            return explain_miss(self._record.key_parts(step.name), self._parts[step.name])
        if step.max_age is not None and not _fresh(entry[0], now, step.max_age):
            return f"its outcome is older than {step.max_age / 3600:g} h"
        if self._too_few_tests(step_from_json(entry[1]), now):
            return self._all_tests or "not all of its tests ran within a day"
        return "a report of its stored outcome is missing or damaged"

    def ended(self, step: Step, result: StepResult) -> None:
        """What follows depends on what this step brought about, not only on what went in."""
        self.settled.add(step.name)
        if result.outcome not in (Outcome.PASSED, Outcome.CACHED):
            self._keys[step.name] = str(result.outcome)
        elif result.reports:
            self._keys[step.name] += content_digest(repr(sorted(result.reports.items())))

    def entry(self, step: Step, result: StepResult) -> tuple[str, str] | None:
        """The key and parts to store a step under; no parts for a suite that nothing was tested in:
        it explains no miss.

        None when nothing may be stored: it is never cached, it did not pass, or an input changed
        while it ran (rule 1), so that nobody knows which content it saw.
        """
        parts = self._parts.get(step.name, {})
        absence = self._absence_keys.get(step.name, "")
        if result.outcome is Outcome.PASSED:
            key, explained = key_of(parts), self.parts(step)
        elif result.outcome is Outcome.ERROR and result.code == _REPLAYED and absence:
            key, explained = absence, ""
        else:
            return None
        if step.max_age == 0 or "replayed" in result.facts or not self.unchanged(step):
            return None
        return key, explained

    def parts(self, step: Step) -> str:
        """The parts of the key under which `look` has looked for a step, as JSON."""
        return json.dumps(self._parts[step.name], separators=(",", ":"))

    def remember_files(self) -> None:
        """Keep what was learned of the files for the next run."""
        if self.files.learned:
            self._record.put_files((path, *entry) for path, entry in self.files.learned.items())

    def unchanged(self, step: Step) -> bool:
        """Whether its inputs are still those that `look` saw."""
        return self.inputs(step) == self.files.reread().fingerprints(step.inputs)

    def _too_few_tests(self, result: StepResult, now: float) -> bool:
        """Whether it has tests that were not run, and all are asked for."""
        if not result.facts.get("selected"):
            return False
        return bool(self._all_tests) or not _fresh(
            result.facts.get("whole_run", 0.0), now, ALL_TESTS_AFTER
        )

    def _whole(self, result: StepResult) -> bool:
        """Rule 7: what the entry promises is really there, and is what it was."""
        blobs = [*result.reports.values(), *([result.log] if result.log else [])]
        return all(self._blobs.get(name) is not None for name in blobs) and all(
            os.path.exists(path) for path in result.facts.get("paths", ())
        )
