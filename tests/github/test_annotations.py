from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.reports.any_finding import FINDINGS
from tests.reports.sample_runs import everything_wrong, finding, result, run

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.github.pull_request import MOST, github_annotations

# As the runner reads a command: ActionCommand.TryParseV2 of actions/runner.
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
INJECTION = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.HIGH,
    path="main/api.py",
    line=12,
    message="SQL: 100% unsafe\nhere",
    remedy="Use parameters.",
)


def lines(*found: Finding, folder: str = "") -> list[str]:
    return github_annotations(run(replace(result("x"), findings=found)), folder).splitlines()


def undone(text: str) -> str:
    for coded, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(coded, plain)
    return text


def test_an_annotation_says_where_what_and_what_to_do() -> None:
    assert lines(INJECTION) == [
        "::error file=main/api.py,line=12,title=high%3A B608 (bandit)::"
        "SQL: 100%25 unsafe%0Ahere%0AUse parameters."
    ]


def test_the_file_is_named_as_the_repository_has_it() -> None:
    assert "file=apps/one/main/api.py," in lines(INJECTION, folder="apps/one/")[0]
    assert "file=main/api.py," in lines(INJECTION, folder=".")[0]


def test_without_a_file_or_a_line_there_is_none() -> None:
    (nowhere,) = lines(replace(INJECTION, path="", line=0))
    assert nowhere.startswith("::error title=")
    assert "line=" not in lines(replace(INJECTION, line=0))[0]
    assert "file=" not in lines(replace(INJECTION, path="/etc/passwd"))[0]


def test_each_level_has_its_ten_worst() -> None:
    found = [finding(n, severity) for severity in Severity for n in range(1, 16)]
    words = [line.split(" ")[0] for line in lines(*found)]
    assert {word: words.count(word) for word in words} == {
        "::error": MOST,
        "::warning": MOST,
        "::notice": MOST,
    }
    assert all("title=critical" in line for line in lines(*found)[:MOST])


def test_only_what_is_open_is_shown() -> None:
    states = [replace(INJECTION, state=state) for state in FindingState]
    assert len(lines(*states)) == 1


@given(st.lists(FINDINGS, max_size=4))
def test_nothing_in_a_finding_makes_another_command(found: list[Finding]) -> None:
    for line in lines(*found):
        match = COMMAND.fullmatch(line)
        assert match
        names = [part.partition("=")[0] for part in match[2].split(",")]
        assert set(names) <= {"file", "line", "title"}
        assert len(names) == len(set(names))
        assert "##[" not in line
        assert not re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff]", line)


def test_what_was_escaped_comes_back() -> None:
    odd = replace(INJECTION, path="a,b:c%0A=.py", message="50% %0A :: , done", remedy="")
    match = COMMAND.fullmatch(lines(odd)[0])
    assert match
    assert undone(match[2].split(",")[0]) == "file=a,b:c%0A=.py"
    assert undone(match[3]) == "50% %0A :: , done"


def test_a_failed_test_is_shown_beside_its_line() -> None:
    lines = github_annotations(everything_wrong(), "town").splitlines()
    assert lines[0] == (
        "::error file=town/tests/test_wards.py,line=41,"
        "title=failed test%3A tests.test_wards: :test_ward_page::".replace(": :", "%3A%3A")
        + "AssertionError: expected 200, got 404%0A>       assert page.status_code == 200, "
        "'expected 200, got 404'%0AE       AssertionError: expected 200, got 404"
    )
