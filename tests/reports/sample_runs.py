"""Made-up results, rich enough to show every part of every output."""

from __future__ import annotations

from dataclasses import replace

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.findings.finding import FindingKind as About
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import Comparison, RunResult, StepResult, TestFailure, TestTally
from shipway.pipeline.step import Step, StepKind

STARTED = 1_790_000_000.0
HOSTILE = "<script>alert(1)</script>\x1b[31mred\x1b]0;title\x07\x00\u202egnp.exe\udc80&\"'"


def step(name: str, stage: str = "quality", needs: tuple[str, ...] = ()) -> Step:
    return Step(name=name, stage=stage, kind=StepKind.COMMAND, work={"run": ["true"]}, needs=needs)


def finding(number: int, severity: Severity = Severity.MEDIUM) -> Finding:
    message = f"line too long ({100 + number} > 100)"
    return Finding(
        tool="ruff",
        rule="E501",
        severity=severity,
        path="main/pages.py",
        line=number,
        message=message,
    )


def result(name: str, outcome: Outcome = Outcome.PASSED, stage: str = "quality") -> StepResult:
    return StepResult(step=name, stage=stage, outcome=outcome, started=STARTED, seconds=0.12)


def run(*steps: StepResult, verdict: Verdict = Verdict.PASSED, address: str = "") -> RunResult:
    return RunResult(
        run="42",
        application="mycandidate",
        verdict=verdict,
        started=STARTED,
        seconds=4.2,
        steps=steps,
        address=address,
    )


COVERAGE_GATE = GateResult(
    Gate("coverage", Bound.AT_LEAST, 80),
    "",
    71.25,
    "%",
    passed=False,
    worst=("main/importer.py 41 %", "main/api.py 62 %"),
)
_FILES = {
    "main/importer.py": 41.0,
    "main/api.py": 62.5,
    "main/pages.py": 88.9,
    "main/models.py": 97.1,
    "main/health.py": 100.0,
    "main/very/deeply/nested/package/with_a_long_file_name.py": 74.0,
}
_ENDPOINTS = {
    "ward page": (11.2, 31.4, 48.0, 410.2, 0.0),
    "candidates API": (9.1, 27.7, 39.5, 398.0, 0.0),
    "ward search": (21.9, 88.2, 140.3, 120.0, 0.4),
}
_LOG = "log-unit"
BLOBS = {
    _LOG: "\n".join(
        [f"tests/test_wards.py::test_ward_{n} PASSED" for n in range(260)]
        + ["E   AssertionError: assert 404 == 200", "1 failed, 260 passed in 3.20s"]
    ).encode(),
    "log-deploy": b"starting gunicorn\nModuleNotFoundError: No module named 'main.wsgi'\n",
}


def coverage() -> tuple[Measure, ...]:
    files = tuple(Measure("coverage", value, "%", path) for path, value in _FILES.items())
    return (Measure("coverage", 71.25, "%"), *files)


def performance() -> tuple[Measure, ...]:
    names = (("p50", "ms"), ("p95", "ms"), ("p99", "ms"), ("rps", "/s"), ("error-rate", "%"))
    return tuple(
        Measure(name, value, unit, endpoint)
        for endpoint, values in _ENDPOINTS.items()
        for (name, unit), value in zip(names, values, strict=True)
    )


def receipt() -> dict[str, object]:
    return {
        "verdict": "passed",
        "cause": "",
        "requests": 1840,
        "failed": 0,
        "releases": {
            "1.3.9+77aa01b.aa12ff": {
                "requests": 902,
                "failed": 0,
                "p50": 9.8,
                "p95": 30.1,
                "p99": 44.0,
            },
            "1.4.0+3f2a91c.8c1d02": {
                "requests": 938,
                "failed": 0,
                "p50": 10.1,
                "p95": 31.2,
                "p99": 47.9,
            },
        },
        "timeline": [
            {"at": STARTED + 20.0, "stage": "start", "text": "instance 1 of 1.4.0 started"},
            {"at": STARTED + 21.4, "stage": "health", "text": "it answers on /health/ready"},
            {"at": STARTED + 21.9, "stage": "join", "text": "it takes half of the requests"},
            {"at": STARTED + 24.0, "stage": "stop", "text": "instance 1 of 1.3.9 stopped"},
        ],
    }


def _quality() -> tuple[StepResult, ...]:
    return (
        StepResult(
            step="ruff",
            stage="quality",
            outcome=Outcome.CACHED,
            started=STARTED - 9000,
            seconds=0.31,
        ),
        StepResult(
            step="ruff-format",
            stage="quality",
            outcome=Outcome.CACHED,
            started=STARTED - 9000,
            seconds=0.22,
        ),
        StepResult(
            step="flake8",
            stage="quality",
            outcome=Outcome.PASSED,
            started=STARTED + 0.1,
            seconds=1.4,
        ),
        StepResult(
            step="install", stage="test", outcome=Outcome.PASSED, started=STARTED + 0.1, seconds=4.1
        ),
        StepResult(
            step="mypy",
            stage="quality",
            outcome=Outcome.PASSED,
            started=STARTED + 4.3,
            seconds=6.2,
            needs=("install",),
            findings=tuple(finding(n, Severity.LOW) for n in range(1, 4)),
        ),
    )


def passed_run() -> RunResult:
    """A run with everything in it that went well."""
    coverage_gate = replace(COVERAGE_GATE, figure=91.5, passed=True, worst=())
    slow = Gate("p95", Bound.AT_MOST, 500, "*")
    steps = (
        *_quality(),
        StepResult(
            step="unit",
            stage="test",
            outcome=Outcome.PASSED,
            started=STARTED + 4.3,
            seconds=3.2,
            needs=("install",),
            tests=TestTally(260, 0, 2, ("test_redis: no Redis here", "test_pg: no server")),
            measures=coverage(),
            gates=(coverage_gate,),
        ),
        StepResult(
            step="performance",
            stage="test",
            outcome=Outcome.PASSED,
            started=STARTED + 10.6,
            seconds=9.0,
            needs=("unit",),
            measures=performance(),
            gates=tuple(
                GateResult(slow, name, values[1], "ms", passed=True)
                for name, values in _ENDPOINTS.items()
            ),
        ),
        StepResult(
            step="package",
            stage="build",
            outcome=Outcome.PASSED,
            started=STARTED + 10.6,
            seconds=0.8,
            needs=("unit", "mypy"),
        ),
        StepResult(
            step="deploy",
            stage="deploy",
            outcome=Outcome.PASSED,
            started=STARTED + 19.7,
            seconds=5.1,
            needs=("package", "performance"),
            rollout=Verdict.PASSED,
            facts={"receipt": receipt()},
        ),
        StepResult(
            step="smoke",
            stage="verify",
            outcome=Outcome.PASSED,
            started=STARTED + 24.9,
            seconds=0.4,
            needs=("deploy",),
        ),
    )
    return RunResult(
        run="20261123-2030-7f3a",
        application="mycandidate",
        verdict=Verdict.PASSED,
        started=STARTED,
        seconds=25.3,
        steps=steps,
        commit="3f2a91c0d4e5b6a79888776655443322110000aa",
        branch="main",
        jobs=2,
        address="http://127.0.0.1:8080",
    )


def failed_run() -> RunResult:
    """A run in which most things went wrong, with hostile names in it."""
    findings = (
        Finding(
            tool="bandit",
            rule="B602",
            severity=Severity.CRITICAL,
            path="main/<script>.py",
            line=12,
            message=HOSTILE,
        ),
        *(finding(number) for number in range(1, 31)),
        Finding(
            tool="ruff",
            rule="F401",
            severity=Severity.HIGH,
            path="main/api.py",
            line=3,
            message="`os` imported but unused",
            remedy="Remove the import.",
        ),
    )
    slow = Gate("p95", Bound.AT_MOST, 50, "*")
    steps = (
        *_quality(),
        StepResult(
            step="bandit",
            stage="security",
            outcome=Outcome.FAILED,
            started=STARTED + 1.6,
            seconds=2.2,
            findings=findings,
            reason="32 findings",
            remedy="Mend them, or waive each with a date.",
            command="shipway run bandit",
        ),
        StepResult(
            step="trivy",
            stage="security",
            outcome=Outcome.ERROR,
            started=STARTED,
            seconds=0.0,
            reason="the program trivy is not on PATH",
            remedy="Install it: https://trivy.dev",
        ),
        StepResult(
            step="unit",
            stage="test",
            outcome=Outcome.FAILED,
            started=STARTED + 4.3,
            seconds=3.2,
            needs=("install",),
            reason="1 test failed: tests/test_wards.py::test_ward_page",
            remedy="Look at the log.",
            command="shipway -C mycandidate run unit",
            tests=TestTally(260, 1, 2, ("test_redis: no Redis here", HOSTILE)),
            measures=coverage(),
            gates=(COVERAGE_GATE,),
            log=_LOG,
        ),
        StepResult(
            step="performance",
            stage="test",
            outcome=Outcome.PASSED,
            started=STARTED + 10.6,
            seconds=9.0,
            measures=performance(),
            gates=tuple(
                GateResult(slow, name, values[1], "ms", passed=values[1] <= 50)
                for name, values in _ENDPOINTS.items()
            ),
        ),
        StepResult(
            step="deploy",
            stage="deploy",
            outcome=Outcome.FAILED,
            started=STARTED + 20,
            seconds=2.0,
            needs=("performance",),
            reason="the new release crashed at its start",
            rollout=Verdict.ROLLED_BACK,
            log="log-deploy",
            facts={
                "receipt": {
                    "verdict": "rolled back",
                    "cause": "instance 1 crashed: " + HOSTILE,
                    "requests": 812,
                    "failed": 0,
                }
            },
        ),
        StepResult(
            step="package",
            stage="build",
            outcome=Outcome.UPSTREAM_FAILED,
            started=STARTED + 7.5,
            seconds=0.0,
            reason="unit did not pass",
            needs=("unit",),
        ),
        StepResult(
            step="docs",
            stage="build",
            outcome=Outcome.SKIPPED,
            started=STARTED,
            seconds=0.0,
            reason="nothing below docs/ changed",
        ),
        StepResult(
            step="smoke",
            stage="verify",
            outcome=Outcome.CANCELLED,
            started=STARTED + 22,
            seconds=0.2,
            needs=("deploy",),
        ),
    )
    return RunResult(
        run="20261123-2031-11aa",
        application="mycandidate",
        verdict=Verdict.ROLLED_BACK,
        started=STARTED,
        seconds=22.3,
        steps=steps,
        commit="3f2a91c0d4e5b6a79888776655443322110000aa",
        branch="feature/<script>alert('b')</script>",
        jobs=2,
    )


SOURCES = {
    "main/api.py": (
        "import os\n\n\ndef page(request):\n    name = request.args['name']\n"
        "    query = f\"SELECT * FROM ward WHERE name = '{name}'\"\n"
        "    row = cursor.execute(query).fetchone()\n    return row\n"
    )
}


def judged_run() -> RunResult:
    """A run whose scanners' findings were judged together, of every kind and state."""
    jinja = Finding(
        tool="pip-audit",
        rule="GHSA-gmj6-6f8f-6699",
        severity=Severity.CRITICAL,
        path="uv.lock",
        line=0,
        message="Jinja has a sandbox breakout",
        remedy="Update jinja2 to 3.1.5.",
        kind=About.DEPENDENCY,
        cvss=9.8,
        ids=("GHSA-gmj6-6f8f-6699", "CVE-2024-56201"),
        package="jinja2 3.1.4",
        link="https://osv.dev/x",
    )
    injection = Finding(
        tool="bandit",
        rule="B608",
        severity=Severity.HIGH,
        path="main/api.py",
        line=7,
        message="SQL from words of a request",
        remedy="Give values as parameters.",
        confidence="medium",
        cwe=("CWE-89",),
        link="https://bandit.readthedocs.io/",
        also=("semgrep",),
    )
    key = Finding(
        tool="gitleaks",
        rule="generic-api-key",
        severity=Severity.HIGH,
        path="main/keys.py",
        line=10,
        message="Generic API key",
        remedy="Revoke it.",
        kind=About.SECRET,
    )
    root = Finding(
        tool="hadolint",
        rule="DL3002",
        severity=Severity.MEDIUM,
        path="Dockerfile",
        line=3,
        message="Last user is root",
        kind=About.CONFIGURATION,
        state=FindingState.WAIVED,
        because="a build image (Ann)",
    )
    found = (jinja, injection, key, root)
    scanned = replace(result("bandit", stage="security"), findings=(injection,))
    judged = replace(
        result("findings", Outcome.FAILED, "security"),
        findings=found,
        needs=("bandit",),
        facts={"fixed": 2, "compared": True},
    )
    return run(scanned, judged, verdict=Verdict.FAILED)


def many_findings(number: int) -> StepResult:
    found = tuple(
        Finding(
            tool=f"tool{n % 9}",
            rule=f"R{n % 300}",
            severity=Severity(n % 5),
            path=f"main/part{n % 40}/file{n % 900}.py",
            line=n % 1000 + 1,
            message=f"value number {n} of the request reaches the query unchecked",
            remedy=f"Give values as parameters, as in example {n % 50}.",
            cwe=(f"CWE-{n % 90}",),
            link=f"https://example.org/rules/R{n % 300}",
            content=f"cursor.execute(query_{n})",
        )
        for n in range(number)
    )
    return replace(result("findings", Outcome.FAILED, "security"), findings=found)


def everything_wrong() -> RunResult:
    """A run with one fault of nearly every kind, some of them new since main."""
    judged = judged_run().steps
    lint = GateResult(
        Gate("findings", Bound.AT_MOST, 0), "", 1, "", passed=False, worst=(), tool="flake8"
    )
    unused = replace(finding(12), tool="flake8", rule="F401", message="'os' imported but unused")
    types = replace(
        finding(33),
        tool="mypy",
        rule="arg-type",
        message='Argument 1 to "ward" has incompatible type "str"; expected "int"',
    )
    failures = (
        TestFailure(
            "tests.test_wards::test_ward_page",
            "AssertionError: expected 200, got 404",
            "tests/test_wards.py",
            41,
            (
                ">       assert page.status_code == 200, 'expected 200, got 404'",
                "E       AssertionError: expected 200, got 404",
            ),
        ),
        TestFailure(
            "tests.integration.test_the_import_of_candidates::test_a_row_without_a_ward_is_named",
            "assert 'row 17' in 'no ward'",
            "tests/integration/test_the_import_of_candidates.py",
            120,
            (),
        ),
    )
    unit = replace(
        result("unit", Outcome.FAILED, "test"),
        reason="2 of 261 tests failed: tests.test_wards::test_ward_page: expected 200, got 404",
        remedy="Correct the code or the test; shipway run unit runs these tests alone.",
        command="shipway run unit",
        tests=TestTally(259, 2, 0, failures=failures),
        log=_LOG,
        measures=coverage(),
    )
    scanned, findings = judged
    broken = tuple(
        replace(lint, gate=Gate(name, Bound.AT_MOST, 0), tool="")
        for name in ("critical findings", "high findings", "secrets")
    )
    steps = (
        *_quality()[:2],
        replace(
            result("flake8", Outcome.FAILED),
            findings=(unused,),
            gates=(lint,),
            reason=lint.sentence,
            remedy="Correct it where it is named; shipway run flake8 looks again.",
            command="shipway run flake8",
        ),
        replace(
            result("mypy", Outcome.FAILED),
            findings=(types,),
            gates=(replace(lint, tool="mypy"),),
            reason=replace(lint, tool="mypy").sentence,
            remedy="Correct it where it is named; shipway run mypy looks again.",
            command="shipway run mypy",
        ),
        scanned,
        replace(findings, gates=broken, reason=broken[0].sentence, command="shipway run findings"),
        unit,
        replace(
            result("coverage", Outcome.FAILED, "test"),
            gates=(COVERAGE_GATE,),
            reason=COVERAGE_GATE.sentence,
            remedy="Write tests for what is not run.",
        ),
        replace(
            result("trivy", Outcome.ERROR, "security"),
            reason="trivy is not here",
            remedy="Install it: https://trivy.dev",
            code="tool-missing",
        ),
        replace(
            result("deploy-local", Outcome.UPSTREAM_FAILED, "deploy"), reason="unit ended failed"
        ),
    )
    known = (
        "test unit tests.integration.test_the_import_of_candidates::"
        "test_a_row_without_a_ward_is_named",
    )
    looked = ("unit", "flake8", "mypy", "findings", "bandit")
    return replace(
        run(*steps, verdict=Verdict.FAILED),
        compared=Comparison(run="20261122-1200-aa11", looked=looked, known=known),
        commit="3f2a91c0d4e5b6a79888776655443322110000aa",
        branch="wards",
    )
