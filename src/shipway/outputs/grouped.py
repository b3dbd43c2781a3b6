"""The console in GitHub's log: what each step printed is folded below its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipway.core.outcome import Outcome
from shipway.core.result import StepResult
from shipway.outputs.clean import log_line
from shipway.outputs.plain import PlainConsole
from shipway.outputs.summary import Line, Tone


class GroupedConsole(PlainConsole):
    """Like the plain one, with a group for each step that printed something.

    What failed stays open below its line: nobody should have to look for it. Groups do not nest,
    and a step is written when it has ended, so what runs at the same time is never mixed.
    """

    def _below(self, result: StepResult, log: Sequence[str]) -> Iterable[Line]:
        yield from super()._below(result, log)
        if log and result.outcome is not Outcome.FAILED:
            yield Line("::endgroup::", Tone.QUIET)

    def _first(self, result: StepResult, log: Sequence[str]) -> Iterable[Line]:
        lines = list(super()._first(result, log))
        if not log or result.outcome is Outcome.FAILED:
            return lines
        opened = Line(f"::group::{lines[0].text}", lines[0].tone)
        return [opened, *(Line(f"  | {log_line(line)}", Tone.QUIET) for line in log)]
