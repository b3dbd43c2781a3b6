"""`shipway init`: the words it takes."""

from __future__ import annotations

import hashlib
import io
import json as json_module
import os
import sys
from argparse import BooleanOptionalAction
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime

from shipway.aws.clients import AwsClients
from shipway.cli.arguments import add_json
from shipway.cli.existing_environment import add_copilot_service, add_running_service
from shipway.cli.initial_baseline import InitialBaseline, record_initial_baseline
from shipway.cli.invocation import invocation
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.cli.try_entries import prepare_test_environment, try_entries
from shipway.cli.workflows import write_workflows
from shipway.config.aws import Aws
from shipway.errors import ApplicationFault, CannotRun, ConfigError, ShipwayError
from shipway.github.workflows import REQUIREMENTS
from shipway.pipeline.step import BASE_ENV
from shipway.releases.interpreter import Interpreters
from shipway.releases.lock_header import LOCK_PROBLEM
from shipway.releases.package import unbuildable_package
from shipway.scaffold.apply import SETTINGS, file_changes, lock_changes, write_changes
from shipway.scaffold.documents import parse_toml, table, text
from shipway.scaffold.folder_sources import FolderSources
from shipway.scaffold.generated_files import FileChange
from shipway.scaffold.lock_resolver import LockResolver
from shipway.scaffold.lock_text import read_lock
from shipway.scaffold.proposal import (
    LOCK,
    Proposal,
    make_proposal,
    proposal_for,
    resolved_as_of,
    settled_since,
    with_examples,
    with_missing,
    without_build,
    without_package,
)
from shipway.scaffold.python_version import choose_python, python_of_day
from shipway.scaffold.survey import Survey, survey_application
from shipway.source_text import read_bytes, read_text
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic
from shipway.system.git import known_branches, last_change, repository_root
from shipway.system.process import SystemProcesses
from shipway.system.uv import uv_program

# `init` carried out.

# What a framework often answers beside the routes that are in sight.
_DESCRIBED = {"django": ("/admin/login/",), "fastapi": ("/openapi.json",), "litestar": ("/schema",)}
_UNFINISHED = "lock/unfinished"  # below .shipway: the digest of settings without a lock
Say = Callable[[str], None]


def init(
    *,
    directory: str,
    dry_run: bool,
    force: bool,
    relock: bool,
    baseline: bool,
    from_ecs: str,
    from_copilot: str,
    environment: str,
    json: bool,
) -> int:
    """Give the repository a pipeline, or an environment that exists already; the exit code."""
    if not (from_ecs or from_copilot):
        return _init_application(
            directory, dry_run=dry_run, force=force, relock=relock, baseline=baseline, json=json
        )
    if from_ecs and from_copilot:
        raise ConfigError(
            "--from-ecs and --from-copilot are both given",
            "--from-copilot asks AWS for what runs by itself: leave --from-ecs out.",
        )
    root = os.path.abspath(directory)
    here, stream, code = invocation(directory), sys.stderr if json else sys.stdout, 0

    def say(line: str) -> None:
        print(here.text(line), file=stream, flush=True)

    if not dry_run and not os.path.exists(os.path.join(root, SETTINGS)):
        with redirect_stdout(stream):
            code = _init_application(
                directory, dry_run=False, force=force, relock=False, baseline=baseline, json=False
            )
    clients = AwsClients(_aws_settings(directory))
    data = (
        add_running_service(root, from_ecs, environment, clients, say, dry_run=dry_run)
        if from_ecs
        else add_copilot_service(root, from_copilot, environment, clients, say, dry_run=dry_run)
    )
    if not dry_run:
        open_project(directory)  # what was written is valid
        _workflows(root, force=force, say=say)
    if json:
        print(json_module.dumps(data, indent=2))
    return code


def _aws_settings(directory: str) -> Aws:
    """`[aws]` of a shipway.toml that is there; else what the surroundings say."""
    if os.path.exists(os.path.join(directory, SETTINGS)):
        return open_project(directory).config.aws
    return Aws()


def _init_application(
    directory: str, *, dry_run: bool, force: bool, relock: bool, baseline: bool, json: bool
) -> int:
    """Look, say, write, and record what is there already; the exit code."""
    root = os.path.abspath(directory)
    if not os.path.isdir(root):
        raise ConfigError(
            f"there is no folder {directory}", "Correct the word after -C.", code="unknown-name"
        )
    stream = sys.stderr if json else sys.stdout

    here = invocation(directory)

    def say(line: str) -> None:
        print(here.text(line), file=stream, flush=True)

    surveyed = survey_application(FolderSources(root), os.path.basename(root))
    settled = _settled_since(root, surveyed)
    python, reason = _python(root, surveyed, settled, dry_run=dry_run, force=force)
    proposal = make_proposal(
        surveyed,
        python,
        reason,
        folder=_below_repository(root),
        default_branch=known_branches(root).default,
    )
    resumed = not dry_run and _unfinished(root)
    relock = relock and not resumed  # what the first init could not do is done now
    proposal = resolved_as_of(proposal, 0 if relock else settled)
    _tell(proposal, say)
    planned = [] if relock else file_changes(root, proposal, force=force)
    if resumed:
        planned = [
            replace(change, kept=False) if change.path == SETTINGS else change for change in planned
        ]
    problem = ""
    if dry_run:
        for change in planned:
            _show(change, say)
    else:
        proposal, problem = _write(root, proposal, planned, say, relock=relock)
    unchanged = [change.path for change in planned if change.word == "kept"]
    if unchanged:
        say(f"kept as they are: {', '.join(unchanged)}; --force replaces them")
    legacy = None
    if not dry_run and not relock:
        ours = resumed or any(item.path == SETTINGS and item.needed for item in planned)
        legacy = _finish(root, problem, force=force, ours=ours, baseline=baseline, say=say)
    if json:
        print(json_module.dumps(_data(proposal, planned, legacy, problem, dry_run), indent=2))
    elif not dry_run:
        say("next: shipway init --relock" if problem else "next: shipway run")
    return 5 if problem else 0


def _settled_since(root: str, surveyed: Survey) -> float:
    """Since when the requirements are as they are, where that is long; else 0."""
    wants = surveyed.wanted
    changed = last_change(root, wants.sources) if wants else 0
    return settled_since(wants, changed, SystemClock().now())


def _finish(
    root: str, problem: str, *, force: bool, ours: bool, baseline: bool, say: Say
) -> InitialBaseline | None:
    """The workflows and the baseline. ours: the settings are init's own."""
    _workflows(root, force=force, say=say)
    if problem and ours:
        _leave_unfinished(root)
    if problem or not baseline:
        return None
    return record_initial_baseline(root, ours=ours, say=say)


# An init whose lock could not be resolved is gone on with, where nobody changed its settings since.


_LONGEST_DIGEST = 1000  # bytes


def _unfinished(root: str) -> bool:
    """Whether init is to go on where it stopped; it is asked once."""
    path = os.path.join(root, ".shipway", _UNFINISHED)
    try:
        digest = read_text(path, limit=_LONGEST_DIGEST)
        os.unlink(path)
    except FileNotFoundError:
        return False
    return digest == _settings_digest(root)


def _leave_unfinished(root: str) -> None:
    path = os.path.join(root, ".shipway", _UNFINISHED)
    write_atomic(path, _settings_digest(root).encode())


def _settings_digest(root: str) -> str:
    try:
        return hashlib.sha256(read_bytes(os.path.join(root, SETTINGS))).hexdigest()
    except FileNotFoundError:
        return ""


def _below_repository(root: str) -> str:
    """The application's folder, as seen from its repository's top; "" where it is the top."""
    repository = repository_root(root)
    below = os.path.relpath(os.path.realpath(root), os.path.realpath(repository or root))
    return "" if below == "." else below


def _env() -> dict[str, str]:
    return {name: os.environ[name] for name in BASE_ENV if name in os.environ}


def _interpreters(root: str) -> Interpreters:
    return Interpreters(uv_program(), SystemProcesses(), root, _env())


def _configured_python(root: str) -> str:
    """The version that shipway.toml has already."""
    settings = parse_toml(FolderSources(root).read(SETTINGS) or "")
    return text(table(settings, "application").get("python"))


def _python(
    root: str, surveyed: Survey, settled: float, *, dry_run: bool, force: bool
) -> tuple[str, str]:
    """The version to use, and why it is not the application's where it is another one. settled:
    since when its requirements are as they are, 0 where that does not matter."""
    if not force and (configured := _configured_python(root)):
        return configured, ""
    interpreters, asked = _interpreters(root), surveyed.python
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    usual = python_of_day(settled) if settled else own
    version, reason = choose_python(asked, (own,), usual)
    if not reason and version == (asked.version or usual):
        return version, ""  # others would change nothing, and uv starts each of them to list it
    version, reason = choose_python(asked, (*interpreters.available(), own), usual)
    if settled and not asked.version and version == usual != own:
        day = datetime.fromtimestamp(settled, UTC)
        return version, f"python: {usual}, which was usual on {day:%Y-%m-%d}; no file says which"
    if not reason or dry_run or not asked.supported:
        return version, reason
    complaint = interpreters.install(asked.version)
    if complaint:
        return version, f"{reason} (uv: {complaint})"
    return choose_python(asked, (*interpreters.available(), own), usual)


def _resolve(
    root: str, proposal: Proposal, planned: list[FileChange], say: Say, *, relock: bool
) -> str:
    """Add the locks to what is written; why they could not be made, or nothing."""
    state = os.path.join(root, ".shipway")
    version = str(proposal.settings["application"].get("python", ""))
    python = _interpreters(root).find(version) if version else ""
    locker = LockResolver(
        root,
        state,
        uv_program(),
        SystemProcesses(),
        _env(),
        say,
        python,
        environment=dict(os.environ),
    )
    try:
        planned += lock_changes(root, locker.locks(proposal), relock=relock)
    except CannotRun as problem:
        say(f"no lock: {problem.message}")
        say(f"  next: {problem.remedy}")
        write_atomic(os.path.join(state, LOCK_PROBLEM), problem.message.encode())
        return problem.message
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(state, LOCK_PROBLEM))
    return ""


def _write(
    root: str, proposal: Proposal, planned: list[FileChange], say: Say, *, relock: bool
) -> tuple[Proposal, str]:
    """Write everything, and try the entry out; the proposal that held, and why there is no lock."""
    problem = _resolve(root, proposal, planned, say, relock=relock)
    write_changes(root, planned, say)
    if problem:
        return proposal, problem
    return _relocked(root, proposal, say) if relock else _tried(root, proposal, planned, say)


def _relocked(root: str, proposal: Proposal, say: Say) -> tuple[Proposal, str]:
    """What cannot be built here is left out of the new lock for tests as it was of the last one."""
    try:
        return _testable(root, proposal, say), ""
    except ShipwayError as fault:
        say(f"the environment of the tests was not made: {fault.message}")
        return proposal, ""


def _tried(
    root: str, proposal: Proposal, planned: list[FileChange], say: Say
) -> tuple[Proposal, str]:
    """Start the entry, and where it does not start or has no routes the others.

    The proposal with the one that does, and why there is no lock for it, "" where there is.
    Settings that were here before are somebody's own: nothing is tried then.
    """
    survey = proposal.survey
    ours = any(change.path == SETTINGS and not change.kept for change in planned)
    if survey.entry is None or not proposal.lock or not ours:
        return proposal, ""
    candidates = [
        entry
        for entry in (survey.entry, *survey.alternatives)
        if entry.server == survey.entry.server
    ]
    paths = (survey.health, "/", *_DESCRIBED.get(survey.entry.framework, ()))
    try:
        best, errors, unbuilt = try_entries(root, candidates, paths, say)
        complete = with_missing(proposal, errors) if best is None else None
        if complete is not None:
            say(f"assumed      {complete.assumed[-1]}")
            locks: list[FileChange] = []
            if problem := _resolve(root, complete, locks, say, relock=True):
                return proposal, problem
            write_changes(root, locks, say)
            proposal = complete
            best, _, unbuilt = try_entries(root, candidates, paths, say)
        exemplary = with_examples(proposal) if best is None else None
        if exemplary is not None:
            say(f"assumed      {exemplary.assumed[-1]}, because it does not start without")
            _write_anew(root, exemplary, planned, say)
            best, _, unbuilt = try_entries(root, candidates, paths, say)
            proposal = proposal if best is None else exemplary
        if unbuilt:
            proposal = without_build(proposal, unbuilt)
            say(f"assumed      {proposal.assumed[-1]}")
        proposal = _testable(root, proposal, say)
    except ShipwayError as fault:
        say(f"entry        {survey.entry.target} was not tried: {fault.message}")
        return proposal, ""
    served = proposal_for(proposal, best.entry, best.health(survey.health)) if best else proposal
    for line in served.assumed[len(proposal.assumed) :]:
        say(f"assumed      {line}")
    _write_anew(root, served, planned, say)
    return served, ""


def _write_anew(root: str, proposal: Proposal, planned: list[FileChange], say: Say) -> None:
    """Write the files that init has written by what is known by now."""
    written = {change.path for change in planned if not change.kept}
    changes = file_changes(root, proposal, force=True)
    write_changes(root, [change for change in changes if change.path in written], say)


def _testable(root: str, proposal: Proposal, say: Say) -> Proposal:
    """The same proposal without what only tests want and cannot be built here: one package more is
    no reason to test nothing and to ship nothing."""
    while proposal.testing is not None:
        try:
            prepare_test_environment(root)
        except (ApplicationFault, CannotRun) as problem:
            package = unbuildable_package(problem.message)
            if not package or package in (*proposal.untested, *_packages(root, LOCK)):
                break
            complaint = problem.message.splitlines()[-1]
            smaller = without_package(proposal, package, complaint)
            locks: list[FileChange] = []
            if _resolve(root, smaller, locks, say, relock=True):
                break
            proposal = smaller
            say(f"assumed      {proposal.assumed[-1]}")
            write_changes(root, locks, say)
        else:
            break
    return proposal


def _packages(root: str, lock: str) -> frozenset[str]:
    return frozenset(read_lock(FolderSources(root).read(lock) or "").places)


def _workflows(root: str, *, force: bool, say: Say) -> None:
    """The one place where init has GitHub's workflows written: by `shipway workflows write`."""
    output = io.StringIO()
    try:
        with redirect_stdout(output):
            write_workflows(directory=root, dry_run=False, force=force, json=False)
    except ShipwayError as problem:
        say(f"no workflows: {problem.message}")
        say(f"  next: {problem.remedy}")
    for line in output.getvalue().splitlines():
        say(line)
    if not os.path.exists(os.path.join(root, REQUIREMENTS)):
        say(f"workflows  need Shipway itself pinned in {REQUIREMENTS}: docs/github.md")


def _tell(proposal: Proposal, say: Say) -> None:
    """What was found, a line each, then what was assumed."""
    for name, value in survey_facts(proposal.survey).items():
        say(f"{name:<12} {value}")
    for line in proposal.assumed:
        say(f"assumed      {line}")


def survey_facts(survey: Survey) -> dict[str, str]:
    """What was found, for people: name → words."""
    wants, entry = survey.wanted, survey.entry
    kinds = [f"{kind} in {folder}" for kind, folder in survey.tests.folders]
    needed = [variable.name for variable in survey.variables if variable.required]
    return {
        "application": survey.application.name,
        "framework": f"{entry.framework}, {entry.module}:{entry.name}" if entry else "none",
        "build": survey.build,
        "requires": f"{wants.origin}, {len(wants.names)} of them" if wants else "nothing is said",
        "tests": ", ".join(kinds) + (f" ({survey.tests.runner})" if kinds else "none"),
        "migrations": survey.migrate or "none",
        "variables": ", ".join(needed) or "none is required",
        "services": ", ".join(service.kind for service in survey.services.needed) or "none",
        "container": survey.application.dockerfile or "none yet",
        "workflows": survey.application.workflows or "none yet",
    }


def _show(change: FileChange, say: Say) -> None:
    if change.kept:
        return
    for line in change.diff():
        say(line)


def _data(
    proposal: Proposal,
    planned: Sequence[FileChange],
    legacy: InitialBaseline | None,
    problem: str,
    dry_run: bool,
) -> dict[str, object]:
    return {
        "found": survey_facts(proposal.survey),
        "assumed": proposal.assumed,
        "settings": proposal.settings,
        "written": not dry_run,
        "files": [
            {
                "path": change.path,
                "what": change.word,
                "diff": list(change.diff()) if dry_run and not change.kept else [],
            }
            for change in planned
        ],
        "lock_problem": problem,
        "baseline": legacy.to_dict() if legacy else None,
    }


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("init", _init, init)


def _init(parser: Parser) -> None:
    """Give a repository with a Python web application a pipeline.

    Flask, Django, FastAPI, Starlette, Litestar and Quart are known.
    Says what it found and assumed, and writes shipway.toml, Dockerfile, .dockerignore, the lock
    and the workflows where they are missing.

    Example: shipway init --dry-run
    """
    parser.add("--dry-run", action="store_true", help="Show the difference; write and run nothing.")
    parser.add(
        "--force", action="store_true", help="Replace files that exist. Without it they stay."
    )
    parser.add(
        "--relock",
        action="store_true",
        help="Only resolve the requirements again, to today's versions.",
    )
    parser.add(
        "--baseline",
        action=BooleanOptionalAction,
        default=True,
        help="Run the checks once and record what is there already, so that only what is new "
        "fails.",
    )
    parser.add(
        "--from-ecs",
        default="",
        metavar="CLUSTER/SERVICE",
        help="Write an environment for a service that runs on ECS already. Nothing in AWS changes.",
    )
    parser.add(
        "--from-copilot",
        default="",
        metavar="DIR",
        help="Write the environments of a manifest of AWS Copilot: its folder, or the folder "
        "copilot.",
    )
    parser.add(
        "--environment",
        default="",
        metavar="NAME",
        help="What the environment is called; without it, by its cluster and service.",
    )
    add_json(parser)
