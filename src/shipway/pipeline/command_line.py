"""Shipway's own commands in what it prints: written in one way, and shown as they are typed.

Messages hold a command as it is typed in the application's folder (`shipway resume staging`):
that is what the record keeps, and what is right wherever it is read again. What prints a message
knows how Shipway was started, and shows the command so that it does the same from there.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace

from shipway.pipeline.result import RunResult, StepResult

PROGRAM = "shipway"
COMMANDS = (
    "cache",
    "cancel",
    "clean",
    "cost",
    "deploy",
    "doctor",
    "down",
    "explain",
    "findings",
    "history",
    "hold",
    "hook",
    "image",
    "infra",
    "init",
    "logs",
    "monitor",
    "notify",
    "plan",
    "promote",
    "rehearse",
    "report",
    "resume",
    "rollback",
    "run",
    "schema",
    "secret",
    "status",
    "task",
    "ui",
    "workflows",
)
# A quoted word, which may hold anything; or the program's name where a command follows it.
_PARTS = re.compile(rf"(?<!\w)'[^']*'|(?<![\w./'-]){PROGRAM}(?= (?:{'|'.join(COMMANDS)})\b)")


def command_line(*arguments: str) -> str:
    """A command of Shipway, its arguments quoted where a shell asks for it."""
    return shlex.join((PROGRAM, *arguments))


@dataclass(frozen=True)
class Invocation:
    """How Shipway was started.

    program: the words that start it. directory: as -C was given; "." where it was not.
    environment: the one that the command is about; "" where it is about none.
    """

    program: tuple[str, ...] = (PROGRAM,)
    directory: str = "."
    environment: str = ""

    @property
    def start(self) -> str:
        """What every command begins with here."""
        return shlex.join((*self.program, *(("-C", self.directory) if self._elsewhere else ())))

    @property
    def plain(self) -> bool:
        """Whether commands are typed here as messages hold them."""
        return self.start == PROGRAM and not self.environment

    def command(self, command: str) -> str:
        """A whole command, as `command_line` made it, as it is typed here."""
        starts = command.startswith(f"{PROGRAM} ")
        return self.start + command.removeprefix(PROGRAM) if starts else command

    def text(self, text: str) -> str:
        """A message, with its commands as they are typed here."""
        if PROGRAM not in text or self.plain:
            return text
        if self.environment:
            name = shlex.quote(self.environment)
            text = re.sub(rf"\b({PROGRAM}(?: [a-z]+)+) ENV\b", lambda m: f"{m[1]} {name}", text)
        return _PARTS.sub(lambda m: self.start if m[0] == PROGRAM else m[0], text)

    def step(self, result: StepResult) -> StepResult:
        """A step's result, with its commands as they are typed here."""
        if PROGRAM not in result.command + result.reason + result.remedy:
            return result
        facts = result.facts
        if isinstance(receipt := facts.get("receipt"), dict):
            words = {name: self.text(str(receipt.get(name, ""))) for name in ("cause", "remedy")}
            facts = {**facts, "receipt": {**receipt, **words}}
        return replace(
            result,
            command=self.command(result.command),
            reason=self.text(result.reason),
            remedy=self.text(result.remedy),
            facts=facts,
        )

    def run(self, result: RunResult) -> RunResult:
        """A run's result, with its commands as they are typed here."""
        return result if self.plain else replace(result, steps=tuple(map(self.step, result.steps)))

    @property
    def _elsewhere(self) -> bool:
        return self.directory not in ("", ".")
