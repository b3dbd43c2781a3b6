"""The JSON report of OWASP Dependency-Check, schema 1.1."""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, State
from shipway.core.json_place import Place
from shipway.core.sarif_rules import web
from shipway.core.weakness import cwes, ids, severity_of_word

TOOL = "dependency-check"


def recognised(report: Place) -> bool:
    """Whether this looks like its report."""
    return isinstance(report.value, dict) and "reportSchema" in report.value


def findings(report: Place) -> list[Finding]:
    """Its vulnerabilities; suppressed ones are waived. Raises ConfigError for an empty scan."""
    schema = report["reportSchema"].text()
    if schema != "1.1":
        raise ConfigError(
            f"$.reportSchema is {schema!r}, not 1.1", "Use Dependency-Check 6 or newer."
        )
    found = list(report["dependencies"].required())
    failed = next(iter(report["scanInfo"]["analysisExceptions"]), None)
    if failed is not None:
        raise ConfigError(
            f"Dependency-Check could not analyse everything: {_said(failed)}",
            "See its log, and run it again.",
        )
    if not found:
        raise ConfigError("Dependency-Check looked at no dependency", "See what it was to scan.")
    return [
        finding
        for dependency in found
        for name, state in (("vulnerabilities", State.OPEN),
                            ("suppressedVulnerabilities", State.WAIVED))
        for finding in (_finding(one, dependency, state) for one in dependency[name])
    ]  # fmt: skip


def _finding(one: Place, dependency: Place, state: State) -> Finding:
    name, word = one["name"].required().text(), one["severity"].text()
    scores = (one["cvssv4"]["baseScore"], one["cvssv3"]["baseScore"], one["cvssv2"]["score"])
    cvss = next(
        (score for score in (place.number() for place in scores) if score is not None), None
    )
    words = (word, one["cvssv3"]["baseSeverity"].text(), one["cvssv2"]["severity"].text())
    references = [web(reference["url"].text()) for reference in one["references"]]
    package = _package(dependency)
    because = one["notes"].text() or "suppressed in Dependency-Check"
    return Finding(
        TOOL, name, severity_of_word(next(filter(None, words), "")),
        dependency["filePath"].text() or dependency["fileName"].text(), 0,
        one["description"].text() or name, _remedy(one, package), Kind.DEPENDENCY,
        _confidence(dependency), word, cvss, cwes(one["cwes"].texts()),
        ids((name, *references)) or (name,), package, next(filter(None, references), ""),
        state=state, because=because if state is State.WAIVED else "",
    )  # fmt: skip


def _package(dependency: Place) -> str:
    """ "name version", from the package's address pkg:type/namespace/name@version if it has one."""
    for package in dependency["packages"]:
        address = package["id"].text()
        if address.startswith("pkg:"):
            name, _, version = address.partition("?")[0].rpartition("/")[2].partition("@")
            return f"{name} {version}".strip()
    return dependency["fileName"].text().replace(":", " ")


def _confidence(dependency: Place) -> str:
    said = [place["confidence"].text().lower() for place in dependency["vulnerabilityIds"]]
    known = {"highest": "high", "high": "high", "medium": "medium", "low": "low"}
    return next((known[word] for word in said if word in known), "")


def _remedy(one: Place, package: str) -> str:
    for software in one["vulnerableSoftware"]:
        described = software["software"]
        fixed = described["versionEndExcluding"].text()
        if described["vulnerabilityIdMatched"] and fixed:
            return f"Update {package.partition(' ')[0]} to {fixed} or newer."
    return ""


def _said(failed: Place) -> str:
    return failed["exception"]["message"].text() or "it does not say why"
