"""All findings as one table with one judgement."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shipway.config.schema import Config, Waiver
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.scan import Scan
from shipway.pipeline.findings_step import findings_step
from shipway.pipeline.imported_scans import keep_scan
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext

from .contexts import workshop

STEP = Step(
    name="findings",
    stage="security",
    kind=StepKind.ACTION,
    work={"action": "findings"},
    needs=("bandit", "semgrep"),
)
SQL = Finding(
    tool="bandit",
    rule="B608",
    severity=Severity.HIGH,
    path="main/a.py",
    line=2,
    message="SQL from parts",
    cwe=("CWE-89",),
)
SAME = Finding(
    tool="semgrep",
    rule="sql",
    severity=Severity.MEDIUM,
    path="main/a.py",
    line=2,
    message="SQL",
    cwe=("CWE-89",),
)
NOW = datetime(2026, 11, 24, tzinfo=UTC).timestamp()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "a.py").write_text("import db\ndb.execute('a' + b)\n")
    return tmp_path


def context(root: Path, *found: Finding, **changes: Any) -> StepContext:
    upstream = {
        tool: StepResult(
            step=tool,
            stage="security",
            outcome=Outcome.PASSED,
            findings=tuple(one for one in found if one.tool == tool),
        )
        for tool in ("bandit", "semgrep")
    }
    return workshop(root, upstream=upstream, now=lambda: NOW, **changes)


def judged(root: Path, *found: Finding, **changes: Any) -> StepResult:
    said: list[str] = []
    result = findings_step(STEP, context(root, *found, **changes), said.append)
    assert said[-1].count(",") == 5  # open, known, waived, set aside, mended, silenced
    return result


def test_one_fault_that_two_tools_see_fails_the_gate_once(root: Path) -> None:
    result = judged(root, SQL, SAME)
    assert result.outcome is Outcome.FAILED
    assert result.reason == ("1 high finding is open; none is allowed; worst: main/a.py:2 (B608)")
    (one,) = result.findings
    assert one.tools == ("bandit", "semgrep")
    assert one.content == "db.execute('a' + b)"


def test_what_the_code_shows_to_be_none_is_set_aside_and_fails_no_gate(root: Path) -> None:
    (root / "main" / "a.py").write_text('T = "a"\ndb.execute(f"SELECT * FROM {T}")\n')
    result = judged(root, SQL)
    assert result.outcome is Outcome.PASSED
    assert result.findings[0].state is FindingState.DISMISSED
    assert judged(root, SQL, SAME).outcome is Outcome.FAILED


def test_nothing_found_passes(root: Path) -> None:
    assert judged(root).outcome is Outcome.PASSED


def test_what_the_baseline_has_does_not_count_after_moving_and_reformatting(root: Path) -> None:
    before = judged(root, SQL).findings[0].fingerprint
    (root / "main" / "a.py").write_text("import db\n\n\ndb.execute(\n    'a'\n    + b\n)\n")
    moved = Finding(
        tool="bandit",
        rule="B608",
        severity=Severity.HIGH,
        path="main/a.py",
        line=5,
        message="SQL",
        cwe=("CWE-89",),
    )
    result = judged(root, moved, baseline=(before, "gone"))
    assert result.outcome is Outcome.PASSED
    assert result.findings[0].state is FindingState.KNOWN
    assert result.facts["fixed"] == 1


def test_a_waiver_of_the_configuration_and_one_in_a_comment_hold(root: Path) -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC).date()
    waived = Config(waivers=(Waiver("not reachable", "ann", until, "B608"),))
    assert judged(root, SQL, config=waived).findings[0].state is FindingState.WAIVED
    (root / "main" / "a.py").write_text(
        "# shipway: waive B608 until 2027-01-01 by ann: not reachable\ndb.execute('a' + b)\n"
    )
    assert judged(root, SQL).outcome is Outcome.PASSED


def test_a_waiver_that_has_expired_lets_the_finding_count_and_is_one(root: Path) -> None:
    gone = datetime(2026, 11, 1, tzinfo=UTC).date()
    result = judged(root, SQL, config=Config(waivers=(Waiver("x", "ann", gone, "B608"),)))
    assert result.outcome is Outcome.FAILED
    assert [one.rule for one in result.findings] == ["B608", "waiver-expired"]


def test_a_comment_that_wants_to_be_a_waiver_and_is_none_is_a_finding(root: Path) -> None:
    (root / "main" / "a.py").write_text("x = 1  # shipway: waive everything\n")
    assert [one.rule for one in judged(root).findings] == ["waiver-not-understood"]


def test_comments_that_silence_a_tool_are_counted(root: Path) -> None:
    (root / "main" / "a.py").write_text("x = eval(y)  # nosec B307\n")
    assert judged(root).facts["suppressions"] == [("bandit", "main/a.py:1")]


def test_what_was_imported_from_elsewhere_counts_too(root: Path) -> None:
    found = Finding(
        tool="CodeQL",
        rule="py/sql",
        severity=Severity.CRITICAL,
        path="main/a.py",
        line=2,
        message="SQL",
        cwe=("CWE-89",),
    )
    scan = Scan(tool="CodeQL", findings=(found,))
    keep_scan(str(root / ".shipway"), scan, name=scan.name, source="codeql.sarif", now=NOW)
    result = judged(root, SQL)
    assert result.findings[0].tools == ("bandit", "CodeQL")
    assert result.reason.startswith("1 critical finding is open")


def test_a_secret_keeps_the_content_that_its_check_gave(root: Path) -> None:
    secret = Finding(
        tool="semgrep",
        rule="key",
        severity=Severity.HIGH,
        path="main/a.py",
        line=2,
        message="a key",
        kind=FindingKind.SECRET,
        content="hmac",
    )
    assert judged(root, secret).findings[0].content == "hmac"
    bare = Finding(
        tool="semgrep",
        rule="key",
        severity=Severity.HIGH,
        path="main/a.py",
        line=2,
        message="a key",
        kind=FindingKind.SECRET,
    )
    assert judged(root, bare).findings[0].content == ""
