"""The command line as a whole: the options before the command, and the command that is typed.

Only the module of that command is imported, and only its parser is built: all of them would cost
more than a whole unchanged run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

from shipway import __version__
from shipway.cli.commands import COMMANDS
from shipway.cli.parser import Command, Declare, Parser, Run
from shipway.errors import ConfigError


def parse(argv: Sequence[str]) -> tuple[Run, dict[str, Any]]:
    """What carries out a command line, and with which options. Exits with 2 on wrong usage."""
    parser = shipway()
    if "_ARGCOMPLETE" in os.environ:
        from shipway.cli import completion

        completion.offer(parser)
    if "_SHIPWAY_COMPLETE" in os.environ:
        raise ConfigError(
            "this shell's completion script is of an older Shipway",
            "shipway --install-completion",
        )
    options, rest = parser.parse(argv)
    directory = options.directory
    if options.verbose:
        from shipway.cli.verbose import log_to_stderr

        log_to_stderr(options.verbose)
    if options.show_completion or options.install_completion:
        from shipway.cli import completion

        return completion.install if options.install_completion else completion.show, {}
    if not rest:
        from shipway.cli.overview import overview  # only `shipway` alone needs it

        return overview, {"directory": directory}
    while parser.run is None:
        if not rest:
            parser.print_help(sys.stderr)
            parser.exit(2)
        parser = parser.command(rest[0])
        options, rest = parser.parse(rest[1:])
    return parser.run, {"directory": directory, **vars(options)}


def shipway() -> Parser:
    """The parser of what stands before the command."""
    return Parser("shipway", _shipway)


def _shipway(parser: Parser) -> None:
    """Takes a Python web application from a commit to a proven release.

    A new repository begins with `shipway init`. Each command explains itself: shipway run --help.

    Example: shipway run
    """
    parser.add("--directory", "-C", default=".", metavar="DIR", help="Work as if started in DIR.")
    parser.add(
        "--verbose",
        "-v",
        action="count",
        default=0,
        help="Log to standard error which programs are started and what is asked over the network; "
        "-vv logs what is asked again and again, too.",
    )
    parser.add(
        "--version", action="version", version=f"shipway {__version__}", help="Show the version."
    )
    parser.add(
        "--install-completion",
        action="store_true",
        help="Have this shell (bash, zsh or fish) complete commands and options after Tab.",
    )
    parser.add(
        "--show-completion",
        action="store_true",
        help="Print what --install-completion would install, for you to put where you want it.",
    )
    for name, (module, summary) in COMMANDS.items():
        parser.commands[name] = Command(summary, partial(_load, parser, name, module))


def _load(parser: Parser, name: str, module: str) -> tuple[Declare, Run | None]:
    import_module(f"shipway.cli.{module}").add_to(parser)  # replaces this entry
    return parser.commands[name].load()
