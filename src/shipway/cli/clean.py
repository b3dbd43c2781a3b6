"""`shipway clean`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clean)


def clean(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what can go.")] = False,
    aws: Annotated[
        bool, typer.Option("--aws", help="What is left in the AWS account, not on this machine.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what the policy [retention] no longer keeps and how much it is, then remove it.

    A terminal is asked first; anywhere else nothing is removed without --yes. What runs, and
    what a rollout that is not finished names, always stays.

    With --aws: images, task definitions, log groups, snapshots, addresses, volumes and target
    groups that nothing needs, with what they cost a month. What a rollback may go back to stays.

    Example: shipway clean --aws --dry-run
    """
    options = {"directory": context.obj, "yes": yes, "dry_run": dry_run, "json": json}
    raise typer.Exit(call("clean_aws" if aws else "clean", options))
