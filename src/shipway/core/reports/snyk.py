"""What `snyk test --json` prints: an object for a project, a list of them for several."""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, State
from shipway.core.json_place import Place
from shipway.core.sarif_rules import web
from shipway.core.weakness import cwes, severity_of_word

TOOL = "snyk"


def recognised(report: Place) -> bool:
    """Whether this looks like its report."""
    one = report.value[0] if isinstance(report.value, list) and report.value else report.value
    return isinstance(one, dict) and "ok" in one and ("vulnerabilities" in one or "error" in one)


def findings(report: Place) -> list[Finding]:
    """Its issues, each path to a package once; ignored ones are waived."""
    projects = list(report) if isinstance(report.value, list) else [report]
    return list(dict.fromkeys(finding for one in projects for finding in _project(one)))


def _project(project: Place) -> list[Finding]:
    if project["error"]:
        raise ConfigError(
            f"Snyk did not test {project['path'].text()}: {project['error'].text()}",
            "Mend that, and let it test again.",
        )
    path = project["displayTargetFile"].text() or project["targetFile"].text()
    found = [_finding(one, path) for one in project["vulnerabilities"].required()]
    found += [_finding(one, path, ignored=True) for one in project["filtered"]["ignore"]]
    # Of an image, what its applications depend on stands apart.
    return found + [finding for one in project["applications"] for finding in _project(one)]


def _finding(one: Place, path: str, *, ignored: bool = False) -> Finding:
    rule, name = one["id"].required().text(), _name(one)
    licence = one["type"].text() == "license"
    names, word = one["identifiers"], one["severity"].text()
    version = one["version"].text()
    return Finding(
        TOOL, rule, severity_of_word(word), path, 0,
        f"{one['title'].text() or rule} in {name} {version}".strip(), _remedy(one, name),
        Kind.LICENCE if licence else Kind.DEPENDENCY, "", word, one["cvssScore"].number(),
        cwes(names["CWE"].texts()), () if licence else _names(names, rule),
        f"{name} {version}".strip(), web(one["url"].text()) or f"https://security.snyk.io/vuln/{rule}",
        state=State.WAIVED if ignored else State.OPEN, because=_reason(one) if ignored else "",
    )  # fmt: skip


def _name(one: Place) -> str:
    return one["packageName"].text() or one["name"].text() or one["moduleName"].text()


def _names(names: Place, rule: str) -> tuple[str, ...]:
    return (*names["CVE"].texts(), *names["GHSA"].texts()) or (rule,)


def _remedy(one: Place, name: str) -> str:
    fixed = one["fixedIn"].texts() or (one["nearestFixedInVersion"].text(),)
    return f"Update {name} to {' or '.join(fixed)}." if fixed[0] else ""


def _reason(one: Place) -> str:
    """Why it is ignored, as the policy says."""
    ignored = one["filtered"]["ignored"]
    said = (entry["reason"].text() for entry in ignored)
    return "; ".join(filter(None, said)) or "ignored in Snyk"
