"""`shipway findings import`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json
from shipway.cli.invocation import call

group = typer.Typer(
    help="What scanners that run elsewhere found.\n\nExample: shipway findings import codeql.sarif",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="findings")
    group.command("import")(import_)


def import_(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="SARIF 2.1.0, or the tool's own JSON.")
    ] = "",
    name: Annotated[
        str, typer.Option(help="Keep it under this name. Default: the tool's own.")
    ] = "",
    remove: Annotated[
        str, typer.Option(metavar="NAME", help="Forget what was imported under a name.")
    ] = "",
    json: Json = False,
) -> None:
    """Take the findings of another scanner into the table and its gates.

    Reads SARIF 2.1.0 (CodeQL, Snyk, Trivy and others), and the JSON of OWASP Dependency-Check,
    Snyk, Clair, ECR and GitHub secret scanning. A later import under the same name takes the
    place of the earlier one. Without FILE: what is imported.

    Example: shipway findings import codeql.sarif
    """
    options = {
        "directory": context.obj, "file": file, "name": name, "remove": remove, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("import_", options))
