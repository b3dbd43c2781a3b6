"""`shipway report`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print the last run as JSON.")] = False,
) -> None:
    """Write the last run as a page, JUnit, SARIF and Markdown.

    In .shipway: report.html, junit.xml, findings.sarif, summary.md.
    """
    raise typer.Exit(call("report", {"directory": context.obj, "json": json}))
