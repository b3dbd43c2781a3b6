"""`shipway run`: the words it takes."""

from __future__ import annotations

import os
import sys
import threading
from argparse import BooleanOptionalAction
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass, replace

from shipway.cli import arguments
from shipway.cli.arguments import add_json_lines, add_no_cache, add_skip
from shipway.cli.invocation import InvokedRun
from shipway.cli.main_runs import compared_with_main, rated_tests
from shipway.cli.outcome_sharing import outcome_sharing
from shipway.cli.parser import Parser, number
from shipway.cli.project import Project, machine, open_project
from shipway.cli.run_name import run_name
from shipway.cli.step_executor import StepExecutor
from shipway.errors import ConfigError, ShipwayError
from shipway.pipeline.cache import Reuse, StepCache
from shipway.pipeline.command_line import Invocation, command_line
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.result import RunResult
from shipway.pipeline.run import PipelineRun, RunListener, RunOptions, unasked_steps
from shipway.pipeline.run_secrets import SECRET_SCANNERS, RunSecrets
from shipway.pipeline.step import STAGES, SUITES, PartOfSuite
from shipway.ports import PACKAGE
from shipway.reports.console import GroupedConsole, PlainConsole, write_error_line
from shipway.reports.json_events import JsonEvents
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree
from shipway.system.git import changed_files, head_commit
from shipway.system.installed import installed_state
from shipway.system.interruption import interrupt, interruptions
from shipway.system.processors import available_processors
from shipway.telemetry.settings import exported_signals

# `run` carried out: the parts wired together. Imports nothing heavy.

_BASE = "GITHUB_BASE_REF"  # the branch that a pull request asks to be merged into
_ADVISED = ("advisories", "image-packages")
_REPORT_UP_TO = 200  # steps; beyond, the page is made by `shipway report` when asked for


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """The options of `shipway run`.

    pages: whether the report's files are written. inner: it is a part of another command, and its
    telemetry is none of the pipeline's.
    """

    directory: str
    stages: Sequence[str] = ()
    skip: Sequence[str] = ()
    jobs: int = 0
    fail_fast: bool = False
    changed_since: str = ""
    no_cache: bool = False
    all_tests: bool = False
    last_failed: bool = False
    words: Sequence[str] = ()
    fix: bool = False
    strict: bool | None = None
    allow: Sequence[str] = ()
    baseline: str = ""
    base: str = ""
    advisories: str = ""
    json: bool = False
    pages: bool = True
    inner: bool = False

    @property
    def whole(self) -> bool:
        """Whether the whole pipeline was asked for, by somebody."""
        return not (self.inner or self.stages or self.skip or self.changed_since)


def run(
    *,
    directory: str,
    stages: list[str],
    skip: list[str],
    jobs: int,
    fail_fast: bool,
    changed_since: str,
    no_cache: bool,
    all_tests: bool,
    last_failed: bool,
    words: list[str],
    fix: bool,
    strict: bool | None,
    allow: list[str],
    baseline: str,
    base: str,
    advisories: str,
    json: bool,
    watch: bool = False,
) -> int:
    """Run a project's pipeline; returns the exit code."""
    request = RunRequest(
        directory=directory,
        stages=stages,
        skip=skip,
        jobs=jobs,
        fail_fast=fail_fast,
        changed_since=changed_since,
        no_cache=no_cache,
        all_tests=all_tests,
        last_failed=last_failed,
        words=words,
        fix=fix,
        strict=strict,
        allow=allow,
        baseline=baseline,
        base=base or os.environ.get(_BASE, ""),
        advisories=advisories,
        json=json,
    )
    if watch:
        _refuse_beside_watch(request)
        from shipway.cli.watch import watch as watch_files

        return watch_files(directory, stages, _options(request))
    return run_as(_new_name(), request)


def _refuse_beside_watch(request: RunRequest) -> None:
    if request.json:
        raise ConfigError(
            "there is nothing to watch for: --watch and --json do not go together",
            "Leave one of them out.",
            code="invalid-input",
        )
    if request.last_failed or request.words:
        raise ConfigError(
            "--watch runs what a change reaches, and not a part that is named",
            "Leave --last-failed and what follows -- out; the key f runs what failed.",
            code="invalid-input",
        )


def _options(request: RunRequest) -> list[str]:
    """The options of a call as they are typed, without its stages."""
    flags = {"--fail-fast": request.fail_fast, "--no-cache": request.no_cache, "--fix": request.fix}
    flags |= {"--all-tests": request.all_tests}
    flags |= {"--strict": request.strict is True, "--no-strict": request.strict is False}
    words = [f"--skip={name}" for name in request.skip]
    words += [f"--allow-unavailable={allowed}" for allowed in request.allow]
    values = {
        "--jobs": str(request.jobs or ""),
        "--changed-since": request.changed_since,
        "--baseline": request.baseline,
        "--base": request.base,
        "--advisories": request.advisories,
    }
    words += [f"{name}={value}" for name, value in values.items() if value]
    return [*(name for name, asked in flags.items() if asked), *words]


def run_as(name: str, request: RunRequest) -> int:
    """Run a project's pipeline under a name, by which the record has it; returns the exit code."""
    project = _compared(open_project(request.directory), request.base)
    graph = Graph(project.steps).select(request.stages, request.skip)
    part = PartOfSuite(tuple(request.words), last_failed=request.last_failed)
    if part.options:
        graph = _in_part(graph, part, request.stages)
    files = FileTree(project.root, project.record.file_index())
    files.listing()  # where git does not answer no run begins
    clock = SystemClock()
    commit, branch = head_commit(project.root)
    strictly = bool(os.environ.get("CI")) if request.strict is None else request.strict
    scanners = {step.work.get("check", "") for step in graph.steps.values()}
    secrets = RunSecrets(
        project.root,
        project.blobs,
        os.path.join(project.state, "runs", name),
        scanners.intersection(SECRET_SCANNERS),
    )
    perform = StepExecutor(
        project,
        name,
        commit,
        secrets,
        advisories=_folder(request.advisories),
        baseline=_baseline(project, graph, request.baseline),
    )
    shared = outcome_sharing(project, graph, commit)
    options = RunOptions(
        run=name,
        jobs=request.jobs or available_processors(),
        secrets=secrets,
        application=project.name,
        fail_fast=request.fail_fast,
        branch=branch,
        commit=commit,
        allowed=_allowed(request.allow, graph),
        skipped=_skipped(graph, request.stages, advised=bool(request.advisories)),
        changed=changed_files(project.root, request.changed_since)
        if request.changed_since
        else None,
        words={
            **_words(request.advisories, request.baseline),
            **dict.fromkeys(SUITES, part.options),
        },
        strict=strictly,
        compare=lambda result: compared_with_main(project, result),
        rated=lambda step: rated_tests(project, commit, step),
        shortcoming=perform.shortcoming,
        shared=shared.finish if shared else tuple,
    )
    perform.remove_stale_services()
    if request.fix:
        stream = sys.stderr if request.json else sys.stdout
        perform.apply_fixes(graph.steps.values(), lambda line: print(line, file=stream))
    every = _all_tests(request, project, graph, branch, options.skipped)
    cache = StepCache(
        files,
        project.record,
        project.blobs,
        os.environ,
        machine(),
        Reuse(
            enabled=not request.no_cache,
            all_tests=every,
            installed=installed_state,
            shared=shared,
        ),
    )
    perform.cache, perform.all_tests, perform.part = cache, every, part
    record = shared.giving(cache) if shared else project.record
    perform.source = source = _source(project, files, commit)
    here = project.invocation()
    listener = InvokedRun(_listener(here, json=request.json), here)
    execution = PipelineRun(graph, perform, cache, record, listener, clock, options)
    if project.assumed and not request.json:
        sys.stdout.write("worked out: " + "; ".join(project.assumed) + "\n")
    try:
        with _interruptible(execution, perform):
            result = execution.execute(source)
    except BaseException:  # nobody reads the output, or the record cannot be written
        perform.cancel()
        raise
    finally:
        listener.close()
    result = here.run(result)
    _report_and_tell(request, project, result, secrets, strict=strictly)
    return result.exit_code(strict=strictly, named=request.stages)


def _report_and_tell(
    request: RunRequest, project: Project, result: RunResult, secrets: RunSecrets, *, strict: bool
) -> None:
    """Write the report, and tell whoever wants to know that is not at the terminal."""
    if request.pages and _needs_pages(result, project):
        from shipway.cli.report import report_run

        report_run(result, project, secrets, quiet=request.json)
    if os.environ.get("CI") and request.whole and result.branch == project.main_branch:
        from shipway.cli.run_notifier import notify_of_run

        notify_of_run(project, result, write_error_line, strict=strict)
    if not request.inner and exported_signals(os.environ):
        from shipway.cli.telemetry import send_run

        send_run(project, result, secrets)


def _compared(project: Project, base: str) -> Project:
    """With a step for the rules that differ from the base's, where there is a base."""
    if not base:
        return project
    from shipway.cli.own_rules import with_own_rules  # most runs have no base

    return with_own_rules(project, base, named=base != os.environ.get(_BASE))


def _source(project: Project, files: FileTree, commit: str) -> ReleaseSource | None:
    """What the release is made from, as it is now; None for a project without a release."""
    if not any(step.name == PACKAGE for step in project.steps):
        return None
    return ReleaseSource(files, project.steps, lambda: head_commit(project.root)[0], commit)


def _in_part(graph: Graph, part: PartOfSuite, stages: Sequence[str]) -> Graph:
    """The graph with suites of which a part runs: that is neither replayed nor stored. Raises
    ConfigError where anything but suites is asked for: what needs a suite needs all of it."""
    if not stages or set(stages) - set(SUITES):
        raise ConfigError(
            f"{part.options[0]} is for suites of tests, and {', '.join(stages) or 'everything'} "
            "is more than that",
            f"Name suites alone ({', '.join(SUITES)}): "
            f"{command_line('run', 'unit', *part.options)}.",
            code="unknown-name",
        )
    return Graph(
        replace(step, max_age=0) if step.name in SUITES else step for step in graph.steps.values()
    )


def _all_tests(
    request: RunRequest, project: Project, graph: Graph, branch: str, skipped: Mapping[str, str]
) -> str:
    """Why all tests run, whatever a change can reach; "" where they need not."""
    if request.all_tests or request.no_cache:
        return "--all-tests" if request.all_tests else "--no-cache"
    if os.environ.get("CI") and branch in ("", project.main_branch):
        return f"this is {branch or 'no branch'} in CI"
    if any(step.stage == "publish" and step.name not in skipped for step in graph.steps.values()):
        return "a release leaves this machine"
    return ""


def _new_name() -> str:
    return run_name(SystemClock().now(), os.environ)


def run_inner(directory: str, *stages: str) -> str:
    """Run stages of a project as a part of another command; the run's name in the record.

    It is on record only if it could begin.

    What it prints goes to standard error. In this process, so that one signal ends both: raises
    KeyboardInterrupt where it was interrupted.
    """
    name = _new_name()
    with redirect_stdout(sys.stderr):
        try:
            request = RunRequest(directory=directory, stages=stages, strict=False, inner=True)
            code = run_as(name, request)
        except ShipwayError as problem:
            print(f"shipway: {problem.message}\n  next: {problem.remedy}")
            return name
    if code == Verdict.INTERRUPTED.exit_code(strict=False):
        raise KeyboardInterrupt
    return name


def _skipped(graph: Graph, stages: Sequence[str], *, advised: bool) -> dict[str, str]:
    """Steps that this call gives nothing to do, each with the reason."""
    # Without a folder it has nothing to look into: that is for pip-audit to do then.
    lacking = {} if advised else dict.fromkeys(_ADVISED, "no --advisories were given")
    return lacking | unasked_steps(graph, stages)


def _listener(here: Invocation, *, json: bool) -> RunListener:
    if json:
        return JsonEvents(sys.stdout)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from shipway.reports.live_console import LiveConsole  # only a terminal has use for it

        return LiveConsole(sys.stdout, here=here)
    if os.environ.get("GITHUB_ACTIONS"):
        return GroupedConsole(sys.stdout, here=here)
    return PlainConsole(sys.stdout, here=here)


def _words(advisories: str, baseline: str) -> dict[str, tuple[str, ...]]:
    """The options of this call that steps were given, by step."""
    looked_into = ("--advisories", advisories) if advisories else ()
    option = ("--baseline", baseline) if baseline else ()
    return {**dict.fromkeys(_ADVISED, looked_into), "findings": (*looked_into, *option)}


def _folder(advisories: str) -> str:
    if advisories and not os.path.isdir(advisories):
        raise ConfigError(
            f"there is no folder {advisories}",
            "Give --advisories a folder of OSV-format files.",
            code="unknown-name",
        )
    return os.path.abspath(advisories) if advisories else ""


def _baseline(project: Project, graph: Graph, word: str) -> tuple[str, ...]:
    word = word if "findings" in graph.steps else ""
    if not word and any(step.stage in ("quality", "security") for step in graph.steps.values()):
        word = project.baseline
    if not word:
        return ()
    # A run without a baseline starts no git, and reads no SARIF.
    from shipway.cli.baseline import baseline_fingerprints

    return baseline_fingerprints(project, word, scan=lambda folder: run_inner(folder, "security"))


def _interruptible(whole: PipelineRun, perform: StepExecutor) -> AbstractContextManager[None]:
    """A first signal ends the steps, a second one by SIGKILL; a third waits for none of them."""
    signals = 0

    def stop() -> None:
        nonlocal signals
        signals += 1
        if signals > 2:
            interrupt()
        whole.cancel()
        # Not here: the interrupted code may hold the lock that ending processes needs.
        force = {"force": signals > 1}
        threading.Thread(target=perform.cancel, kwargs=force, daemon=True).start()

    return interruptions(stop)


def _allowed(allowances: Sequence[str], graph: Graph) -> dict[str, str]:
    allowed = {}
    for word in allowances:
        check, _, reason = word.partition("=")
        if not reason.strip() or check not in graph.steps:
            raise ConfigError(
                f"--allow-unavailable {word!r}: CHECK=REASON with the name of a step is wanted",
                "For example: --allow-unavailable 'performance=no free port on this runner'.",
                code="unknown-name",
            )
        allowed[check] = reason.strip()
    return allowed


def _needs_pages(result: RunResult, project: Project) -> bool:
    """Where all was known, the last run's pages hold what these would; there are none in a clone
    that took all from others."""
    known = _all_known(result) and os.path.exists(os.path.join(project.state, "report.html"))
    in_github = bool(os.environ.get("GITHUB_ACTIONS"))
    return len(result.steps) <= _REPORT_UP_TO and (in_github or not known)


def _all_known(result: RunResult) -> bool:
    """Whether no step did anything in this run."""
    return all(step.outcome == "cached" or "replayed" in step.facts for step in result.steps)


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("run", _run, run)


def _run(parser: Parser) -> None:
    """Run the pipeline: check, test, package, and roll out to this machine.

    Exit codes: 0 passed, 1 failed, 2 wrong usage, 3 rolled back, 4 unknown,
    5 incomplete under --strict, 6 needs a person, 130 interrupted. An incomplete run
    is 5 without --strict, too, where it should have deployed and did not, or where a
    step that was named did not run.

    What cannot run here holds up no rollout to this machine, but under --strict;
    what failed does.

    What follows `--` after suites of tests is handed on to pytest. Such a run says
    nothing of the other tests: it is not stored, and proves no release.

    Example: shipway run quality test --fail-fast

    Example: shipway run unit -- -k wards
    """
    parser.hand_on("words")
    parser.add(
        "stages",
        nargs="*",
        default=[],
        complete=arguments.complete_stages,
        help=f"Stages ({', '.join(STAGES)}) or steps to run, with all that they need. "
        "Default: everything.",
    )
    add_skip(parser)
    parser.add(
        "--jobs",
        "-j",
        type=number(int, least=0),
        default=0,
        metavar="NUMBER",
        help="Cores to use; 0 means all there are.",
    )
    parser.add(
        "--fail-fast", action="store_true", help="Start nothing more after the first failure."
    )
    parser.add(
        "--changed-since",
        metavar="REF",
        default="",
        help="Skip steps none of whose inputs changed since REF.",
    )
    parser.add(
        "--watch",
        action="store_true",
        help="Stay, and run again at every save: quality, security and test without the load test, "
        "unless stages are named. A save in the middle of a run ends that run and begins another. "
        "Keys: a all of it again, f what failed, d everything with the rollout, q quit.",
    )
    add_no_cache(parser)
    parser.add(
        "--all-tests",
        action="store_true",
        help="Run all tests, also those that the change cannot reach.",
    )
    parser.add(
        "--last-failed",
        action="store_true",
        help="Run only the tests that failed last; all where none did.",
    )
    parser.add(
        "--fix", action="store_true", help="First let formatters and linters repair what is safe."
    )
    parser.add(
        "--strict",
        action=BooleanOptionalAction,
        default=None,
        help="Treat an incomplete run as failed: no rollout, exit code 5. Default: on when CI is "
        "set.",
    )
    parser.add(
        "--allow-unavailable",
        dest="allow",
        action="append",
        metavar="CHECK=REASON",
        default=[],
        help="Let one check be missing, for a reason.",
    )
    parser.add(
        "--baseline",
        metavar="REF|FILE",
        default="",
        help="Findings that were there, or that a SARIF file holds, pass.",
    )
    parser.add(
        "--base",
        metavar="REF",
        default="",
        help="Say which gates, checks, waivers and tests are looser than at REF. Default: in a "
        "pull request on GitHub, its base branch.",
    )
    parser.add(
        "--advisories",
        metavar="DIR",
        default="",
        help="Folder of advisories in OSV format, as osv.dev publishes them: all.zip of PyPI "
        "and, for an image, of Debian. Matched without network.",
    )
    add_json_lines(parser)
