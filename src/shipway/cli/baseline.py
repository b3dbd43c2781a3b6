"""What was there before: the fingerprints that `--baseline` or the configuration names."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shipway.cli.project import Project, find_root, open_project
from shipway.errors import ConfigError
from shipway.findings.finding import FindingState
from shipway.findings.sarif_import import findings_from_sarif
from shipway.pipeline.codec import step_from_json
from shipway.ports import Command
from shipway.source_text import parse_json, read_text
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
        return fingerprints_of_file(path)
    commit = resolve_commit(project.root, word)
    memo = project.record.memo(f"baseline {commit}")
    if memo is None:
        print(f"scanning {word} ({commit[:8]}) for the baseline …", file=sys.stderr, flush=True)
        memo = json.dumps(_scan(project, commit, scan))
        project.record.put_memo(f"baseline {commit}", memo)
    return tuple(json.loads(memo))


def fingerprints_of_file(path: str) -> tuple[str, ...]:
    """The findings of a SARIF file. Raises ConfigError where it is none."""
    try:
        findings = findings_from_sarif(parse_json(read_text(path)))
    except ValueError as error:
        raise ConfigError(
            f"{path} is {error}",
            "A baseline is the SARIF file of an earlier run.",
            code="report-unreadable",
        ) from None
    return tuple(finding.fingerprint for finding in findings)


def _scan(project: Project, commit: str, scan: Callable[[str], str]) -> list[str]:
    """Scan a commit in a working tree of its own, by the same configuration of its own time."""
    with checked_out(project, commit, "baselines") as below:
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


@contextmanager
def checked_out(project: Project, commit: str, name: str) -> Iterator[str]:
    """The project's folder as a commit has it, in a working tree that goes afterwards.

    name: of a folder in the state folder, for the working tree. The folder that is given does
    not exist where the commit does not have the project.
    """
    top = run_git(project.root, "rev-parse", "--show-toplevel")
    folder = os.path.join(project.state, name, commit)
    shutil.rmtree(folder, ignore_errors=True)  # of a command that was killed
    run_git(project.root, "worktree", "add", "--detach", "--force", folder, commit)
    try:
        yield os.path.join(folder, os.path.relpath(project.root, os.path.realpath(top)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        run_git(project.root, "worktree", "prune")


def resolve_commit(root: str, word: str) -> str:
    """The hash of a commit, branch or tag. Raises ConfigError where there is none."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    return run_git(root, *arguments, otherwise=f"{word} is neither a file nor a commit here")


def run_git(root: str, *arguments: str, otherwise: str = "") -> str:
    """What git answers. Raises ConfigError.

    otherwise: what it means where git refuses without a word.
    """
    done = SystemProcesses().run(Command(("git", *arguments), root, dict(os.environ), 120.0))
    if done.code:
        output = done.stderr.strip().splitlines()
        raise ConfigError(
            f"git {arguments[0]} says: {output[-1]}"
            if output
            else otherwise or f"git {arguments[0]} failed",
            "Name a commit, a branch or a tag that is here; a baseline may be a SARIF file, too.",
            code="git-failed",
        )
    return done.stdout.strip()
