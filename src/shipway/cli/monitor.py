"""`shipway monitor`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call

monitor = typer.Typer(
    help="Alarms, dashboard and saved queries of an environment on AWS: docs/monitoring.md.\n\n"
    "Example: shipway monitor show production",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(monitor, name="monitor")


@monitor.command()
def show(
    context: typer.Context,
    environment: Where,
    template: Annotated[
        bool, typer.Option("--template", help="Print the CloudFormation template instead.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the alarms in words: when each rings, what it means, where it goes. Asks nobody.

    Example: shipway monitor show production
    """
    options = {"environment": environment, "template": template, "json": json}
    raise typer.Exit(call("monitor_show", {"directory": _directory(context), **options}))


@monitor.command()
def plan(context: typer.Context, environment: Where, json: Json = False) -> None:
    """Show what `monitor apply` would create, change and delete.

    Example: shipway monitor plan production
    """
    options = {"environment": environment, "json": json}
    raise typer.Exit(call("monitor_plan", {"directory": _directory(context), **options}))


@monitor.command()
def apply(context: typer.Context, environment: Where, json: Json = False) -> None:
    """Create the monitoring stack, or bring it in line with shipway.toml. Safe to repeat.

    Example: shipway monitor apply production
    """
    options = {"environment": environment, "json": json}
    raise typer.Exit(call("monitor_apply", {"directory": _directory(context), **options}))


@monitor.command()
def replay(
    context: typer.Context,
    environment: Where,
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=360, help="How far back to look.")
    ] = 24,
    json: Json = False,
) -> None:
    """Show what would have rung: the alarms of shipway.toml over the metrics of the last hours.

    Thresholds can be tried before they are applied. Reads metrics only, changes nothing.

    Example: shipway monitor replay production --hours 72
    """
    options = {"environment": environment, "hours": hours, "json": json}
    raise typer.Exit(call("monitor_replay", {"directory": _directory(context), **options}))


def _directory(context: typer.Context) -> str:
    return str(context.obj)
