"""gitleaks over the working tree and over the history."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckResult, ToolOutput

from . import projects_with_secrets, tiny_application
from .check_results import argv, faults, fix, read, refusal, refused
from .recordings import CASES, FOLDER, SITE, check_named, load, perform

BOTH = ("gitleaks", "gitleaks-history")
HIGH, CRITICAL = Severity.HIGH, Severity.CRITICAL
ONE = {
    "rule": "jwt",
    "what": "A token, perhaps",
    "path": "a.py",
    "line": 3,
    "commit": "",
    "date": "",
    "verified": False,
    "digest": "d" * 64,
    "place": {"commit": "", "path": "a.py", "offset": 40, "length": 36, "literal": True},
}


def said(name: str, code: int = 1, **changes: object) -> ToolOutput:
    """What our program around gitleaks says, with changes."""
    report = {"looked_at": 1, "unread": [], "secrets": [ONE], **changes}
    return ToolOutput(code, json.dumps(report), "")


def found(name: str, **changes: object) -> Finding:
    """The one finding for a secret with changes."""
    (finding,) = (
        check_named(name)
        .read(said(name, secrets=[{**ONE, **changes}]), tiny_application.CONFIG, SITE)
        .findings
    )
    return finding


@pytest.mark.parametrize("name", BOTH)
def test_our_program_runs_it_where_it_lives(name: str) -> None:
    program, *rest = argv(name)
    assert program.endswith("/shipway/checks/scripts/find_secrets.py")
    assert rest == [name, "/app"]
    assert check_named(name).tool.program == "python"
    assert fix(name) is None


@pytest.mark.parametrize("name", BOTH)
def test_it_gates_nothing_by_itself(name: str) -> None:
    assert check_named(name).stage == "security"
    assert check_named(name).gates(tiny_application.CONFIG) == ()


def test_the_history_is_looked_at_again_when_there_is_more_of_it() -> None:
    assert "git:history" in check_named("gitleaks-history").inputs(tiny_application.CONFIG)


def test_what_git_ignores_and_what_tools_made_is_not_reported() -> None:
    assert faults(read("gitleaks", "bad")) == [
        ("private-key", "infra/a key.pem", 1, CRITICAL),
        ("aws-access-token", "infra/deploy.env", 1, CRITICAL),
        ("github-pat", "town/client.py", 3, HIGH),
        ("generic-api-key", "town/client.py", 4, HIGH),
    ]


def test_a_finding_says_what_kind_of_secret_and_what_to_do() -> None:
    key, aws = read("gitleaks", "bad").findings[:2]
    assert (key.message, key.kind, key.cwe) == (
        "Identified a Private Key",
        FindingKind.SECRET,
        ("CWE-321",),
    )
    assert aws.cwe == ("CWE-798",)
    assert "gitleaks:allow" in aws.remedy


def test_the_projects_own_settings_hold() -> None:
    assert faults(read("gitleaks", "own-settings")) == [
        ("generic-api-key", "town/client.py", 4, HIGH),
        ("berth", "town/own.py", 1, HIGH),
    ]


def test_settings_that_it_cannot_read_are_no_pass() -> None:
    assert refused("gitleaks", "wrong-settings").startswith(
        "gitleaks ended with 2 and no result: error: gitleaks ended with 1: Failed to load config"
    )


def test_the_history_names_the_oldest_commit_and_counts_the_others() -> None:
    reading = read("gitleaks-history", "bad")
    assert faults(reading) == [
        ("github-pat", "town/client.py", 3, HIGH),
        ("github-pat", "town/side.py", 1, HIGH),
        ("github-pat", "town/merged.py", 1, HIGH),
    ]
    words = "Uncovered a GitHub Personal Access Token (in commit "
    assert [one.message for one in reading.findings] == [
        f"{words}3fa1896 and 1 more)",
        f"{words}d39f387 and 1 more)",
        f"{words}20bf84b)",
    ]
    assert "whoever has a clone has it" in reading.findings[0].remedy


def test_a_file_that_is_a_secret_by_its_name_is_told_apart_by_its_place() -> None:
    twice = [{**ONE, "rule": "pkcs12-file", "digest": "", "line": line} for line in (1, 1, 2)]
    output = said("gitleaks-history", secrets=[{**one, "commit": "c" * 40} for one in twice])
    reading = check_named("gitleaks-history").read(output, tiny_application.CONFIG, SITE)
    assert faults(reading) == [("pkcs12-file", "a.py", line, CRITICAL) for line in (1, 2)]


@pytest.mark.parametrize("name", BOTH)
def test_clean_is_clean(name: str) -> None:
    assert read(name, "clean") == CheckResult()


def test_nothing_to_look_at_is_no_pass() -> None:
    assert refused("gitleaks", "nothing") == "gitleaks found no files"
    assert refused("gitleaks-history", "nothing") == "there is no commit yet"


def test_a_history_that_is_not_whole_is_no_pass() -> None:
    problem = refusal("gitleaks-history", load("gitleaks-history", "shallow"))
    assert "shallow" in problem.message
    assert "git fetch --unshallow" in problem.remedy


def test_no_repository_is_said() -> None:
    problem = refusal("gitleaks-history", load("gitleaks-history", "no-repository"))
    assert problem.message == "there is no git repository here, and so no history"
    assert "gitleaks-history = false" in problem.remedy


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("no git", "git is not here"),
        ("git", "git refused: fatal: no"),
        ("key", "the key that tells secrets apart cannot be kept: fatal: no"),
    ],
)
def test_every_refusal_has_a_sentence_and_a_remedy(why: str, sentence: str) -> None:
    output = ToolOutput(3, json.dumps({"refused": why, "said": "fatal: no"}), "")
    problem = refusal("gitleaks", output)
    assert problem.message == sentence
    assert problem.remedy


def test_a_file_that_it_may_not_read_is_no_pass() -> None:
    problem = refusal("gitleaks", said("gitleaks", unread=["a.pem", "b.pem"]))
    assert problem.message == "gitleaks could not read a.pem and 1 more"


@pytest.mark.parametrize(
    "output",
    [
        said("gitleaks", 0),
        said("gitleaks", 1, secrets=[]),
        said("gitleaks", -15),
        said("gitleaks", secrets=[{}]),
        said("gitleaks", secrets=None),
        ToolOutput(1, "[]", ""),
        ToolOutput(3, '{"refused": "of old", "said": ""}', ""),
        ToolOutput(0, '{"refused": "git"}', ""),
        ToolOutput(3, '{"refused": "git"}', ""),
    ],
)
def test_what_does_not_fit_together_is_no_result(output: ToolOutput) -> None:
    assert "no result" in refusal("gitleaks", output).message


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("private-key", CRITICAL),
        ("age-secret-key", CRITICAL),
        ("gcp-api-key", CRITICAL),
        ("azure-ad-client-secret", CRITICAL),
        ("digitalocean-pat", CRITICAL),
        ("slack-bot-token", HIGH),
        ("mailgun-pub-key", HIGH),
        ("awesome-key", HIGH),
    ],
)
def test_private_keys_and_keys_of_clouds_are_the_worst(rule: str, severity: Severity) -> None:
    assert found("gitleaks", rule=rule).severity is severity


def test_the_same_secret_is_known_again_in_another_file_and_in_the_history() -> None:
    one = found("gitleaks")
    for finding in (
        found("gitleaks", path="b.py", line=9),
        found("gitleaks-history", commit="c" * 40),
    ):
        assert finding.fingerprint == one.fingerprint
    assert found("gitleaks", digest="e" * 64).fingerprint != one.fingerprint


@pytest.mark.parametrize("name", BOTH)
def test_no_secret_is_in_what_was_recorded(name: str) -> None:
    for file in (FOLDER / name).iterdir():
        text = file.read_text()
        assert not [secret for secret in projects_with_secrets.ALL if secret in text]


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "case"), projects_with_secrets.CASES, ids=map("-".join, projects_with_secrets.CASES)
)
def test_gitleaks_still_says_what_was_recorded(name: str, case: str, tmp_path: Path) -> None:
    output = perform(name, case, str(tmp_path), "python")
    assert known(output) == known(load(name, case))
    text = output.stdout + output.stderr
    assert not [secret for secret in projects_with_secrets.ALL if secret in text]
    files = CASES[name, case]
    assert {path: (tmp_path / path).read_text() for path in files} == files


def known(output: ToolOutput) -> ToolOutput:
    """Without the digests: where there is no commit, every machine has another key."""
    if not output.stdout:
        return output
    report = json.loads(output.stdout)
    for one in report.get("secrets", []):
        assert len(one.pop("digest")) == 64
    return replace(output, stdout=json.dumps(report))
