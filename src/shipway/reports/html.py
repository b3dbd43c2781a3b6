"""The report: one HTML page that needs nothing else, for people and for keeping."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shipway.errors import ShipwayError
from shipway.findings.finding import Finding, FindingKind, FindingState, web_address
from shipway.pipeline.gates import Measure
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.problems import abridge_problems, run_problems, worst_first
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.console_lines import (
    gates_of,
    origin_sentence,
    outcome_counts,
    short_reason,
    verdict_reason,
    warnings_of,
)
from shipway.reports.figures import (
    PERCENTILES,
    format_duration,
    format_figure,
    sparkline,
    utc,
)
from shipway.reports.rollout_report import rollout_report_views
from shipway.reports.run_findings import RunFindings, run_findings
from shipway.reports.sanitize import log_line, plain_text
from shipway.reports.timeline import timeline

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


# The report's table of findings: rows for everybody, and all of them as data for the script.

MOST_FINDINGS = 500  # rows that are there without the script
MOST_SOURCES = 500  # findings that show the lines around them
_AROUND = 3
_LONGEST_LINE = 200
_LONGEST_TEXT = 2000
Source = Callable[[str], str | None]


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """What the table shows of a finding, all of it as text; the script has the same order."""

    severity: str
    tools: str
    rule: str
    link: str
    place: str
    about: str
    message: str
    remedy: str
    state: str
    because: str
    source: str
    stage: str


@dataclass(frozen=True)
class FindingFilter:
    """A choice to filter by: what it is called, its place in a row, what there is."""

    name: str
    column: int
    choices: tuple[str, ...]


@dataclass(frozen=True)
class FindingsTable:
    """The whole table. rows: the worst. total: how many there are. data: all rows, as JSON."""

    rows: tuple[FindingRow, ...]
    total: int
    filters: tuple[FindingFilter, ...]
    data: str

    @property
    def mould(self) -> FindingRow:
        """A row of nothing, for the script to fill."""
        return FindingRow(**dict.fromkeys((column.name for column in fields(FindingRow)), ""))

    @property
    def cut(self) -> int:
        """How many the script alone can show."""
        return self.total - len(self.rows)


def findings_table(run: RunResult, source: Source | None = None) -> FindingsTable:
    """The findings of a run. source: the text of a file of the application, None if it has none."""
    everything = run_findings(run)
    sources = _sources(everything, source) if source else {}
    rows = [_row(entry, sources.get(index, "")) for index, entry in enumerate(everything)]
    return FindingsTable(tuple(rows[:MOST_FINDINGS]), len(rows), _filters(everything), _data(rows))


def _row(entry: RunFindings, source: str) -> FindingRow:
    finding = entry.finding
    return FindingRow(
        severity=finding.severity.name.lower(),
        tools=_text(", ".join(finding.tools)),
        rule=_text(finding.rule),
        link=web_address(_text(finding.link)),
        place=_text(finding.place),
        about=_text(_about(finding)),
        message=_text(finding.message),
        remedy=_text(finding.remedy),
        state=finding.state.value,
        because="" if finding.state is FindingState.OPEN else _text(finding.because),
        source=source,
        stage=_text(entry.stage),
    )


def _text(text: str) -> str:
    return plain_text(text)[:_LONGEST_TEXT]


def _about(finding: Finding) -> str:
    """What else is known: package, other names, score."""
    score = "" if finding.cvss is None else f"CVSS {finding.cvss:g}"
    sure = f"{finding.confidence} confidence" if finding.confidence else ""
    parts = (finding.package, *finding.ids, *finding.cwe, score, sure)
    return " · ".join(part for part in parts if part and part != finding.rule)


def _filters(everything: Iterable[RunFindings]) -> tuple[FindingFilter, ...]:
    findings = [entry.finding for entry in everything]
    columns = {field.name: index for index, field in enumerate(fields(FindingRow))}
    choices = {
        "severity": [s.name.lower() for s in sorted({f.severity for f in findings}, reverse=True)],
        "tools": sorted({_text(tool) for finding in findings for tool in finding.tools}),
        "stage": sorted({_text(entry.stage) for entry in everything}),
        "state": [state.value for state in FindingState if any(f.state is state for f in findings)],
    }
    return tuple(
        FindingFilter(name, columns[name], tuple(values)) for name, values in choices.items()
    )


def _data(rows: Iterable[FindingRow]) -> str:
    """All rows as JSON: each text once, and the rows as their numbers."""
    numbers: dict[str, int] = {}
    table = [
        [numbers.setdefault(text, len(numbers)) for text in vars(row).values()] for row in rows
    ]
    text = json.dumps({"words": list(numbers), "rows": table}, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # nothing in it can end the element it stands in


def _sources(everything: Iterable[RunFindings], source: Source) -> Mapping[int, str]:
    """The lines around the worst findings by their index.

    A file with a secret shows none: a key goes on for many lines after the one that is named.
    """
    secret = {
        entry.finding.path for entry in everything if entry.finding.kind is FindingKind.SECRET
    }
    texts: dict[str, list[str]] = {}
    excerpts: dict[int, str] = {}
    for index, entry in enumerate(everything):
        path, line = entry.finding.path, entry.finding.line
        if len(excerpts) == MOST_SOURCES:
            break
        if not line or path in secret:
            continue
        if path not in texts:
            texts[path] = (source(path) or "").splitlines()
        excerpts[index] = _excerpt(line, texts[path])
    return excerpts


def _excerpt(line: int, lines: list[str]) -> str:
    if line > len(lines):
        return ""
    first, last = max(line - _AROUND, 1), min(line + _AROUND, len(lines))
    return "\n".join(
        f"{'›' if number == line else ' '} {number:>{len(str(last))}}  {_code(lines[number - 1])}"
        for number in range(first, last + 1)
    ).rstrip()


def _code(line: str) -> str:
    return plain_text(line.expandtabs(4))[:_LONGEST_LINE].rstrip()


# The parts of the report as plain data, so that the template only lays them out.

MOST_LOG_LINES = 200
MOST_OF_A_KIND = 10  # problems at the top of the page; their steps have them all
_LONGEST_LOG_LINE = 2000
_PERFORMANCE = (*PERCENTILES, "rps", "error-rate")
_NEEDS_ATTENTION = (Outcome.FAILED, Outcome.ERROR, Outcome.UPSTREAM_FAILED, Outcome.CANCELLED)
Blobs = Callable[[str], bytes]


@dataclass(frozen=True)
class FailureSection:
    """A step that did not pass, with the end of its log."""

    step: StepResult
    log: str
    cut: int  # lines of the log that are not shown


@dataclass(frozen=True)
class CoverageSection:
    """What one step measured, the least covered file first. limit is None without a gate.
    warnings: what it was measured without."""

    step: str
    whole: float | None
    limit: float | None
    files: tuple[Measure, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerformanceSection:
    """What one load test measured: endpoint → measure name → figure."""

    step: str
    names: tuple[str, ...]
    units: Mapping[str, str]
    endpoints: Mapping[str, Mapping[str, Measure]]


def failure_sections(run: RunResult, blobs: Blobs) -> tuple[FailureSection, ...]:
    """Failed steps first, then what could not run, then what was held back by others."""
    order = {outcome: position for position, outcome in enumerate(_NEEDS_ATTENTION)}
    steps = [step for step in worst_first(run.steps) if step.outcome in order]
    steps.sort(key=lambda step: order[step.outcome])
    return tuple(FailureSection(step, *_log(step, blobs)) for step in steps)


def coverage_sections(run: RunResult) -> tuple[CoverageSection, ...]:
    """One for every step that measured coverage."""
    results = []
    for step in run.steps:
        measures = [measure for measure in step.measures if measure.name == "coverage"]
        files = sorted((m for m in measures if m.subject), key=lambda m: (m.value, m.subject))
        total = next((measure.value for measure in measures if not measure.subject), None)
        limits = [g.gate.limit for g in step.gates if g.gate.measure == "coverage"]
        if measures:
            limit = next(iter(limits), None)
            results.append(
                CoverageSection(step.step, total, limit, tuple(files), warnings_of(step))
            )
    return tuple(results)


def performance_sections(run: RunResult) -> tuple[PerformanceSection, ...]:
    """One for every step that measured response times."""
    results = []
    for step in run.steps:
        measures = [measure for measure in step.measures if measure.name in _PERFORMANCE]
        names = tuple(name for name in _PERFORMANCE if any(m.name == name for m in measures))
        endpoints: dict[str, dict[str, Measure]] = {}
        for measure in measures:
            endpoints.setdefault(measure.subject or "all", {})[measure.name] = measure
        if endpoints:
            units = {measure.name: measure.unit for measure in measures}
            results.append(PerformanceSection(step.step, names, units, endpoints))
    return tuple(results)


def other_measures(run: RunResult) -> tuple[tuple[str, Measure], ...]:
    """Every figure that has no section of its own, with its step."""
    reported = ("coverage", *_PERFORMANCE)
    return tuple((s.step, m) for s in run.steps for m in s.measures if m.name not in reported)


def _log(step: StepResult, blobs: Blobs) -> tuple[str, int]:
    if not step.log:
        return "", 0
    try:
        raw = blobs(step.log)
    except (KeyError, OSError, ShipwayError) as error:
        return f"The log is no longer stored ({error}).", 0
    lines = raw.decode("utf-8", "replace").splitlines()
    last = [log_line(line, _LONGEST_LOG_LINE) for line in lines[-MOST_LOG_LINES:]]
    return "\n".join(last), len(lines) - len(last)


_SEPARATORS = re.compile(r"(?<=[/_.\-])(?=\w)|(?<=::)")
_TEMPLATES = Path(__file__).parent / "templates"


def html_report(
    result: RunResult,
    blobs: Blobs,
    source: Source | None = None,
    rollouts: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
) -> str:
    """The page. `blobs` gives a stored log by its digest; it may raise what the record raises.

    source: the text of a file of the application by its path, or None; without it the page shows
    no lines of code. It gets whatever paths the findings have. rollouts: environment → where the
    page of its last rollout lies, from this page. links: title → address of the pages beside it,
    where there are any.
    """
    script, style = template_source("report.js"), template_source("report.css")
    problems, more = abridge_problems(run_problems(result), MOST_OF_A_KIND)
    return (
        template_environment()
        .get_template("report.html")
        .render(
            run=result,
            reason=verdict_reason(result),
            problems=problems,
            more_problems=more,
            counts=outcome_counts(result.steps),
            facts=_facts(result),
            timeline=timeline(result),
            troubles=(troubles := failure_sections(result, blobs)),
            detailed={trouble.step.step for trouble in troubles},
            gates=gates_of(result.steps),
            coverages=coverage_sections(result),
            performances=performance_sections(result),
            others=other_measures(result),
            findings=findings_table(result, source),
            tested=[step for step in result.steps if step.tests],
            receipts=rollout_report_views(result),
            rollouts=rollouts or {},
            links=links or {},
            style=style,
            style_hash=hash_source(style),
            script=script,
            script_hash=hash_source(script),
        )
    )


@cache
def template_source(name: str) -> str:
    """A stylesheet or script of the pages, as it stands in them."""
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip() + "\n"


@cache
def template_environment() -> Environment:
    """Where the pages' templates are: everything that they print is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=format_figure,
        duration=format_duration,
        origin=origin_sentence,
        reason=short_reason,
        slug=_slug,
        breakable=_breakable,
        address_part=address_part,
        utc=utc,
        sparkline=sparkline,
    )
    return environment


def _harmless(value: Any) -> Any:
    """Runs over everything that the template prints; escaping comes after it."""
    return plain_text(value) if type(value) is str else value


def address_part(name: str) -> str:
    """A name as one part of an address, whatever it holds; `address_parts` reads it again."""
    return quote(name, safe="", errors="surrogatepass")


def address_parts(path: str) -> list[str]:
    """The names in the path of an address."""
    return [_unquoted(part) for part in path.split("/") if part]


def _unquoted(part: str) -> str:
    try:
        return unquote(part, errors="surrogatepass")
    except UnicodeDecodeError:
        return unquote(part)


def _breakable(text: str) -> Markup:
    """A path or a dotted name that is broken at its separators, and nowhere within a word."""
    from markupsafe import Markup, escape

    parts = _SEPARATORS.split(plain_text(text))
    return Markup("<wbr>").join(escape(part) for part in parts)


def _facts(result: RunResult) -> tuple[tuple[str, str], ...]:
    started = datetime.fromtimestamp(result.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = (
        ("Application", result.application),
        ("Commit", result.commit[:12]),
        ("Branch", result.branch),
        ("Started", started),
        ("Duration", format_duration(result.seconds)),
        ("Jobs", str(result.jobs)),
        ("Run", result.run),
        ("Shared cache", "; ".join(result.cache)),
    )
    return tuple((name, value) for name, value in facts if value)


def hash_source(text: str) -> str:
    """What a page's policy knows a script or a stylesheet by: no other is taken."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _slug(step: str) -> str:
    """A step's name as an anchor: whatever it holds, it cannot clash with another's."""
    return "step-" + hashlib.sha256(step.encode("utf-8", "surrogatepass")).hexdigest()[:8]
