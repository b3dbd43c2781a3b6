"""A help page's list of commands: each with its whole first sentence.

Typer cuts a sentence at the end of the line; what it is given as short help it wraps.
"""

from __future__ import annotations

import re

import typer

_SENTENCE = re.compile(r"\.(\s|$)|\n\s*\n")


def name_each_in_full(app: typer.Typer) -> None:
    """Give every command and group, also those within groups, its short help."""
    for command in app.registered_commands:
        command.short_help = _first_sentence((command.callback and command.callback.__doc__) or "")
    for group in app.registered_groups:
        within = group.typer_instance
        if within is not None:
            group.short_help = _first_sentence(within.info.help or "")
            name_each_in_full(within)


def _first_sentence(text: str) -> str:
    """Without its full stop and on one line."""
    return " ".join(_SENTENCE.split(text, maxsplit=1)[0].split())
