"""The report's table of findings: rows for everybody, and all of them as data for the script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields

from shipway.core.finding import Finding, Kind, State
from shipway.core.result import RunResult
from shipway.core.sarif_rules import web
from shipway.outputs.clean import plain_text
from shipway.outputs.found import Found, found

MOST_FINDINGS = 500  # rows that are there without the script
MOST_SOURCES = 500  # findings that show the lines around them
_AROUND = 3
_LONGEST_LINE = 200
_LONGEST_TEXT = 2000

Source = Callable[[str], str | None]


@dataclass(frozen=True)
class Row:
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
class Filter:
    """A choice to filter by: what it is called, its place in a row, what there is."""

    name: str
    column: int
    choices: tuple[str, ...]


@dataclass(frozen=True)
class FindingsTable:
    """The whole table. rows: the worst. total: how many there are. data: all rows, as JSON."""

    rows: tuple[Row, ...]
    total: int
    filters: tuple[Filter, ...]
    data: str

    @property
    def mould(self) -> Row:
        """A row of nothing, for the script to fill."""
        return Row(**dict.fromkeys((column.name for column in fields(Row)), ""))

    @property
    def cut(self) -> int:
        """How many the script alone can show."""
        return self.total - len(self.rows)


def findings_table(run: RunResult, source: Source | None = None) -> FindingsTable:
    """The findings of a run. source: the text of a file of the application, None if it has none."""
    everything = found(run)
    sources = _sources(everything, source) if source else {}
    rows = [_row(one, sources.get(index, "")) for index, one in enumerate(everything)]
    return FindingsTable(tuple(rows[:MOST_FINDINGS]), len(rows), _filters(everything), _data(rows))


def _row(one: Found, source: str) -> Row:
    finding = one.finding
    return Row(
        severity=finding.severity.name.lower(),
        tools=_text(", ".join(finding.tools)),
        rule=_text(finding.rule),
        link=web(_text(finding.link)),
        place=_text(finding.place),
        about=_text(_about(finding)),
        message=_text(finding.message),
        remedy=_text(finding.remedy),
        state=finding.state.value,
        because="" if finding.state is State.OPEN else _text(finding.because),
        source=source,
        stage=_text(one.stage),
    )


def _text(text: str) -> str:
    return plain_text(text)[:_LONGEST_TEXT]


def _about(finding: Finding) -> str:
    """What else is known: package, other names, score."""
    score = "" if finding.cvss is None else f"CVSS {finding.cvss:g}"
    sure = f"{finding.confidence} confidence" if finding.confidence else ""
    parts = (finding.package, *finding.ids, *finding.cwe, score, sure)
    return " · ".join(part for part in parts if part and part != finding.rule)


def _filters(everything: Iterable[Found]) -> tuple[Filter, ...]:
    findings = [one.finding for one in everything]
    columns = {field.name: index for index, field in enumerate(fields(Row))}
    given = {
        "severity": [s.name.lower() for s in sorted({f.severity for f in findings}, reverse=True)],
        "tools": sorted({_text(tool) for finding in findings for tool in finding.tools}),
        "stage": sorted({_text(one.stage) for one in everything}),
        "state": [state.value for state in State if any(f.state is state for f in findings)],
    }
    return tuple(Filter(name, columns[name], tuple(values)) for name, values in given.items())


def _data(rows: Iterable[Row]) -> str:
    """All rows as JSON: each text once, and the rows as their numbers."""
    numbers: dict[str, int] = {}
    table = [
        [numbers.setdefault(text, len(numbers)) for text in vars(row).values()] for row in rows
    ]
    text = json.dumps({"words": list(numbers), "rows": table}, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # nothing in it can end the element it stands in


def _sources(everything: Iterable[Found], source: Source) -> Mapping[int, str]:
    """The lines around the worst findings by their index.

    A file with a secret shows none: a key goes on for many lines after the one that is named.
    """
    secret = {one.finding.path for one in everything if one.finding.kind is Kind.SECRET}
    texts: dict[str, list[str]] = {}
    excerpts: dict[int, str] = {}
    for index, one in enumerate(everything):
        path, line = one.finding.path, one.finding.line
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
