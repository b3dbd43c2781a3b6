"""Which tests of a suite a change can reach, and the outcome of all when only those ran.

A suite is recorded test by test (checks/scripts/executed_tests.py, by the contexts of coverage.py):
which functions each test executes, which sources it reads, whether it starts processes. A test
runs again if a function that it executed changed; its outcome, coverage and time are those of the
record otherwise. Where that cannot be known, all tests run.

What only the first test executes for others (a cache, a fixture of a wider scope, a module that is
imported late) is found by running the suite once more in reverse: another test is the first then.
What some tests execute only in one order and others only in the other counts for every test.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol, TypedDict
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring  # nosec B405 B314

from shipway.checks.pytest import end_record
from shipway.checks.scripts.code_blocks import (
    MODULE,
    SourceBlocks,
    code_outside_tests,
    source_blocks,
)
from shipway.checks.scripts.reported_test import reported_test
from shipway.codec import DocumentFormat, Mismatch, from_plain
from shipway.errors import ConfigError, RecordError
from shipway.pipeline.cache import ALL_TESTS_AFTER, StepCache, content_digest
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepFacts, StepResult
from shipway.pipeline.step import ALL_OF_SUITE, PartOfSuite, Step
from shipway.pipeline.step_context import AgainReversed
from shipway.source_text import read_bytes

_EVERY_TEST = ""  # the test of what counts for every test: imports, and what is kept for others
_READ, _PROCESS = -1, -2  # in place of a function's line: a source is read, a process started
_RAN = (0, 1)  # exit codes of a suite that came to its end
_NOT_TRIED = "it is not known yet what they keep for each other"
_LONGEST = 32 << 20  # characters of a history that is kept
Block = tuple[str, int]  # path and first line of a function; MODULE, _READ or _PROCESS
Lines = tuple[tuple[int, ...], ...]  # arcs, or single lines, as coverage.py measures them


@dataclass(frozen=True)
class Pattern:
    """What some test executed of a block. lines: none where it only depends on it."""

    path: str
    first: int
    lines: list[list[int]] = field(default_factory=list)

    @property
    def block(self) -> Block:
        """Which block it is."""
        return self.path, self.first


class RunnerRecord(TypedDict):
    """What the runner wrote (checks/scripts/executed_tests.py)."""

    python: str
    coverage: str
    pytest: str
    measured: list[str]
    collected: list[str]
    ran: list[str]
    failed: list[str]
    skipped: list[str]
    patterns: list[tuple[str, int, list[list[int] | int]]]
    tests: dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class TestHistory:
    """A suite as it ran last.

    surroundings: a digest of all that its outcome depends on but files. whole: when all of it ran,
    learned: when it ran in reverse, both in seconds since the epoch. files: path → fingerprint of
    all that it may read. sources: the blocks of those whose execution is measured. collected: its
    tests, in order. rerun: those whose outcome is not to be taken over: they failed, or the report
    does not tell them apart. executed: test → places in patterns; what counts for all tests of a
    file, by its path. order: why nothing can be chosen of it, such as a test that failed in reverse
    order; "" where it can. junit: the report of all. outside: file of tests → what it does for
    others while it is imported (code_blocks.code_outside_tests).
    """

    __test__ = False  # pytest must not take this for a test class

    surroundings: str
    whole: float
    learned: float
    files: dict[str, str]
    sources: dict[str, SourceBlocks]
    collected: list[str]
    rerun: list[str]
    patterns: list[Pattern]
    executed: dict[str, list[int]]
    order: str
    junit: str
    outside: dict[str, str] = field(default_factory=dict)

    def blocks(self) -> dict[str, set[Block]]:
        """Test → what it depends on."""
        return {
            test: {self.patterns[place].block for place in places}
            for test, places in self.executed.items()
        }


TEST_HISTORY = DocumentFormat(TestHistory, "the history of a suite")


@dataclass(frozen=True)
class Choice:
    """Which tests are taken over from a history; none where all run.

    why: a sentence. first: the files of tests that come first. follows: whether only functions
    changed since the history, so that what it says of the others still holds.
    """

    why: str
    known: frozenset[str] = frozenset()
    first: tuple[str, ...] = ()
    follows: bool = False


def choose_tests(
    history: TestHistory | None,
    files: Mapping[str, str],
    read: Callable[[str], bytes],
    surroundings: str,
    now: float,
) -> Choice:
    """The tests that need not run. files: path → fingerprint, as they are now. read: a file's
    content. now: seconds since the epoch."""
    if history is None:
        return Choice("all tests: nothing is recorded of them yet")
    # Where their order matters it stays as it is.
    first = () if history.order else tuple(dict.fromkeys(map(_file_of, history.rerun)))
    try:
        return replace(_chosen(history, files, read, surroundings, now), first=first)
    except _EverythingRuns as reason:
        why = f"all {len(history.collected)} tests: {reason}"
        return Choice(why, first=first, follows=reason.follows)


class _EverythingRuns(Exception):
    """A change that reaches every test, or nobody knows which; why, in words."""

    def __init__(self, why: str, *, follows: bool = False) -> None:
        super().__init__(why)
        self.follows = follows


def _chosen(
    history: TestHistory,
    files: Mapping[str, str],
    read: Callable[[str], bytes],
    surroundings: str,
    now: float,
) -> Choice:
    if surroundings != history.surroundings:
        raise _EverythingRuns("their environment, configuration or dependencies changed")
    if not 0 <= now - history.whole < ALL_TESTS_AFTER:
        raise _EverythingRuns("not all of them ran within a day")
    if history.order:
        raise _EverythingRuns(history.order)
    if uneven := sorted(files.keys() ^ history.files.keys()):
        raise _EverythingRuns(f"{uneven[0]} is {'new' if uneven[0] in files else 'gone'}")
    users = _Users(history)
    if ("", _PROCESS) in users.for_all:
        raise _EverythingRuns("several use a process that one of them starts")
    causes = _reached(history, users, files, read)
    causes["they start processes"] = users.of({("", _PROCESS)})
    failed = set(map(_file_of, history.rerun))
    causes["they failed, or stand beside one that did"] = [
        test for test in history.collected if _file_of(test) in failed
    ]
    running = {test for tests in causes.values() for test in tests}
    whys = "; ".join(why for why, tests in causes.items() if tests) or "none executes what changed"
    return Choice(
        f"{len(running)} of {len(history.collected)} tests: {whys}",
        frozenset(history.collected) - running,
        follows=True,
    )


class _Users:
    """Who depends on what, by a history. for_all: what counts for every test."""

    def __init__(self, history: TestHistory) -> None:
        self._collected = history.collected
        self._blocks = history.blocks()
        self.for_all = self._blocks.get(_EVERY_TEST, set())

    def of(self, blocks: Collection[Block]) -> list[str]:
        """The tests that depend on some blocks, in order."""
        users = {test for test, used in self._blocks.items() if not used.isdisjoint(blocks)}
        return [test for test in self._collected if test in users or _file_of(test) in users]


def _reached(
    history: TestHistory,
    users: _Users,
    files: Mapping[str, str],
    read: Callable[[str], bytes],
) -> dict[str, list[str]]:
    """Why tests run → which, by what changed."""
    causes: dict[str, list[str]] = {}
    everywhere = ""
    for path in sorted(path for path, value in files.items() if value != history.files[path]):
        blocks = _changed_blocks(history, path, read)
        own = [test for test in history.collected if _file_of(test) == path]
        if blocks is None and own and path not in history.sources:
            if _outside(path, read) != history.outside.get(path):
                raise _EverythingRuns(f"{path} changed, outside of its tests")
            _require_unused(path, files, read)
            causes[f"they are in {path}"] = own
            blocks = {(path, _READ)}
        if blocks is None:
            apart = path in history.sources and os.path.basename(path) != "conftest.py"
            known = "outside of its functions" if apart else "and any may read it"
            raise _EverythingRuns(f"{path} changed, {known}")
        if common := sorted(blocks & users.for_all):
            everywhere = f"{path} changed in what counts for all of them (line {common[0][1]})"
        causes[f"they execute {path}"] = users.of(blocks)
    if everywhere:
        raise _EverythingRuns(everywhere, follows=True)
    return causes


def _changed_blocks(
    history: TestHistory, path: str, read: Callable[[str], bytes]
) -> set[Block] | None:
    """The functions of a source whose text changed; None where more than that did, or it is not
    known who executes it."""
    before = history.sources.get(path)
    if before is None or os.path.basename(path) == "conftest.py":
        return None
    try:
        now = source_blocks(read(path))
    except (OSError, ConfigError, SyntaxError, ValueError, RecursionError):
        return None
    if now.skeleton != before.skeleton or len(now.functions) != len(before.functions):
        return None
    pairs = zip(before.functions, now.functions, strict=True)
    return {(path, first) for (first, old), (_, new) in pairs if old != new} | {(path, _READ)}


def _outside(path: str, read: Callable[[str], bytes]) -> str:
    """What a file of tests does for others while it is imported; "" where nobody can tell."""
    try:
        return code_outside_tests(read(path))
    except (OSError, ConfigError, SyntaxError, ValueError, RecursionError):
        return ""


def _require_unused(path: str, files: Iterable[str], read: Callable[[str], bytes]) -> None:
    """Whether no other source names a file of tests, and so nothing imports it."""
    folder, file = os.path.split(path)
    module = os.path.basename(folder) if file == "__init__.py" else file[:-3]
    name = re.compile(rb"\b" + re.escape(module.encode()) + rb"\b")
    for other in files:
        if other.endswith(".py") and other != path:
            try:
                used = name.search(read(other)) is not None
            except (OSError, ConfigError):
                used = True
            if used:
                raise _EverythingRuns(f"{path} changed, and {other} names it")


def _file_of(test: str) -> str:
    return test.partition("::")[0]


# From the lines of a history to those of the sources as they are now.


def _moved(history: TestHistory, sources: Mapping[str, SourceBlocks]) -> TestHistory:
    """The history with the lines of sources whose functions have moved since. What was executed of
    a function that changed is left out; who depends on it stays."""
    patterns = [_moved_pattern(pattern, history.sources, sources) for pattern in history.patterns]
    return replace(history, patterns=patterns, sources=dict(sources))


def _moved_pattern(
    pattern: Pattern, before: Mapping[str, SourceBlocks], now: Mapping[str, SourceBlocks]
) -> Pattern:
    old, new = before.get(pattern.path), now.get(pattern.path)
    if old is None or new is None or old == new or pattern.first < MODULE:
        return pattern
    if old.skeleton != new.skeleton:  # all that execute it run
        return Pattern(pattern.path, pattern.first)
    if pattern.first == MODULE:
        nodes = dict(zip(old.lines, new.lines, strict=True))
        lines = [[_moved_line(line, nodes) for line in item] for item in pattern.lines]
        return replace(pattern, lines=lines)
    functions = zip(old.functions, new.functions, strict=True)
    places = {first: (moved, text == other) for (first, text), (moved, other) in functions}
    first, unchanged = places[pattern.first]
    if not unchanged:
        return Pattern(pattern.path, first)
    offset = first - pattern.first
    lines = [[line + offset if line > 0 else line - offset for line in i] for i in pattern.lines]
    return replace(pattern, first=first, lines=lines)


def _moved_line(line: int, places: Mapping[int, int]) -> int:
    """coverage.py counts the line in which a block begins or ends as negative."""
    moved = places.get(abs(line), abs(line))
    return moved if line > 0 else -moved


def _executed_lines(
    history: TestHistory, tests: Collection[str]
) -> dict[str, set[tuple[int, ...]]]:
    """Path → what some tests executed."""
    every: dict[str, set[tuple[int, ...]]] = {}
    for place in {place for test in tests for place in history.executed.get(test, ())}:
        pattern = history.patterns[place]
        every.setdefault(pattern.path, set()).update(map(tuple, pattern.lines))
    return every


# From a run's record to the next history.


class _Patterns:
    """Patterns by their places, each once."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int, Lines], int] = {}
        self.executed: dict[str, set[int]] = {}

    def add(self, test: str, path: str, first: int, lines: Iterable[Sequence[int]] = ()) -> None:
        key = (path, first, tuple(map(tuple, lines)))
        place = self._places.setdefault(key, len(self._places))
        self.executed.setdefault(test, set()).add(place)

    def patterns(self) -> list[Pattern]:
        return [
            Pattern(path, first, [list(item) for item in lines])
            for path, first, lines in self._places
        ]

    def places(self) -> dict[str, list[int]]:
        return {test: sorted(places) for test, places in self.executed.items()}


def _add_record(patterns: _Patterns, record: RunnerRecord) -> None:
    for test, places in record["tests"].items():
        for place in places:
            path, first, lines = record["patterns"][place]
            items = [item if isinstance(item, list) else [item] for item in lines]
            patterns.add(test, path, first, items)


def _executors(record: RunnerRecord) -> dict[Block, set[str]]:
    executors: dict[Block, set[str]] = {}
    for test, places in record["tests"].items():
        for place in places:
            path, first, _ = record["patterns"][place]
            executors.setdefault((path, first), set()).add(test)
    return executors


def whole_patterns(record: RunnerRecord, reverse: RunnerRecord | None) -> _Patterns:
    """What a whole suite executed. reverse: the record of its tests in reverse order."""
    patterns = _Patterns()
    _add_record(patterns, record)
    if reverse is not None:
        forward, backward = _executors(record), _executors(reverse)
        for block in forward.keys() | backward.keys():
            one, other = forward.get(block, set()), backward.get(block, set())
            kept_for_others = one - other and other - one
            for test in {_EVERY_TEST} if kept_for_others else other - one:
                patterns.add(test, *block)
    return patterns


def _merged_patterns(record: RunnerRecord, before: TestHistory) -> _Patterns:
    """What a suite executes of which a part ran. before: its history, with the lines of now.

    A test may depend on what it executed ever since all ran: what it executes no more may be kept
    for it by another. What some test executes for the first time may be kept for all that ran.
    """
    patterns = _Patterns()
    ran, collected = set(record["ran"]), set(record["collected"])
    depended = before.blocks()
    for test, places in before.executed.items():
        if "::" in test and test not in collected:
            continue
        for pattern in (before.patterns[place] for place in places):
            patterns.add(test, *pattern.block, () if test in ran else pattern.lines)
    _add_record(patterns, record)
    for block, tests in _executors(record).items():
        if any(block not in depended.get(test, ()) for test in tests if test):
            for test in ran:
                patterns.add(test, *block)
    return patterns


def joined_junit(
    new: bytes, before: bytes, collected: Sequence[str], known: Collection[str]
) -> bytes:
    """The report of all tests: of those that ran, and of those that are known from before.

    collected: all, in order. Raises ParseError.
    """
    root, old = fromstring(new), fromstring(before)
    suite = root if root.tag == "testsuite" else next(root.iter("testsuite"))
    cases: dict[tuple[str, str], list[Element]] = {}
    taken = {reported_test(test) for test in known}
    for case in old.iter("testcase"):
        if (name := _case_name(case)) in taken:
            cases.setdefault(name, []).append(case)
    for case in suite.findall("testcase"):
        cases.setdefault(_case_name(case), []).append(case)
        suite.remove(case)
    order = dict.fromkeys([*map(reported_test, collected), *cases])
    every = [case for name in order for case in cases.get(name, ())]
    suite.extend(every)
    counts = {
        "tests": len(every),
        "failures": sum(case.find("failure") is not None for case in every),
        "errors": sum(case.find("error") is not None for case in every),
        "skipped": sum(case.find("skipped") is not None for case in every),
    }
    for key, count in counts.items():
        suite.set(key, str(count))
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _case_name(case: Element) -> tuple[str, str]:
    return case.get("classname", ""), case.get("name", "")


def _not_taken_over(junit: bytes, collected: Iterable[str], failed: Iterable[str]) -> list[str]:
    """The tests that have to run next time whatever changes."""
    good: dict[tuple[str, str], int] = {}
    for case in fromstring(junit).iter("testcase"):
        broken = case.find("failure") is not None or case.find("error") is not None
        name = _case_name(case)
        good[name] = good.get(name, 0) + (2 if broken else 1)
    failing = set(failed)
    return [test for test in collected if test in failing or good.get(reported_test(test)) != 1]


# Between two runs.


class HistoryRecord(Protocol):
    """Where histories are kept: what is not this user's own is not there (system.record)."""

    def memo(self, name: str) -> str | None: ...
    def put_memo(self, name: str, value: str) -> None: ...


@dataclass
class _Suite:
    """One step of tests while it runs. first: whether nothing was recorded of it before."""

    choice: Choice
    before: TestHistory | None = None
    record: RunnerRecord | None = None
    junit: bytes = b""
    failed: tuple[str, ...] = ()
    first: bool = False


class TestSelector:
    """Chooses the tests of a run's steps, and records what they execute.

    root: the application's folder. every: why all tests run, "" where they need not. learns:
    whether a suite runs once more in reverse after it has passed as a whole, from the second time
    on. part: what somebody asked for of it.
    """

    __test__ = False  # pytest must not take this for a test class

    def __init__(
        self,
        root: str,
        record: HistoryRecord,
        cache: StepCache,
        now: Callable[[], float],
        *,
        every: str = "",
        learns: bool = True,
        part: PartOfSuite = ALL_OF_SUITE,
    ) -> None:
        self._root = root
        self._record = record
        self._cache = cache
        self._now = now
        self._every = every
        self._learns = learns
        self._part = part
        self._suites: dict[str, _Suite] = {}

    def has_history(self, step: Step) -> bool:
        """Whether anything is known of the tests of a step."""
        return self._record.memo(_memo(step)) is not None

    def choose(self, step: Step) -> Choice:
        """Which tests need not run. Ask after the cache has looked for the step."""
        return self._suite(step).choice

    @property
    def partial(self) -> bool:
        """Whether only a part of each suite was asked for."""
        return bool(self._part.options)

    def only(self, step: Step) -> tuple[str, ...]:
        """The tests that alone are to run, as results name them; none: all of those chosen."""
        suite = self._suites[step.name] = self._suite(step)
        failed = suite.failed if self._part.last_failed else ()
        return tuple("::".join(reported_test(test)) for test in failed)

    def begin(self, step: Step, folder: str) -> str:
        """Tell the runner, by a file in its folder; what it was told, in a sentence. Ask for `only`
        first."""
        suite = self._suites[step.name]
        if self.partial:
            return self._begin_part(suite, folder)
        request: dict[str, object] = {"first": suite.choice.first}
        if suite.before is not None and suite.choice.known:
            request["known"] = sorted(suite.choice.known)
            tests = {*suite.choice.known, _EVERY_TEST, *map(_file_of, suite.choice.known)}
            executed = _executed_lines(suite.before, tests)
            request["executed"] = {
                path: [item[0] if len(item) == 1 else item for item in sorted(lines)]
                for path, lines in executed.items()
            }
        _write_request(folder, request)
        return suite.choice.why

    def _begin_part(self, suite: _Suite, folder: str) -> str:
        """Tell the runner what somebody asked for."""
        request: dict[str, object] = {"words": self._part.words}
        why = f"only a part of the tests: {' '.join(self._part.options)}"
        if self._part.last_failed and suite.failed:
            why = f"only what failed last: {', '.join(suite.failed[:3])}"
            why += f" and {len(suite.failed) - 3} more" if len(suite.failed) > 3 else ""
        elif self._part.last_failed:
            why = "all tests: none is known to have failed last"
        _write_request(folder, request)
        suite.choice = Choice(why)
        return why

    def joined(
        self, step: Step, folder: str, key: str, reports: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """The reports of all tests, from those of the tests that ran."""
        suite = self._suites[step.name]
        suite.record = _read_record(folder, key, reports)
        suite.junit = reports.get("junit.xml", b"")
        if suite.record is None and suite.choice.known:
            return self._without_record(step, key, reports)
        if suite.record is None or suite.before is None or not suite.choice.known:
            return dict(reports)
        collected = suite.record["collected"]
        known = suite.choice.known.intersection(collected).difference(suite.record["ran"])
        with suppress(ParseError):
            suite.junit = joined_junit(suite.junit, suite.before.junit.encode(), collected, known)
        with open(os.path.join(folder, "junit.xml"), "wb") as file:
            file.write(suite.junit)
        return {**reports, "junit.xml": suite.junit}

    def _without_record(
        self, step: Step, key: str, reports: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """The reports where the runner does not say which tests ran: none of a good end, which
        would be that of a few. All tests run next time."""
        self._record.put_memo(_memo(step), "")
        end = end_record(reports, key)
        if end is not None and end["code"] not in _RAN:
            return dict(reports)
        return {name: data for name, data in reports.items() if name != "junit.xml"}

    def ended(self, step: Step, result: StepResult, again: AgainReversed) -> StepResult:
        """Keep what is known now. again: runs the suite in reverse, for this one's sake."""
        suite = self._suites.pop(step.name)
        record = suite.record
        if self.partial:
            return replace(result, facts={**result.facts, "partial": suite.choice.why})
        if result.outcome not in (Outcome.PASSED, Outcome.FAILED) or not result.tests or not record:
            return result
        before, now = suite.before, self._now()
        whole = set(record["collected"]) <= set(record["ran"])
        learned = before.learned if before else 0.0
        order = before.order if before else ""
        if before is not None and suite.choice.follows and not (whole and self._stale(before)):
            patterns = _merged_patterns(record, before)
        elif not whole:
            return result
        elif before is not None and before.order and not self._stale(before):
            patterns = whole_patterns(record, None)
        elif suite.first:  # nothing has been changed yet: it takes no longer for what may come
            patterns, order = whole_patterns(record, None), _NOT_TRIED
        else:
            reverse, order = self._reverse(result, record, again)
            patterns = whole_patterns(record, reverse)
            learned = now if reverse or order != _NOT_TRIED else 0.0
        since = now if whole else before.whole if before else 0.0
        with suppress(ParseError, OSError, ConfigError):
            if self._cache.unchanged(step):  # else nobody knows which content it saw
                self._keep(step, suite, record, patterns, (since, learned, order))
        if whole:
            return result
        facts: StepFacts = {**result.facts, "selected": suite.choice.why, "whole_run": since}
        return replace(result, facts=facts)

    def _stale(self, before: TestHistory) -> bool:
        return not 0 <= self._now() - before.learned < ALL_TESTS_AFTER

    def _reverse(
        self, result: StepResult, record: RunnerRecord, again: AgainReversed
    ) -> tuple[RunnerRecord | None, str]:
        """The record in reverse order, and why none is of use."""
        if result.outcome is not Outcome.PASSED or not self._learns:
            return None, _NOT_TRIED
        reverse = _Reversed()
        if again(reverse).outcome is Outcome.CANCELLED:
            return None, _NOT_TRIED
        if reverse.record is None or set(reverse.record["ran"]) != set(record["ran"]):
            return None, "they do not run in reverse, so their order matters"
        for ended in ("failed", "skipped"):
            if differing := set(reverse.record[ended]) ^ set(record[ended]):
                return None, f"{min(differing)} ends otherwise in reverse, so their order matters"
        return reverse.record, ""

    def _keep(
        self,
        step: Step,
        suite: _Suite,
        record: RunnerRecord,
        patterns: _Patterns,
        state: tuple[float, float, str],
    ) -> None:
        whole, learned, order = state
        files = self._cache.inputs(step)
        before = suite.before
        history = TestHistory(
            surroundings=self._surroundings(step),
            whole=whole,
            learned=learned,
            files=files,
            sources=self._sources(files, record["measured"], before),
            collected=record["collected"],
            rerun=_not_taken_over(suite.junit, record["collected"], record["failed"]),
            patterns=patterns.patterns(),
            executed=patterns.places(),
            order=order,
            junit=suite.junit.decode("utf-8", "replace"),
            outside=self._outside_tests(files, record["collected"], before),
        )
        text = TEST_HISTORY.write(history)
        if len(text) <= _LONGEST:
            self._record.put_memo(_memo(step), text)

    def _suite(self, step: Step) -> _Suite:
        history = None
        if text := self._record.memo(_memo(step)):
            with suppress(RecordError):
                history = TEST_HISTORY.read(text, "the record")
        files = self._cache.inputs(step)
        choice = choose_tests(history, files, self._read, self._surroundings(step), self._now())
        if self._every:
            why = f"all tests: {self._every}"
            choice = replace(choice, why=why, known=frozenset(), first=())
        failed = tuple(history.rerun) if history else ()
        if history is None or not choice.follows:
            before = history if history and history.order else None
            return _Suite(choice, before, failed=failed, first=history is None)
        sources = {**history.sources, **self._sources(files, history.sources, history)}
        return _Suite(choice, _moved(history, sources), failed=failed)

    def _sources(
        self, files: Mapping[str, str], measured: Iterable[str], before: TestHistory | None
    ) -> dict[str, SourceBlocks]:
        """The blocks of the measured sources; those that did not change are not read again."""
        sources = {}
        for path in measured:
            if path not in files or not path.endswith(".py"):
                continue
            if before and before.files.get(path) == files[path] and path in before.sources:
                sources[path] = before.sources[path]
                continue
            with suppress(OSError, ConfigError, SyntaxError, ValueError, RecursionError):
                sources[path] = source_blocks(self._read(path))
        return sources

    def _outside_tests(
        self, files: Mapping[str, str], collected: Iterable[str], before: TestHistory | None
    ) -> dict[str, str]:
        """What files of tests do for others; those that did not change are not read again."""
        known = before.outside if before else {}
        return {
            path: known[path]
            if before and path in known and before.files.get(path) == files.get(path)
            else _outside(path, self._read)
            for path in dict.fromkeys(map(_file_of, collected))
        }

    def _surroundings(self, step: Step) -> str:
        return content_digest(json.dumps(self._cache.surroundings(step), sort_keys=True))

    def _read(self, path: str) -> bytes:
        return read_bytes(os.path.join(self._root, path))


class _Reversed:
    """Has a suite run in reverse order, and keeps its record."""

    def __init__(self) -> None:
        self.record: RunnerRecord | None = None

    def begin(self, step: Step, folder: str) -> str:
        """Tell the runner."""
        _write_request(folder, {"reversed": True})
        return ""

    def joined(
        self, step: Step, folder: str, key: str, reports: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """Take the record; the reports stay as they are."""
        self.record = _read_record(folder, key, reports)
        return dict(reports)


def _write_request(folder: str, request: Mapping[str, object]) -> None:
    with open(os.path.join(folder, "selection.json"), "w", encoding="utf-8") as file:
        json.dump(request, file)


def _memo(step: Step) -> str:
    return f"tests {step.name}"


def _read_record(folder: str, key: str, reports: Mapping[str, bytes]) -> RunnerRecord | None:
    """The runner's record; None where it is not what the runner itself says to have written."""
    end = end_record(reports, key)
    if end is None or end["code"] not in _RAN or not end.get("executed"):
        return None
    try:
        text = read_bytes(os.path.join(folder, "executed.json"))
        if hashlib.sha256(text).hexdigest() != end["executed"]:
            return None
        return from_plain(RunnerRecord, json.loads(text))
    except (OSError, ConfigError, ValueError, Mismatch):
        return None
