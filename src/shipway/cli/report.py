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
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="DIR",
            help="First make one run of what the jobs of a workflow left below DIR; its verdict "
            "is the exit code.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:  # fmt: skip
    """Write the last run as a page, JUnit, SARIF and Markdown.

    In .shipway: report.html, junit.xml, findings.sarif, summary.md.

    Example: shipway report --json
    """
    raise typer.Exit(call("report", {"directory": context.obj, "json": json, "source": source}))
