"""`shipway report`: the words it takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from shipway.cleanup.expired_artifacts import ArtifactHistory, remove_expired
from shipway.cli.arguments import add_json
from shipway.cli.github_actions import publish_run
from shipway.cli.main_runs import compared_with_main
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.cli.recorded_secrets import secrets_of
from shipway.cli.release_commits import release_commit_times
from shipway.cli.rollout_page import rollout_pages
from shipway.cli.run_name import run_name, run_suffix
from shipway.cli.run_notifier import notify_of_run
from shipway.errors import ConfigError
from shipway.pipeline.codec import (
    run_to_json,
    run_with_steps_from_json,
    run_with_steps_to_json,
    step_to_json,
)
from shipway.pipeline.merge_runs import merge_parts, merge_results
from shipway.pipeline.result import RunResult
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import PROVING_STAGES, Step
from shipway.ports import EndedStep
from shipway.releases.release import SBOM_FILE
from shipway.reports.console import write_error_line
from shipway.reports.console_lines import verdict_block
from shipway.reports.environment_view import delivery_facts
from shipway.reports.html import html_report
from shipway.reports.junit import junit_report
from shipway.reports.markdown import markdown_report
from shipway.reports.pages import history_data, render_page
from shipway.reports.run_history import run_history
from shipway.reports.sarif import sarif_report
from shipway.rollouts.delivery import MONTH, delivery_metrics
from shipway.rollouts.report import rollout_records
from shipway.source_text import read_bytes
from shipway.system.clock import SystemClock
from shipway.system.files import BlobFolder, shortest_path, write_atomic
from shipway.system.git import head_commit
from shipway.system.record import SqliteRecord

# `report --from`: what the jobs of one run in GitHub left becomes one run here.


def merge_job_runs(project: Project, folder: str) -> None:
    """Put the whole on record as the last run. Raises ConfigError where nobody left anything.

    A run of another commit, or of another run in GitHub, is none of it: a job that ended before
    its run began leaves the record that it was given.
    """
    if not os.path.isdir(folder):
        raise ConfigError(
            f"there is no folder {folder}",
            "Name one with the jobs' artifacts.",
            code="unknown-name",
        )
    commit, _ = head_commit(project.root)
    suffix = run_suffix(os.environ)
    parts = [
        part
        for part in merge_parts(
            folder,
            project.record,
            project.blobs,
            _opened,
            {step.name: step.stage for step in project.steps},
        )
        if part.commit == commit and part.run.endswith(suffix)
    ]
    if not parts:
        raise ConfigError(
            f"no run of {commit[:7] or 'this code'} is below {folder}",
            "See how the jobs before ended: none has left a record of a run.",
            code="no-run",
        )
    name = run_name(SystemClock().now(), os.environ)
    expected = [
        step for step in project.steps if step.stage in PROVING_STAGES and not _asked_for(step)
    ]
    combined = merge_results(name, parts, expected)
    combined = replace(combined, compared=compared_with_main(project, combined))
    project.record.start_run(name, SystemClock().now(), combined.commit)
    steps = [EndedStep(step.step, step_to_json(step)) for step in combined.steps]
    project.record.finish_steps(name, steps)
    project.record.finish_run(name, run_to_json(combined))
    _prune(project)


def print_outcome(result: RunResult, project: Project, *, quiet: bool) -> int:
    """Say how the whole ended, here and in GitHub; its exit code."""
    if not quiet:
        sys.stdout.writelines(
            f"{line.text}\n" for line in verdict_block(result, project.invocation())
        )
        publish_run(result, project, annotate=False)
    return result.exit_code(strict=bool(os.environ.get("CI")))


def _asked_for(step: Step) -> bool:
    """Whether it runs only where somebody names it, as the image's building does."""
    return bool(step.work.get("on_request"))


def _prune(project: Project) -> None:
    """What is saved for the next run must not grow for ever."""
    now = SystemClock().now()
    remove_expired(ArtifactHistory(project.state, project.record, project.config.retention, now))


def _opened(state: str) -> tuple[SqliteRecord, BlobFolder]:
    record = SqliteRecord(os.path.join(state, "record.sqlite3"))
    return record, BlobFolder(os.path.join(state, "blobs"))


# `report` carried out: the last run as a page, JUnit, SARIF and Markdown.

_MOST_RUNS = 100  # on the page of the history
_ASIDE = (SBOM_FILE, "coverage.json", "coverage.xml")  # steps' own reports, for other programs


def report(*, directory: str, json: bool, source: str) -> int:
    """Write all forms and print where, or print the run as JSON; the exit code.

    source: a folder of what jobs left, which becomes one run first; its verdict is the code then.
    """
    project = open_project(directory)
    if source:
        merge_job_runs(project, source)
    result = project.invocation().run(last_run(project))
    if json:
        print(run_with_steps_to_json(result))
    else:
        print(write_reports(result, project, secrets_of(project, result.steps)))
        write_history_page(project)
    if not source:
        return 0

    strict = bool(os.environ.get("CI"))
    if strict:
        notify_of_run(project, result, write_error_line, strict=strict)
    return print_outcome(result, project, quiet=json)


def last_run(project: Project) -> RunResult:
    """The newest run. Raises ConfigError when there is none, or it is not at its end."""
    return _finished(project.record.last_run())


def run_named(project: Project, name: str) -> RunResult:
    """The run of this name. Raises ConfigError when there is none, or it is not at its end."""
    return _finished(project.record.run(name))


def _finished(recorded: tuple[str, str | None, list[str]] | None) -> RunResult:
    if recorded is None:
        raise ConfigError("there is no run on record", "Run one: shipway run.", code="no-run")
    _, text, steps = recorded
    if text is None:
        raise ConfigError(
            "the last run is not at its end: it has no verdict",
            "Wait for it where it goes on; run it again where it was cut off.",
            code="no-run",
        )
    return run_with_steps_from_json(text, steps)


def report_run(result: RunResult, project: Project, secrets: RunSecrets, *, quiet: bool) -> None:
    """Write all forms of a run that has just ended, say where, and in GitHub publish it there."""
    path = write_reports(result, project, secrets)
    if not quiet:
        sys.stdout.write(f"report: {path}\n")
        publish_run(result, project)
    _prune(project)


def write_reports(result: RunResult, project: Project, secrets: RunSecrets) -> str:
    """Write all forms; the path of the page, relative to here where that is shorter.

    secrets: of the run, whose results hold none; the lines of code on the page may.
    """
    for name, text in {
        "report.html": run_page(result, project, secrets, rollout_pages(project)),
        "junit.xml": junit_report(result),
        "findings.sarif": sarif_report(result),
        "summary.md": markdown_report(result),
    }.items():
        write_atomic(os.path.join(project.state, name), text.encode())
    for name in _ASIDE:
        reports = [step.reports[name] for step in result.steps if name in step.reports]
        if reports and (data := project.blobs.get(reports[-1])) is not None:
            write_atomic(os.path.join(project.state, name), data)
    path = os.path.join(project.state, "report.html")
    return shortest_path(path)


def write_history_page(project: Project, branch: str = "") -> str:
    """Write history.html; its path, relative to here where that is shorter. branch: only its runs;
    "" for all."""
    names = [name for name, of in project.record.finished_run_names() if branch in ("", of)]
    runs = [run_named(project, name) for name in names[:_MOST_RUNS]]
    now = SystemClock().now()
    committed = release_commit_times(project)
    metrics = {
        name: delivery_metrics(
            rollout_records(project.record.rollouts(name), f"the record, {name}"),
            committed,
            now,
            MONTH,
        )
        for name in project.record.environments()
    }
    known = {name: delivery_facts(keys) for name, keys in metrics.items() if keys.attempts}
    data = {**history_data(run_history(runs), len(names), 0, known), "branch": branch}
    page = render_page("history", "Runs and history", project.name, **data)
    path = os.path.join(project.state, "history.html")
    write_atomic(path, page.encode())
    return shortest_path(path)


def run_page(
    result: RunResult,
    project: Project,
    secrets: RunSecrets,
    rollouts: Mapping[str, str],
    links: Mapping[str, str] | None = None,
) -> str:
    """The page of a run. rollouts: environment → where the page of its last rollout is. links:
    title → address of the pages beside it."""

    def log(name: str) -> bytes:
        data = project.blobs.get(name)
        if data is None:
            raise KeyError(name)
        return data

    return html_report(
        result, log, lambda path: _source(project.root, path, secrets), rollouts, links
    )


def _source(root: str, path: str, secrets: RunSecrets) -> str | None:
    """The text of a file of the application; None for what is outside of it, or no text."""
    full = os.path.realpath(os.path.join(root, path))
    if os.path.commonpath((full, os.path.realpath(root))) != os.path.realpath(root):
        return None
    try:
        return secrets.redact(read_bytes(full).decode("utf-8"))
    except (OSError, ValueError, ConfigError):
        return None


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("report", _report, report)


def _report(parser: Parser) -> None:
    """Write the last run as a page, JUnit, SARIF and Markdown.

    In .shipway: report.html, junit.xml, findings.sarif, summary.md; and history.html of all runs.

    Example: shipway report --json
    """
    parser.add(
        "--from",
        dest="source",
        metavar="DIR",
        default="",
        help="First make one run of what the jobs of a workflow left below DIR; its verdict "
        "is the exit code.",
    )
    add_json(parser, "Print the run as JSON.")
