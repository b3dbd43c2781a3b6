from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.imports.report import findings_from, scans_from
from shipway.findings.scan import IncompleteScan

FOREIGN = Path(__file__).parent / "foreign"


def foreign(name: str) -> Any:
    return json.loads((FOREIGN / f"{name}.json").read_text(encoding="utf-8"))["report"]


def changed(name: str, **members: Any) -> Any:
    return {**foreign(name), **members}


def test_every_file_names_its_source() -> None:
    files = sorted(FOREIGN.glob("*.json"))
    assert len(files) == 9
    assert all(json.loads(file.read_text())["source"] for file in files)


def test_dependency_check() -> None:
    jinja, unrated, suppressed = findings_from(foreign("dependency-check"))
    assert jinja == Finding(
        tool="dependency-check",
        rule="CVE-2024-56201",
        severity=Severity.HIGH,
        path="/src/requirements.txt",
        line=0,
        message="Jinja is an extensible templating engine.",
        remedy="Update jinja2 to 3.1.5 or newer.",
        kind=FindingKind.DEPENDENCY,
        confidence="high",
        score="HIGH",
        cvss=8.8,
        cwe=("CWE-150", "CWE-1336"),
        ids=("CVE-2024-56201", "GHSA-gmj6-6f8f-6699"),
        package="jinja2 3.1.4",
        link="https://github.com/pallets/jinja/security/advisories/GHSA-gmj6-6f8f-6699",
    )
    assert (unrated.severity, unrated.message) == (Severity.HIGH, "CVE-2099-0001")
    assert (suppressed.state, suppressed.cvss) == (FindingState.WAIVED, 7.5)
    assert suppressed.because == "not a fault, says its maker"


def test_snyk_names_each_fault_once_however_many_ways_lead_to_it() -> None:
    jinja, licence, ignored = findings_from(foreign("snyk"))
    assert jinja == Finding(
        tool="snyk",
        rule="SNYK-PYTHON-JINJA2-8548181",
        severity=Severity.HIGH,
        path="requirements.txt",
        line=0,
        message="Template Injection in jinja2 3.1.4",
        remedy="Update jinja2 to 3.1.5.",
        kind=FindingKind.DEPENDENCY,
        confidence="",
        score="high",
        cvss=8.8,
        cwe=("CWE-1336",),
        ids=("CVE-2024-56201", "GHSA-gmj6-6f8f-6699"),
        package="jinja2 3.1.4",
        link="https://security.snyk.io/vuln/SNYK-PYTHON-JINJA2-8548181",
    )
    assert (licence.kind, licence.package) == (FindingKind.LICENCE, "chardet 3.0.4")
    assert (ignored.state, ignored.because) == (FindingState.WAIVED, "never used with verify=False")


def test_snyk_of_several_projects_and_of_an_images_applications() -> None:
    one, other = foreign("snyk"), changed("snyk", displayTargetFile="other.txt")
    assert len(findings_from([one, other])) == 6
    image = changed("snyk", vulnerabilities=[], filtered=None, applications=[one])
    assert len(findings_from(image)) == 3


def test_clair() -> None:
    fixed, unknown = findings_from(foreign("clair"))
    assert fixed == Finding(
        tool="clair",
        rule="CVE-2023-5363",
        severity=Severity.HIGH,
        path="sha256:1f5ae8b6",
        line=0,
        message="A bug has been identified in the processing of key lengths.",
        remedy="Update openssl to 3.0.11-1~deb12u2.",
        kind=FindingKind.DEPENDENCY,
        score="high",
        ids=("CVE-2023-5363",),
        package="openssl 3.0.11-1~deb12u1",
        link="https://security-tracker.debian.org/tracker/CVE-2023-5363",
    )
    assert (unknown.severity, unknown.ids, unknown.remedy) == (Severity.HIGH, ("DSA-5417-1",), "")


def test_ecr_with_basic_scanning() -> None:
    found, undefined = findings_from(foreign("ecr-basic"))
    assert found == Finding(
        tool="ecr",
        rule="CVE-2023-5363",
        severity=Severity.HIGH,
        path="mycandidate:1.4.0",
        line=0,
        message="Key lengths",
        remedy="",
        kind=FindingKind.DEPENDENCY,
        confidence="",
        score="HIGH",
        cvss=7.5,
        ids=("CVE-2023-5363",),
        package="openssl 3.0.11-1~deb12u1",
        link="https://security-tracker.debian.org/tracker/CVE-2023-5363",
    )
    assert (undefined.severity, undefined.score) == (Severity.HIGH, "UNDEFINED")


def test_ecr_with_inspector() -> None:
    jinja, openssl, libssl = findings_from(foreign("ecr-enhanced"))
    assert (jinja.ids, jinja.cvss) == (("CVE-2024-56201", "GHSA-gmj6-6f8f-6699"), 8.8)
    assert (jinja.path, jinja.package) == (
        "app/lib/jinja2-3.1.4.dist-info/METADATA",
        "jinja2 3.1.4",
    )
    assert jinja.remedy == "Update jinja2 to 3.1.5."
    assert (openssl.state, openssl.path) == (FindingState.WAIVED, "mycandidate@sha256:77aa")
    assert (libssl.package, libssl.remedy) == ("libssl3 3.0.11", "Upgrade the image.")


def test_secret_scanning_without_the_secrets() -> None:
    found = findings_from(foreign("secret-scanning"))
    live, harmless = found
    assert (live.severity, live.kind) == (Severity.CRITICAL, FindingKind.SECRET)
    assert live.place == "main/settings.py:9"
    assert live.message == "Adafruit IO Key and in other places. It is still valid."
    assert (harmless.state, harmless.because) == (FindingState.WAIVED, "used in tests: made up")
    assert "THE-VALUE" not in repr(found)
    assert len({one.fingerprint for one in found}) == 2


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (changed("dependency-check", reportSchema="1.0"), "$.reportSchema is '1.0', not 1.1"),
        (changed("dependency-check", dependencies=[]), "Dependency-Check looked at no dependency"),
        (
            changed(
                "dependency-check",
                scanInfo={"analysisExceptions": [{"exception": {"message": "no NVD"}}]},
            ),
            "Dependency-Check could not analyse everything: no NVD",
        ),
        (
            {"ok": False, "error": "Missing node_modules", "path": "/src"},
            "Snyk did not test /src: Missing node_modules",
        ),
        (changed("clair", packages={}), "Clair saw no package in the image"),
        (
            changed("clair", vulnerabilities={}),
            "$.package_vulnerabilities.10[0] names what is not in the report",
        ),
        (
            changed("ecr-basic", imageScanStatus={"status": "FAILED", "description": "no OS"}),
            "ECR has not scanned the image: FAILED no OS",
        ),
        (changed("ecr-basic", imageScanStatus=None), "ECR has not scanned the image: no status"),
        (
            changed("ecr-basic", nextToken="x"),
            "$.nextToken: this is not the last page of the findings",
        ),
        (changed("ecr-basic", imageScanFindings=None), "$.imageScanFindings is missing"),
        ([{"secret_type": 3, "state": "open"}], "$[0].secret_type is a number; text is expected"),
        ({"some": "thing"}, "this is no report that is known"),
        ("text", "this is no report that is known"),
        ([], "an empty report does not say what made it, so it proves nothing"),
        (None, "an empty report does not say what made it, so it proves nothing"),
    ],
)
def test_a_report_that_is_not_whole_is_an_error(report: Any, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        findings_from(report)
    assert error.value.message.endswith(said)
    assert error.value.remedy


def test_sarif_is_recognised_too() -> None:
    assert [one.tool for one in findings_from(foreign("codeql"))] == ["CodeQL", "CodeQL"]


@pytest.mark.parametrize(
    ("name", "scan"),
    [
        ("dependency-check", "dependency-check/mycandidate"),
        ("snyk", "snyk/app"),
        ("clair", "clair"),
        ("ecr-basic", "ecr/mycandidate"),
        ("secret-scanning", "github-secret-scanning"),
        ("codeql", "CodeQL"),
    ],
)
def test_a_scan_is_known_by_its_tool_and_what_it_scanned(name: str, scan: str) -> None:
    assert [one.name for one in scans_from(foreign(name))] == [scan]


def test_a_report_that_was_not_finished_is_an_incomplete_scan_of_its_tool() -> None:
    (scan,) = scans_from(changed("ecr-basic", imageScanStatus={"status": "IN_PROGRESS"}))
    assert (scan.name, scan.findings) == ("ecr/mycandidate", ())
    assert scan.incomplete == "ECR has not scanned the image: IN_PROGRESS"
    (scan,) = scans_from({"ok": False, "error": "Missing node_modules", "path": "/src"})
    assert (scan.name, scan.incomplete) == (
        "snyk",
        "Snyk did not test /src: Missing node_modules",
    )


def test_sarif_of_a_tool_that_did_not_succeed_is_an_error() -> None:
    data = foreign("codeql")
    data["runs"][0]["invocations"] = [{"executionSuccessful": False}]
    with pytest.raises(IncompleteScan, match="the scan of CodeQL is incomplete"):
        findings_from(data)
