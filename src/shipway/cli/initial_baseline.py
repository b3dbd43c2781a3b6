"""What a repository has when Shipway comes: recorded once, so that only what is new fails."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from shipway.cli.project import CONFIG, open_project
from shipway.cli.report import run_named
from shipway.cli.run import run_inner
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, FindingState
from shipway.pipeline.result import RunResult
from shipway.reports.sarif import sarif_report
from shipway.scaffold.proposal import BASELINE
from shipway.system.files import write_atomic

_STAGES = ("quality", "security", "test")


@dataclass(frozen=True)
class InitialBaseline:
    """findings: tool → how many. secrets: how many of them are secrets. coverage: percent that
    the tests cover where that is below the default gate, else None."""

    findings: dict[str, int]
    secrets: int
    coverage: int | None
    verdict: str

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
    run = run_inner(root, *_STAGES)
    try:
        result = run_named(open_project(root), run)
    except ConfigError as problem:
        say(f"no baseline: {problem.message}")
        return None
    legacy = initial_baseline_of(result)
    write_initial_baseline(root, result, legacy, say)
    return legacy


def initial_baseline_of(result: RunResult) -> InitialBaseline:
    """What of a run would fail the next one as well."""
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
    if legacy.coverage is not None:
        added += f"\n[gates]\ncoverage = {legacy.coverage}  # what the tests covered; raise it\n"
        say(f"coverage gate: {legacy.coverage} %, what the tests cover today; 80 is the default")
    if added:
        path = os.path.join(root, CONFIG)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        write_atomic(path, (text.rstrip("\n") + "\n" + added).encode("utf-8"))
