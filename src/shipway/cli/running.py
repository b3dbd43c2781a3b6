"""`run` and `plan` carried out: the parts wired together. Imports nothing heavy."""

from __future__ import annotations

import json as json_module
import os
import signal
import sys
import threading
from contextlib import AbstractContextManager
from typing import Any

from shipway.cli.project import Project, machine, open_project
from shipway.core.check import Check
from shipway.core.errors import ConfigError
from shipway.core.graph import Graph
from shipway.core.listener import Listener
from shipway.core.ports import OnOutput
from shipway.core.result import RunResult
from shipway.core.step import STAGES
from shipway.effects.clock import SystemClock
from shipway.effects.files import Tree
from shipway.effects.process import SystemProcesses
from shipway.flows.cache import StepCache
from shipway.flows.run import Options, Run
from shipway.flows.workshop import Action, Workshop

_KEEP_RUNS = 50
_REPORT_UP_TO = 200  # steps; beyond, the page is made by `shipway report` when asked for


def run(
    *, directory: str, stages: list[str], skip: list[str], jobs: int, fail_fast: bool,
    changed_since: str, no_cache: bool, fix: bool, strict: bool | None, allow: list[str],
    json: bool,
) -> int:  # fmt: skip
    """Run a project's pipeline; returns the exit code."""
    project = open_project(directory)
    graph = Graph(project.steps).select(stages, skip)
    files = Tree(project.root, project.record.file_index())
    processes = SystemProcesses()
    clock = SystemClock()
    commit, branch = _head(project.root)
    options = Options(
        run=f"{clock.now():.3f}-{os.getpid()}", jobs=jobs or len(os.sched_getaffinity(0)),
        fail_fast=fail_fast, allowed=_allowed(allow, graph), branch=branch, commit=commit,
        changed=_changed(project.root, changed_since) if changed_since else None,
    )  # fmt: skip
    shop = _workshop(project, processes, options, fix=fix)
    cache = StepCache(
        files, project.record, project.blobs, os.environ, machine(), enabled=not no_cache
    )
    listener = _listener(json=json)
    whole = Run(graph, shop, cache, project.record, listener, clock, options)
    _stop_on_signals(whole, processes)
    if project.assumed and not json:
        sys.stdout.write("worked out: " + "; ".join(project.assumed) + "\n")
    result = whole.execute()
    project.record.forget_runs(_KEEP_RUNS)
    if len(result.steps) <= _REPORT_UP_TO and not _all_cached(result):
        _write_report(result, project, quiet=json)
    strictly = bool(os.environ.get("CI")) if strict is None else strict
    return result.verdict.exit_code(strict=strictly)


def plan(*, directory: str, stages: list[str], skip: list[str], no_cache: bool, json: bool) -> int:
    """Print what a run would do; returns the exit code."""
    from shipway.flows.plan import plan as foresee

    project = open_project(directory)
    graph = Graph(project.steps).select(stages, skip)
    files = Tree(project.root, project.record.file_index())
    cache = StepCache(
        files, project.record, project.blobs, os.environ, machine(), enabled=not no_cache
    )
    forecasts = foresee(graph, cache, project.record.durations(), SystemClock().now())
    cache.remember_files()
    if json:
        rows = [
            {"step": f.step.name, "stage": f.step.stage, "runs": f.runs, "why": f.why,
             "seconds": round(f.seconds, 3)}
            for f in forecasts
        ]  # fmt: skip
        sys.stdout.write(json_module.dumps(rows, indent=2) + "\n")
        return 0
    order = {stage: place for place, stage in enumerate(STAGES)}
    width = max(len(f.step.name) for f in forecasts)
    for f in sorted(forecasts, key=lambda f: order[f.step.stage]):
        word = "run" if f.runs else "cached"
        seconds = f"{f.seconds:6.1f} s" if f.runs else " " * 8
        sys.stdout.write(f"{word:<7} {f.step.stage:<9} {f.step.name:<{width}} {seconds}  {f.why}\n")
    running = [f for f in forecasts if f.runs]
    sys.stdout.write(f"{len(running)} of {len(forecasts)} steps would run\n")
    return 0


def _workshop(
    project: Project, processes: SystemProcesses, options: Options, *, fix: bool
) -> Workshop:
    return Workshop(
        root=project.root, state=project.state,
        out=os.path.join(project.state, "runs", options.run), config=project.config,
        processes=processes, blobs=project.blobs, environment=os.environ, checks=_check,
        actions=lambda name: _action(name, project), serve=_serve, uv=_uv(),
        commit=options.commit, fix=fix,
    )  # fmt: skip


def _check(name: str) -> Check:
    from shipway.checks import CHECKS

    return next(check for check in CHECKS if check.name == name)


def _action(name: str, project: Project) -> Action:
    from shipway.flows import install

    if name == "deploy":
        from shipway.cli.deploying import deploy_action

        return deploy_action(project)
    actions: dict[str, Action] = {"install": install.install, "package": install.package}
    return actions[name]


def _serve(shop: Workshop, on_output: OnOutput) -> AbstractContextManager[str]:
    from shipway.effects.address import free_port
    from shipway.effects.http import RealHttp
    from shipway.flows.serve import served

    return served(shop, on_output, RealHttp(), SystemClock(), free_port)


def _uv() -> str:
    """uv comes with Shipway, beside its Python."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.path.exists(beside) else "uv"


def _listener(*, json: bool) -> Listener:
    if json:
        from shipway.outputs.jsonl import JsonEvents

        return JsonEvents(sys.stdout)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from shipway.outputs.live import LiveConsole

        return LiveConsole(sys.stdout)
    from shipway.outputs.plain import PlainConsole

    return PlainConsole(sys.stdout)


def _stop_on_signals(whole: Run, processes: SystemProcesses) -> None:
    def stop(*_: Any) -> None:
        whole.cancel()
        # Not here: the interrupted code may hold the lock that ending processes needs.
        threading.Thread(target=processes.cancel, daemon=True).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


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


def _git(root: str, *words: str) -> str | None:
    import subprocess

    try:
        answer = subprocess.run(["git", *words], cwd=root, capture_output=True, check=False)
    except OSError:
        return None
    return os.fsdecode(answer.stdout) if answer.returncode == 0 else None


def _head(root: str) -> tuple[str, str]:
    """The commit and the branch of the working tree, read from .git without starting git."""
    folder = root
    while not os.path.isdir(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return "", ""
        folder = above
    git = os.path.join(folder, ".git")
    head = _text(os.path.join(git, "HEAD"))
    if not head.startswith("ref: "):
        return head, ""
    name = head[5:]
    return _text(os.path.join(git, name)) or _packed(git, name), name.removeprefix("refs/heads/")


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _packed(git: str, name: str) -> str:
    for line in _text(os.path.join(git, "packed-refs")).splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""


def _changed(root: str, ref: str) -> frozenset[str]:
    """Paths that differ from `ref`, with those that git does not track yet."""
    tracked = _git(root, "diff", "--name-only", "--relative", "-z", "--end-of-options", ref, "--")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    if tracked is None or new is None:
        raise ConfigError(f"git cannot compare with {ref!r}", "Name a commit, branch or tag.")
    return frozenset(path for path in (tracked + new).split("\0") if path)


def _all_cached(result: RunResult) -> bool:
    return all(step.outcome == "cached" for step in result.steps)


def _write_report(result: RunResult, project: Project, *, quiet: bool) -> None:
    from shipway.cli.report import write

    path = write(result, project)
    if not quiet:
        sys.stdout.write(f"report: {path}\n")
