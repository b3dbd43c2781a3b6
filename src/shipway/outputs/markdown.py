"""A run in Markdown, for a pull request and a job's summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shipway.core.finding import Finding, State
from shipway.core.gate import GateResult
from shipway.core.outcome import Outcome
from shipway.core.result import RunResult
from shipway.outputs.figures import duration, figure
from shipway.outputs.found import by_severity, fixed, found
from shipway.outputs.markdown_text import code, link, table, words
from shipway.outputs.markdown_timeline import timeline_lines
from shipway.outputs.receipt_markdown import receipt_lines
from shipway.outputs.receipts import receipts
from shipway.outputs.summary import (
    counted,
    counts,
    gates_of,
    reason_of,
    verdict_reason,
    warnings_of,
    worst_first,
)

LONGEST = 60_000  # characters; GitHub takes 65,536 in a comment
MOST_FINDINGS = 10
_MOST_ROWS = 20
_MOST_RECEIPTS = 5
_CUTS = (300, 100, 40, 15)


def markdown(result: RunResult, links: Mapping[str, str] | None = None) -> str:
    """The summary. links: what to call an address → the address, such as the report's."""
    for cut in _CUTS:
        text = "\n".join(_Summary(result, cut).lines(links or {})) + "\n"
        if len(text) < LONGEST:
            break
    return text


class _Summary:
    """A summary in which no text is longer than `cut`."""

    def __init__(self, run: RunResult, cut: int) -> None:
        self._run = run
        self._cut = cut
        self._found = tuple(one.finding for one in found(run))

    def lines(self, links: Mapping[str, str]) -> Iterator[str]:
        """All of it, line by line."""
        run = self._run
        yield f"## {self._words(run.application)}: {run.verdict.value}"
        yield ""
        yield f"{counts(run.steps)} in {duration(run.seconds)}. {self._words(verdict_reason(run))}."
        for receipt in receipts(run)[:_MOST_RECEIPTS]:
            yield from receipt_lines(receipt, self._cut)
        yield from self._gates()
        yield from self._counts()
        yield from self._worst()
        yield from self._unavailable()
        yield from self._warnings()
        yield from timeline_lines(run, self._cut)
        shown = [link(self._words(name), address) for name, address in links.items()]
        if shown:
            yield from ("", " · ".join(shown[:_MOST_ROWS]))

    def _words(self, text: str) -> str:
        return words(text, self._cut)

    def _gates(self) -> Iterator[str]:
        gates = gates_of(self._run.steps)
        if not gates:
            return
        yield from ("", "### Gates")
        rows = [self._gate(gate) for _, gate in gates[:_MOST_ROWS]]
        yield from table(("Gate", "Answer", "Figure", "Limit", "Worst places"), rows)
        yield from _more(len(gates) - _MOST_ROWS, "gate")

    def _gate(self, gate: GateResult) -> tuple[str, ...]:
        name = f"{gate.gate.measure} of {gate.subject}" if gate.subject else gate.gate.measure
        unit = self._words(gate.unit)
        measured = "not measured" if gate.figure is None else f"{figure(gate.figure)} {unit}"
        limit = f"{gate.gate.bound.value} {figure(gate.gate.limit)} {unit}"
        answer = "kept" if gate.passed else "**broken**"
        worst = ", ".join(code(place, self._cut) for place in gate.worst[:3])
        return self._words(name), answer, measured.strip(), limit.strip(), worst

    def _counts(self) -> Iterator[str]:
        if not self._found:
            return
        yield from ("", "### Findings")
        rows = [
            (severity.name.lower(), *(str(states[state]) for state in State))
            for severity, states in by_severity(self._found).items()
        ]
        yield from table(("Severity", *(state.value for state in State)), rows)
        mended = fixed(self._run)
        if mended is not None:
            yield from ("", f"{counted(mended, 'finding')} of the baseline fixed.")

    def _worst(self) -> Iterator[str]:
        counting = [one for one in self._found if one.state is State.OPEN]
        if not counting:
            return
        yield from ("", "### The worst that are open")
        rows = [self._finding(one) for one in counting[:MOST_FINDINGS]]
        yield from table(("Severity", "Place", "Rule", "What", "What to do"), rows)
        yield from _more(len(counting) - MOST_FINDINGS, "open finding")

    def _finding(self, one: Finding) -> tuple[str, ...]:
        rule = link(code(one.rule, self._cut), one.link)
        tools = self._words(", ".join(one.tools))
        return (
            one.severity.name.lower(),
            " ".join(code(text, self._cut) for text in (one.package, one.place) if text),
            f"{rule} {tools}",
            self._words(one.message),
            self._words(one.remedy),
        )

    def _unavailable(self) -> Iterator[str]:
        steps = [
            step for step in worst_first(self._run.steps) if step.outcome is Outcome.UNAVAILABLE
        ]
        if not steps:
            return
        yield from ("", "### Could not run", "What these would have found is not known.", "")
        for step in steps[:_MOST_ROWS]:
            remedy = f" {self._words(step.remedy)}" if step.remedy else ""
            yield f"- {code(step.step, self._cut)}: {self._words(reason_of(step))}.{remedy}"
        yield from _more(len(steps) - _MOST_ROWS, "check")

    def _warnings(self) -> Iterator[str]:
        warned = [step for step in self._run.steps if warnings_of(step)]
        if not warned:
            return
        yield from ("", "### Warnings")
        for step in warned[:_MOST_ROWS]:
            yield f"- {code(step.step, self._cut)}: {self._words('; '.join(warnings_of(step)))}."
        yield from _more(len(warned) - _MOST_ROWS, "step")


def _more(number: int, noun: str) -> Iterator[str]:
    if number > 0:
        yield from ("", f"And {counted(number, f'more {noun}')}, in the report.")
