"""`shipway secret set`: the words it takes."""

from __future__ import annotations

from shipway.cli import keeping_secrets
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("secret", _secret)


def _secret(parser: Parser) -> None:
    """Secrets of an environment in AWS.

    Example: shipway secret set staging DATABASE_URL
    """
    parser.add_command("set", _set, keeping_secrets.secret_set)


def _set(parser: Parser) -> None:
    """Put a secret into Secrets Manager. It is read from standard input, or asked for unseen.

    Example: shipway secret set staging DATABASE_URL < url.txt
    """
    add_environment(parser)
    parser.add("name", metavar="NAME", help="The secret, for example DATABASE_URL.")
    add_json(parser)
