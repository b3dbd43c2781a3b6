"""The vulnerability report of Clair 4 (`clairctl report --out json`, GET /vulnerability_report)."""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind
from shipway.core.json_place import Place
from shipway.core.sarif_rules import web
from shipway.core.weakness import ids, severity_of_word

TOOL = "clair"


def recognised(report: Place) -> bool:
    """Whether this looks like its report."""
    return isinstance(report.value, dict) and "package_vulnerabilities" in report.value


def findings(report: Place) -> list[Finding]:
    """Its vulnerabilities by package. Raises ConfigError when it saw no package."""
    packages = dict(report["packages"].required().members())
    known = dict(report["vulnerabilities"].required().members())
    if not packages:
        raise ConfigError(
            "Clair saw no package in the image", "See whether it knows the image's system."
        )
    image = report["manifest_hash"].text()
    found = []
    for package, names in report["package_vulnerabilities"].required().members():
        for name in names:
            if package not in packages or name.text() not in known:
                raise ConfigError(
                    f"{name.path} names what is not in the report",
                    "Make the report again with its tool.",
                )
            found.append(_finding(known[name.text()], packages[package], image))
    return found


def _finding(one: Place, package: Place, image: str) -> Finding:
    rule, word = one["name"].required().text(), one["normalized_severity"].text()
    name, version = package["name"].required().text(), package["version"].text()
    fixed = one["fixed_in_version"].text()
    links = one["links"].text().split()
    names = ids((rule, *links)) or (rule,)
    return Finding(
        TOOL, rule, severity_of_word(word), image, 0,
        one["description"].text() or f"{rule} in {name} {version}",
        f"Update {name} to {fixed}." if fixed else "", Kind.DEPENDENCY,
        score=one["severity"].text() or word, ids=names, package=f"{name} {version}".strip(),
        link=next(filter(None, map(web, links)), ""),
    )  # fmt: skip
