from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports.sarif_schema import faults

from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.sarif_import import findings_from_sarif, scans_in_sarif

FOREIGN = Path(__file__).parent / "foreign"


def foreign(name: str) -> Any:
    return json.loads((FOREIGN / f"{name}.json").read_text(encoding="utf-8"))["report"]


def log(*results: dict[str, Any], rule: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A small log; every result gets a message."""
    driver = {"name": "some", "rules": [rule] if rule else []}
    whole = [{"message": {"text": "m"}, **result} for result in results]
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": whole, **run}]}


def one(result: dict[str, Any], rule: dict[str, Any] | None = None, **run: Any) -> Finding:
    (finding,) = findings_from_sarif(log(result, rule=rule, **run))
    return finding


def at(location: dict[str, Any], **region: Any) -> dict[str, Any]:
    physical = {"artifactLocation": location, "region": region}
    return {"ruleId": "R", "locations": [{"physicalLocation": physical}]}


@pytest.mark.parametrize("name", ["codeql", "trivy", "snyk-sarif"])
def test_what_others_write_is_sarif(name: str) -> None:
    assert faults(foreign(name)) == []


def test_codeql() -> None:
    assert findings_from_sarif(foreign("codeql")) == (
        Finding(
            tool="CodeQL",
            rule="py/sql-injection",
            severity=Severity.HIGH,
            path="app/api.py",
            line=41,
            message="This SQL query depends on a user-provided value.",
            confidence="high",
            score="8.8",
            cwe=("CWE-89",),
        ),
        Finding(
            tool="CodeQL",
            rule="py/unused-import",
            severity=Severity.LOW,
            path="app/views old.py",
            line=1,
            message="Import of '[os]' is not used.",
            confidence="high",
            score="note",
            state=FindingState.WAIVED,
            because="kept for plugins",
        ),
    )


def test_trivy() -> None:
    jinja, root, key = findings_from_sarif(foreign("trivy"))
    assert (jinja.kind, jinja.severity, jinja.cvss) == (FindingKind.DEPENDENCY, Severity.HIGH, 8.8)
    assert (jinja.place, jinja.package, jinja.ids) == (
        "uv.lock:88",
        "jinja2 3.1.4",
        ("CVE-2024-56201",),
    )
    assert jinja.remedy == "Update jinja2 to 3.1.5."
    assert jinja.link == "https://avd.aquasec.com/nvd/cve-2024-56201"
    assert jinja.message.endswith("\nLink: CVE-2024-56201")
    assert (root.kind, root.place) == (FindingKind.CONFIGURATION, "Dockerfile:1")
    assert (key.kind, key.severity) == (FindingKind.SECRET, Severity.CRITICAL)


def test_snyk() -> None:
    (jinja,) = findings_from_sarif(foreign("snyk-sarif"))
    assert (jinja.tool, jinja.kind, jinja.cvss) == ("Snyk Open Source", FindingKind.DEPENDENCY, 8.8)
    assert (jinja.package, jinja.ids) == ("jinja2 3.1.4", ("CVE-2024-56201",))
    assert (jinja.cwe, jinja.remedy) == (("CWE-1336",), "Upgrade to jinja2@3.1.5")


def test_two_tools_that_name_a_dependencys_fault_alike_have_one_fingerprint() -> None:
    trivy, snyk = findings_from_sarif(foreign("trivy"))[0], foreign("snyk-sarif")
    assert trivy.fingerprint == findings_from_sarif(snyk)[0].fingerprint


def test_a_tool_can_be_given_another_name() -> None:
    assert {f.tool for f in findings_from_sarif(foreign("trivy"), "trivy-image")} == {"trivy-image"}


@pytest.mark.parametrize(
    ("result", "rule", "severity"),
    [
        ({}, {}, Severity.MEDIUM),
        ({"level": "error"}, {}, Severity.HIGH),
        ({"level": "none"}, {}, Severity.INFO),
        ({}, {"defaultConfiguration": {"level": "note"}}, Severity.LOW),
        ({"rank": 95.0}, {}, Severity.CRITICAL),
        ({}, {"defaultConfiguration": {"rank": 12.5}}, Severity.LOW),
        ({"rank": -1.0}, {}, Severity.MEDIUM),
        ({"rank": 95.0, "level": "note"}, {}, Severity.LOW),
        ({"level": "note"}, {"properties": {"security-severity": "9.1"}}, Severity.CRITICAL),
        ({"level": "error"}, {"properties": {"security-severity": 4.0}}, Severity.MEDIUM),
        ({"level": "error"}, {"properties": {"security-severity": "much"}}, Severity.HIGH),
        ({"properties": {"security-severity": "0.0"}}, {}, Severity.INFO),
        ({"kind": "informational"}, {}, Severity.INFO),
    ],
)
def test_severity_comes_from_the_score_then_the_level_then_the_rank(
    result: dict[str, Any], rule: dict[str, Any], severity: Severity
) -> None:
    assert one({"ruleId": "R", **result}, {"id": "R", **rule}).severity is severity


def test_cwes_come_from_tags_properties_and_taxa_without_zeros_and_doubles() -> None:
    rule = {
        "id": "R",
        "properties": {
            "tags": ["external/cwe/cwe-079", "CWE-79: Cross-site Scripting", "OWASP-A03:2021"],
            "cwe": "CWE-22",
        },
        "relationships": [{"target": {"id": "352", "toolComponent": {"name": "CWE"}}}],
    }
    assert one({"ruleId": "R"}, rule).cwe == ("CWE-79", "CWE-22", "CWE-352")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ({"uri": "a/b.py"}, "a/b.py"),
        ({"uri": "./a%20b.py"}, "a b.py"),
        ({"uri": "a.py", "uriBaseId": "%SRCROOT%"}, "a.py"),
        ({"uri": "a.py", "uriBaseId": "SUB"}, "back/end/a.py"),
        ({"uri": "a.py", "uriBaseId": "LOOP"}, "x/a.py"),
        ({"uri": "a.py", "uriBaseId": "UNKNOWN"}, "a.py"),
        ({"uri": "file:///work/app/main/a.py"}, "main/a.py"),
        ({"uri": "/work/app/main/a.py"}, "main/a.py"),
        ({"uri": "file://localhost/etc/passwd"}, "/etc/passwd"),
        ({"uri": "file:///C:/app/a.py"}, "C:/app/a.py"),
        ({"uri": "C:/app/a.py"}, "C:/app/a.py"),
        ({"uri": "C:\\app\\a.py"}, "C:/app/a.py"),
        ({"uri": "C:\\app\\a.py", "uriBaseId": "SUB"}, "C:/app/a.py"),
        ({"uri": "d:\\BUILD\\s\\main\\a.py"}, "main/a.py"),
        ({"uri": "file:///D:/build/s/main/a.py"}, "main/a.py"),
        ({"uri": "main\\a.py"}, "main/a.py"),
        ({"uri": "%SRCROOT%/main/a.py"}, "main/a.py"),
        ({"uri": "%SRCROOT%\\main\\a.py", "uriBaseId": "%SRCROOT%"}, "main/a.py"),
        ({"uri": "file:///work/app/x/../main/./a.py"}, "main/a.py"),
        ({"uri": "main//a.py"}, "main/a.py"),
        ({"uri": "../../etc/passwd"}, "../../etc/passwd"),
        ({"uri": "https://example.org/a%20b"}, "https://example.org/a%20b"),
        ({"uri": "bad%FF%zz.py"}, "bad\udcff%zz.py"),
        ({"index": 1}, "second.py"),
        ({"index": 7}, ""),
        ({}, ""),
    ],
)
def test_a_uri_becomes_a_path_from_the_root(location: dict[str, Any], path: str) -> None:
    bases = {
        "%SRCROOT%": {"uri": "file:///work/app/"},
        "SUB": {"uri": "end/", "uriBaseId": "HALF"},
        "HALF": {"uri": "back/", "uriBaseId": "%SRCROOT%"},
        "LOOP": {"uri": "x/", "uriBaseId": "LOOP"},
        "ALL": {"uri": "file:///"},
        "AGENT": {"uri": "file:///D:/build/s/"},
    }
    artifacts = [{"location": {"uri": "first.py"}}, {"location": {"uri": "second.py"}}]
    found = one(at(location, startLine=3), originalUriBaseIds=bases, artifacts=artifacts)
    assert found.path == path


def test_a_result_without_place_or_line_is_read_too() -> None:
    assert (one({"ruleId": "R"}).path, one({"ruleId": "R"}).line) == ("", 0)
    assert one(at({"uri": "a"}, charOffset=3)).line == 0
    assert one({"ruleId": "R", "locations": []}).path == ""


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"text": "plain {0} {{}}"}, "plain {0} {{}}"),
        ({"text": "{0} and {1} {{x}} {7}", "arguments": ["a", "b"]}, "a and b {x} {7}"),
        ({"id": "said", "arguments": ["x"]}, "the rule says x"),
        ({"id": "all"}, "the tool says it"),
        ({"id": "nowhere"}, "nowhere"),
        ({"markdown": "see [here](https://example.org/x)"}, "see here"),
        ({"text": "t", "markdown": "m"}, "t"),
        ({"text": "a [b](3), c[0](x), [d](f.py)"}, "a b, c[0](x), [d](f.py)"),
        ({"text": r"\[b\](3)"}, "[b](3)"),
    ],
)
def test_a_message_is_made_plain(message: dict[str, Any], text: str) -> None:
    rule = {"id": "R", "messageStrings": {"said": {"text": "the rule says {0}"}}}
    data = log({"ruleId": "R/sub", "message": message}, rule=rule)
    strings = {"all": {"text": "the tool says it"}}
    data["runs"][0]["tool"]["driver"]["globalMessageStrings"] = strings
    assert findings_from_sarif(data)[0].message == text


def test_suppressed_results_are_waived_unless_that_is_under_review() -> None:
    def state(*suppressions: dict[str, Any]) -> tuple[FindingState, str]:
        found = one({"ruleId": "R", "suppressions": list(suppressions)})
        return found.state, found.because

    assert state() == (FindingState.OPEN, "")
    assert state({"kind": "inSource"}) == (FindingState.WAIVED, "suppressed inSource")
    assert state({"kind": "external", "justification": "no"}) == (FindingState.WAIVED, "no")
    assert state({"kind": "external", "status": "underReview"}) == (FindingState.OPEN, "")
    assert (
        state({"kind": "external"}, {"kind": "external", "status": "rejected"})[0]
        is FindingState.OPEN
    )


def test_what_is_no_fault_or_is_gone_is_no_finding() -> None:
    kinds = [{"kind": "pass"}, {"kind": "notApplicable"}, {"baselineState": "absent"}]
    assert findings_from_sarif(log(*kinds)) == ()
    assert len(findings_from_sarif(log({"kind": "review"}, {"baselineState": "unchanged"}))) == 2


def test_a_result_whose_rule_is_not_described_is_read_by_what_it_says_itself() -> None:
    found = one({"ruleId": "CVE-2024-56201", "ruleIndex": 9, "level": "error"})
    assert (found.rule, found.kind, found.ids) == (
        "CVE-2024-56201",
        FindingKind.DEPENDENCY,
        ("CVE-2024-56201",),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("version"), "$.version is missing"),
        (lambda d: d.update(version="2.0.0"), "$.version is '2.0.0', not 2.1.0"),
        (lambda d: d.pop("runs"), "$.runs is missing"),
        (lambda d: d.update(runs={}), "$.runs is an object; a list is expected"),
        (lambda d: d["runs"].append(3), "$.runs[1] is a number; an object is expected"),
        (lambda d: d["runs"][0].pop("tool"), "$.runs[0].tool is missing"),
        (
            lambda d: d["runs"][0]["results"].append("x"),
            "$.runs[0].results[1] is text; an object is expected",
        ),
        (
            lambda d: d["runs"][0]["results"][0].pop("message"),
            "$.runs[0].results[0].message is missing",
        ),
        (
            lambda d: d["runs"][0]["results"][0].update(at({"uri": 3})),
            "$.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri is a number; "
            "text is expected",
        ),
        (
            lambda d: d["runs"][0]["results"][0].update(at({"uri": "a"}, startLine="3")),
            "$.runs[0].results[0].locations[0].physicalLocation.region.startLine is text; "
            "a whole number is expected",
        ),
        (
            lambda d: d["runs"][0]["results"][0].update(properties={"shipway": {"state": "gone"}}),
            "$.runs[0].results[0].properties.shipway.state is text; one of open, known, "
            "waived, set "
            "aside is expected",
        ),
        (
            lambda d: d["runs"][0].update(externalPropertyFileReferences={"results": [{}]}),
            "$.runs[0].externalPropertyFileReferences: the results are in other files",
        ),
    ],
)
def test_wrong_data_is_said_with_its_place(change: Any, said: str) -> None:
    data = copy.deepcopy(log({"ruleId": "R"}))
    change(data)
    with pytest.raises(ConfigError) as error:
        findings_from_sarif(data)
    assert error.value.message == said
    assert error.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "runs",
                    "tool",
                    "driver",
                    "name",
                    "rules",
                    "results",
                    "message",
                    "text",
                    "locations",
                    "physicalLocation",
                    "artifactLocation",
                    "uri",
                    "version",
                    "properties",
                    "tags",
                    "shipway",
                    "ruleId",
                    "suppressions",
                    "rule",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(
    JSON,
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "ruleId",
                    "message",
                    "locations",
                    "level",
                    "rank",
                    "properties",
                    "rule",
                    "ruleIndex",
                ]
            ),
            JSON,
            max_size=4,
        ),
        max_size=2,
    ),
)
def test_whatever_the_json_is_there_are_findings_or_a_config_error(
    data: Any, results: list[dict[str, Any]]
) -> None:
    for one in (data, log(*results)):
        with suppress(ConfigError):
            findings_from_sarif(one)


# -- a scan that is proven ------------------------------------------------------------------------

NOTE = {"message": {"text": "no database"}}


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({}, ""),
        ({"invocations": [{"executionSuccessful": True}]}, ""),
        ({"invocations": [{"executionSuccessful": False}]}, "it did not succeed"),
        (
            {"invocations": [{"executionSuccessful": False, "toolExecutionNotifications": [NOTE]}]},
            "no database",
        ),
        (
            {
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [NOTE, {**NOTE, "level": "error"}],
                    }
                ]
            },
            "no database",
        ),
        (
            {"invocations": [{"toolConfigurationNotifications": [{**NOTE, "level": "error"}] * 5}]},
            "no database; no database; no database; and 2 more",
        ),
        ({"invocations": [{"toolExecutionNotifications": [NOTE]}]}, ""),
        ({"invocations": [{"exitSignalName": "SIGKILL"}]}, "it was ended by SIGKILL"),
        ({"results": None}, "there are no results, not even an empty list of them"),
    ],
)
def test_a_run_says_whether_it_scanned_everything(run: dict[str, Any], reason: str) -> None:
    (scan,) = scans_in_sarif(log(**run))
    assert scan.incomplete == reason


def test_a_run_without_results_did_not_scan() -> None:
    data = log()
    del data["runs"][0]["results"]
    (scan,) = scans_in_sarif(data)
    assert scan.incomplete == "there are no results, not even an empty list of them"


@pytest.mark.parametrize("runs", [[], None])
def test_a_log_without_runs_proves_nothing(runs: list[Any] | None) -> None:
    with pytest.raises(ConfigError):
        scans_in_sarif({"version": "2.1.0", "runs": runs})


# -- which scan it is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "name"),
    [
        (None, "some"),
        ({"id": "2026-11-28"}, "some"),
        ({"id": "nightly/2026-11-28"}, "some/nightly"),
        ({"id": "/language:python/"}, "some//language:python"),
    ],
)
def test_the_category_is_what_stands_before_the_last_slash(
    details: dict[str, str] | None, name: str
) -> None:
    assert [scan.name for scan in scans_in_sarif(log(automationDetails=details))] == [name]


def test_runs_of_one_tool_and_one_category_are_one_scan() -> None:
    first, second = log({"ruleId": "A"}), log({"ruleId": "B"}, automationDetails={"id": "x/"})
    third = log({"ruleId": "C"}, invocations=[{"executionSuccessful": False}])
    runs = [*first["runs"], *second["runs"], *third["runs"]]
    plain, other = scans_in_sarif({**first, "runs": runs})
    assert [finding.rule for finding in plain.findings] == ["A", "C"]
    assert [finding.rule for finding in other.findings] == ["B"]
    assert (plain.incomplete, other.incomplete) == ("it did not succeed", "")
