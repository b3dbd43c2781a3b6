"""A command's help page: usage, what it does, an example, arguments, options, commands."""

from __future__ import annotations

import os
from argparse import REMAINDER, SUPPRESS, Action
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

_WIDEST = 100  # columns; longer lines are hard to read
_LONGEST = 30  # columns; the help of an option with a longer name begins on the next line
_HEADING, _NAME = "1;4", "1"  # bold and underlined, bold


@dataclass(frozen=True)
class HelpPage:
    """What a help page shows. commands: name → summary."""

    path: str
    description: str
    arguments: Sequence[Action]
    options: Sequence[Action]
    commands: Mapping[str, str]

    def usage(self) -> str:
        """What may be typed, in one line."""
        names = [_in_usage(argument) for argument in self.arguments]
        names += ["COMMAND [ARGS]..."] if self.commands else []
        return " ".join((self.path, "[OPTIONS]", *names))

    def text(self, *, colour: bool = False) -> str:
        """The page, as wide as the terminal is."""
        import shutil

        width = min(_WIDEST, shutil.get_terminal_size().columns) - 2
        blocks = [f"{_styled('Usage:', _HEADING, colour)} {self.usage()}"]
        for paragraph in self.description.split("\n\n"):
            blocks.append("\n".join(f"  {line}" for line in _wrapped(paragraph, width - 2)))
        for title, rows in (
            ("Arguments", [(argument_name(each), _explained(each)) for each in self.arguments]),
            ("Options", [(_option_names(each), _explained(each)) for each in self.options]),
            ("Commands", list(self.commands.items())),
        ):
            if rows:
                heading = _styled(f"{title}:", _HEADING, colour)
                blocks.append("\n".join((heading, *_table(rows, width, colour))))
        return "\n\n".join(blocks) + "\n"


def argument_name(argument: Action) -> str:
    """What an argument is called."""
    return str(argument.metavar or argument.dest.upper())


def value_name(option: Action) -> str:
    """What stands for an option's value; "" where it takes none."""
    return "" if option.nargs == 0 else str(option.metavar or "TEXT")


def default(action: Action) -> str:
    """What holds where an argument or option is left out; "" where that says nothing."""
    value = action.default
    if value is True:
        return action.option_strings[0]
    return "" if value is None or value in ("", SUPPRESS, []) or value is False else str(value)


def coloured(stream: IO[str]) -> bool:
    """Whether a person who wants colour reads it."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def _in_usage(argument: Action) -> str:
    name = argument_name(argument)
    if argument.nargs == "?":
        return f"[{name}]"
    return {"*": f"[{name}]...", REMAINDER: f"{name}..."}.get(str(argument.nargs), name)


def _option_names(option: Action) -> str:
    """Short names first: "-j, --jobs NUMBER"."""
    value = value_name(option)
    pair = f"--no-{option.option_strings[0][2:]}" in option.option_strings
    names = (" / " if pair else ", ").join(sorted(option.option_strings, key=len))
    return f"{names} {value}" if value else names


def _explained(action: Action) -> str:
    known = default(action)
    note = "[required]" if action.required else f"[default: {known}]" if known else ""
    return f"{action.help} {note}".strip()


def _table(rows: Sequence[tuple[str, str]], width: int, colour: bool) -> Iterator[str]:
    longest = min(_LONGEST, width // 3)
    column = max((len(name) for name, _ in rows if len(name) <= longest), default=0) + 4
    for name, text in rows:
        start = f"  {_styled(name, _NAME, colour)}"
        lines = iter(_wrapped(text, width - column))
        if len(name) > longest:
            yield start
        else:
            yield start + " " * (column - 2 - len(name)) + next(lines)
        for line in lines:
            yield " " * column + line


def _wrapped(text: str, width: int) -> Iterable[str]:
    from textwrap import wrap

    return wrap(" ".join(text.split()), width, break_long_words=False, break_on_hyphens=False)


def _styled(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
