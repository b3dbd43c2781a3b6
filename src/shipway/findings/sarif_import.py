"""Files in SARIF: a uri, perhaps relative to a base, made a path from the root. Opens nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from shipway.errors import ConfigError
from shipway.findings.finding import (
    Finding,
    FindingKind,
    FindingState,
    Severity,
    severity_of_score,
    web_address,
)
from shipway.findings.json_node import JsonNode
from shipway.findings.sarif_rules import SarifRule, SarifRules

# Messages in SARIF as plain text: placeholders filled in, links resolved.

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")
# [words](7) means a related location, [words](https://…) the web; anything else is no link.
LINK = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\((?:\d+|[A-Za-z][A-Za-z0-9+.-]*:[^()\s]*)\)")
_ESCAPED = re.compile(r"\\([\[\]])")


def message_text(message: JsonNode, strings: Sequence[JsonNode]) -> str:
    """What a message says. strings: where a message that has only an id is looked up."""
    text = message["text"].text()
    if not text and message["id"]:
        name = message["id"].text()
        template = next((table[name] for table in strings if table[name]), None)
        text = (template["text"].text() or template["markdown"].text()) if template else name
    text = text or message["markdown"].text()
    arguments = message["arguments"].texts()
    return without_links(_filled(text, arguments) if arguments else text)


def without_links(text: str) -> str:
    """The words of each link in its place."""
    if "[" not in text:
        return text
    return _ESCAPED.sub(r"\1", LINK.sub(lambda match: match[1], text))


def _filled(text: str, arguments: Sequence[str]) -> str:
    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        index = int(match[1])
        return arguments[index] if index < len(arguments) else match[0]

    return _PLACEHOLDER.sub(fill, text)


# One letter is a drive of Windows, not a scheme.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"/[A-Za-z]:[/\\]")


class UriBases:
    """The `originalUriBaseIds` of a run."""

    def __init__(self, bases: JsonNode) -> None:
        self._bases = dict(bases.members())
        roots = (self._absolute(name) for name in self._bases)
        self._roots = sorted({root for root in roots if root.strip("/")}, key=len, reverse=True)

    def path(self, location: JsonNode) -> str:
        """The path that an artifactLocation means; one outside of the root stays as it is."""
        uri = location["uri"].text()
        if _SCHEME.match(uri) and not uri.lower().startswith("file:"):
            return uri
        path = _decoded(uri)
        if not path.startswith("/"):
            return self._prefix(location["uriBaseId"].text()) + path.removeprefix("./")
        below = next((root for root in self._roots if path.startswith(root)), "")
        path = path.removeprefix(below)
        return path[1:] if _DRIVE.match(path) else path

    def _prefix(self, name: str) -> str:
        """The part of a base that lies below the root."""
        prefix = ""
        for uri in self._chain(name):
            if _SCHEME.match(uri) or uri.startswith("/"):
                break
            prefix = _decoded(uri).removeprefix("./") + prefix
        return prefix

    def _absolute(self, name: str) -> str:
        """The folder that a base means, where it says so; ends with a slash."""
        path = ""
        for uri in self._chain(name):
            path = _decoded(uri) + path
            if path.startswith("/"):
                return path.rstrip("/") + "/"
        return ""

    def _chain(self, name: str) -> list[str]:
        """The uris of a base and of those it is relative to, inner ones first."""
        uris: list[str] = []
        visited: set[str] = set()
        while name in self._bases and name not in visited:
            visited.add(name)
            uris.append(self._bases[name]["uri"].text())
            name = self._bases[name]["uriBaseId"].text()
        return uris


def _decoded(uri: str) -> str:
    """The path in a uri; bytes that are no UTF-8 as Python has them in file names."""
    if uri.lower().startswith("file:"):
        uri = uri[5:]
        if uri.startswith("//"):
            uri = "/" + uri[2:].partition("/")[2]
    elif _SCHEME.match(uri):
        return ""
    try:
        return unquote_to_bytes(uri).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of surrogates, which only broken JSON has
        return uri


# SARIF 2.1.0 of any tool as findings: CodeQL's, Snyk's, Trivy's, Inspector's, and our own.
#
# What SARIF has no word for, our own keeps below `properties.shipway` of a result.

_LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFO,
}
_NO_FAULT = ("pass", "notApplicable")
# How Trivy writes what SARIF has no place for.
_TRIVY = re.compile(r"^(Package|Installed Version|Fixed Version): (.+)$", re.MULTILINE)
_WORDS: dict[str, dict[str, Severity | FindingKind | FindingState]] = {
    "severity": {severity.name.lower(): severity for severity in Severity},
    "kind": {kind.value: kind for kind in FindingKind},
    "state": {state.value: state for state in FindingState},
}
_LISTS = ("cwe", "ids", "also")
_TEXTS = (
    "tool",
    "rule",
    "path",
    "message",
    "remedy",
    "confidence",
    "score",
    "package",
    "link",
    "content",
    "because",
)


def findings_from_sarif(data: Any, tool: str = "") -> tuple[Finding, ...]:
    """Every finding of a SARIF log. tool: what to call the tool, else what it calls itself.

    Suppressed results are waived; those that are gone or no faults are left out. Raises
    ConfigError, with the place in the JSON, for what is not SARIF 2.1.0.
    """
    log = JsonNode(data)
    version = log["version"].required().text()
    if not version.startswith("2.1"):
        raise ConfigError(
            f"$.version is {version!r}, not 2.1.0",
            "Let the tool write SARIF 2.1.0.",
            code="report-unreadable",
        )
    return tuple(
        finding for run in log["runs"].required() for finding in _Reader(run, tool).findings()
    )


def failures_in_sarif(data: Any) -> tuple[str, ...]:
    """Why a tool says that it did not do all of its work; then its findings are not all."""
    failures = []
    for run in JsonNode(data)["runs"]:
        name = run["tool"]["driver"]["name"].text()
        for invocation in run["invocations"]:
            if invocation["executionSuccessful"].value is False:
                notes = [
                    *invocation["toolExecutionNotifications"],
                    *invocation["toolConfigurationNotifications"],
                ]
                messages = (message_text(note["message"], ()) for note in notes)
                failures.append(
                    f"{name}: {'; '.join(filter(None, messages)) or 'it did not succeed'}"
                )
    return tuple(failures)


class _Reader:
    """Reads one run."""

    def __init__(self, run: JsonNode, tool: str) -> None:
        if run["externalPropertyFileReferences"]["results"]:
            raise ConfigError(
                f"{run.path}.externalPropertyFileReferences: the results are in other files",
                "Let the tool write one file.",
                code="report-unreadable",
            )
        self._run = run
        self._rules = SarifRules(run["tool"].required())
        self._tool = tool or run["tool"]["driver"]["name"].required().text()
        self._bases = UriBases(run["originalUriBaseIds"])

    def findings(self) -> list[Finding]:
        return [
            self._finding(result)
            for result in self._run["results"]
            if result["kind"].text() not in _NO_FAULT and result["baselineState"].text() != "absent"
        ]

    def _finding(self, result: JsonNode) -> Finding:
        rule = self._rules.of(result)
        path, line = self._place(result)
        message = message_text(result["message"].required(), rule.strings)
        package, remedy = _dependency(result, rule, message)
        because = _suppressed(result["suppressions"])
        finding = Finding(
            tool=self._tool,
            rule=rule.name,
            severity=_severity(result, rule),
            path=path,
            line=line,
            message=message,
            remedy=remedy or _fix(result),
            kind=rule.kind,
            confidence=rule.confidence,
            score=_score(result, rule),
            cvss=rule.cvss,
            cwe=rule.cwe,
            ids=rule.ids,
            package=package,
            link=rule.link or web_address(result["hostedViewerUri"].text()),
            state=FindingState.OPEN if because is None else FindingState.WAIVED,
            because=because or "",
        )
        own = result["properties"]["shipway"]
        return replace(finding, **_own(own)) if own else finding

    def _place(self, result: JsonNode) -> tuple[str, int]:
        """Path and line of the first location; ("", 0) where there is none."""
        physical = next(iter(result["locations"]), JsonNode(None))["physicalLocation"]
        location = physical["artifactLocation"]
        if not location["uri"] and location["index"]:
            location = self._run["artifacts"].at(location["index"].whole())["location"]
        return self._bases.path(location), max(physical["region"]["startLine"].whole(), 0)


def _severity(result: JsonNode, rule: SarifRule) -> Severity:
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


def _security(result: JsonNode, rule: SarifRule) -> float | None:
    own = result["properties"]["security-severity"].number()
    return rule.security if own is None else own


def _score(result: JsonNode, rule: SarifRule) -> str:
    security = _security(result, rule)
    return result["level"].text() or rule.level if security is None else f"{security:g}"


def _dependency(result: JsonNode, rule: SarifRule, message: str) -> tuple[str, str]:
    """("name version", what to do), as far as Trivy's and Snyk's ways of saying it go."""
    if rule.kind not in (FindingKind.DEPENDENCY, FindingKind.LICENCE):
        return "", ""
    properties = dict(_TRIVY.findall(message))
    if "Package" in properties:
        name, fixed = properties["Package"].strip(), properties.get("Fixed Version", "").strip()
        package = f"{name} {properties.get('Installed Version', '').strip()}".strip()
        return package, f"Update {name} to {fixed}." if fixed else ""
    logical = next(iter(next(iter(result["locations"]), JsonNode(None))["logicalLocations"]), None)
    name = logical["fullyQualifiedName"].text() if logical else ""
    head, at, version = name.rpartition("@")
    return (f"{head} {version}" if at and head else name), ""


def _fix(result: JsonNode) -> str:
    fix = next(iter(result["fixes"]), None)
    if fix is None:
        return ""
    description = fix["description"]
    return without_links(description["text"].text() or description["markdown"].text())


def _suppressed(suppressions: JsonNode) -> str | None:
    """Why a result is suppressed, None when it is not: one that is under review does not count."""
    listed = list(suppressions)
    if not listed or any(
        suppression["status"].text("accepted") != "accepted" for suppression in listed
    ):
        return None
    reasons = (suppression["justification"].text() for suppression in listed)
    return "; ".join(filter(None, reasons)) or f"suppressed {listed[0]['kind'].text()}".strip()


def _own(properties: JsonNode) -> dict[str, Any]:
    """What our own SARIF says besides."""
    fields: dict[str, Any] = {}
    for name, value in properties.members():
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


def _word(name: str, value: JsonNode) -> Severity | FindingKind | FindingState:
    member = _WORDS[name].get(value.text())
    if member is None:
        raise value.wrong(f"one of {', '.join(_WORDS[name])}")
    return member
