"""The command line's shape. One file a command; each adds itself here by one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from shipway import __version__
from shipway.cli import (
    clean,
    cost,
    deploy,
    doctor,
    findings,
    hold,
    image,
    infra,
    init,
    logs,
    monitor,
    notify,
    promote,
    rehearse,
    report,
    run,
    secret,
    task,
    workflows,
)
from shipway.cli.listing import name_each_in_full

app = typer.Typer(
    name="shipway",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: Rich's costs more than all the rest of it
)
init.add_to(app)
run.add_to(app)
report.add_to(app)
deploy.add_to(app)
logs.add_to(app)
promote.add_to(app)
notify.add_to(app)
rehearse.add_to(app)
findings.add_to(app)
image.add_to(app)
clean.add_to(app)
cost.add_to(app)
hold.add_to(app)
task.add_to(app)
infra.add_to(app)
secret.add_to(app)
monitor.add_to(app)
workflows.add_to(app)
doctor.add_to(app)
name_each_in_full(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shipway {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    directory: Annotated[
        str, typer.Option("--directory", "-C", metavar="DIR", help="Work as if started in DIR.")
    ] = ".",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Takes a Python web application from a commit to a proven release.

    A new repository begins with `shipway init`. Each command explains itself: shipway run --help.

    Example: shipway run
    """
    context.obj = directory


def parse(words: Sequence[str]) -> int:
    """Parse and carry out a command line; returns the exit code."""
    answer = app(args=list(words), standalone_mode=True)
    return int(answer or 0)
