"""Outcomes that a team and its CI share: taken before a step would run, given once it has passed.

A store is a convenience. So a run waits for it a second in all, whatever it does; after its first
failure it is not asked again, and no failure of it is one of the run. What it holds is believed
only with the signature of a writer whom the readers were told of (pipeline/shared_outcome.py).
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from shipway.errors import CannotRun, ConfigError, Unreachable
from shipway.pipeline.cache import StepCache, cached_text
from shipway.pipeline.codec import step_from_json, step_to_json
from shipway.pipeline.result import StepResult
from shipway.pipeline.shared_outcome import (
    BLOB_LIMIT,
    ENTRY_LIMIT,
    Refused,
    SharedOutcome,
    Signer,
    Verifier,
    blob_names,
    entry_name,
    is_shareable,
    portable,
    read_entry,
    write_entry,
)
from shipway.pipeline.step import Step
from shipway.ports import Clock, EndedStep, OutcomeStore

PATIENCE = 1.0  # seconds that a run waits for the store, all questions together
_READERS = 16  # questions at a time
_WRITERS = 4


class TakenOutcomes(Protocol):
    """What is needed of the record to keep what was taken (system.record.SqliteRecord)."""

    def put_outcomes(self, entries: Iterable[tuple[str, str, float, str, str]]) -> None: ...


class Contents(Protocol):
    """Contents by digest (system.files.BlobFolder)."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Who shares what.

    application: its name. version: of Shipway. commit: of the working tree. trusted: writer → the
    public key that outcomes are believed by; verify: whether they are that writer's. signer: what
    this run signs its own with; None for one that only reads. shallow: whether the clone lacks the
    first commit. patience: seconds that all waiting for the store may take.
    """

    application: str
    version: str
    commit: str
    trusted: Mapping[str, str]
    verify: Verifier
    signer: Signer | None = None
    shallow: bool = False
    patience: float = PATIENCE


@dataclass(frozen=True)
class _Answer:
    """What became of a question. outcome: stored at, and the result as text; None for nothing.
    refused: why what there is, is not believed. failure: why the store is of no use."""

    step: Step
    outcome: tuple[float, str] | None = None
    refused: str = ""
    failure: str = ""


@dataclass(frozen=True)
class _Gift:
    """An outcome for the store. again: it was cached here, so the store may have it already."""

    step: str
    entry: str
    result: StepResult
    stored: float
    again: bool = False


@dataclass
class _Uploads:
    """What became of what was given. Guarded by `changed`."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: int = 0
    failure: str = ""
    refused: list[str] = field(default_factory=list)


class SharedCache:
    """The shared outcomes of one run.

    steps: those of the run, each after what it needs. record, contents: where what is taken is
    kept, and what is given is found.
    """

    def __init__(
        self,
        store: OutcomeStore,
        steps: Iterable[Step],
        sharing: Sharing,
        record: TakenOutcomes,
        contents: Contents,
        clock: Clock,
    ) -> None:
        self._store = store
        self._steps = {step.name: step for step in steps}
        self._sharing = sharing
        self._record = record
        self._contents = contents
        self._clock = clock
        self._left = sharing.patience
        self._problems: list[str] = []
        self._questions: queue.SimpleQueue[tuple[Step, str] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._gifts: queue.SimpleQueue[_Gift] = queue.SimpleQueue()
        self._writers = 0
        self._uploads = _Uploads()
        self._closed = threading.Event()
        self._failed = threading.Event()

    # -- taking -------------------------------------------------------------------------

    def provides(self, step: Step) -> bool:
        """Whether anybody may have its outcome."""
        return bool(self._sharing.trusted) and is_shareable(step)

    def fill(self, cache: StepCache, now: float) -> None:
        """Take what there is for the steps that are not cached here, several at a time.

        The key of a step is known as soon as what it needs is there, so answers lead to further
        questions. What has not come in time has not come: its step runs.
        """
        began = self._opened()
        threads = [
            threading.Thread(target=self._ask, daemon=True)
            for _ in range(min(_READERS, len(self._steps)))
        ]
        for thread in threads:
            thread.start()
        taken: list[tuple[str, str, float, str, str]] = []
        known = set(cache.settled)
        waiting = [step for step in self._steps.values() if step.name not in known]
        asked = 0
        while True:
            waiting, new = self._ask_for_ready(cache, waiting, known, now)
            asked += new
            if not asked:
                break
            answer = self._next_answer(began)
            if answer is None:
                break
            asked -= 1
            if answer.outcome is not None:
                stored, text = answer.outcome
                cache.adopt(answer.step, stored, text)
                if cache.look_here(answer.step, now) is not None:  # not one that has expired
                    known.add(answer.step.name)
                    key, parts = cache.key(answer.step), cache.parts(answer.step)
                    taken.append((key, answer.step.name, stored, text, parts))
        for _ in threads:
            self._questions.put(None)
        self._spend(began)
        if taken:
            self._record.put_outcomes(taken)

    def _opened(self) -> float:
        """When the store's time begins: what is imported for it is not its fault."""
        try:
            self._store.open()
        except ConfigError as problem:  # no region of AWS is known
            self._close(problem.message)
        return self._clock.monotonic()

    def _ask_for_ready(
        self, cache: StepCache, waiting: Sequence[Step], known: set[str], now: float
    ) -> tuple[list[Step], int]:
        """Ask for each step whose key is known by now; what is left, and how many were asked.

        A step behind one that has to run is not asked for: its key depends on that one's reports.
        """
        left: list[Step] = []
        asked = 0
        for step in waiting:
            if not known.issuperset(need for need in step.needs if need in self._steps):
                left.append(step)
            elif cache.look_here(step, now) is not None:
                known.add(step.name)
            elif self.provides(step):
                self._questions.put((step, self._entry(cache.key(step))))
                asked += 1
        return left, asked

    def _entry(self, key: str) -> str:
        return entry_name(self._sharing.application, self._sharing.version, key)

    def _next_answer(self, began: float) -> _Answer | None:
        """None when the store has failed, or its time is over."""
        left = self._left - (self._clock.monotonic() - began)
        try:
            answer = self._answers.get(timeout=max(left, 0.0))
        except queue.Empty:
            self._close(f"it did not answer within {self._sharing.patience:g} s in all")
            return None
        if answer.failure:
            self._close(answer.failure)
            return None
        if answer.refused:
            self._problems.append(
                f"{answer.step.name}: an outcome in the shared cache is refused: {answer.refused}"
            )
        return answer

    def _close(self, failure: str) -> None:
        """Ask for nothing more in this run."""
        if not self._closed.is_set():
            self._closed.set()
            self._problems.append(f"the shared cache {self._store.address} is not used: {failure}")

    def _spend(self, began: float) -> None:
        self._left = max(self._left - (self._clock.monotonic() - began), 0.0)

    def _ask(self) -> None:
        """Get what is asked for, in a thread that no exit waits for."""
        while (question := self._questions.get()) is not None:
            step, entry = question
            if self._closed.is_set() or self._failed.is_set():
                continue
            try:
                answer = _Answer(step, self._retrieved(step, entry))
            except Refused as problem:
                answer = _Answer(step, refused=str(problem))
            except Unreachable as problem:
                answer = _Answer(step, failure=problem.message)
            except Exception as problem:  # noqa: BLE001  # a thread that dies is never heard of
                answer = _Answer(step, failure=f"{type(problem).__name__}: {problem}")
            if answer.failure:  # the others need not wait until the run has heard of it
                self._failed.set()
            self._answers.put(answer)

    def _retrieved(self, step: Step, entry: str) -> tuple[float, str] | None:
        data = self._store.get("ac", entry, ENTRY_LIMIT, self._sharing.patience)
        if data is None:
            return None
        if len(data) > ENTRY_LIMIT:
            raise Refused(f"it is larger than {ENTRY_LIMIT >> 20} MB")
        outcome, result = read_entry(data, entry, step, self._sharing.trusted, self._sharing.verify)
        for name, size in outcome.blobs.items():
            if self._contents.get(name) is not None:
                continue
            blob = self._store.get("cas", name, size, self._sharing.patience)
            if blob is None:
                return None  # a store lets go of what is old
            if len(blob) != size or hashlib.sha256(blob).hexdigest() != name:
                raise Refused("a log or a report is not what was signed")
            self._contents.put(blob)
        return outcome.stored, step_to_json(result)

    # -- giving -------------------------------------------------------------------------

    def give(self, cache: StepCache, ended: Sequence[EndedStep]) -> None:
        """Put outcomes into the store, while the run goes on.

        Those of this run, and those that were cached here already: the store may be new. Their
        texts are as they are shown, so without secrets.
        """
        if self._sharing.signer is None or self._closed.is_set():
            return
        for end in ended:
            step = self._steps.get(end.step)
            if step is None or not is_shareable(step) or not cache.looked(step):
                continue
            key, entry = self._entry(cache.key(step)), cache.entry_of(step)
            if end.key:
                self._offer(_Gift(step.name, key, step_from_json(end.result), end.now))
            # What was redacted since it was stored is not what the entry says.
            elif entry is not None and end.result == cached_text(entry[1]):
                gift = _Gift(step.name, key, step_from_json(entry[1]), entry[0], again=True)
                self._offer(gift)

    def _offer(self, gift: _Gift) -> None:
        result = portable(gift.result, shallow=self._sharing.shallow)
        if result is None:
            return
        with self._uploads.changed:
            self._uploads.waiting += 1
        self._gifts.put(replace(gift, result=result))
        if self._writers == 0:
            self._opened()
        if self._writers < _WRITERS:
            self._writers += 1
            threading.Thread(target=self._upload, daemon=True).start()

    def finish(self) -> tuple[str, ...]:
        """Wait for what is on its way, as long as there is patience left; what went wrong."""
        uploads, began = self._uploads, self._clock.monotonic()
        with uploads.changed:
            uploads.changed.wait_for(lambda: not uploads.waiting or uploads.failure, self._left)
            lost, failure = uploads.waiting, uploads.failure
            if failure or lost:
                why = failure or f"it takes longer than {self._sharing.patience:g} s in all"
                self._problems.append(
                    f"outcomes are not put into the shared cache {self._store.address}: {why}"
                )
                uploads.failure = why
            self._problems += uploads.refused
        self._spend(began)
        return tuple(self._problems)

    def _upload(self) -> None:
        uploads = self._uploads
        while True:
            gift = self._gifts.get()
            failure = refused = ""
            try:
                if not uploads.failure:
                    self._put(gift)
            except Unreachable as problem:
                failure = problem.message
            except CannotRun as problem:
                refused = f"{gift.step}: its outcome is not shared: {problem.message}"
            except Exception as problem:  # noqa: BLE001  # a thread that dies is never heard of
                failure = f"{type(problem).__name__}: {problem}"
            with uploads.changed:
                uploads.failure = uploads.failure or failure
                uploads.refused += [refused] if refused else []
                uploads.waiting -= 1
                uploads.changed.notify_all()

    def _put(self, gift: _Gift) -> None:
        """The contents first: an entry names nothing that is not there."""
        signer = self._sharing.signer
        if signer is None or (
            gift.again and self._store.has("ac", gift.entry, self._sharing.patience)
        ):
            return
        blobs: dict[str, int] = {}
        for name in sorted(blob_names(gift.result)):
            content = self._contents.get(name)
            if content is None or len(content) > BLOB_LIMIT:
                raise CannotRun("a log or a report is gone, or too large")
            blobs[name] = len(content)
            if not self._store.has("cas", name, self._sharing.patience):
                self._store.put("cas", name, content, self._sharing.patience)
        outcome = SharedOutcome(
            entry=gift.entry,
            step=gift.step,
            result=step_to_json(gift.result),
            blobs=blobs,
            commit=self._sharing.commit,
            stored=gift.stored,
        )
        data = write_entry(outcome, signer)
        if len(data) > ENTRY_LIMIT:
            raise CannotRun(f"it is larger than {ENTRY_LIMIT >> 20} MB")
        self._store.put("ac", gift.entry, data, self._sharing.patience)
