"""Parsers of command lines: argparse, and what Shipway expects beyond it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, NoReturn

from shipway.cli.help_page import HelpPage, coloured

Declare = Callable[["Parser"], None]
Run = Callable[..., int]
Complete = Callable[..., list[str]]
_WIDTH = 80
_INFINITE = float("inf")


@dataclass(frozen=True)
class Command:
    """A command of a group.

    load: gives what declares its arguments and options (or its own commands: then it is a group),
    the docstring of which is the help, and what carries it out: None for a group.
    """

    summary: str
    load: Callable[[], tuple[Declare, Run | None]]


class Parser(argparse.ArgumentParser):
    """Parses one command, or chooses among the commands of a group.

    Options may stand between arguments, and an option's value may begin with "-". Options are
    never abbreviated: a new option would change what an old script means.
    """

    def __init__(self, path: str, declare: Declare, run: Run | None = None) -> None:
        super().__init__(prog=path, add_help=False, allow_abbrev=False, formatter_class=_formatter)
        self.description = cleandoc(declare.__doc__ or "")
        self.run = run
        self.commands: dict[str, Command] = {}
        self.arguments: list[argparse.Action] = []
        self.options: list[argparse.Action] = []
        self._named: dict[str, argparse.Action] = {}
        self.handed_on = ""
        self._words: list[str] = []
        declare(self)
        self.add("--help", "-h", action="help", help="Show this message and exit.")

    def add(
        self, *names: str, help: str, complete: Complete | None = None, **settings: Any
    ) -> argparse.Action:
        """Add an argument or option, as add_argument does. complete: what Tab offers for it."""
        action = self.add_argument(*names, **settings)
        action.help = help  # as it is: argparse would replace what follows a "%"
        if complete is not None:
            action.completer = complete  # type: ignore[attr-defined]  # argcomplete reads it
        (self.options if action.option_strings else self.arguments).append(action)
        self._named.update(dict.fromkeys(action.option_strings, action))
        return action

    def hand_on(self, name: str) -> None:
        """Keep what follows the arguments after `--` under a name: it is for another program."""
        self.handed_on = name
        self.set_defaults(**{name: []})

    def add_command(self, name: str, declare: Declare, run: Run | None = None) -> None:
        """Add a command, which makes this parser a group's. Without `run` it is a group, too."""
        self.commands[name] = Command(summary(declare), lambda: (declare, run))

    def command(self, name: str) -> Parser:
        """The parser of a command of this group. Exits with 2 where there is no such command."""
        command = self.commands.get(name)
        if command is None:
            self.error(f"no such command: {name}.{nearest(name, self.commands)}")
        return Parser(f"{self.prog} {name}", *command.load())

    def parse(self, argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """What a command line means; of a group, also the part from its command on."""
        options, arguments = self.split(argv)
        if self.commands:
            return self.parse_args(options), arguments
        separator = ["--"] if arguments else []
        parsed, extra = self.parse_known_args([*options, *separator, *arguments])
        if extra:
            self.error(f"unexpected arguments: {' '.join(extra).removeprefix('-- ')}")
        if self._words:
            setattr(parsed, self.handed_on, self._words)
        return parsed, []

    def split(self, argv: Sequence[str]) -> tuple[list[str], list[str]]:
        """Options, each with its value in one string, and everything else. Of a group: everything
        from the command on.

        argparse by itself ends a repeated argument at the first option, and takes no value that
        begins with "-".
        """
        options: list[str] = []
        arguments: list[str] = []
        rest = list(argv)
        while rest:
            argument = rest.pop(0)
            if argument == "--":
                if self.handed_on and arguments:
                    self._words = rest
                else:
                    arguments += rest
                break
            if argument == "-" or not argument.startswith("-"):
                arguments.append(argument)
                if self.commands:  # what follows is the command's own
                    arguments += rest
                    break
            elif argument.startswith("--"):
                name, equals, value = argument.partition("=")
                options.append(self._option(name, value if equals else None, rest))
            else:
                options += self._short(argument, rest)
        # Who asks for help gets it, whatever else is wrong.
        return sorted(options, key=lambda option: option != "--help"), arguments

    def _short(self, argument: str, rest: list[str]) -> Iterable[str]:
        """The options of "-y", "-j4" or "-fy"."""
        letters = argument[1:]
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if letters and self._takes_value(name):
                yield self._option(name, letters, rest)
                return
            yield self._option(name, None, rest)

    def _option(self, name: str, value: str | None, rest: list[str]) -> str:
        """An option by its long name, with its value; the value may be the next word."""
        if not self._takes_value(name):
            if value is not None:
                self.error(f"option {name} takes no value")
            return name if name.startswith("--") else self._named[name].option_strings[0]
        if value is None:
            if not rest:
                self.error(f"option {name} needs a value")
            value = rest.pop(0)
        return f"{self._named[name].option_strings[0]}={value}"

    def _takes_value(self, name: str) -> bool:
        action = self._named.get(name)
        if action is None:
            self.error(f"no such option: {name}.{nearest(name, self._named)}")
        return action.nargs != 0

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with a command line, and exit with 2."""
        self.exit(2, f"{self.format_usage()}Try '{self.prog} -h' for help.\n\nError: {message}\n")

    def format_usage(self) -> str:
        """One line: what may be typed."""
        return f"Usage: {self.help_page.usage()}\n"

    def format_help(self) -> str:
        """The help page without colour."""
        return self.help_page.text()

    def print_help(self, file: Any = None) -> None:
        """Print the help page, with colour on a terminal."""
        stream = file or sys.stdout
        stream.write(self.help_page.text(colour=coloured(stream)))

    @property
    def help_page(self) -> HelpPage:
        """What the help page shows."""
        commands = {name: command.summary for name, command in self.commands.items()}
        return HelpPage(self.prog, self.description or "", self.arguments, self.options, commands)


class Rest(argparse.Action):
    """All further arguments, at least one, also those that look like options."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep them."""
        if not values:
            parser.error(f"the following arguments are required: {self.metavar}")
        setattr(namespace, self.dest, values)


def number(
    kind: type[int] | type[float], least: float = -_INFINITE, most: float = _INFINITE
) -> Callable[[str], float]:
    """A type of option: a number within limits."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            phrase = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {phrase}") from None
        if not least <= value <= most:
            limits = f"at least {least:g}" if most == _INFINITE else f"{least:g} to {most:g}"
            raise argparse.ArgumentTypeError(f"{text} is out of range: {limits}")
        return value

    return parse


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Checks what is added; the help page is our own. Without a width it asks the terminal."""
    return argparse.HelpFormatter(prog, width=_WIDTH)


def nearest(name: str, known: Iterable[str]) -> str:
    """A question that names what was probably meant; "" where nothing is like it."""
    from difflib import get_close_matches

    names = list(known)
    begun = [longer for longer in names if longer.startswith(name)]
    near = begun or get_close_matches(name, names, 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def summary(declare: Declare) -> str:
    """The first sentence of a command's help, without its full stop."""
    first = " ".join(cleandoc(declare.__doc__ or "").split("\n\n")[0].split())
    return first.partition(". ")[0].rstrip(".")
