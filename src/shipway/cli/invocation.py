"""How this process was started, so that what it prints can be typed as it is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shipway.pipeline.command_line import PROGRAM, Invocation
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.run import RunListener
from shipway.pipeline.step import Step
from shipway.rollouts.events import RolloutListener

if TYPE_CHECKING:
    from shipway.rollouts.report import JudgementRow, TrafficRow


def invocation(directory: str, environment: str = "") -> Invocation:
    """This one. directory, environment: as they were given."""
    words = program(sys.argv[0], sys.orig_argv[0], os.environ)
    return Invocation(words, directory, environment)


def program(script: str, python: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """What is typed to start Shipway as it was started.

    script, python: the first word of each, as the process got it. On a runner of GitHub an absolute
    path is nothing that the reader has: the name alone is.
    """
    name = os.path.basename(script)
    as_module = name == "__main__.py" and os.path.basename(os.path.dirname(script)) == PROGRAM
    path = python if as_module else script
    if not as_module and name != PROGRAM:
        return (PROGRAM,)  # called from another program
    if os.path.isabs(path) and environment.get("GITHUB_ACTIONS") == "true":
        return (PROGRAM,)
    if not as_module and _first_on_path(script, environment):
        return (PROGRAM,)
    return (path, "-m", PROGRAM) if as_module else (path,)


def _first_on_path(script: str, environment: Mapping[str, str]) -> bool:
    """Whether the shell finds this program by its name alone."""
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, PROGRAM)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.realpath(path) == os.path.realpath(script)
    return False


class InvokedRun:
    """A listener that is told commands as they are typed here."""

    def __init__(self, listener: RunListener, here: Invocation) -> None:
        self._listener = listener
        self._here = here

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """As it is."""
        self._listener.run_started(run, application, steps)

    def step_started(self, step: Step) -> None:
        """As it is."""
        self._listener.step_started(step)

    def step_output(self, step: str, line: str) -> None:
        """As it is: a step may print what it likes."""
        self._listener.step_output(step, line)

    def step_finished(self, result: StepResult) -> None:
        """With its commands."""
        self._listener.step_finished(self._here.step(result))

    def run_finished(self, result: RunResult) -> None:
        """With its commands."""
        self._listener.run_finished(self._here.run(result))

    def close(self) -> None:
        """As it is."""
        self._listener.close()


class InvokedRollout:
    """The same for a rollout."""

    def __init__(self, listener: RolloutListener, here: Invocation) -> None:
        self._listener = listener
        self._here = here

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """With its commands."""
        self._listener.on_stage(at, stage, self._here.text(text))

    def on_sample(self, sample: TrafficRow) -> None:
        """As it is."""
        self._listener.on_sample(sample)

    def on_judgement(self, evidence: JudgementRow) -> None:
        """As it is."""
        self._listener.on_judgement(evidence)

    def on_message(self, line: str) -> None:
        """With its commands."""
        self._listener.on_message(self._here.text(line))
