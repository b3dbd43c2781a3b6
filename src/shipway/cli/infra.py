"""`shipway infra plan`, `apply`, `destroy`, `drift` and `policy`: the words they take."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from shipway.cli import completing
from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call

group = typer.Typer(
    help="The account's and the environments' stacks in AWS.\n\n"
    "Example: shipway infra plan staging",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip

Stack = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="The environment, or bootstrap: what the account has once for all.",
        autocompletion=completing.stacks,
    ),
]  # fmt: skip
Allow = Annotated[
    bool,
    typer.Option(
        "--allow-destroy", help="Data may go. The name is asked for; a script writes it to stdin."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="infra")
    for command in (plan, apply, destroy, drift, policy):
        group.command()(command)


def plan(context: typer.Context, environment: Stack, json: Json = False) -> None:
    """Show what apply would create, change, replace and delete, and what is interrupted.

    Example: shipway infra plan staging
    """
    _call("infra_plan", context, environment=environment, json=json)


def apply(
    context: typer.Context,
    environment: Stack,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")] = False,
    allow_destroy: Allow = False,
    json: Json = False,
) -> None:
    """Bring a stack to what shipway.toml says. It may be repeated, also after it was cut off.

    The release that runs stays, and so do the listener's weights. Data that would go needs
    --allow-destroy and the environment's name, typed.

    Example: shipway infra apply staging
    """
    _call("infra_apply", context, environment=environment, yes=yes, allow_destroy=allow_destroy,
          json=json)  # fmt: skip


def destroy(
    context: typer.Context, environment: Stack, allow_destroy: Allow = False, json: Json = False
) -> None:
    """Delete a stack. A last snapshot of the database, the log, images and releases stay.

    Example: shipway infra destroy development --allow-destroy
    """
    _call("infra_destroy", context, environment=environment, allow_destroy=allow_destroy, json=json)


def drift(context: typer.Context, environment: Stack, json: Json = False) -> None:
    """Show what somebody changed by hand. Exit code 1 when there is something.

    What deployments move (weights, the image, the number of tasks) does not count.

    Example: shipway infra drift production
    """
    _call("infra_drift", context, environment=environment, json=json)


def policy(
    context: typer.Context,
    environment: Where,
    trust: Annotated[
        bool, typer.Option("--trust", help="Print whom the deploying role has to trust instead.")
    ] = False,
) -> None:  # fmt: skip
    """Print, as JSON, the exact IAM policy that deploying to an environment needs.

    Nothing is changed. With --trust: the trust policy for GitHub's workflows, from [github].

    Example: shipway infra policy production > policy.json
    """
    _call("policy", context, environment=environment, trust=trust)


def _call(command: str, context: typer.Context, **options: Any) -> None:
    raise typer.Exit(call(command, {"directory": context.obj, **options}))
