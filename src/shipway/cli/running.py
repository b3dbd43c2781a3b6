"""`run` and `plan` carried out: the parts wired together. Imports nothing heavy."""

from __future__ import annotations

import json as json_module
import os
import sys
import threading
from contextlib import AbstractContextManager, redirect_stdout

from shipway.cli.in_github import run_name, tell_run
from shipway.cli.invoked import InvokedRun
from shipway.cli.performing import Performer
from shipway.cli.project import Project, machine, open_project
from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError, ShipwayError
from shipway.core.graph import Graph
from shipway.core.listener import Listener
from shipway.core.outcome import Verdict
from shipway.core.result import RunResult
from shipway.core.step import STAGES
from shipway.effects.clock import SystemClock
from shipway.effects.files import Tree
from shipway.effects.git import changed, head
from shipway.effects.interruption import interrupt, interruptions
from shipway.flows.cache import StepCache
from shipway.flows.run import Options, Run

_ADVISED = ("advisories", "image-packages")
_REPORT_UP_TO = 200  # steps; beyond, the page is made by `shipway report` when asked for


def run(
    *, directory: str, stages: list[str], skip: list[str], jobs: int, fail_fast: bool,
    changed_since: str, no_cache: bool, fix: bool, strict: bool | None, allow: list[str],
    baseline: str, advisories: str, json: bool,
) -> int:  # fmt: skip
    """Run a project's pipeline; returns the exit code."""
    project = open_project(directory)
    graph = Graph(project.steps).select(stages, skip)
    _sweep(project)
    files = Tree(project.root, project.record.file_index())
    clock = SystemClock()
    commit, branch = head(project.root)
    strictly = bool(os.environ.get("CI")) if strict is None else strict
    options = Options(
        run=run_name(clock.now(), os.environ), jobs=jobs or len(os.sched_getaffinity(0)),
        application=project.name, fail_fast=fail_fast, branch=branch, commit=commit,
        allowed=_allowed(allow, graph),
        skipped=_skipped(graph, stages, advised=bool(advisories)),
        changed=changed(project.root, changed_since) if changed_since else None,
        words=_words(advisories, baseline), strict=strictly,
    )  # fmt: skip
    perform = Performer(
        project, options.run, commit, advisories=_folder(advisories),
        baseline=_baseline(project, graph, baseline),
    )  # fmt: skip
    if fix:
        _fix(graph, perform, quiet=json)
    cache = StepCache(
        files, project.record, project.blobs, os.environ, machine(), enabled=not no_cache
    )
    here = project.invocation()
    listener = InvokedRun(_listener(json=json), here)
    whole = Run(graph, perform, cache, project.record, listener, clock, options)
    if project.assumed and not json:
        sys.stdout.write("worked out: " + "; ".join(project.assumed) + "\n")
    try:
        with _interruptible(whole, perform):
            result = whole.execute()
    except BaseException:  # nobody reads the output, or the record cannot be written
        perform.cancel()
        raise
    finally:
        listener.close()
    result = here.run(result)
    in_github = bool(os.environ.get("GITHUB_ACTIONS"))
    if len(result.steps) <= _REPORT_UP_TO and (in_github or not _all_cached(result)):
        _write_report(result, project, quiet=json)
        if in_github and not json:
            tell_run(result, project)
        _prune(project)
    return result.exit_code(strict=strictly, named=stages)


def plan(*, directory: str, stages: list[str], skip: list[str], no_cache: bool, json: bool) -> int:
    """Print what a run would do; returns the exit code."""
    from shipway.flows.plan import plan as foresee

    project = open_project(directory)
    if len(stages) == 1 and _on_ecs(project, stages[0]):
        from shipway.cli.previewing import show_preview

        return show_preview(project, stages[0], json=json)
    graph = Graph(project.steps).select(stages, skip)
    files = Tree(project.root, project.record.file_index())
    cache = StepCache(
        files, project.record, project.blobs, os.environ, machine(), enabled=not no_cache
    )
    skipped = _unasked(graph, stages)
    forecasts = foresee(graph, cache, project.record.durations(), SystemClock().now(), skipped)
    cache.remember_files()
    if json:
        rows = [
            {"step": f.step.name, "stage": f.step.stage, "runs": f.runs,
             "why": project.invocation().text(f.why),
             "seconds": round(f.seconds, 3)}
            for f in forecasts
        ]  # fmt: skip
        sys.stdout.write(json_module.dumps(rows, indent=2) + "\n")
        return 0
    order = {stage: place for place, stage in enumerate(STAGES)}
    width = max(len(f.step.name) for f in forecasts)
    for f in sorted(forecasts, key=lambda f: order[f.step.stage]):
        word = "run" if f.runs else "skip" if f.step.name in skipped else "cached"
        seconds = f"{f.seconds:6.1f} s" if f.runs else " " * 8
        why = project.invocation().text(f.why)
        sys.stdout.write(f"{word:<7} {f.step.stage:<9} {f.step.name:<{width}} {seconds}  {why}\n")
    running = [f for f in forecasts if f.runs]
    sys.stdout.write(f"{len(running)} of {len(forecasts)} steps would run\n")
    return 0


def run_inner(directory: str, *stages: str) -> None:
    """Run stages of a project as a part of another command; how that went is in its record.

    What it prints goes to standard error. In this process, so that one signal ends both: raises
    KeyboardInterrupt where it was interrupted.
    """
    with redirect_stdout(sys.stderr):
        try:
            code = run(
                directory=directory, stages=list(stages), skip=[], jobs=0, fail_fast=False,
                changed_since="", no_cache=False, fix=False, strict=False, allow=[], baseline="",
                advisories="", json=False,
            )  # fmt: skip
        except ShipwayError as problem:
            print(f"shipway: {problem.message}\n  next: {problem.remedy}")
            return
    if code == Verdict.INTERRUPTED.exit_code(strict=False):
        raise KeyboardInterrupt


def _on_ecs(project: Project, word: str) -> bool:
    """Whether a word names an environment on ECS; a stage's or step's name means that."""
    if word in STAGES or any(step.name == word for step in project.steps):
        return False
    found = project.config.environments.get(word)
    return found is not None and found.platform == "ecs"


def _skipped(graph: Graph, stages: list[str], *, advised: bool) -> dict[str, str]:
    """Steps that this call gives nothing to do, each with the reason."""
    # Without a folder it has nothing to look into: that is for pip-audit to do then.
    lacking = {} if advised else dict.fromkeys(_ADVISED, "no --advisories were given")
    return lacking | _unasked(graph, stages)


def _unasked(graph: Graph, stages: list[str]) -> dict[str, str]:
    """Steps that run on request only, each with how to ask for it."""
    asking = "it runs when asked for: "
    return {name: asking + command_line("run", name) for name in graph.unasked(stages)}


def _listener(*, json: bool) -> Listener:
    if json:
        from shipway.outputs.jsonl import JsonEvents

        return JsonEvents(sys.stdout)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from shipway.outputs.live import LiveConsole

        return LiveConsole(sys.stdout)
    if os.environ.get("GITHUB_ACTIONS"):
        from shipway.outputs.grouped import GroupedConsole

        return GroupedConsole(sys.stdout)
    from shipway.outputs.plain import PlainConsole

    return PlainConsole(sys.stdout)


def _words(advisories: str, baseline: str) -> dict[str, tuple[str, ...]]:
    """The options of this call that steps were given, by step."""
    looked_into = ("--advisories", advisories) if advisories else ()
    known = ("--baseline", baseline) if baseline else ()
    return {**dict.fromkeys(_ADVISED, looked_into), "findings": (*looked_into, *known)}


def _folder(advisories: str) -> str:
    if advisories and not os.path.isdir(advisories):
        raise ConfigError(
            f"there is no folder {advisories}", "Give --advisories a folder of OSV-format files."
        )
    return os.path.abspath(advisories) if advisories else ""


def _baseline(project: Project, graph: Graph, word: str) -> tuple[str, ...]:
    word = word if "findings" in graph.steps else ""
    if not word and any(step.stage in ("quality", "security") for step in graph.steps.values()):
        word = project.baseline
    if not word:
        return ()
    from shipway.cli.baseline import fingerprints

    return fingerprints(project, word, scan=lambda folder: run_inner(folder, "security"))


def _sweep(project: Project) -> None:
    """End the services of runs that were killed."""
    if os.path.isdir(os.path.join(project.state, "services")):
        from shipway.effects.process import SystemProcesses
        from shipway.flows.services import sweep

        sweep(project.state, SystemProcesses())


def _interruptible(whole: Run, perform: Performer) -> AbstractContextManager[None]:
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


def _fix(graph: Graph, perform: Performer, *, quiet: bool) -> None:
    from shipway.flows.fix import fix

    stream = sys.stderr if quiet else sys.stdout
    fix(graph.steps.values(), perform.workshop({}), lambda line: print(line, file=stream))


def _allowed(words: list[str], graph: Graph) -> dict[str, str]:
    allowed = {}
    for word in words:
        check, _, reason = word.partition("=")
        if not reason.strip() or check not in graph.steps:
            raise ConfigError(
                f"--allow-unavailable {word!r}: CHECK=REASON with the name of a step is wanted",
                "For example: --allow-unavailable 'performance=no free port on this runner'.",
            )
        allowed[check] = reason.strip()
    return allowed


def _prune(project: Project) -> None:
    from shipway.flows.prune import prune
    from shipway.flows.surplus import Past

    now = SystemClock().now()
    prune(Past(project.state, project.record, project.config.retention, now))


def _all_cached(result: RunResult) -> bool:
    return all(step.outcome == "cached" for step in result.steps)


def _write_report(result: RunResult, project: Project, *, quiet: bool) -> None:
    from shipway.cli.reporting import write

    path = write(result, project)
    if not quiet:
        sys.stdout.write(f"report: {path}\n")
