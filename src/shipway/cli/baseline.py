"""What was there before: the fingerprints that `--baseline` or the configuration names."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from shipway.cli.project import CONFIG, Project, find_root, open_project
from shipway.cli.report import run_named
from shipway.cli.run import run_inner
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, FindingState
from shipway.findings.sarif_import import findings_from_sarif
from shipway.pipeline.codec import step_from_json
from shipway.pipeline.result import RunResult
from shipway.ports import Command
from shipway.scaffold.proposal import BASELINE
from shipway.system.files import write_atomic
from shipway.system.process import SystemProcesses

_ASIDE = (FindingState.WAIVED, FindingState.DISMISSED)


def baseline_fingerprints(
    project: Project, word: str, scan: Callable[[str], str]
) -> tuple[str, ...]:
    """The findings of a SARIF file, or of a commit, branch or tag, which is scanned for it once.

    scan: runs the stage security in a folder; the run's name in the record there.
    Raises ConfigError when it is neither, or when it cannot be scanned.
    """
    path = os.path.join(project.root, word)
    if os.path.isfile(path):
        return _of_file(path)
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    commit = _git(project.root, *arguments, otherwise=f"{word} is neither a file nor a commit here")
    baseline_file = os.path.join(project.state, "baselines", f"{commit}.json")
    if not os.path.isfile(baseline_file):
        print(f"scanning {word} ({commit[:8]}) for the baseline …", file=sys.stderr, flush=True)
        write_atomic(baseline_file, json.dumps(_scan(project, commit, scan)).encode())
    with open(baseline_file, encoding="utf-8") as file:
        return tuple(json.load(file))


def _of_file(path: str) -> tuple[str, ...]:
    try:
        with open(path, encoding="utf-8") as file:
            findings = findings_from_sarif(json.load(file))
    except ValueError as error:
        raise ConfigError(
            f"{path} is not JSON: {error}",
            "A baseline is the SARIF file of an earlier run.",
            code="report-unreadable",
        ) from None
    return tuple(finding.fingerprint for finding in findings)


def _scan(project: Project, commit: str, scan: Callable[[str], str]) -> list[str]:
    """Scan a commit in a working tree of its own, by the same configuration of its own time."""
    top = _git(project.root, "rev-parse", "--show-toplevel")
    folder = os.path.join(project.state, "baselines", commit)
    _git(project.root, "worktree", "add", "--detach", "--force", folder, commit)
    try:
        below = os.path.join(folder, os.path.relpath(project.root, os.path.realpath(top)))
        run = scan(below)
        then = open_project(find_root(below))
        recorded = then.record.run(run)
        results = [step_from_json(text) for text in recorded[2]] if recorded else []
        result = next((step for step in results if step.step == "findings"), None)
        if result is None:
            raise ConfigError(
                f"{commit[:8]} could not be scanned",
                "Check it out, and see why: shipway run security.",
                code="tool-failed",
            )
        return [finding.fingerprint for finding in result.findings if finding.state not in _ASIDE]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _git(project.root, "worktree", "prune")


def _git(root: str, *arguments: str, otherwise: str = "") -> str:
    """What git answers. otherwise: what it means where git refuses without a word."""
    done = SystemProcesses().run(Command(("git", *arguments), root, dict(os.environ), 120.0))
    if done.code:
        output = done.stderr.strip().splitlines()
        raise ConfigError(
            f"git {arguments[0]} says: {output[-1]}"
            if output
            else otherwise or f"git {arguments[0]} failed",
            "A baseline is the SARIF file of an earlier run, a commit, a branch or a tag.",
            code="git-failed",
        )
    return done.stdout.strip()


# What a repository has when Shipway comes: recorded once, so that only what is new fails.

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
        say(f"no baseline: {CONFIG} was here before; see [security] baseline, and run --baseline")
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
    from shipway.reports.sarif import sarif_report

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
