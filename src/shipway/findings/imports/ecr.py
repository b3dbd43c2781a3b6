"""The findings of an image in Amazon ECR: `aws ecr describe-image-scan-findings`.

Basic scanning has `findings`, Inspector's enhanced scanning has `enhancedFindings`.
"""

from __future__ import annotations

from shipway.findings.finding import (
    Finding,
    FindingKind,
    FindingState,
    severity_of_word,
    vulnerability_ids,
    web_address,
)
from shipway.findings.json_node import JsonNode
from shipway.findings.scan import IncompleteScan

TOOL = "ecr"
_DONE = ("COMPLETE", "ACTIVE")


def recognised(report: JsonNode) -> bool:
    """Whether this looks like its answer."""
    return isinstance(report.value, dict) and (
        "imageScanFindings" in report.value or "imageScanStatus" in report.value
    )


def category(report: JsonNode) -> str:
    """The repository whose image was scanned."""
    return report["repositoryName"].text()


def findings(report: JsonNode) -> list[Finding]:
    """Both kinds of findings. Raises IncompleteScan when the image was not scanned to its end."""
    status = report["imageScanStatus"]["status"].text()
    if status not in _DONE:
        description = report["imageScanStatus"]["description"].text()
        raise IncompleteScan(
            f"ECR has not scanned the image: {status or 'no status'} {description}".strip(),
            "Wait for the scan: aws ecr wait image-scan-complete.",
        )
    if report["nextToken"].text():
        raise IncompleteScan(
            "$.nextToken: this is not the last page of the findings", "Get all pages."
        )
    tag, digest = report["imageId"]["imageTag"].text(), report["imageId"]["imageDigest"].text()
    image = f"{report['repositoryName'].text()}{f':{tag}' if tag else f'@{digest}'}"
    results = report["imageScanFindings"].required()
    return [
        *(_basic(vulnerability, image) for vulnerability in results["findings"]),
        *(
            finding
            for vulnerability in results["enhancedFindings"]
            if vulnerability["type"].text("PACKAGE_VULNERABILITY") == "PACKAGE_VULNERABILITY"
            for finding in _enhanced(vulnerability, image)
        ),
    ]


def _basic(vulnerability: JsonNode, image: str) -> Finding:
    about = {entry["key"].text(): entry["value"].text() for entry in vulnerability["attributes"]}
    rule, word = vulnerability["name"].required().text(), vulnerability["severity"].text()
    name, fixed = about.get("package_name", ""), about.get("fixed_in_versions", "")
    scores = (about.get("CVSS3_SCORE", ""), about.get("CVSS2_SCORE", ""))
    return Finding(
        tool=TOOL,
        rule=rule,
        severity=severity_of_word(word),
        path=image,
        line=0,
        message=vulnerability["description"].text() or rule,
        remedy=f"Update {name} to {fixed}." if name and fixed else "",
        kind=FindingKind.DEPENDENCY,
        confidence="",
        score=word,
        cvss=next((score for score in map(_number, scores) if score is not None), None),
        ids=vulnerability_ids((rule,)) or (rule,),
        package=f"{name} {about.get('package_version', '')}".strip(),
        link=web_address(vulnerability["uri"].text()),
    )


def _number(text: str) -> float | None:
    return JsonNode(text).number()


def _enhanced(vulnerability: JsonNode, image: str) -> list[Finding]:
    """One finding for each package that the vulnerability is in."""
    details, word = vulnerability["packageVulnerabilityDetails"], vulnerability["severity"].text()
    rule = details["vulnerabilityId"].required().text()
    title = vulnerability["title"].text() or vulnerability["description"].text() or rule
    scores = [score["baseScore"].number() for score in details["cvss"]]
    own = vulnerability["scoreDetails"]["cvss"]["score"].number()
    cvss = max((score for score in (own, *scores) if score is not None), default=None)
    names = vulnerability_ids((rule, *details["relatedVulnerabilities"].texts())) or (rule,)
    suppressed = vulnerability["status"].text("ACTIVE") == "SUPPRESSED"
    advice = vulnerability["remediation"]["recommendation"]["text"].text()
    if vulnerability["status"].text() == "CLOSED":
        return []
    return [
        Finding(
            tool=TOOL,
            rule=rule,
            severity=severity_of_word(word),
            path=package["filePath"].text() or image,
            line=0,
            message=title,
            remedy=_remedy(package, advice),
            kind=FindingKind.DEPENDENCY,
            confidence="",
            score=word,
            cvss=cvss,
            ids=names,
            package=f"{package['name'].text()} {package['version'].text()}".strip(),
            link=web_address(details["sourceUrl"].text()),
            state=FindingState.WAIVED if suppressed else FindingState.OPEN,
            because="suppressed in Inspector" if suppressed else "",
        )
        for package in details["vulnerablePackages"]
    ]


def _remedy(package: JsonNode, advice: str) -> str:
    fixed = package["fixedInVersion"].text()
    if fixed and fixed != "NotAvailable":
        return f"Update {package['name'].text()} to {fixed}."
    return "" if advice == "None Provided" else advice
