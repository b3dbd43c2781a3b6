"""The findings as SARIF 2.1.0, in the form that GitHub's code scanning takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from shipway.codec import JsonObject
from shipway.findings.finding import Finding, FindingState, Severity
from shipway.findings.sarif_import import LINK, findings_from_sarif
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.console_lines import counted, reason_of
from shipway.reports.json_events import event_line
from shipway.reports.run_findings import (
    RunFindings,
    completed_scanners,
    run_findings,
    skipped_scanners,
)
from shipway.reports.sanitize import plain_text

# SARIF's objects, as far as they are written here (sarif-v2.1.0, chapter 3).


class Text(TypedDict):
    """A `message` or a `multiformatMessageString`."""

    text: str


RuleBag = TypedDict(
    "RuleBag",
    {
        "tags": list[str],
        "problem.severity": str,
        "security-severity": NotRequired[str],
        "precision": NotRequired[str],
    },
)


class Level(TypedDict):
    """A `reportingConfiguration`."""

    level: str


class Rule(TypedDict):
    """A `reportingDescriptor`."""

    id: str
    shortDescription: Text
    fullDescription: Text
    help: Text
    defaultConfiguration: Level
    properties: RuleBag
    helpUri: NotRequired[str]


class Driver(TypedDict):
    """A tool's `toolComponent`."""

    name: str
    rules: list[Rule]


class Tool(TypedDict):
    """What has looked."""

    driver: Driver


class Identified(TypedDict):
    """What refers to something by its id."""

    id: str


class ArtifactLocation(TypedDict):
    """A file."""

    uri: str
    uriBaseId: NotRequired[str]


class Region(TypedDict):
    """A place in a file."""

    startLine: int


class PhysicalLocation(TypedDict):
    """A file and a place in it."""

    artifactLocation: ArtifactLocation
    region: Region


class Location(TypedDict):
    """Where a result is."""

    physicalLocation: PhysicalLocation


class Suppression(TypedDict):
    """Why a result does not count."""

    kind: str
    justification: str


class Result(TypedDict):
    """A finding. properties: what SARIF has no word for."""

    ruleId: str
    ruleIndex: int
    level: str
    message: Text
    locations: list[Location]
    partialFingerprints: dict[str, str]
    baselineState: str
    suppressions: NotRequired[list[Suppression]]
    properties: NotRequired[dict[str, JsonObject]]


class Notification(TypedDict):
    """What a tool could not do."""

    level: str
    descriptor: Identified
    message: Text


class ToolInvocation(TypedDict):
    """How a tool ended."""

    executionSuccessful: bool
    toolExecutionNotifications: NotRequired[list[Notification]]


class ToolRun(TypedDict):
    """A `run`: one tool's results."""

    tool: Tool
    automationDetails: Identified
    columnKind: str
    invocations: list[ToolInvocation]
    results: list[Result]
    originalUriBaseIds: NotRequired[dict[str, ArtifactLocation]]


# What a rule in SARIF says of all findings that name it.

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub's own bounds: over 9 is critical, from 7 high, from 4 medium.
_SCORES = {
    Severity.CRITICAL: 9.5,
    Severity.HIGH: 8.0,
    Severity.MEDIUM: 5.5,
    Severity.LOW: 2.0,
    Severity.INFO: 0.0,
}
_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}
_MOST_TAGS = 10  # GitHub shows no more
_LONGEST_TITLE = 250
_CWE = re.compile(r"CWE-\d+")
_WEB = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'()*+,;=%\[\]]+")


def rule_object(name: str, group: Sequence[RunFindings]) -> Rule:
    """The rule as SARIF has it."""
    findings = [entry.finding for entry in group]
    worst = max(findings, key=lambda finding: finding.severity)
    level = LEVELS[worst.severity]
    title, help_text = _title(name, findings), _help(findings)
    properties: RuleBag = {
        "tags": _tags(group),
        "problem.severity": _PROBLEMS[level],
    }
    if _of_security(group):
        properties["security-severity"] = _security(findings)
    if worst.confidence in ("high", "medium", "low"):
        properties["precision"] = worst.confidence
    rule: Rule = {
        "id": name,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": level},
        "properties": properties,
    }
    link = next((finding.link for finding in findings if _WEB.fullmatch(finding.link)), "")
    if link:
        rule["helpUri"] = link
    return rule


def _title(name: str, findings: Sequence[Finding]) -> str:
    """What all findings say alike; else only who says it."""
    messages = {finding.message for finding in findings}
    message = plain_text(messages.pop()).strip() if len(messages) == 1 else ""
    title = message or f"{name}, reported by {findings[0].tool}"
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _help(findings: Sequence[Finding]) -> str:
    """What to do, with the fault's other names."""
    remedies = dict.fromkeys(finding.remedy for finding in findings if finding.remedy)
    names = dict.fromkeys(name for finding in findings for name in (*finding.ids, *finding.cwe))
    links = dict.fromkeys(finding.link for finding in findings if finding.link)
    lines = [*list(remedies)[:5], ", ".join(list(names)[:10]), *list(links)[:3]]
    return plain_text("\n".join(filter(None, lines))) or "Mend what the message says."


def _tags(group: Sequence[RunFindings]) -> list[str]:
    cwes = dict.fromkeys(
        name for entry in group for name in entry.finding.cwe if _CWE.fullmatch(name)
    )
    tags = ["security"] if _of_security(group) else []
    tags.append(group[0].finding.kind.value)
    return [*tags, *(f"external/cwe/{name.lower()}" for name in cwes)][:_MOST_TAGS]


def _of_security(group: Sequence[RunFindings]) -> bool:
    return any(entry.stage == "security" or entry.finding.cwe for entry in group)


def _security(findings: Sequence[Finding]) -> str:
    scores = [
        finding.cvss if finding.cvss is not None else _SCORES[finding.severity]
        for finding in findings
    ]
    return f"{max(scores):.1f}"


# GitHub refuses more, or shows only the first ones.
MOST_RUNS = 20
MOST_RESULTS = 25_000
_OWN = "shipway"
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_NOWHERE = "shipway.toml"  # every result must have a place


def sarif_report(result: RunResult, root_uri: str = "") -> str:
    """The log. root_uri: where the root is, as an absolute uri, if that may be told.

    One run for each tool. A tool that could not look has none, because GitHub takes a run
    without results for a proof that all is mended; Shipway's own run says so instead.
    """
    by_tool: dict[str, list[RunFindings]] = {
        name: [] for name in (_OWN, *completed_scanners(result))
    }
    for entry in run_findings(result):
        by_tool.setdefault(entry.finding.tool, []).append(entry)
    silent = skipped_scanners(result)
    runs = [
        _run(tool, results, [step for step in silent if tool in (_OWN, step.step)], root_uri)
        for tool, results in _at_most(by_tool).items()
    ]
    return event_line({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs})


def _at_most(by_tool: dict[str, list[RunFindings]]) -> dict[str, list[RunFindings]]:
    """As many runs as GitHub takes; what is over goes into Shipway's own."""
    names = sorted(by_tool, key=lambda name: (name != _OWN, name))
    for name in names[MOST_RUNS:]:
        by_tool[_OWN] += by_tool[name]
    return {name: by_tool[name] for name in names[:MOST_RUNS]}


def _run(
    tool: str, results: Sequence[RunFindings], silent: Sequence[StepResult], root_uri: str
) -> ToolRun:
    shown = results[:MOST_RESULTS]
    groups: dict[str, list[RunFindings]] = {}
    for entry in shown:
        groups.setdefault(_rule_id(entry.finding, tool), []).append(entry)
    places = {name: index for index, name in enumerate(groups)}
    bases: dict[str, ArtifactLocation] = (
        {_ROOT: {"uri": root_uri.rstrip("/") + "/"}} if root_uri else {}
    )
    run: ToolRun = {
        "tool": {
            "driver": {
                "name": plain_text(tool) or "unnamed",
                "rules": [rule_object(name, group) for name, group in groups.items()],
            }
        },
        "automationDetails": {"id": f"shipway/{plain_text(tool)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(silent, len(results) - len(shown))],
        "results": [
            _result(entry.finding, _rule_id(entry.finding, tool), places) for entry in shown
        ],
    }
    if bases:
        run["originalUriBaseIds"] = bases
    _add_what_has_no_word(run, [entry.finding for entry in shown])
    return run


def _rule_id(finding: Finding, tool: str) -> str:
    name = plain_text(finding.rule) or "unnamed"
    return name if finding.tool == tool else f"{finding.tool}/{name}"


def _result(finding: Finding, rule: str, places: dict[str, int]) -> Result:
    result: Result = {
        "ruleId": rule,
        "ruleIndex": places[rule],
        "level": LEVELS[finding.severity],
        "message": {"text": _no_links(plain_text(finding.message)) or rule},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _location(finding.path or _NOWHERE),
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"shipway/v1": finding.fingerprint},
        "baselineState": "unchanged" if finding.state is FindingState.KNOWN else "new",
    }
    if finding.state in (FindingState.WAIVED, FindingState.DISMISSED):
        result["suppressions"] = [{"kind": "external", "justification": finding.because}]
    return result


def _location(path: str) -> ArtifactLocation:
    raw = path.encode("utf-8", "surrogateescape" if _of_files(path) else "replace")
    uri = quote(raw, safe="/")
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _of_files(path: str) -> bool:
    """Whether a file can have this name: Python stands for bytes that are no UTF-8 with these."""
    return not any(
        "\ud800" <= letter <= "\udc7f" or "\udd00" <= letter <= "\udfff" for letter in path
    )


def _no_links(text: str) -> str:
    """A tool's words must not become a link that somebody put into the code under test."""
    return LINK.sub(lambda match: match[0].replace("[", r"\[").replace("]", r"\]"), text)


def _invocation(silent: Sequence[StepResult], cut: int) -> ToolInvocation:
    notes: list[Notification] = [
        {
            "level": "error",
            "descriptor": {"id": step.outcome.value},
            "message": {
                "text": _no_links(
                    f"{step.step} did not look ({step.outcome.value}): {reason_of(step)}. "
                    f"{plain_text(step.remedy)}"
                ).strip()
            },
        }
        for step in silent
    ]
    if cut > 0:
        text = f"{counted(cut, 'less severe finding')} left out: GitHub takes {MOST_RESULTS:,}"
        notes.append({"level": "warning", "descriptor": {"id": "cut"}, "message": {"text": text}})
    invocation: ToolInvocation = {"executionSuccessful": not silent}
    if notes:
        invocation["toolExecutionNotifications"] = notes
    return invocation


def _add_what_has_no_word(run: ToolRun, findings: Sequence[Finding]) -> None:
    """Whatever does not come back when the run is read goes into a property bag of our own."""
    read = findings_from_sarif({"version": "2.1.0", "runs": [run]})
    for result, before, after in zip(run["results"], findings, read, strict=True):
        lost = {
            field: _plain(getattr(before, field))
            for field in _FIELDS
            if getattr(before, field) != getattr(after, field)
        }
        if lost:
            result["properties"] = {_OWN: lost}


_FIELDS = tuple(field.name for field in fields(Finding))


def _plain(value: Any) -> Any:
    if isinstance(value, Severity):
        return value.name.lower()
    return list(value) if isinstance(value, tuple) else value
