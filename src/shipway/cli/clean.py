"""`shipway clean`: the words it takes."""

from __future__ import annotations

from shipway.cli import cleaning, cleaning_aws
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("clean", _clean, clean)


def clean(*, directory: str, aws: bool, yes: bool, dry_run: bool, json: bool) -> int:
    """Clean up this machine, or the AWS account; the exit code."""
    remove = cleaning_aws.clean_aws if aws else cleaning.clean
    return remove(directory=directory, yes=yes, dry_run=dry_run, json=json)


def _clean(parser: Parser) -> None:
    """Show what the policy [retention] no longer keeps and how much it is, then remove it.

    A terminal is asked first; anywhere else nothing is removed without --yes. What runs, and
    what a rollout that is not finished names, always stays.

    With --aws: images, task definitions, log groups, snapshots, addresses, volumes and target
    groups that nothing needs, with what they cost a month. What a rollback may go back to stays.

    Example: shipway clean --aws --dry-run
    """
    parser.add("--yes", "-y", action="store_true", help="Remove without asking.")
    parser.add("--dry-run", action="store_true", help="Only show what can go.")
    parser.add(
        "--aws", action="store_true", help="What is left in the AWS account, not on this machine."
    )
    add_json(parser)
