"""Who is told what happens during a run: the consoles, the JSON stream, the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shipway.core.result import RunResult, StepResult
from shipway.core.step import Step


class Listener(Protocol):
    """Told of everything, in order; may be called from the threads that run the steps.

    A step that is cached, skipped or blocked is never started: it only finishes.
    """

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """`steps` is everything that may run, in the order of the graph."""
        ...

    def step_started(self, step: Step) -> None: ...

    def step_output(self, step: str, line: str) -> None:
        """One line that a running step printed, secrets already blotted out."""
        ...

    def step_finished(self, result: StepResult) -> None: ...

    def run_finished(self, result: RunResult) -> None: ...

    def close(self) -> None:
        """Give the terminal back, however the run ended; harmless when done twice."""
        ...
