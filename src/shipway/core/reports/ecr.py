"""The findings of an image in Amazon ECR: `aws ecr describe-image-scan-findings`.

Basic scanning has `findings`, Inspector's enhanced scanning has `enhancedFindings`.
"""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, State
from shipway.core.json_place import Place
from shipway.core.sarif_rules import web
from shipway.core.weakness import ids, severity_of_word

TOOL = "ecr"
_DONE = ("COMPLETE", "ACTIVE")


def recognised(report: Place) -> bool:
    """Whether this looks like its answer."""
    return isinstance(report.value, dict) and (
        "imageScanFindings" in report.value or "imageScanStatus" in report.value
    )


def findings(report: Place) -> list[Finding]:
    """Both kinds of findings. Raises ConfigError when the image was not scanned to its end."""
    status = report["imageScanStatus"]["status"].text()
    if status not in _DONE:
        said = report["imageScanStatus"]["description"].text()
        raise ConfigError(
            f"ECR has not scanned the image: {status or 'no status'} {said}".strip(),
            "Wait for the scan: aws ecr wait image-scan-complete.",
        )
    if report["nextToken"].text():
        raise ConfigError(
            "$.nextToken: this is not the last page of the findings", "Get all pages."
        )
    tag, digest = report["imageId"]["imageTag"].text(), report["imageId"]["imageDigest"].text()
    image = f"{report['repositoryName'].text()}{f':{tag}' if tag else f'@{digest}'}"
    found = report["imageScanFindings"].required()
    return [
        *(_basic(one, image) for one in found["findings"]),
        *(
            finding
            for one in found["enhancedFindings"]
            if one["type"].text("PACKAGE_VULNERABILITY") == "PACKAGE_VULNERABILITY"
            for finding in _enhanced(one, image)
        ),
    ]


def _basic(one: Place, image: str) -> Finding:
    about = {entry["key"].text(): entry["value"].text() for entry in one["attributes"]}
    rule, word = one["name"].required().text(), one["severity"].text()
    name, fixed = about.get("package_name", ""), about.get("fixed_in_versions", "")
    scores = (about.get("CVSS3_SCORE", ""), about.get("CVSS2_SCORE", ""))
    return Finding(
        TOOL, rule, severity_of_word(word), image, 0, one["description"].text() or rule,
        f"Update {name} to {fixed}." if name and fixed else "", Kind.DEPENDENCY, "", word,
        next((score for score in map(_number, scores) if score is not None), None),
        ids=ids((rule,)) or (rule,), package=f"{name} {about.get('package_version', '')}".strip(),
        link=web(one["uri"].text()),
    )  # fmt: skip


def _number(text: str) -> float | None:
    return Place(text).number()


def _enhanced(one: Place, image: str) -> list[Finding]:
    """One finding for each package that the vulnerability is in."""
    details, word = one["packageVulnerabilityDetails"], one["severity"].text()
    rule = details["vulnerabilityId"].required().text()
    title = one["title"].text() or one["description"].text() or rule
    scores = [score["baseScore"].number() for score in details["cvss"]]
    own = one["scoreDetails"]["cvss"]["score"].number()
    cvss = max((score for score in (own, *scores) if score is not None), default=None)
    names = ids((rule, *details["relatedVulnerabilities"].texts())) or (rule,)
    suppressed = one["status"].text("ACTIVE") == "SUPPRESSED"
    advice = one["remediation"]["recommendation"]["text"].text()
    if one["status"].text() == "CLOSED":
        return []
    return [
        Finding(
            TOOL, rule, severity_of_word(word), package["filePath"].text() or image, 0, title,
            _remedy(package, advice), Kind.DEPENDENCY, "", word, cvss, ids=names,
            package=f"{package['name'].text()} {package['version'].text()}".strip(),
            link=web(details["sourceUrl"].text()),
            state=State.WAIVED if suppressed else State.OPEN,
            because="suppressed in Inspector" if suppressed else "",
        )
        for package in details["vulnerablePackages"]
    ]  # fmt: skip


def _remedy(package: Place, advice: str) -> str:
    fixed = package["fixedInVersion"].text()
    if fixed and fixed != "NotAvailable":
        return f"Update {package['name'].text()} to {fixed}."
    return "" if advice == "None Provided" else advice
