"""How a step's work is done: real programs, checks that are a line of Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.pipeline.contexts import Probe, probing, workshop
from tests.sandboxes import PLAIN, need_sandbox

from shipway.config.schema import Config
from shipway.config.tables import Service
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingState, Severity
from shipway.pipeline.check import CheckContext, CheckResult, Tool, ToolOutput, ToolSource
from shipway.pipeline.execution import execute_step
from shipway.pipeline.gates import Bound, Gate, Measure
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.service_kinds import ProvidedService
from shipway.pipeline.step import BASE_ENV, Step, StepKind
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.system.process import SystemProcesses


@dataclass(frozen=True)
class Reads(Probe):
    """A check that understands one thing, whatever it runs."""

    reading: CheckResult = field(default_factory=CheckResult)

    def read(self, output: ToolOutput, config: Config, check_context: CheckContext) -> CheckResult:
        """That."""
        return self.reading


def quiet(line: str) -> None:
    """Nobody listens."""


def command(script: str, **more: object) -> Step:
    return Step(
        name="s", stage="test", kind=StepKind.COMMAND, work={"argv": ["sh", "-c", script]}, **more
    )  # type: ignore[arg-type]


def done(root: Path, check: Probe, **changes: object) -> StepResult:
    """A check's result."""
    context = workshop(root, **{"checks": lambda name: check, **changes})  # type: ignore[arg-type]
    return execute_step(probing(check, timeout=60.0), context, quiet)


# -- commands ------------------------------------------------------------------------------


def test_a_command_passes_or_fails_by_its_exit_code_and_keeps_its_log(tmp_path: Path) -> None:
    context, said = workshop(tmp_path), []
    passed = execute_step(command("pwd; echo err >&2"), context, said.append)
    assert passed.outcome is Outcome.PASSED
    assert context.blobs.get(passed.log) == f"{tmp_path}\nerr\n".encode()
    assert sorted(said) == sorted([str(tmp_path), "err"])
    failed = execute_step(command("exit 3"), context, quiet)
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, "it ended with exit code 3")
    assert failed.log == ""
    killed = execute_step(command("kill -9 $$"), context, quiet)
    assert (killed.outcome, killed.reason) == (Outcome.FAILED, "it ended with signal 9")


def test_a_check_without_network_reaches_loopback_only(tmp_path: Path) -> None:
    need_sandbox()
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(s.getsockname(), 5)\n"
        "try: socket.create_connection(('192.0.2.1', 80), 5)\n"
        "except OSError as error: print(error.strerror)"
    )
    probe = Probe(code=code)
    step = probing(probe)
    step.work["network"] = False
    context = workshop(tmp_path, checks=lambda name: probe)
    result = execute_step(step, context, quiet)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "Network is unreachable")


def test_a_check_that_cannot_lose_the_network_is_unavailable(tmp_path: Path) -> None:
    need_sandbox(PLAIN)
    probe = Probe(code="open('ran', 'w')")
    step = probing(probe)
    step.work["network"] = False
    processes = SystemProcesses(modes=(PLAIN,))
    context = workshop(tmp_path, checks=lambda name: probe, processes=processes)
    result = execute_step(step, context, quiet)
    assert (result.outcome, result.code) == (Outcome.ERROR, "sandbox-unavailable")
    assert "network = false cannot be held here" in result.reason
    assert not (tmp_path / "ran").exists()


def test_a_check_keeps_its_own_folder_of_the_state(tmp_path: Path) -> None:
    probe = Probe(code="open('.shipway/cache/new', 'w')", kept="cache")
    context = workshop(tmp_path, checks=lambda name: probe)
    assert execute_step(probing(probe), context, quiet).outcome is Outcome.PASSED
    assert (tmp_path / ".shipway" / "cache" / "new").exists()


def test_a_program_sees_the_base_and_what_it_declares_and_nothing_else(tmp_path: Path) -> None:
    given = {"PATH": os.environ["PATH"], "MODE": "a", "PASSWORD": "hush"}
    context = workshop(tmp_path, environment=given)
    result = execute_step(command("env", env=("MODE", "ABSENT")), context, quiet)
    log = (context.blobs.get(result.log) or b"").decode()
    names = {line.partition("=")[0] for line in log.splitlines()}
    assert {"PATH", "MODE"} <= names
    marks = {"SHIPWAY_STEP"}  # where there are no namespaces to find its processes by
    assert names <= {*BASE_ENV, *marks, "MODE", "PWD", "OLDPWD", "SHLVL", "_"}


def test_what_takes_too_long_failed_and_what_was_stopped_did_not(tmp_path: Path) -> None:
    context = workshop(tmp_path)
    late = execute_step(command("echo begun; exec sleep 600", timeout=3.0), context, quiet)
    assert late.outcome is Outcome.FAILED
    assert late.reason == "it took longer than its limit of 3 s and was ended"
    assert "shipway run s" in late.remedy
    assert context.blobs.get(late.log) == b"begun\n"
    context.processes.cancel()  # type: ignore[attr-defined]
    stopped = execute_step(command("sleep 600"), context, quiet)
    assert (stopped.outcome, stopped.reason) == (Outcome.CANCELLED, "it was stopped")


# -- checks --------------------------------------------------------------------------------


def test_a_check_passes_fails_or_cannot_run(tmp_path: Path) -> None:
    assert done(tmp_path, Probe()).outcome is Outcome.PASSED
    failed = done(tmp_path, Probe(code="print('a fault')"))
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, "a fault")
    assert failed.remedy == "Mend it."
    senseless = done(tmp_path, Probe(code="print('?')"))
    assert (senseless.outcome, senseless.reason) == (Outcome.ERROR, "it makes no sense")
    assert senseless.remedy == "Ask another."
    assert senseless.log


def test_a_check_that_takes_too_long_failed(tmp_path: Path) -> None:
    check = Probe(code="import time; print('begun', flush=True); time.sleep(600)")
    context = workshop(tmp_path, checks=lambda name: check)
    late = execute_step(probing(check, timeout=0.5), context, quiet)
    assert late.outcome is Outcome.FAILED
    assert "limit of 0.5 s" in late.reason


def test_without_the_applications_environment_a_check_in_it_cannot_run(tmp_path: Path) -> None:
    missing = done(tmp_path, Probe(), upstream={})
    assert missing.outcome is Outcome.ERROR
    assert missing.reason == "the application's environment is not there"
    assert "install" in missing.remedy


def test_a_tool_of_its_own_is_run_by_uv_and_missing_without_it(tmp_path: Path) -> None:
    tool = Tool("ruff", "ruff", "0.1", ("more==1",))
    missing = done(tmp_path, Probe(tool=tool), uv="no-such-uv")
    assert (missing.outcome, missing.reason) == (Outcome.ERROR, "no-such-uv is not here")
    shown = done(tmp_path, Probe(tool=tool, code="x"), uv="/bin/echo")
    words = f"tool run --quiet --python {sys.executable} --from ruff==0.1 --with more==1 ruff -c x"
    assert shown.reason.startswith(words)


def test_a_program_of_the_system_is_taken_from_the_path_or_missing(tmp_path: Path) -> None:
    there = Probe(tool=Tool("echo", home=ToolSource.SYSTEM), code="x")
    assert done(tmp_path, there).reason.startswith("-c x")
    absent = Probe(tool=Tool("no-such-scanner", home=ToolSource.SYSTEM, how="apt-get install it"))
    missing = done(tmp_path, absent)
    assert (missing.outcome, missing.reason) == (Outcome.ERROR, "no-such-scanner is not here")
    assert missing.remedy == "apt-get install it"


def test_a_module_of_shipways_own_is_run_by_its_own_python(tmp_path: Path) -> None:
    own = Probe(tool=Tool("this", home=ToolSource.OWN), code="x")
    assert "Beautiful is better than ugly." in done(tmp_path, own).reason


def test_reports_are_kept_and_given_to_what_needs_them(tmp_path: Path) -> None:
    writes = Probe(
        reports=("report.txt", "absent.txt"),
        code="import sys; open(sys.argv[1] + '/report.txt', 'w').write('kept')",
    )
    context = workshop(tmp_path, checks=lambda name: writes)
    result = execute_step(probing(writes), context, quiet)
    assert list(result.reports) == ["report.txt"]
    assert context.blobs.get(result.reports["report.txt"]) == b"kept"
    reads = Probe(name="reader", code="import sys; print(open(sys.argv[3] + '/report.txt').read())")
    step = probing(reads, needs=("probe", "skipped"))
    later = replace(context, checks=lambda name: reads, out=str(tmp_path / "later"))
    later = replace(later, upstream={**context.upstream, "probe": result})
    for _ in range(2):  # written anew where it is gone, left alone where it is
        assert execute_step(step, later, quiet).reason == "kept"
    assert (tmp_path / "later" / "probe" / "report.txt").read_text() == "kept"


def test_the_reports_of_what_did_not_pass_are_given_to_nobody(tmp_path: Path) -> None:
    reads = Probe(name="reader", code="import sys; print(sys.argv[3:])")
    left = StepResult(
        step="probe", stage="quality", outcome=Outcome.ERROR, reports={"report.txt": "0" * 64}
    )
    context = workshop(tmp_path, checks=lambda name: reads)
    context = replace(context, upstream={**context.upstream, "probe": left})
    assert execute_step(probing(reads, needs=("probe",)), context, quiet).reason == "[]"


@pytest.mark.parametrize(("limit", "outcome"), [(60.0, Outcome.PASSED), (60.5, Outcome.ERROR)])
def test_a_figure_that_lacks_something_may_keep_a_limit_and_breaks_none(
    tmp_path: Path, limit: float, outcome: Outcome
) -> None:
    reading = CheckResult(measures=(Measure("coverage", 60.0, "%"),), partial="browser")
    step = probing(Reads(reading=reading))
    step.work["gates"] = [["coverage", "at least", limit, ""]]
    context = workshop(tmp_path, checks=lambda name: Reads(reading=reading))
    result = execute_step(step, context, quiet)
    assert result.outcome is outcome
    assert result.facts["warnings"] == ["measured without browser, which did not run"]
    assert result.measures == reading.measures
    assert all(gate.passed for gate in result.gates)
    if outcome is Outcome.ERROR:
        assert result.reason == (
            "coverage is 60 %; at least 60.5 % is required; "
            "browser did not run, so nobody knows whether it is kept"
        )


def test_what_a_check_itself_refuses_has_failed_whatever_its_figures_lack(tmp_path: Path) -> None:
    reading = CheckResult(failed="no", partial="browser")
    assert done(tmp_path, Reads(reading=reading)).outcome is Outcome.FAILED


def test_the_folder_of_a_check_is_empty_when_it_begins(tmp_path: Path) -> None:
    check = Probe(
        code="import os, sys; print(os.listdir(sys.argv[1]) or '');open(sys.argv[1] + '/left', 'w')"
    )
    for _ in range(2):
        assert done(tmp_path, check).reason == ""


def test_a_check_of_the_running_application_is_given_its_address(tmp_path: Path) -> None:
    ended = []

    @contextmanager
    def serve(context: StepContext, on_output: OnOutput) -> Iterator[str]:
        yield "http://127.0.0.1:1"
        ended.append(True)

    check = Probe(served=True, code="import sys; print(sys.argv[2])")
    assert done(tmp_path, check, serve=serve).reason == "http://127.0.0.1:1"
    assert ended == [True]


LIMITS = (Gate("p95", Bound.AT_MOST, 50, "page"), Gate("error-rate", Bound.AT_MOST, 0, "page"))


@dataclass(frozen=True)
class Timed(Probe):
    """A load test that measures what `code` says: milliseconds, and percent of errors."""

    served: bool = True

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """The two figures."""
        milliseconds, errors = map(float, output.stdout.split())
        return CheckResult(
            measures=(
                Measure("p95", milliseconds, "ms", "page"),
                Measure("error-rate", errors, "%", "page"),
            )
        )


@pytest.mark.parametrize(
    ("milliseconds", "errors", "contention", "outcome"),
    [
        (49, 0, (1.0, 1.0), Outcome.PASSED),
        (49, 0, (9.0, 9.0), Outcome.PASSED),
        (51, 0, (1.0, 1.0), Outcome.FAILED),
        (51, 0, (4.0, 1.0), Outcome.ERROR),
        (51, 0, (1.0, 4.0), Outcome.ERROR),
        (201, 0, (4.0, 1.0), Outcome.FAILED),  # no machine that is four times busier explains it
        (51, 1, (4.0, 4.0), Outcome.FAILED),
        (49, 1, (4.0, 4.0), Outcome.FAILED),
    ],
)
def test_a_time_that_a_busy_machine_explains_is_not_the_applications(
    tmp_path: Path,
    milliseconds: float,
    errors: float,
    contention: tuple[float, float],
    outcome: Outcome,
) -> None:
    @contextmanager
    def serve(context: StepContext, on_output: OnOutput) -> Iterator[str]:
        yield "http://127.0.0.1:1"

    check = Timed(code=f"print({milliseconds}, {errors})")
    step = probing(check)
    gates = [(gate.measure, gate.bound.value, gate.limit, gate.subject) for gate in LIMITS]
    step = replace(step, work={**step.work, "gates": gates})
    measurements = iter(contention)
    context = workshop(
        tmp_path, checks=lambda name: check, serve=serve, contention=measurements.__next__
    )
    result = execute_step(step, context, quiet)
    assert result.outcome is outcome, result.reason
    assert Measure("control", max(contention), "×") in result.measures
    if outcome is Outcome.ERROR:
        assert "p95 of page is 51 ms; at most 50 ms is allowed; inconclusive" in result.reason
        assert "control 4.0 ×" in result.reason
        assert result.code == "machine-busy"
        assert all(gate.passed for gate in result.gates)


def test_what_services_warn_of_does_not_hide_what_the_tests_warn_of(tmp_path: Path) -> None:
    @contextmanager
    def serviced(
        context: StepContext, on_output: OnOutput, extra: Mapping[str, str]
    ) -> Iterator[ProvidedService]:
        on_output("warning: Redis is older than the one that is asked for")
        yield ProvidedService({}, ())

    reading = CheckResult(warnings=("1 test failed before Shipway came",))
    check = Reads(stage="test", serviced=True, reading=reading)
    result = done(
        tmp_path, check, serviced=serviced, config=Config(services={"redis": Service("7")})
    )
    assert result.facts["warnings"] == [
        "1 test failed before Shipway came",
        "Redis is older than the one that is asked for",
    ]


def test_the_application_is_served_with_the_services_that_it_needs(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    @contextmanager
    def serve(context: StepContext, on_output: OnOutput) -> Iterator[str]:
        seen.append((context.config.application.env["REDIS_URL"], context.prepared))
        yield "http://127.0.0.1:1"

    @contextmanager
    def serviced(
        context: StepContext, on_output: OnOutput, extra: Mapping[str, str]
    ) -> Iterator[ProvidedService]:
        yield ProvidedService({"REDIS_URL": "redis://127.0.0.1:7/0"}, ("hunter22",))

    check = Probe(served=True, code="print('hunter22')")
    config = Config(services={"redis": Service("7")})
    result = done(tmp_path, check, serve=serve, serviced=serviced, config=config)
    assert seen == [("redis://127.0.0.1:7/0", True)]
    assert "hunter22" not in result.reason


# -- actions -------------------------------------------------------------------------------


def test_an_action_is_looked_up_and_may_not_be_able_to_run(tmp_path: Path) -> None:
    def act(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
        raise CannotRun("no network", "Connect it.")

    step = Step(name="s", stage="build", kind=StepKind.ACTION, work={"action": "install"})
    result = execute_step(step, workshop(tmp_path, actions={"install": act}.__getitem__), quiet)
    assert (result.outcome, result.reason) == (Outcome.ERROR, "no network")
    assert result.remedy == "Connect it."


# -- what a linter finds ------------------------------------------------------------------


@dataclass(frozen=True)
class FaultFinder(Probe):
    """A linter that finds one fault in tiny.py, at whatever line `code` says."""

    stage: str = "quality"

    def read(self, output: ToolOutput, config: Config, check_context: CheckContext) -> CheckResult:
        """One finding."""
        return CheckResult(
            findings=(
                Finding(
                    tool="lint",
                    rule="R1",
                    severity=Severity.LOW,
                    path="tiny.py",
                    line=int(self.code),
                    message="bad",
                ),
            )
        )

    def argv(self, config: Config, check_context: CheckContext) -> tuple[str, ...]:
        """Nothing is run."""
        return ("-c", "")


def test_a_linters_finding_that_was_there_before_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "tiny.py").write_text("import os\n")

    def judged(line: int, baseline: tuple[str, ...] = ()) -> StepResult:
        check = FaultFinder(code=str(line))
        gates = [["findings", "at most", 0.0, ""]]
        step = replace(probing(check), work={"check": "probe", "gates": gates})
        context = workshop(tmp_path, checks=lambda name: check, baseline=baseline)
        return execute_step(step, context, lambda line: None)

    before = judged(1)
    assert before.outcome is Outcome.FAILED
    known = tuple(one.fingerprint for one in before.findings)
    (tmp_path / "tiny.py").write_text("# moved down\n\nimport os\nimport re\n")
    moved = judged(3, known)
    assert moved.outcome is Outcome.PASSED
    assert moved.findings[0].state is FindingState.KNOWN
    assert judged(4, known).outcome is Outcome.FAILED
