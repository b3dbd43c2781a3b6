"""Whether somebody agrees: at a terminal, or in what a script writes to standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from shipway.errors import ConfigError
from shipway.infrastructure.change import ResourceChange, data_losses
from shipway.pipeline.command_line import command_line
from shipway.reports.console import write_line

# Where a command tells how far it is.


def progress_printer(*, json: bool) -> Callable[[str], None]:
    """Line by line, at once; with JSON it goes where errors go."""
    stream = sys.stderr if json else sys.stdout
    return lambda line: write_line(stream, f"{line}\n")


@dataclass
class Prompt:
    """Who is asked: whoever writes to `stream`, line by line."""

    stream: TextIO = field(default_factory=lambda: sys.stdin)

    def is_present(self) -> bool:
        """Whether it is a person, and no script."""
        return self.stream.isatty()

    def read_answer(self, question: str) -> str:
        """The next line, without what surrounds it. Only a person sees the question."""
        if self.is_present():
            sys.stderr.write(question)
            sys.stderr.flush()
        return self.stream.readline().strip()


def confirm(
    person: Prompt, where: str, changes: Sequence[ResourceChange], *, yes: bool, gone: bool
) -> None:
    """Raises ConfigError unless the changes may be made.

    yes: agreed to beforehand. gone: data may go; its name is asked for all the same.
    """
    lost = data_losses(changes)
    if lost and not gone:
        raise ConfigError(
            "data would go:\n  " + "\n  ".join(lost),
            f"Say that it may: {command_line('infra', 'apply', where, '--allow-destroy')}.",
            code="data-loss",
        )
    if lost:
        confirm_by_name(person, where)
    elif not yes:
        _asked(person, where)


def confirm_by_name(person: Prompt, where: str) -> None:
    """Raises ConfigError unless the name is typed, or comes from a script."""
    if person.read_answer(f"Type {where} to let it go: ") != where:
        raise ConfigError(
            "the name was not typed, so nothing is touched",
            f"Type {where}; a script writes it to the command's standard input.",
            code="not-confirmed",
        )


def _asked(person: Prompt, where: str) -> None:
    if not person.is_present():
        raise ConfigError(
            "nobody is there to agree, so nothing is applied",
            f"Agree beforehand: {command_line('infra', 'apply', where, '--yes')}.",
            code="not-confirmed",
        )
    if person.read_answer("Apply this? [y/N] ").lower() not in ("y", "yes"):
        raise ConfigError("nothing is applied", "Ask again when it may be.", code="not-confirmed")
