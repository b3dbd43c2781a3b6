"""`shipway history`: the words it takes."""

from __future__ import annotations

import json as json_module
from itertools import starmap

from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.cli.report import run_named, write_history_page
from shipway.errors import ConfigError
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.pipeline.result import RunResult
from shipway.reports.json_events import problem_objects
from shipway.reports.run_history import (
    compare_runs,
    difference_lines,
    history_lines,
    run_history,
)


def history(*, directory: str, runs: list[str], branch: str, html: bool, json: bool) -> int:
    """Print the runs on record, or what differs between two of them, or write the page of them."""
    project = open_project(directory)
    if html and (runs or json):
        raise ConfigError(
            "--html writes the page of all runs", "Leave out the two runs, and --json."
        )
    if html:
        print(write_history_page(project, branch))
        return 0
    if runs:
        return _compare(project, runs, json=json)
    listed = [run for run in _finished(project) if branch in ("", run.branch)]
    past = run_history(listed)
    if json:
        print(json_module.dumps(past.to_dict(), indent=2))
    else:
        print("\n".join(history_lines(past)))
    return 0


def _compare(project: Project, runs: list[str], *, json: bool) -> int:
    if len(runs) != 2:
        raise ConfigError(
            "two runs are compared with each other",
            "Name two: shipway history OLD NEW; shipway history lists them.",
        )
    old, new = (run_named(project, name) for name in runs)
    difference = compare_runs(old, new)
    if not json:
        print("\n".join(difference_lines(difference)))
        return 0
    opened = {problem.key for problem in difference.opened}
    closed = {problem.key for problem in difference.closed}
    document = {
        "opened": [p for p in problem_objects(new) if p["key"] in opened],
        "closed": [p for p in problem_objects(old) if p["key"] in closed],
        "coverage": difference.coverage,
        "steps": [{"step": s, "before": b, "after": a} for s, b, a in difference.steps],
    }
    print(json_module.dumps(document, indent=2))
    return 0


def _finished(project: Project) -> list[RunResult]:
    return list(starmap(run_with_steps_from_json, project.record.finished_runs()))


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("history", _history, history)


def _history(parser: Parser) -> None:
    """Show the runs on record: verdict, duration, coverage, what became slower or is flaky.

    A step is slower that took half as long again as the median of its runs before, and a second
    more. A test is flaky that failed and passed while nothing that it depends on differed. With
    two runs: what differs.

    Example: shipway history --branch main

    Example: shipway history 1795840436.838-16284 1795840451.477-16955
    """
    parser.add(
        "runs",
        nargs="*",
        default=[],
        metavar="RUN",
        help="Two runs to compare, the older one first. Default: list them.",
    )
    parser.add("--branch", default="", metavar="NAME", help="Only runs of this branch.")
    parser.add(
        "--html",
        action="store_true",
        help="Write the page .shipway/history.html, as shipway ui shows it.",
    )
    add_json(parser)
