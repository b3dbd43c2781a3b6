"""What many commands take."""

from __future__ import annotations

from shipway.cli import completing
from shipway.cli.parser import Parser


def add_environment(parser: Parser, default: str | None = None) -> None:
    """Add the environment. Without a default it has to be named."""
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?" if default else None,
        default=default,
        help="An environment of shipway.toml, for example production.",
        complete=completing.environments,
    )


def add_json(parser: Parser, explanation: str = "Print JSON.") -> None:
    """Add --json."""
    parser.add("--json", action="store_true", help=explanation)
