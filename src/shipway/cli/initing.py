"""`init` carried out."""

from __future__ import annotations

import io
import json as json_module
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout

from shipway.cli.invoked import invocation
from shipway.cli.legacy import Legacy, record_legacy
from shipway.cli.performing import uv_program
from shipway.cli.workflowing import write_workflows
from shipway.core.adoption.change import Change
from shipway.core.adoption.proposal import Proposal, propose
from shipway.core.adoption.survey import Survey, survey
from shipway.core.errors import CannotRun, ConfigError, ShipwayError
from shipway.effects.process import SystemProcesses
from shipway.effects.sources import FolderSources
from shipway.flows.adopt import SETTINGS, changes, lock_changes, write
from shipway.flows.locking import Locker
from shipway.flows.workshop import BASE_ENV
from shipway.outputs.workflows.written import REQUIREMENTS

Say = Callable[[str], None]


def init(
    *, directory: str, dry_run: bool, force: bool, relock: bool, baseline: bool, json: bool
) -> int:
    """Look, say, write, and record what is there already; the exit code."""
    root = os.path.abspath(directory)
    if not os.path.isdir(root):
        raise ConfigError(f"there is no folder {directory}", "Correct the word after -C.")
    stream = sys.stderr if json else sys.stdout

    here = invocation(directory)

    def say(line: str) -> None:
        print(here.text(line), file=stream, flush=True)

    found = survey(FolderSources(root), os.path.basename(root))
    proposal = propose(found)
    _tell(proposal, say)
    planned = [] if relock else changes(root, proposal, force=force)
    problem = ""
    if dry_run:
        for change in planned:
            _show(change, say)
    else:
        problem = _resolve(root, proposal, planned, say, relock=relock)
        write(root, planned, say)
    kept = [change.path for change in planned if change.word == "kept"]
    if kept:
        say(f"kept as they are: {', '.join(kept)}; --force replaces them")
    legacy = None
    if not dry_run and not relock:
        _workflows(root, force=force, say=say)
        ours = any(change.path == SETTINGS and change.needed for change in planned)
        if baseline and not problem:
            legacy = record_legacy(root, ours=ours, say=say)
    if json:
        print(json_module.dumps(_data(proposal, planned, legacy, problem, dry_run), indent=2))
    elif not dry_run:
        say("next: shipway run")
    return 5 if problem else 0


def _resolve(
    root: str, proposal: Proposal, planned: list[Change], say: Say, *, relock: bool
) -> str:
    """Add the locks to what is written; why they could not be made, or nothing."""
    env = {name: os.environ[name] for name in BASE_ENV if name in os.environ}
    state = os.path.join(root, ".shipway")
    locker = Locker(root, state, uv_program(), SystemProcesses(), env, say)
    try:
        planned += lock_changes(root, locker.locks(proposal), relock=relock)
    except CannotRun as problem:
        say(f"no lock: {problem.message}")
        say(f"  next: {problem.remedy}")
        return problem.message
    return ""


def _workflows(root: str, *, force: bool, say: Say) -> None:
    """The one place where init has GitHub's workflows written: by `shipway workflows write`."""
    said = io.StringIO()
    try:
        with redirect_stdout(said):
            write_workflows(directory=root, dry_run=False, force=force, json=False)
    except ShipwayError as problem:
        say(f"no workflows: {problem.message}")
        say(f"  next: {problem.remedy}")
    for line in said.getvalue().splitlines():
        say(line)
    if not os.path.exists(os.path.join(root, REQUIREMENTS)):
        say(f"workflows  need Shipway itself pinned in {REQUIREMENTS}: docs/github.md")


def _tell(proposal: Proposal, say: Say) -> None:
    """What was found, a line each, then what was assumed."""
    for name, value in facts(proposal.survey).items():
        say(f"{name:<12} {value}")
    for line in proposal.assumed:
        say(f"assumed      {line}")


def facts(found: Survey) -> dict[str, str]:
    """What was found, for people: name → words."""
    wants, entry = found.wanted, found.entry
    kinds = [f"{kind} in {folder}" for kind, folder in found.tests.folders]
    needed = [one.name for one in found.variables if one.required]
    return {
        "application": found.application.name,
        "framework": f"{entry.framework}, {entry.module}:{entry.name}" if entry else "none",
        "build": found.build,
        "requires": f"{wants.origin}, {len(wants.lines)} of them" if wants else "nothing is said",
        "tests": ", ".join(kinds) + (f" ({found.tests.runner})" if kinds else "none"),
        "migrations": found.migrate or "none",
        "variables": ", ".join(needed) or "none is required",
        "services": ", ".join(found.services) or "none",
        "container": found.application.dockerfile or "none yet",
        "workflows": found.application.workflows or "none yet",
    }


def _show(change: Change, say: Say) -> None:
    if change.kept:
        return
    for line in change.diff():
        say(line)


def _data(
    proposal: Proposal, planned: Sequence[Change], legacy: Legacy | None, problem: str,
    dry_run: bool,
) -> dict[str, object]:  # fmt: skip
    return {
        "found": facts(proposal.survey), "assumed": proposal.assumed,
        "settings": proposal.settings, "written": not dry_run,
        "files": [{"path": change.path, "what": change.word,
                   "diff": list(change.diff()) if dry_run and not change.kept else []}
                  for change in planned],
        "lock_problem": problem,
        "baseline": legacy.to_dict() if legacy else None,
    }  # fmt: skip
