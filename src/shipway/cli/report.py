"""`shipway report`: the last run as one HTML page and as JUnit."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from shipway.cli.project import Project, open_project
from shipway.core.codec import run_from_json, step_from_json
from shipway.core.errors import ConfigError
from shipway.core.result import RunResult
from shipway.effects.files import write_atomic


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the last run as JSON.")] = False,
) -> None:
    """Write the last run as a page (.shipway/report.html) and as JUnit (.shipway/junit.xml)."""
    project = open_project(context.obj)
    result = last_run(project)
    if json:
        from shipway.core.codec import run_to_json, step_to_json

        steps = ",".join(step_to_json(step) for step in result.steps)
        typer.echo(f'{{"run":{run_to_json(result)},"steps":[{steps}]}}')
        return
    typer.echo(write(result, project))


def last_run(project: Project) -> RunResult:
    """The newest finished run. Raises ConfigError when there is none."""
    found = project.record.last_run()
    if found is None:
        raise ConfigError("there is no run on record", "Run one: shipway run.")
    _, text, steps = found
    if text is None:
        raise ConfigError("the last run was interrupted: it has no verdict", "Run it again.")
    return run_from_json(text, tuple(step_from_json(step) for step in steps))


def write(result: RunResult, project: Project) -> str:
    """Write both forms; the path of the page, relative to here where that is shorter."""
    from shipway.outputs.html import report as page
    from shipway.outputs.junit import junit

    def log(name: str) -> bytes:
        data = project.blobs.get(name)
        if data is None:
            raise KeyError(name)
        return data

    path = os.path.join(project.state, "report.html")
    write_atomic(path, page(result, log).encode())
    write_atomic(os.path.join(project.state, "junit.xml"), junit(result).encode())
    return min(path, os.path.relpath(path), key=len)
