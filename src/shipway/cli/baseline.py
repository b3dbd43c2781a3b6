"""What was there before: the fingerprints that `--baseline` or the configuration names."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable

from shipway.cli.project import Project, find_root, open_project
from shipway.core.codec import step_from_json
from shipway.core.errors import ConfigError
from shipway.core.finding import State
from shipway.core.ports import Command
from shipway.core.sarif_reading import findings_from_sarif
from shipway.effects.files import write_atomic
from shipway.effects.process import SystemProcesses

_ASIDE = (State.WAIVED, State.SET_ASIDE)


def fingerprints(project: Project, word: str, scan: Callable[[str], None]) -> tuple[str, ...]:
    """The findings of a SARIF file, or of a commit, branch or tag, which is scanned for it once.

    scan: runs the stage security in a folder; how that went is in the record there.
    Raises ConfigError when it is neither, or when it cannot be scanned.
    """
    path = os.path.join(project.root, word)
    if os.path.isfile(path):
        return _of_file(path)
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}")
    commit = _git(project.root, *asked, otherwise=f"{word} is neither a file nor a commit here")
    kept = os.path.join(project.state, "baselines", f"{commit}.json")
    if not os.path.isfile(kept):
        print(f"scanning {word} ({commit[:8]}) for the baseline …", file=sys.stderr, flush=True)
        write_atomic(kept, json.dumps(_scan(project, commit, scan)).encode())
    with open(kept, encoding="utf-8") as file:
        return tuple(json.load(file))


def _of_file(path: str) -> tuple[str, ...]:
    try:
        with open(path, encoding="utf-8") as file:
            found = findings_from_sarif(json.load(file))
    except ValueError as error:
        raise ConfigError(
            f"{path} is not JSON: {error}", "A baseline is the SARIF file of an earlier run."
        ) from None
    return tuple(one.fingerprint for one in found)


def _scan(project: Project, commit: str, scan: Callable[[str], None]) -> list[str]:
    """Scan a commit in a working tree of its own, by the same configuration of its own time."""
    top = _git(project.root, "rev-parse", "--show-toplevel")
    folder = os.path.join(project.state, "baselines", commit)
    _git(project.root, "worktree", "add", "--detach", "--force", folder, commit)
    try:
        below = os.path.join(folder, os.path.relpath(project.root, os.path.realpath(top)))
        scan(below)
        then = open_project(find_root(below))
        last = then.record.last_run()
        results = [step_from_json(text) for text in last[2]] if last else []
        found = next((one for one in results if one.step == "findings"), None)
        if found is None:
            raise ConfigError(
                f"{commit[:8]} could not be scanned",
                "Check it out, and see why: shipway run security.",
            )
        return [one.fingerprint for one in found.findings if one.state not in _ASIDE]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _git(project.root, "worktree", "prune")


def _git(root: str, *words: str, otherwise: str = "") -> str:
    """What git answers. otherwise: what it means where git refuses without a word."""
    done = SystemProcesses().run(Command(("git", *words), root, dict(os.environ), 120.0))
    if done.code:
        said = done.stderr.strip().splitlines()
        raise ConfigError(
            f"git {words[0]} says: {said[-1]}" if said else otherwise or f"git {words[0]} failed",
            "A baseline is the SARIF file of an earlier run, a commit, a branch or a tag.",
        )
    return done.stdout.strip()
