"""A finding is set aside only where the file itself shows that it is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.findings.false_positives import OPERATIONS, dismiss_false_positives
from shipway.findings.finding import Finding, FindingState, Severity

START = """import os, random, subprocess
from urllib.request import urlopen
TABLE = "berths"
TIPS = ["Mind the tide.", "Fenders out."]
def f(given):
    """


def state(rule: str, line: str, also: tuple[str, ...] = ()) -> FindingState:
    """What becomes of bandit's finding at a line."""
    text = START + line
    found = Finding(
        tool="bandit",
        rule=rule,
        severity=Severity.LOW,
        path="a.py",
        line=text.count("\n") + 1,
        message="m",
        also=also,
    )
    [judged] = dismiss_false_positives([found], {"a.py": text})
    assert bool(judged.because) == (judged.state is FindingState.DISMISSED)
    return judged.state


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("B608", "db.execute(f'SELECT * FROM {TABLE} WHERE a = ?', (given,))"),
        ("B608", "query = 'SELECT * FROM ' + TABLE"),
        ("B603", "subprocess.run(['/bin/df', '-h'], timeout=5)"),
        ("B603", "subprocess.run(args=['/bin/df', '-h'])"),
        ("B602", "subprocess.run('du -s . | cut -f1', shell=True)"),
        ("B605", "os.system('sync')"),
        ("B310", "urlopen('https://beacon.example/', timeout=5)"),
        ("B311", "return random.choice(TIPS)"),
        ("B105", "PASSWORD_FIELD = 'password'"),
    ],
)
def test_what_is_constant_is_set_aside(rule: str, line: str) -> None:
    assert state(rule, line) is FindingState.DISMISSED


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("B608", "db.execute(f'SELECT * FROM {given}')"),
        ("B608", "db.execute(f'SELECT * FROM {TABLE} WHERE a = ' + given)"),
        ("B608", "query = f'SELECT * FROM {TABLE}'; query += given"),
        ("B608", "self.query = f'SELECT * FROM {TABLE}'"),
        ("B608", "db.execute('SELECT * FROM {}'.format(given))"),
        ("B608", "db.execute('SELECT * FROM berths')"),
        ("B603", "subprocess.run([given])"),
        ("B603", "subprocess.run()"),
        ("B602", "subprocess.run('du ' + given, shell=True)"),
        ("B602", "subprocess.run('ls', shell=True); subprocess.run(given, shell=True)"),
        ("B310", "urlopen(given)"),
        ("B310", "urlopen('file:///etc/passwd')"),
        ("B310", "urlopen('http://beacon.example/')"),
        ("B311", "return random.random()"),
        ("B311", "return ''.join(random.choice(TIPS) for _ in range(9))"),
        ("B311", "return random.choice('abc')"),
        ("B311", "return random.choice(given)"),
        ("B105", "PASSWORD = 'password'"),
        ("B105", "PASSWORD_KEY = 'hunter2'"),
        ("B301", "pickle.loads(b'a')"),
    ],
)
def test_what_is_not_certain_stays(rule: str, line: str) -> None:
    assert state(rule, line) is FindingState.OPEN


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ENV PASSWORD_FILE=/run/secrets/password", FindingState.DISMISSED),
        ('ENV KEY_PATH="/run/key" TOKEN_FILE=/run/token', FindingState.DISMISSED),
        ("ENV PASSWORD=/run/secrets/password", FindingState.OPEN),
        ("ENV PASSWORD_FILE=hunter2", FindingState.OPEN),
        ("ENV PASSWORD_FILE=/run/password TOKEN=abc", FindingState.OPEN),
        ("ENV PASSWORD_FILE=/run/password \\", FindingState.OPEN),
    ],
)
def test_the_path_of_a_mounted_secret_is_no_secret(line: str, expected: FindingState) -> None:
    found = Finding(
        tool="hadolint",
        rule="DL3064",
        severity=Severity.MEDIUM,
        path="Dockerfile",
        line=2,
        message="m",
    )
    [judged] = dismiss_false_positives([found], {"Dockerfile": f"FROM a\n{line}\n"})
    assert judged.state is expected
    assert dismiss_false_positives([found], {}) == (found,)


def test_what_another_tool_reports_too_stays() -> None:
    assert state("B603", "subprocess.run(['/bin/df'])", also=("semgrep",)) is FindingState.OPEN


def test_a_file_that_python_cannot_read_or_that_is_not_there_says_nothing() -> None:
    assert state("B603", "subprocess.run(['/bin/df']") is FindingState.OPEN
    found = Finding(
        tool="bandit", rule="B603", severity=Severity.LOW, path="other.py", line=1, message="m"
    )
    assert dismiss_false_positives([found], {}) == (found,)


def test_a_waived_finding_stays_waived() -> None:
    found = Finding(
        tool="bandit",
        rule="B105",
        severity=Severity.LOW,
        path="a.py",
        line=1,
        message="m",
        state=FindingState.WAIVED,
    )
    assert dismiss_false_positives([found], {"a.py": "PASSWORD_FIELD = 'p'"}) == (found,)


def test_advice_about_operations_is_set_aside_and_says_what_it_is() -> None:
    advice = Finding(
        tool="checkov",
        rule="CKV_AWS_157",
        severity=Severity.LOW,
        path="db.yaml",
        line=4,
        message="Multi-AZ",
    )
    [judged] = dismiss_false_positives([advice], {})
    assert judged.state is FindingState.DISMISSED
    assert judged.because == OPERATIONS["CKV_AWS_157"]
    fault = replace(advice, rule="CKV_AWS_17")
    assert dismiss_false_positives([fault], {}) == (fault,)
    assert (
        dismiss_false_positives([replace(advice, tool="other")], {})[0].state is FindingState.OPEN
    )
