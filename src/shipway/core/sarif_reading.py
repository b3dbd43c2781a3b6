"""SARIF 2.1.0 of any tool as findings: CodeQL's, Snyk's, Trivy's, Inspector's, and our own.

What SARIF has no word for, our own keeps below `properties.shipway` of a result.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, Severity, State
from shipway.core.json_place import Place
from shipway.core.sarif_messages import message_text, without_links
from shipway.core.sarif_paths import Bases
from shipway.core.sarif_rules import Rule, Rules, web
from shipway.core.weakness import severity_of_score

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW,
           "none": Severity.INFO}  # fmt: skip
_NO_FAULT = ("pass", "notApplicable")
# How Trivy writes what SARIF has no place for.
_TRIVY = re.compile(r"^(Package|Installed Version|Fixed Version): (.+)$", re.MULTILINE)
_WORDS: dict[str, dict[str, Severity | Kind | State]] = {
    "severity": {one.name.lower(): one for one in Severity},
    "kind": {one.value: one for one in Kind},
    "state": {one.value: one for one in State},
}
_LISTS = ("cwe", "ids", "also")
_TEXTS = ("tool", "rule", "path", "message", "remedy", "confidence", "score", "package", "link",
          "content", "because")  # fmt: skip


def findings_from_sarif(data: Any, tool: str = "") -> tuple[Finding, ...]:
    """Every finding of a SARIF log. tool: what to call the tool, else what it calls itself.

    Suppressed results are waived; those that are gone or no faults are left out. Raises
    ConfigError, with the place in the JSON, for what is not SARIF 2.1.0.
    """
    log = Place(data)
    version = log["version"].required().text()
    if not version.startswith("2.1"):
        raise ConfigError(f"$.version is {version!r}, not 2.1.0", "Let the tool write SARIF 2.1.0.")
    return tuple(
        finding for run in log["runs"].required() for finding in _Reader(run, tool).findings()
    )


def failures_in_sarif(data: Any) -> tuple[str, ...]:
    """Why a tool says that it did not do all of its work; then its findings are not all."""
    found = []
    for run in Place(data)["runs"]:
        name = run["tool"]["driver"]["name"].text()
        for invocation in run["invocations"]:
            if invocation["executionSuccessful"].value is False:
                notes = [
                    *invocation["toolExecutionNotifications"],
                    *invocation["toolConfigurationNotifications"],
                ]
                said = (message_text(note["message"], ()) for note in notes)
                found.append(f"{name}: {'; '.join(filter(None, said)) or 'it did not succeed'}")
    return tuple(found)


class _Reader:
    """Reads one run."""

    def __init__(self, run: Place, tool: str) -> None:
        if run["externalPropertyFileReferences"]["results"]:
            raise ConfigError(
                f"{run.path}.externalPropertyFileReferences: the results are in other files",
                "Let the tool write one file.",
            )
        self._run = run
        self._rules = Rules(run["tool"].required())
        self._tool = tool or run["tool"]["driver"]["name"].required().text()
        self._bases = Bases(run["originalUriBaseIds"])

    def findings(self) -> list[Finding]:
        return [
            self._finding(result)
            for result in self._run["results"]
            if result["kind"].text() not in _NO_FAULT and result["baselineState"].text() != "absent"
        ]

    def _finding(self, result: Place) -> Finding:
        rule = self._rules.of(result)
        path, line = self._place(result)
        message = message_text(result["message"].required(), rule.strings)
        package, remedy = _dependency(result, rule, message)
        because = _suppressed(result["suppressions"])
        finding = Finding(
            self._tool, rule.name, _severity(result, rule), path, line, message,
            remedy or _fix(result), rule.kind, rule.confidence, _score(result, rule), rule.cvss,
            rule.cwe, rule.ids, package, rule.link or web(result["hostedViewerUri"].text()),
            state=State.OPEN if because is None else State.WAIVED, because=because or "",
        )  # fmt: skip
        own = result["properties"]["shipway"]
        return replace(finding, **_own(own)) if own else finding

    def _place(self, result: Place) -> tuple[str, int]:
        """Path and line of the first location; ("", 0) where there is none."""
        physical = next(iter(result["locations"]), Place(None))["physicalLocation"]
        location = physical["artifactLocation"]
        if not location["uri"] and location["index"]:
            location = self._run["artifacts"].at(location["index"].whole())["location"]
        return self._bases.path(location), max(physical["region"]["startLine"].whole(), 0)


def _severity(result: Place, rule: Rule) -> Severity:
    security = _security(result, rule)
    if security is not None:
        return severity_of_score(security)
    if result["kind"].text() == "informational":
        return Severity.INFO
    level, rank = result["level"].text() or rule.level, result["rank"].number()
    rank = rule.rank if rank is None else rank
    if not level and rank is not None and rank >= 0:
        return severity_of_score(rank / 10)
    return _LEVELS.get(level, Severity.MEDIUM)


def _security(result: Place, rule: Rule) -> float | None:
    own = result["properties"]["security-severity"].number()
    return rule.security if own is None else own


def _score(result: Place, rule: Rule) -> str:
    security = _security(result, rule)
    return result["level"].text() or rule.level if security is None else f"{security:g}"


def _dependency(result: Place, rule: Rule, message: str) -> tuple[str, str]:
    """("name version", what to do), as far as Trivy's and Snyk's ways of saying it go."""
    if rule.kind not in (Kind.DEPENDENCY, Kind.LICENCE):
        return "", ""
    said = dict(_TRIVY.findall(message))
    if "Package" in said:
        name, fixed = said["Package"].strip(), said.get("Fixed Version", "").strip()
        package = f"{name} {said.get('Installed Version', '').strip()}".strip()
        return package, f"Update {name} to {fixed}." if fixed else ""
    logical = next(iter(next(iter(result["locations"]), Place(None))["logicalLocations"]), None)
    name = logical["fullyQualifiedName"].text() if logical else ""
    head, at, version = name.rpartition("@")
    return (f"{head} {version}" if at and head else name), ""


def _fix(result: Place) -> str:
    fix = next(iter(result["fixes"]), None)
    if fix is None:
        return ""
    description = fix["description"]
    return without_links(description["text"].text() or description["markdown"].text())


def _suppressed(suppressions: Place) -> str | None:
    """Why a result is suppressed, None when it is not: one that is under review does not count."""
    found = list(suppressions)
    if not found or any(one["status"].text("accepted") != "accepted" for one in found):
        return None
    said = (one["justification"].text() for one in found)
    return "; ".join(filter(None, said)) or f"suppressed {found[0]['kind'].text()}".strip()


def _own(given: Place) -> dict[str, Any]:
    """What our own SARIF says besides."""
    fields: dict[str, Any] = {}
    for name, value in given.members():
        if name in _TEXTS:
            fields[name] = value.text()
        elif name in _LISTS:
            fields[name] = value.texts()
        elif name == "line":
            fields[name] = max(value.whole(), 0)
        elif name == "cvss":
            fields[name] = value.number()
        elif name in _WORDS:
            fields[name] = _word(name, value)
    return fields


def _word(name: str, value: Place) -> Severity | Kind | State:
    found = _WORDS[name].get(value.text())
    if found is None:
        raise value.wrong(f"one of {', '.join(_WORDS[name])}")
    return found
