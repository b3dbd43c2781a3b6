"""All that a run found, each fault once, and what could not look. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult

_SCANNING = ("quality", "security")
_DID_NOT_LOOK = (Outcome.ERROR, Outcome.UPSTREAM_FAILED, Outcome.CANCELLED)


@dataclass(frozen=True)
class RunFindings:
    """A finding and the stage of the step that reports it."""

    finding: Finding
    stage: str


def run_findings(run: RunResult) -> tuple[RunFindings, ...]:
    """Every finding of a run, worst first; open ones before those that do not count.

    Where a step judged the findings of others, its word holds and theirs is left out.
    """
    judged = {name for step in run.steps if _judges(step) for name in step.needs}
    everything = [
        RunFindings(finding, step.stage)
        for step in run.steps
        if step.step not in judged
        for finding in step.findings
    ]
    everything.sort(key=lambda entry: _order(entry.finding))
    return tuple(everything)


def fixed_count(run: RunResult) -> int | None:
    """How many findings of the baseline are gone; None when there was no baseline."""
    for step in run.steps:
        if _judges(step) and step.facts.get("compared"):
            return int(step.facts["fixed"])
    return None


def skipped_scanners(run: RunResult) -> tuple[StepResult, ...]:
    """The scanners that could not run: that they found nothing means nothing."""
    return tuple(
        step for step in run.steps if step.stage in _SCANNING and step.outcome in _DID_NOT_LOOK
    )


def completed_scanners(run: RunResult) -> tuple[str, ...]:
    """The scanners that did their work, whatever they found."""
    return tuple(
        step.step
        for step in run.steps
        if step.stage in _SCANNING
        and (step.outcome in (Outcome.PASSED, Outcome.CACHED) or step.findings)
        and not _judges(step)
    )


def by_severity(findings: Sequence[Finding]) -> dict[Severity, Counter[FindingState]]:
    """How many of each severity are open, known and waived, the worst severity first."""
    counts: dict[Severity, Counter[FindingState]] = {
        severity: Counter() for severity in reversed(Severity)
    }
    for finding in findings:
        counts[finding.severity][finding.state] += 1
    return {severity: states for severity, states in counts.items() if states}


def _judges(step: StepResult) -> bool:
    return "fixed" in step.facts


def _order(finding: Finding) -> tuple[bool, int, str, int, str]:
    counts = finding.state is FindingState.OPEN
    return (not counts, -finding.severity, finding.path, finding.line, finding.rule)
