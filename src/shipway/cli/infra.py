"""`shipway infra policy`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing
from shipway.cli.invocation import call

infra = typer.Typer(help="What an environment needs in AWS.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(infra, name="infra")


@infra.command()
def policy(
    context: typer.Context,
    environment: Annotated[
        str,
        typer.Argument(
            metavar="ENV", help="The environment, for example production.",
            autocompletion=completing.environments,
        ),
    ],
    trust: Annotated[
        bool, typer.Option("--trust", help="Print whom the deploying role has to trust instead.")
    ] = False,
) -> None:  # fmt: skip
    """Print, as JSON, the exact IAM policy that deploying to an environment needs.

    Nothing is changed. With --trust: the trust policy for GitHub's workflows, from [github].

    Example: shipway infra policy production > policy.json
    """
    options = {"directory": context.obj, "environment": environment, "trust": trust}
    raise typer.Exit(call("policy", options))
