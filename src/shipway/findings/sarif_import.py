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
from shipway.findings.paths import is_absolute, normal_path
from shipway.findings.sarif_rules import SarifRule, SarifRules
from shipway.findings.scan import IncompleteScan, Scan

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
_DRIVE = re.compile(r"/?[A-Za-z]:/")
# The name of a base, written into the uri by tools that do not know `uriBaseId`.
_BASE_IN_URI = re.compile(r"^%[A-Za-z_]\w*%[/\\]")


class UriBases:
    """The `originalUriBaseIds` of a run."""

    def __init__(self, bases: JsonNode) -> None:
        self._bases = dict(bases.members())
        roots = (self._absolute(name) for name in self._bases)
        self._roots = sorted({root for root in roots if root.strip("/")}, key=len, reverse=True)

    def path(self, location: JsonNode) -> str:
        """The path that an artifactLocation means; one outside of the root stays as it is."""
        uri = _BASE_IN_URI.sub("", location["uri"].text(), count=1)
        if _SCHEME.match(uri) and not uri.lower().startswith("file:"):
            return uri
        path = _decoded(uri)
        if not is_absolute(path):
            path = self._prefix(location["uriBaseId"].text()) + path
        below = next((root for root in self._roots if _is_below(path, root)), "")
        return normal_path(path[len(below) :])

    def _prefix(self, name: str) -> str:
        """The part of a base that lies below the root."""
        prefix = ""
        for uri in self._chain(name):
            if _SCHEME.match(uri) or is_absolute(_decoded(uri)):
                break
            prefix = _decoded(uri) + prefix
        return prefix

    def _absolute(self, name: str) -> str:
        """The folder that a base means, where it says so; ends with a slash."""
        path = ""
        for uri in self._chain(name):
            path = _decoded(uri) + path
            if is_absolute(path):
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
    """The path in a uri, with slashes; bytes that are no UTF-8 as Python has them in file names."""
    uri = uri.replace("\\", "/")  # no uri has one; tools on Windows write it
    if uri.lower().startswith("file:"):
        uri = uri[5:]
        if uri.startswith("//"):
            uri = "/" + uri[2:].partition("/")[2]
    elif _SCHEME.match(uri):
        return ""
    try:
        path = unquote_to_bytes(uri).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of surrogates, which only broken JSON has
        path = uri
    return path[1:] if path.startswith("/") and _DRIVE.match(path) else path


def _is_below(path: str, root: str) -> bool:
    """Whether a path lies in a folder; on Windows, whatever the case of the letters."""
    if _DRIVE.match(root):
        return path.casefold().startswith(root.casefold())
    return path.startswith(root)


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
    "known_fingerprint",  # of what stood there before it was redacted
)


def findings_from_sarif(data: object, tool: str = "") -> tuple[Finding, ...]:
    """Every finding of a SARIF log. tool: what to call the tool, else what it calls itself.

    Suppressed results are waived; those that are gone or no faults are left out. Raises
    ConfigError, with the place in the JSON, for what is not SARIF 2.1.0.
    """
    return tuple(finding for run in _runs(data) for finding in _Reader(run, tool).findings())


def scans_in_sarif(data: object) -> tuple[Scan, ...]:
    """The scans in a SARIF log: the runs of one tool and one category are one scan.

    Raises ConfigError for what is not SARIF 2.1.0, IncompleteScan for a log without any run.
    """
    scans: dict[str, Scan] = {}
    for run in _runs(data):
        reader = _Reader(run, "")
        scan = Scan(
            tool=reader.tool,
            category=_category(run),
            findings=tuple(reader.findings()),
            incomplete=_incomplete(run),
        )
        scans[scan.name] = scans[scan.name].joined(scan) if scan.name in scans else scan
    if not scans:
        raise IncompleteScan("$.runs is empty: nothing shows that anything was scanned")
    return tuple(scans.values())


def _runs(data: object) -> JsonNode:
    log = JsonNode(data)
    version = log["version"].required().text()
    if not version.startswith("2.1"):
        raise ConfigError(
            f"$.version is {version!r}, not 2.1.0",
            "Let the tool write SARIF 2.1.0.",
            code="report-unreadable",
        )
    return log["runs"].required()


def _category(run: JsonNode) -> str:
    """`category/run`: what stands before the last slash is the category (SARIF 3.17.2)."""
    return run["automationDetails"]["id"].text().rpartition("/")[0]


def _incomplete(run: JsonNode) -> str:
    """Why a run does not prove that its tool did all of its work; "" where it does.

    Without `results` it did not scan: a scan that finds nothing has an empty list (3.14.23).
    """
    reasons: list[str] = []
    for invocation in run["invocations"]:
        notes = [
            *invocation["toolExecutionNotifications"],
            *invocation["toolConfigurationNotifications"],
        ]
        failed = invocation["executionSuccessful"].value is False
        messages = (
            message_text(note["message"], ())
            for note in notes
            if failed or note["level"].text() == "error"
        )
        stated = list(filter(None, messages))
        crash = invocation["processStartFailureMessage"].text() or (
            f"it was ended by {signal}" if (signal := invocation["exitSignalName"].text()) else ""
        )
        if crash:
            stated.append(crash)
        reasons += stated or (["it did not succeed"] if failed else [])
    if not run["results"]:
        reasons.append("there are no results, not even an empty list of them")
    if not reasons:
        return ""
    more = f"; and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    return "; ".join(reasons[:_SHOWN]) + more


_SHOWN = 3  # reasons


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
        self.tool = tool or run["tool"]["driver"]["name"].required().text()
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
            tool=self.tool,
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
