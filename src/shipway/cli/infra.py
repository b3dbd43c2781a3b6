"""`shipway infra plan`, `apply`, `destroy`, `drift` and `policy`: the words they take."""

from __future__ import annotations

from shipway.cli import completing, policing, stacking
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("infra", _infra)


def _infra(parser: Parser) -> None:
    """The account's and the environments' stacks in AWS.

    Example: shipway infra plan staging
    """
    parser.add_command("plan", _plan, stacking.infra_plan)
    parser.add_command("apply", _apply, stacking.infra_apply)
    parser.add_command("destroy", _destroy, stacking.infra_destroy)
    parser.add_command("drift", _drift, stacking.infra_drift)
    parser.add_command("policy", _policy, policing.policy)


def _plan(parser: Parser) -> None:
    """Show what apply would create, change, replace and delete, and what is interrupted.

    Example: shipway infra plan staging
    """
    _add_stack(parser)
    add_json(parser)


def _apply(parser: Parser) -> None:
    """Bring a stack to what shipway.toml says. It may be repeated, also after it was cut off.

    The release that runs stays, and so do the listener's weights. Data that would go needs
    --allow-destroy and the environment's name, typed.

    Example: shipway infra apply staging
    """
    _add_stack(parser)
    parser.add("--yes", "-y", action="store_true", help="Apply without asking.")
    _add_allow_destroy(parser)
    add_json(parser)


def _destroy(parser: Parser) -> None:
    """Delete a stack. A last snapshot of the database, the log, images and releases stay.

    Example: shipway infra destroy development --allow-destroy
    """
    _add_stack(parser)
    _add_allow_destroy(parser)
    add_json(parser)


def _drift(parser: Parser) -> None:
    """Show what somebody changed by hand. Exit code 1 when there is something.

    What deployments move (weights, the image, the number of tasks) does not count.

    Example: shipway infra drift production
    """
    _add_stack(parser)
    add_json(parser)


def _policy(parser: Parser) -> None:
    """Print, as JSON, the exact IAM policy that deploying to an environment needs.

    Nothing is changed. With --trust: the trust policy for GitHub's workflows, from [github].

    Example: shipway infra policy production > policy.json
    """
    add_environment(parser)
    parser.add(
        "--trust",
        action="store_true",
        help="Print whom the deploying role has to trust instead.",
    )


def _add_stack(parser: Parser) -> None:
    parser.add(
        "environment",
        metavar="ENV",
        complete=completing.stacks,
        help="The environment, or bootstrap: what the account has once for all.",
    )


def _add_allow_destroy(parser: Parser) -> None:
    parser.add(
        "--allow-destroy",
        action="store_true",
        help="Data may go. The name is asked for; a script writes it to stdin.",
    )
