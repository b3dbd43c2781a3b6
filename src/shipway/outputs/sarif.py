"""The findings as SARIF 2.1.0, in the form that GitHub's code scanning takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from urllib.parse import quote

from shipway.core.finding import Finding, Severity, State
from shipway.core.result import RunResult, StepResult
from shipway.core.sarif_messages import LINK
from shipway.core.sarif_reading import findings_from_sarif
from shipway.outputs.clean import plain_text
from shipway.outputs.found import Found, did_not_look, found, looked
from shipway.outputs.jsonl import line_of
from shipway.outputs.sarif_rules import LEVELS, rule_object
from shipway.outputs.summary import counted, reason_of

# GitHub refuses more, or shows only the first ones.
MOST_RUNS = 20
MOST_RESULTS = 25_000
_OWN = "shipway"
_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_NOWHERE = "shipway.toml"  # every result must have a place


def sarif(result: RunResult, root_uri: str = "") -> str:
    """The log. root_uri: where the root is, as an absolute uri, if that may be told.

    One run for each tool. A tool that could not look has none, because GitHub takes a run
    without results for a proof that all is mended; Shipway's own run says so instead.
    """
    by_tool: dict[str, list[Found]] = {name: [] for name in (_OWN, *looked(result))}
    for one in found(result):
        by_tool.setdefault(one.finding.tool, []).append(one)
    silent = did_not_look(result)
    runs = [
        _run(tool, results, [step for step in silent if tool in (_OWN, step.step)], root_uri)
        for tool, results in _at_most(by_tool).items()
    ]
    return line_of({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs})


def _at_most(by_tool: dict[str, list[Found]]) -> dict[str, list[Found]]:
    """As many runs as GitHub takes; what is over goes into Shipway's own."""
    names = sorted(by_tool, key=lambda name: (name != _OWN, name))
    for name in names[MOST_RUNS:]:
        by_tool[_OWN] += by_tool[name]
    return {name: by_tool[name] for name in names[:MOST_RUNS]}


def _run(
    tool: str, results: Sequence[Found], silent: Sequence[StepResult], root_uri: str
) -> dict[str, Any]:
    shown = results[:MOST_RESULTS]
    groups: dict[str, list[Found]] = {}
    for one in shown:
        groups.setdefault(_rule_id(one.finding, tool), []).append(one)
    places = {name: index for index, name in enumerate(groups)}
    bases = {_ROOT: {"uri": root_uri.rstrip("/") + "/"}} if root_uri else {}
    run: dict[str, Any] = {
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
            _result(one.finding, _rule_id(one.finding, tool), places) for one in shown
        ],
    }  # fmt: skip
    if bases:
        run["originalUriBaseIds"] = bases
    _add_what_has_no_word(run, [one.finding for one in shown])
    return run


def _rule_id(finding: Finding, tool: str) -> str:
    name = plain_text(finding.rule) or "unnamed"
    return name if finding.tool == tool else f"{finding.tool}/{name}"


def _result(finding: Finding, rule: str, places: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
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
        "baselineState": "unchanged" if finding.state is State.KNOWN else "new",
    }
    if finding.state in (State.WAIVED, State.SET_ASIDE):
        result["suppressions"] = [{"kind": "external", "justification": finding.because}]
    return result


def _location(path: str) -> dict[str, str]:
    raw = path.encode("utf-8", "surrogateescape" if _of_files(path) else "replace")
    uri = quote(raw, safe="/")
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}


def _of_files(path: str) -> bool:
    """Whether a file can have this name: Python stands for bytes that are no UTF-8 with these."""
    return not any("\ud800" <= letter <= "\udc7f" or "\udd00" <= letter <= "\udfff"
                   for letter in path)  # fmt: skip


def _no_links(text: str) -> str:
    """A tool's words must not become a link that somebody put into the code under test."""
    return LINK.sub(lambda match: match[0].replace("[", r"\[").replace("]", r"\]"), text)


def _invocation(silent: Sequence[StepResult], cut: int) -> dict[str, Any]:
    notes = [
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
    invocation: dict[str, Any] = {"executionSuccessful": not silent}
    return {**invocation, "toolExecutionNotifications": notes} if notes else invocation


def _add_what_has_no_word(run: dict[str, Any], findings: Sequence[Finding]) -> None:
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
