"""The step `findings`: everything that the scanners found, as one table with one judgement."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from shipway.findings.deduplication import deduplicate
from shipway.findings.false_positives import dismiss_false_positives
from shipway.findings.finding import Finding, FindingState
from shipway.findings.fingerprint import compare_to_baseline, with_code_context
from shipway.findings.waivers import (
    LocatedWaiver,
    apply_waivers,
    inline_waivers,
    suppression_comments,
)
from shipway.pipeline.gates import evaluate_finding_gates
from shipway.pipeline.imported_scans import imported_scans
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.system.files import FileTree

# Python's search for unreachable circles of objects, put off where many objects are made.


@contextmanager
def gc_paused() -> Iterator[None]:
    """No search meanwhile. It takes more than half of the time that parsing Python takes, and
    finds nothing: a tree has no circles. What has none is freed as always.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


_LARGEST = 1_000_000  # bytes; larger files are data
_CONFIGURATION = "shipway.toml"


def findings_step(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """Merge, waive, set aside, compare with the baseline, and hold the gates."""
    upstream = [context.upstream[need] for need in step.needs if need in context.upstream]
    collected = [finding for result in upstream for finding in result.findings]
    imported = imported_scans(context.state)
    collected += [finding for scan in imported for finding in scan.findings]
    texts = source_texts(context.root)
    with gc_paused():
        merged = deduplicate(with_code_context(collected, texts))
    waivers = [LocatedWaiver(waiver, _CONFIGURATION) for waiver in context.config.waivers]
    faults: list[Finding] = []
    for path, text in texts.items():
        placed, misunderstood = inline_waivers(path, text)
        waivers += placed
        faults += misunderstood
    today = datetime.fromtimestamp(context.now(), UTC).date()
    waived = apply_waivers(merged, waivers, today)
    with gc_paused():
        looked_at = dismiss_false_positives(waived, texts)
    judged, fixed = compare_to_baseline((*looked_at, *faults), context.baseline)
    gates = evaluate_finding_gates(context.config.gates.findings, judged)
    broken = [gate for gate in gates if not gate.passed]
    silenced = [
        suppression
        for path, text in texts.items()
        for suppression in suppression_comments(path, text)
    ]
    for line in _table(judged, fixed, silenced):
        on_output(line)
    outcome, reason, remedy = Outcome.PASSED, "", ""
    if broken:
        outcome, reason, remedy = Outcome.FAILED, broken[0].sentence, _REMEDY
    elif partial := [scan for scan in imported if scan.incomplete]:
        outcome, remedy = Outcome.ERROR, _SCAN_AGAIN
        reason = f"the imported scan of {partial[0].name} is incomplete: {partial[0].incomplete}"
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=outcome,
        reason=reason,
        remedy=remedy,
        findings=judged,
        gates=gates,
        facts={"fixed": fixed, "suppressions": silenced, "compared": bool(context.baseline)},
    )


_REMEDY = (
    "Mend them; or waive one with reason, owner and date in shipway.toml ([[waivers]]); "
    "or compare with what was there before: --baseline REF."
)
_SCAN_AGAIN = (
    "Let it scan again and import that; or forget it: shipway findings import --remove NAME."
)


def source_texts(root: str) -> dict[str, str]:
    """The application's text files, as git knows them."""
    texts = {}
    for path in FileTree(root, {}).listing():
        full = os.path.join(root, path)
        try:
            if os.path.islink(full) or os.path.getsize(full) > _LARGEST:
                continue
            with open(full, encoding="utf-8") as file:
                texts[path] = file.read()
        except (OSError, UnicodeDecodeError):
            continue
    return texts


def _table(
    findings: Sequence[Finding], fixed: int, silenced: Sequence[tuple[str, str]]
) -> Iterable[str]:
    """What a reviewer reads in the log: every finding that counts, then the counts."""
    for finding in findings:
        if finding.state is FindingState.OPEN:
            where = finding.package or finding.place
            text = f"{where}: {finding.rule} {finding.message}"
            yield f"{finding.severity.name:<8} {'+'.join(finding.tools):<18} {text}"
    states = Counter(finding.state for finding in findings)
    yield (
        f"{states[FindingState.OPEN]} open, {states[FindingState.KNOWN]} known, "
        f"{states[FindingState.WAIVED]} waived, "
        f"{states[FindingState.DISMISSED]} set aside, {fixed} mended, {len(silenced)} "
        "silenced by comments"
    )
