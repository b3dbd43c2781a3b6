"""A run in Markdown, for a pull request and a job's summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from shipway.findings.finding import Finding, FindingState
from shipway.pipeline.flaky_tests import flaky_sentences
from shipway.pipeline.gates import GateResult
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.problems import ProblemKind, abridge_problems, run_problems, worst_first
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.console_lines import (
    counted,
    gates_of,
    outcome_counts,
    reason_of,
    verdict_reason,
    warnings_of,
)
from shipway.reports.figures import format_duration, format_figure
from shipway.reports.rollout_report import RolloutReportView, rollout_report_views
from shipway.reports.run_findings import by_severity, fixed_count, run_findings
from shipway.reports.sanitize import plain_text

# Text from outside as Markdown that GitHub shows letter for letter.

_SPECIAL = re.compile(r"[&<>\"'`*_~\[\]{}()\\|#$!^=@]")
# What GitHub makes live after Markdown is done: mentions, references, addresses.
_LIVE = re.compile(r"(&#64;|&#35;|GH-(?=\d)|www(?=\.)|:(?=//))")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'*+,;=%]{1,300}")


def escape_markdown(text: str, longest: int) -> str:
    """One line of plain words. What would be live is parted by a space of no width."""
    line = " ".join(plain_text(text).split())
    cut = line if len(line) <= longest else f"{line[: longest - 1]}…"
    coded = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", cut)
    return _LIVE.sub(r"\1&#8203;", coded)


def code_span(text: str, longest: int) -> str:
    """The same, set as code; from a long path the end is kept."""
    line = " ".join(plain_text(text).split())
    cut = line if len(line) <= longest else f"…{line[1 - longest :]}"
    coded = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", cut)
    return f"<code>{coded}</code>" if coded else ""


def markdown_link(shown: str, address: str) -> str:
    """Something shown as a link; left as it is where the address is not of the web."""
    if not _ADDRESS.fullmatch(address):
        return shown
    safe = address.replace("&", "&amp;").replace("'", "&#39;").replace("$", "%24")
    return f'<a href="{safe}">{shown}</a>'


def markdown_table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """The lines of a table."""
    return [
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]


# When each step ran, in Markdown: a table with bars, folded.

MOST_STEPS = 40
_WIDTH = 24  # characters of the whole run
_EMPTY, _FULL = "\u00b7", "\u2588"


def timeline_lines(run: RunResult, longest: int) -> Iterator[str]:
    """The steps that ran, by their start; nothing where none did. longest: of a name."""
    ran = [step for step in run.steps if step.started and step.outcome is not Outcome.CACHED]
    if not ran:
        return
    ran.sort(key=lambda step: step.started)
    first = ran[0].started
    total = max(step.started + step.seconds for step in ran) - first
    yield from ("", f"<details><summary>Timeline of {counted(len(ran), 'step')}</summary>", "")
    rows: list[tuple[str, ...]] = [
        (
            code_span(step.step, longest),
            escape_markdown(step.outcome.value, longest),
            format_duration(step.seconds),
            f"<code>{_bar(step, first, total)}</code>",
        )
        for step in ran[:MOST_STEPS]
    ]
    yield from markdown_table(("Step", "Outcome", "Took", "When"), rows)
    if len(ran) > MOST_STEPS:
        yield from ("", f"And {counted(len(ran) - MOST_STEPS, 'more step')}, in the report.")
    yield from ("", "</details>")


def _bar(step: StepResult, first: float, total: float) -> str:
    """Where in the run it was: as long as the run is, at least one mark."""
    scale = _WIDTH / total if total > 0 else 0.0
    start = min(int((step.started - first) * scale), _WIDTH - 1)
    length = max(1, min(round(step.seconds * scale), _WIDTH - start))
    return _EMPTY * start + _FULL * length + _EMPTY * (_WIDTH - start - length)


# A receipt in Markdown, for a pull request and a job's summary.

MOST_RELEASES = 6


def rollout_report_lines(receipt: RolloutReportView, longest: int) -> Iterator[str]:
    """Verdict, figures of each release, the judge's last word, cause and remedy.

    longest: characters of a text from outside.
    """
    facts = dict(receipt.facts)
    details = (
        escape_markdown(facts[name], longest) for name in ("strategy", "seconds") if name in facts
    )
    verdict = f"**{escape_markdown(receipt.verdict or 'no verdict', longest)}**"
    yield from ("", f"### Rollout of {code_span(receipt.step, longest)}")
    yield ", ".join((verdict, *details)) + "."
    if receipt.releases:
        yield ""
        units = [f"{name} (ms)" if name.startswith("p") else name for name in receipt.columns]
        rows = [
            (
                code_span(name, longest),
                *(escape_markdown(figure, longest) or "–" for figure in figures),
            )
            for name, figures in receipt.releases[:MOST_RELEASES]
        ]
        yield from markdown_table(("Release", *units), rows)
    if receipt.evidence:
        last = receipt.evidence[-1]
        judgement = (
            f"{escape_markdown(last.decision, longest)}: {escape_markdown(last.sentence, longest)}"
        )
        yield from ("", f"Judge: {judgement}")
    for name, text in (("Cause", receipt.cause), ("Next", receipt.remedy)):
        if text:
            yield from ("", f"{name}: {escape_markdown(text, longest)}")


LONGEST = 60_000  # characters; GitHub takes 65,536 in a comment
MOST_FINDINGS = 10
_MOST_ROWS = 20
_MOST_OF_A_KIND = 5
_MOST_RECEIPTS = 5
_CUTS = (300, 100, 40, 15)


def markdown_report(result: RunResult, links: Mapping[str, str] | None = None) -> str:
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
        self._found = tuple(entry.finding for entry in run_findings(run))

    def lines(self, links: Mapping[str, str]) -> Iterator[str]:
        """All of it, line by line."""
        run = self._run
        yield f"## {self._words(run.application)}: {run.verdict.value}"
        yield ""
        yield (
            f"{outcome_counts(run.steps)} in {format_duration(run.seconds)}. "
            f"{self._words(verdict_reason(run))}."
        )
        yield from self._loosened()
        yield from self._problems()
        yield from self._flaky()
        for receipt in rollout_report_views(run)[:_MOST_RECEIPTS]:
            yield from rollout_report_lines(receipt, self._cut)
        yield from self._gates()
        yield from self._counts()
        yield from self._worst()
        yield from self._unavailable()
        yield from self._warnings()
        yield from timeline_lines(run, self._cut)
        shown = [markdown_link(self._words(name), address) for name, address in links.items()]
        if shown:
            yield from ("", " · ".join(shown[:_MOST_ROWS]))

    def _words(self, text: str) -> str:
        return escape_markdown(text, self._cut)

    def _loosened(self) -> Iterator[str]:
        """Above all else: whoever reads on believes what these rules let pass."""
        for step in self._run.steps:
            sentences = step.facts.get("loosened", [])
            if sentences:
                base = code_span(step.facts.get("base", ""), self._cut)
                yield from ("", f"### This change loosens its own gates, compared with {base}")
                yield from (f"- {self._words(sentence)}" for sentence in sentences[:_MOST_ROWS])
                yield from _more(len(sentences) - _MOST_ROWS, "rule")

    def _problems(self) -> Iterator[str]:
        """What is wrong, as on the terminal and the page; what did not run has its own part."""
        problems = [p for p in run_problems(self._run) if p.kind is not ProblemKind.NOT_RUN]
        if not problems:
            return
        yield from ("", "### What is wrong")
        shown, more = abridge_problems(problems, _MOST_OF_A_KIND)
        for problem in shown:
            new = "**new** " if problem.new else ""
            place = f"{code_span(problem.place, self._cut)}: " if problem.place else ""
            line = f"- {new}**{problem.kind}** {place}{self._words(problem.text)}"
            yield f"{line}. {self._words(problem.remedy)}".rstrip()
        yield from (f"- and {text}, in the report" for text in more)

    def _flaky(self) -> Iterator[str]:
        sentences = flaky_sentences(self._run.steps)
        if not sentences:
            return
        yield from ("", "### Flaky tests")
        yield from (f"- {self._words(sentence)}" for sentence in sentences[:_MOST_ROWS])
        yield from _more(len(sentences) - _MOST_ROWS, "flaky test")

    def _gates(self) -> Iterator[str]:
        gates = gates_of(self._run.steps)
        if not gates:
            return
        yield from ("", "### Gates")
        rows = [self._gate(gate) for _, gate in gates[:_MOST_ROWS]]
        yield from markdown_table(("Gate", "Answer", "Figure", "Limit", "Worst places"), rows)
        yield from _more(len(gates) - _MOST_ROWS, "gate")

    def _gate(self, gate: GateResult) -> tuple[str, ...]:
        unit = self._words(gate.unit)
        measured = "not measured" if gate.figure is None else f"{format_figure(gate.figure)} {unit}"
        limit = f"{gate.gate.bound.value} {format_figure(gate.gate.limit)} {unit}"
        answer = "kept" if gate.passed else "**broken**"
        worst = ", ".join(code_span(location, self._cut) for location in gate.worst[:3])
        return self._words(gate.name), answer, measured.strip(), limit.strip(), worst

    def _counts(self) -> Iterator[str]:
        if not self._found:
            return
        yield from ("", "### Findings")
        rows = [
            (severity.name.lower(), *(str(states[state]) for state in FindingState))
            for severity, states in by_severity(self._found).items()
        ]
        yield from markdown_table(("Severity", *(state.value for state in FindingState)), rows)
        mended = fixed_count(self._run)
        if mended is not None:
            yield from ("", f"{counted(mended, 'finding')} of the baseline fixed.")

    def _worst(self) -> Iterator[str]:
        counting = [finding for finding in self._found if finding.state is FindingState.OPEN]
        if not counting:
            return
        yield from ("", "### The worst that are open")
        rows = [self._finding(finding) for finding in counting[:MOST_FINDINGS]]
        yield from markdown_table(("Severity", "Place", "Rule", "What", "What to do"), rows)
        yield from _more(len(counting) - MOST_FINDINGS, "open finding")

    def _finding(self, finding: Finding) -> tuple[str, ...]:
        rule = markdown_link(code_span(finding.rule, self._cut), finding.link)
        tools = self._words(", ".join(finding.tools))
        return (
            finding.severity.name.lower(),
            " ".join(
                code_span(text, self._cut) for text in (finding.package, finding.place) if text
            ),
            f"{rule} {tools}",
            self._words(finding.message),
            self._words(finding.remedy),
        )

    def _unavailable(self) -> Iterator[str]:
        steps = [step for step in worst_first(self._run.steps) if step.outcome is Outcome.ERROR]
        if not steps:
            return
        yield from ("", "### Could not run", "What these would have found is not known.", "")
        for step in steps[:_MOST_ROWS]:
            remedy = f" {self._words(step.remedy)}" if step.remedy else ""
            yield f"- {code_span(step.step, self._cut)}: {self._words(reason_of(step))}.{remedy}"
        yield from _more(len(steps) - _MOST_ROWS, "check")

    def _warnings(self) -> Iterator[str]:
        warned = [step for step in self._run.steps if warnings_of(step)]
        if not warned:
            return
        yield from ("", "### Warnings")
        for step in warned[:_MOST_ROWS]:
            yield (
                f"- {code_span(step.step, self._cut)}: {self._words('; '.join(warnings_of(step)))}."
            )
        yield from _more(len(warned) - _MOST_ROWS, "step")


def _more(number: int, noun: str) -> Iterator[str]:
    if number > 0:
        yield from ("", f"And {counted(number, f'more {noun}')}, in the report.")
