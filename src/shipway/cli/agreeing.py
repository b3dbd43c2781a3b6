"""Whether somebody agrees: at a terminal, or in what a script writes to standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError
from shipway.core.infrastructure.change import Change
from shipway.core.infrastructure.guard import losses


@dataclass
class Person:
    """Who is asked: whoever writes to `stream`, line by line."""

    stream: TextIO = field(default_factory=lambda: sys.stdin)

    def there(self) -> bool:
        """Whether it is a person, and no script."""
        return self.stream.isatty()

    def answer(self, question: str) -> str:
        """The next line, without what surrounds it. Only a person sees the question."""
        if self.there():
            sys.stderr.write(question)
            sys.stderr.flush()
        return self.stream.readline().strip()


def agree(person: Person, where: str, changes: Sequence[Change], *, yes: bool, gone: bool) -> None:
    """Raises ConfigError unless the changes may be made.

    yes: agreed to beforehand. gone: data may go; its name is asked for all the same.
    """
    lost = losses(changes)
    if lost and not gone:
        raise ConfigError(
            "data would go:\n  " + "\n  ".join(lost),
            f"Say that it may: {command_line('infra', 'apply', where, '--allow-destroy')}.",
        )
    if lost:
        typed(person, where)
    elif not yes:
        _asked(person, where)


def typed(person: Person, where: str) -> None:
    """Raises ConfigError unless the name is typed, or comes from a script."""
    if person.answer(f"Type {where} to let it go: ") != where:
        raise ConfigError(
            "the name was not typed, so nothing is touched",
            f"Type {where}; a script writes it to the command's standard input.",
        )


def _asked(person: Person, where: str) -> None:
    if not person.there():
        raise ConfigError(
            "nobody is there to agree, so nothing is applied",
            f"Agree beforehand: {command_line('infra', 'apply', where, '--yes')}.",
        )
    if person.answer("Apply this? [y/N] ").lower() not in ("y", "yes"):
        raise ConfigError("nothing is applied", "Ask again when it may be.")
