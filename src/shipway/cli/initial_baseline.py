"""What a repository has when Shipway comes: recorded once, so that only what is new fails."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from shipway.checks.pytest import failed_tests
from shipway.cli.project import CONFIG, open_project
from shipway.cli.report import run_named
from shipway.cli.run import run_inner
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, FindingState
from shipway.pipeline.known_failures import KnownFailures
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult
from shipway.reports.sanitize import one_line
from shipway.reports.sarif import sarif_report
from shipway.scaffold.generated_files import toml_value
from shipway.scaffold.proposal import BASELINE, KNOWN_FAILURES
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic

_STAGES = ("quality", "security", "test")
_ATTEMPTS = 3  # runs whose failures are recorded: some tests fail only now and then


@dataclass(frozen=True)
class InitialBaseline:
    """findings: tool → how many. secrets: how many of them are secrets. coverage: percent that
    the tests cover where that is below the default gate, else None. failing: how many tests fail.
    """

    findings: dict[str, int]
    secrets: int
    coverage: int | None
    verdict: str
    failing: int = 0

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def record_initial_baseline(
    root: str, *, ours: bool, say: Callable[[str], None]
) -> InitialBaseline | None:
    """Run the checks and write down what they find. ours: the settings were written just now, and
    may be added to; those that somebody else wrote are not, and get no baseline."""
    if not ours:
        say(
            f"no baseline: {CONFIG} was here before; see [security] baseline, and "
            "`shipway run --baseline`"
        )
        return None
    say("looking at what is here already …")
    known = KnownFailures(datetime.fromtimestamp(SystemClock().now(), UTC).date())
    for attempt in range(_ATTEMPTS + 1):  # the last of them measures only
        run = run_inner(root, *_STAGES)
        try:
            project = open_project(root)
            result = run_named(project, run)
        except ConfigError as problem:
            say(f"no baseline: {problem.message}")
            return None
        more = failures_of(result, project.blobs.get)
        if not more or attempt == _ATTEMPTS:
            break
        known = with_failures(known, more)
        write_atomic(os.path.join(root, KNOWN_FAILURES), known_failures_text(known).encode())
        if attempt == 0:
            _add_settings(root, f'\n[gates]\nknown_failures = "{KNOWN_FAILURES}"\n')
        # What needs the tests, such as coverage, runs only where these are known.
        say(f"{KNOWN_FAILURES}: {_tests(len(known.names))} already; running again with that known")
    legacy = initial_baseline_of(result, len(known.names))
    write_initial_baseline(root, result, legacy, say)
    return legacy


def initial_baseline_of(result: RunResult, failing: int = 0) -> InitialBaseline:
    """What of a run would fail the next one as well. failing: how many tests are known to."""
    findings = _open(result)
    coverage = next(
        (
            gate
            for step in result.steps
            for gate in step.gates
            if step.step == "coverage" and gate.gate.measure == "coverage"
        ),
        None,
    )
    figure = coverage.figure if coverage is not None and not coverage.passed else None
    return InitialBaseline(
        dict(Counter(finding.tool for finding in findings)),
        sum(finding.kind is FindingKind.SECRET for finding in findings),
        None if figure is None else int(figure),
        result.verdict.value,
        failing,
    )


def _open(result: RunResult) -> Sequence[Finding]:
    """Findings that count: the linters' own, and the scanners' as they were merged."""
    return [
        finding
        for step in result.steps
        if step.stage == "quality" or step.step == "findings"
        for finding in step.findings
        if finding.state is FindingState.OPEN
    ]


def write_initial_baseline(
    root: str, result: RunResult, legacy: InitialBaseline, say: Callable[[str], None]
) -> None:
    """Write the baseline, and add to the settings what makes it count."""
    added = ""
    if legacy.coverage is not None:
        table = "" if legacy.failing else "\n[gates]\n"  # which is the last one then
        added += f"{table}coverage = {legacy.coverage}  # what the tests covered; raise it\n"
        say(f"coverage gate: {legacy.coverage} %, what the tests cover today; 80 is the default")
    if total := sum(legacy.findings.values()):
        steps = tuple(step for step in result.steps if step.stage in ("quality", "security"))
        write_atomic(
            os.path.join(root, BASELINE), sarif_report(replace(result, steps=steps)).encode("utf-8")
        )
        tools = ", ".join(f"{count} of {tool}" for tool, count in sorted(legacy.findings.items()))
        added += (
            f'\n[security]\nbaseline = "{BASELINE}"  # {total} findings that were here before\n'
        )
        say(f"baseline {BASELINE}: {total} findings that were here already ({tools})")
        if legacy.secrets:
            say(f"warning: {legacy.secrets} of them look like secrets; make them invalid")
    if added:
        _add_settings(root, added)


def _add_settings(root: str, added: str) -> None:
    path = os.path.join(root, CONFIG)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    write_atomic(path, (text.rstrip("\n") + "\n" + added).encode("utf-8"))


# Tests that fail already.


def failures_of(
    result: RunResult, blob: Callable[[str], bytes | None]
) -> dict[str, dict[str, str]]:
    """step → test → why it failed, of the suites that ran to their end. blob: what is stored
    under a digest.

    Where not one test passes nothing is proved, and to know the failures would not change that.
    """
    failures = {}
    for step in result.steps:
        if step.outcome is Outcome.FAILED and step.tests is not None and step.tests.passed:
            tests = failed_tests(blob(step.reports.get("junit.xml", "")) or b"")
            flaky = {test.failure.name for test in step.tests.flaky}  # they passed, too
            if lasting := {name: why for name, why in (tests or {}).items() if name not in flaky}:
                failures[step.step] = lasting
    return failures


def with_failures(known: KnownFailures, more: Mapping[str, Mapping[str, str]]) -> KnownFailures:
    """Both together; of a test that is in both, the later reason."""
    steps = dict.fromkeys((*known.tests, *more))
    return replace(known, tests={step: {**known.of(step), **more.get(step, {})} for step in steps})


def known_failures_text(known: KnownFailures) -> str:
    """The file, as `parse_known_failures` reads it."""
    lines = [
        "# Tests that failed before Shipway came. They run, every verdict names them, and they",
        "# fail no run. Take a line out when its test passes; without this file, every one counts.",
        f"recorded = {known.recorded}" if known.recorded else "",
    ]
    for step, tests in known.tests.items():
        lines += ["", f"[{toml_value(step)}]"]
        lines += [
            f"{toml_value(test)} = {toml_value(one_line(reason))}" for test, reason in tests.items()
        ]
    return "\n".join(lines) + "\n"


def _tests(count: int) -> str:
    return "1 test fails" if count == 1 else f"{count} tests fail"
