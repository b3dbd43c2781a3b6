"""`shipway plan`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from shipway.cli import arguments
from shipway.cli.arguments import add_json_lines, add_no_cache, add_skip
from shipway.cli.outcome_sharing import outcome_sharing
from shipway.cli.parser import Parser
from shipway.cli.project import Project, machine, open_project
from shipway.pipeline.cache import Reuse, StepCache
from shipway.pipeline.graph import Graph
from shipway.pipeline.run import Forecast, forecast_run, unasked_steps
from shipway.pipeline.step import STAGES, SUITES
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree
from shipway.system.git import head_commit
from shipway.system.installed import installed_state

# `plan` carried out.


def plan(*, directory: str, stages: list[str], skip: list[str], no_cache: bool, json: bool) -> int:
    """Print what a run would do; returns the exit code."""
    project = open_project(directory)
    if len(stages) == 1 and _on_ecs(project, stages[0]):
        # What a deploy needs takes longer to import than a plan of steps takes.
        from shipway.cli.deploy import show_deploy_preview

        return show_deploy_preview(project, stages[0], json=json)
    graph = Graph(project.steps).select(stages, skip)
    files = FileTree(project.root, project.record.file_index())
    shared = outcome_sharing(project, graph, head_commit(project.root)[0])
    cache = StepCache(
        files,
        project.record,
        project.blobs,
        os.environ,
        machine(),
        Reuse(enabled=not no_cache, installed=installed_state, shared=shared),
    )
    skipped = unasked_steps(graph, stages)
    forecasts = forecast_run(graph, cache, project.record.durations(), SystemClock().now(), skipped)
    forecasts = _with_tests(project, cache, forecasts)
    cache.remember_files()
    for problem in shared.finish() if shared else ():
        print(problem, file=sys.stderr)
    if json:
        rows = [
            {
                "step": f.step.name,
                "stage": f.step.stage,
                "runs": f.runs,
                "why": project.invocation().text(f.why),
                "seconds": round(f.seconds, 3),
            }
            for f in forecasts
        ]
        sys.stdout.write(json_module.dumps(rows, indent=2) + "\n")
        return 0
    order = {stage: position for position, stage in enumerate(STAGES)}
    width = max(len(f.step.name) for f in forecasts)
    for f in sorted(forecasts, key=lambda f: order[f.step.stage]):
        word = "run" if f.runs else "skip" if f.step.name in skipped else "cached"
        word = "replay" if f.replayed else word
        seconds = f"{f.seconds:6.1f} s" if f.runs else " " * 8
        why = project.invocation().text(f.why)
        sys.stdout.write(f"{word:<7} {f.step.stage:<9} {f.step.name:<{width}} {seconds}  {why}\n")
    running = [f for f in forecasts if f.runs]
    sys.stdout.write(f"{len(running)} of {len(forecasts)} steps would run\n")
    return 0


def _with_tests(
    project: Project, cache: StepCache, forecasts: Sequence[Forecast]
) -> list[Forecast]:
    """With the tests that each suite would run."""
    if not any(f.runs and f.step.name in SUITES for f in forecasts):
        return list(forecasts)
    from shipway.checks.test_selection import TestSelector  # no other plan needs a check

    tests = TestSelector(project.root, project.record, cache, SystemClock().now)
    chosen = []
    for f in forecasts:
        known = f.runs and f.step.name in SUITES and tests.has_history(f.step)
        why = f"{f.why}; {tests.choose(f.step).why}" if known else f.why
        chosen.append(replace(f, why=why))
    return chosen


def _on_ecs(project: Project, word: str) -> bool:
    """Whether a word names an environment on ECS; a stage's or step's name means that."""
    if word in STAGES or any(step.name == word for step in project.steps):
        return False
    environment = project.config.environments.get(word)
    return environment is not None and environment.platform == "ecs"


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("plan", _plan, plan)


def _plan(parser: Parser) -> None:
    """Say for every step whether it would run, and why. Changes nothing.

    With an environment on ECS: what a deploy would change there, field by field.

    Example: shipway plan test

    Example: shipway plan production
    """
    parser.add(
        "stages",
        nargs="*",
        default=[],
        complete=arguments.complete_stages_and_environments,
        help="Stages or steps; or an environment on ECS. Default: everything.",
    )
    add_skip(parser)
    add_no_cache(parser)
    add_json_lines(parser)
