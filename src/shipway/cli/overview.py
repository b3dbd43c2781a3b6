"""`shipway` alone: how things stand here, and the three commands that make sense now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from shipway.cli.project import CONFIG, Project, find_root, open_project
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.pipeline.command_line import Invocation, command_line
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.problems import problems_behind
from shipway.pipeline.result import RunResult
from shipway.reports.console_lines import verdict_sentence
from shipway.reports.figures import utc
from shipway.reports.sanitize import one_line
from shipway.rollouts.report import UNFINISHED, RolloutRecord, rollout_records

Advice = tuple[str, str]  # a command, and what it does
_ALL = "All commands: shipway --help"


def overview(*, directory: str) -> int:
    """Print the application, its last run, its environments by the record, and three commands.

    Nothing is asked over the network, and nothing is begun.
    """
    root = find_root(directory)
    if not _configured(root):
        here = Invocation(directory=directory)
        print(f"{os.path.basename(root)}: no pipeline here yet")
        _print(_first_steps(), here)
        return 0
    project = open_project(directory)
    here = project.invocation()
    last = _last_run(project)
    rollouts = dict(_newest_rollouts(project))
    print(f"{one_line(project.name)}: {_run_line(last)}")
    for name, rollout in rollouts.items():
        print(f"  {one_line(name):<12} {_rollout_line(rollout)}")
    _print(next_commands(last, rollouts, list(project.config.environments)), here)
    return 0


def next_commands(
    last: RunResult | None, rollouts: dict[str, RolloutRecord], environments: Sequence[str]
) -> list[Advice]:
    """The three commands that make sense now, the most urgent first."""
    advice: list[Advice] = []
    for name, rollout in rollouts.items():
        if rollout.verdict in (UNFINISHED, Verdict.ACTION_REQUIRED, Verdict.UNKNOWN):
            advice += [
                (command_line("resume", name), f"go on with the rollout of {rollout.release}"),
                (command_line("cancel", name), "or undo it"),
            ]
    if last is None:
        return [
            *advice,
            (command_line("plan"), "see what would run, and why"),
            (command_line("run"), "check, test, package, and roll out to this machine"),
            (command_line("doctor"), "see what is missing here, and how to get it"),
        ][:3]
    if last.verdict is not Verdict.PASSED:
        again = next((p.command for p in problems_behind(last) if p.command), "")
        if again:
            advice.append((again, "run what went wrong alone"))
        advice.append((command_line("report"), "write the page with all of it"))
    advice.append((command_line("run"), "run what changed"))
    serving = [name for name in rollouts if name in environments]
    if serving:
        advice.append((command_line("status", serving[0], "--history"), "see what serves, and did"))
        advice.append((command_line("rollback", serving[0]), "go back to the release before"))
    advice.append((command_line("plan"), "see what would run, and why"))
    advice.append((command_line("doctor"), "see what is missing here"))
    return advice[:3]


def _first_steps() -> list[Advice]:
    return [
        (command_line("init", "--dry-run"), "see what a pipeline for this application would be"),
        (command_line("init"), "write it, and run it once"),
        (command_line("doctor"), "see what works on this machine, and what is missing"),
    ]


def _configured(root: str) -> bool:
    if os.path.exists(os.path.join(root, CONFIG)):
        return True
    try:
        with open(os.path.join(root, "pyproject.toml"), encoding="utf-8") as file:
            return "[tool.shipway" in file.read(1 << 20)
    except (OSError, UnicodeDecodeError):
        return False


def _last_run(project: Project) -> RunResult | None:
    recorded = project.record.last_run()
    if recorded is None or recorded[1] is None:
        return None
    return run_with_steps_from_json(recorded[1], recorded[2])


def _newest_rollouts(project: Project) -> Iterator[tuple[str, RolloutRecord]]:
    for name in project.record.environments():
        newest = project.record.rollouts(name)[:1]
        for rollout in rollout_records(newest, f"the record, {name}"):
            yield name, rollout


def _run_line(last: RunResult | None) -> str:
    if last is None:
        return "nothing was run yet"
    when = utc(last.started)
    where = f" on {one_line(last.branch)}" if last.branch else ""
    return f"last run{where}, {when}\n  {verdict_sentence(last)}"


def _rollout_line(rollout: RolloutRecord) -> str:
    when = utc(rollout.started)
    verdict = {Verdict.PASSED.value: "deployed"}.get(rollout.verdict, rollout.verdict)
    return one_line(f"{rollout.release} {verdict}, {when}")


def _print(advice: Sequence[Advice], here: Invocation) -> None:
    typed = [(here.command(command), what) for command, what in advice]
    width = max(len(command) for command, _ in typed) + 2
    print("\nnext:")
    for command, what in typed:
        print(f"  {command:<{width}}{what}")
    print(f"\n{here.text(_ALL)}")
