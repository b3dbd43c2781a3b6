"""A step's work, done once: a command, a check or an action; and what `run --fix` repairs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from tempfile import mkdtemp
from types import MappingProxyType

from shipway.errors import ApplicationFault, CannotRun, ConfigError
from shipway.findings.finding import FindingState
from shipway.findings.fingerprint import compare_to_baseline, with_code_context
from shipway.pipeline.check import (
    END_RECORD,
    Check,
    CheckContext,
    CheckResult,
    ToolOutput,
    ToolSource,
)
from shipway.pipeline.command_line import command_line
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure, evaluate_gates
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import WARNING, StepContext, SuiteRequest
from shipway.ports import Command, Completed, OnOutput
from shipway.source_text import read_bytes, read_text
from shipway.system.redaction import Redactor, redacted_bytes

# How a step's program is started, and what it means that it did not end by itself.


def tool_command(
    check: Check, check_context: CheckContext, context: StepContext
) -> tuple[str, ...]:
    """How a check's tool is started, without its arguments."""
    tool = check.tool_for(check_context)
    if tool.home is ToolSource.APPLICATION:
        if not check_context.python:
            raise CannotRun(
                "the application's environment is not there",
                "It is made by the step install: see why that did not pass.",
                code="application-environment",
            )
        return (check_context.python,)
    if tool.home is ToolSource.OWN:
        return (sys.executable, "-m", tool.program)
    if tool.home is ToolSource.SYSTEM:
        if shutil.which(tool.program, path=context.environment.get("PATH")) is None:
            raise CannotRun(f"{tool.program} is not here", tool.how, code="tool-missing")
        return (tool.program,)
    extras = tuple(part for extra in tool.extras for part in ("--with", extra))
    source = f"{tool.package}=={tool.version}"
    python = ("--python", sys.executable)  # Shipway's, whatever the application's is
    return (context.uv, "tool", "run", "--quiet", *python, "--from", source, *extras, tool.program)


def interrupted_result(step: Step, done: Completed) -> StepResult | None:
    """The result of a program that did not end by itself; None when it did."""
    result = StepResult(
        step=step.name, stage=step.stage, outcome=Outcome.CANCELLED, reason="it was stopped"
    )
    if done.cancelled:
        return result
    if done.exceeded:
        return replace(
            result,
            outcome=Outcome.FAILED,
            reason=f"{done.exceeded} and was ended",
            remedy="Find out what takes so much, or raise the limit: [limits] in shipway.toml.",
        )
    if done.timed_out:
        return replace(
            result,
            outcome=Outcome.FAILED,
            reason=f"it took longer than its limit of {step.timeout:g} s and was ended",
            remedy="Raise its timeout, or find out what it waits for: "
            f"{command_line('run', step.name)}.",
        )
    return None


# What a step leaves in its folder: stored, and written anew for the steps that need it.


def restore_reports(step: Step, context: StepContext) -> dict[str, str]:
    """The report folders of needed steps that passed, written anew where they are gone.

    What another one left is no result.
    """
    folders = {}
    for need in step.needs:
        result = context.upstream.get(need)
        if result is None or result.outcome not in (Outcome.PASSED, Outcome.CACHED):
            continue
        folders[need] = context.folder(need)
        for name, digest in result.reports.items():
            path = os.path.join(folders[need], name)
            data = context.tool_texts.get(digest)
            if data is not None and not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(data)
    return folders


def collect_reports(
    check: Check, out: str, secrets: tuple[str, ...], say: Callable[[str], None]
) -> dict[str, bytes]:
    """Its reports. In those that are text, no secret is left, in the folder neither.

    One that is no file, or too large to be read, is none: a check without its report has not
    passed. say: is told why.
    """
    reports = {}
    for name in check.reports:
        path = os.path.join(out, name)
        if not os.path.lexists(path):
            continue
        try:
            data = read_bytes(path)
        except (ConfigError, OSError) as problem:
            say(str(problem))
            continue
        reports[name] = redacted_bytes(data, Redactor(secrets))
        if reports[name] != data:
            with open(path, "wb") as file:
                file.write(reports[name])
    return reports


def run_check(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """Run a check's tool, read what it says, and hold that against the gates."""
    adapter = context.checks(step.work["check"])
    out = context.folder(step.name)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out, mode=0o700)
    check_context = CheckContext(
        context.root,
        out,
        context.python(),
        upstream=restore_reports(step, context),
        advisories=context.advisories,
        key=token_hex(32) if END_RECORD in adapter.reports else "",
    )
    if adapter.served:
        with _services_for(context, on_output) as inner, inner.serve(inner, on_output) as url:
            before = context.contention()
            served = replace(check_context, url=url)
            result = _run_check(step, adapter, served, inner, on_output)
            return _controlled(result, max(before, context.contention()))
    if step.stage == "test":
        return _test(step, adapter, check_context, context, on_output)
    return _run_check(step, adapter, check_context, context, on_output)


@contextmanager
def _services_for(context: StepContext, on_output: OnOutput) -> Iterator[StepContext]:
    """The application is served with the services that it needs, and with their variables."""
    if not context.config.services:
        yield context
        return
    folder = os.path.join(context.out, "served")
    shutil.rmtree(folder, ignore_errors=True)
    data = os.path.join(folder, "data")
    os.makedirs(data)
    application = context.config.application
    own = {name: value.replace("{data}", data) for name, value in application.env.items()}
    with context.serviced(context, on_output, {**context.env(), **own}) as provided:
        prepared = replace(application, env={**application.env, **provided.variables})
        yield replace(
            context,
            config=replace(context.config, application=prepared),
            secrets=(*context.secrets, *provided.hidden),
            prepared=True,
        )


def _test(
    step: Step, check: Check, check_context: CheckContext, context: StepContext, on_output: OnOutput
) -> StepResult:
    """Tests see the application's own variables, and find the services that they need running."""
    data = os.path.join(check_context.out, "data")
    variables = {
        name: value.replace("{data}", data)
        for name, value in context.config.application.env.items()
    }
    os.makedirs(data)
    if not (check.serviced and context.config.services):
        return _selected(step, check, check_context, context, on_output, variables)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        on_output(line)

    with context.serviced(context, tell, {**context.env(step), **variables}) as provided:
        inner = replace(context, secrets=(*context.secrets, *provided.hidden))
        result = _selected(
            step, check, check_context, inner, on_output, {**variables, **provided.variables}
        )
    notes = "".join(f"{line}\n" for line in lines)
    earlier = (
        (context.tool_texts.get(result.log) or b"").decode("utf-8", "replace") if result.log else ""
    )
    warnings = [*result.facts.get("warnings", ())]
    warnings += [line.removeprefix(WARNING) for line in lines if line.startswith(WARNING)]
    facts = {**result.facts, "warnings": warnings} if warnings else result.facts
    return replace(result, log=context.store(notes + earlier), facts=facts)


def _selected(
    step: Step,
    check: Check,
    check_context: CheckContext,
    context: StepContext,
    on_output: OnOutput,
    variables: Mapping[str, str],
) -> StepResult:
    """Tests of which a part may be chosen. Those with services share what is in these."""
    selection = context.tests if END_RECORD in check.reports else None
    if context.config.application.test_runner == "django":
        if selection and selection.partial:
            raise CannotRun(
                "Django's own runner runs all of a suite",
                "Leave --last-failed and what follows -- out.",
                code="invalid-input",
            )
        selection = None
    shared = check.serviced and context.config.services
    if selection is None or (shared and not selection.partial):
        return _run_check(step, check, check_context, context, on_output, variables)

    def again(request: SuiteRequest) -> StepResult:
        on_output("all tests once more in reverse, to learn what they keep for each other")
        out = os.path.join(check_context.out, "reversed")
        os.makedirs(out)
        return _run_check(
            step,
            check,
            replace(check_context, out=out, key=token_hex(32)),
            context,
            lambda line: None,
            _with_own_data(variables, check_context.out, out),
            request,
        )

    chosen = replace(check_context, only=selection.only(step))
    result = _run_check(step, check, chosen, context, on_output, variables, selection)
    return selection.ended(step, result, again)


def _run_check(
    step: Step,
    check: Check,
    check_context: CheckContext,
    context: StepContext,
    on_output: OnOutput,
    variables: Mapping[str, str] = MappingProxyType({}),
    request: SuiteRequest | None = None,
) -> StepResult:
    chosen = request.begin(step, check_context.out) if request else ""
    argv = (
        *tool_command(check, check_context, context),
        *check.argv(context.config, check_context),
    )
    tool = check.tool_for(check_context)
    env = {**context.env(step), **variables, **dict(tool.env)}
    kept = (os.path.join(context.state, check.kept),) if check.kept else ()
    for folder in kept:
        os.makedirs(folder, exist_ok=True)
    sandbox = context.sandbox(
        check_context.out,
        *kept,
        network=step.work.get("network", True),
        fingerprints=tool.home is ToolSource.OWN,
        application=tool.home is ToolSource.APPLICATION,
    )
    command = Command(
        argv,
        context.root,
        env,
        step.timeout,
        context.secrets,
        sandbox=sandbox,
        stdin=check_context.key.encode(),
    )
    settings = check.settings(context.config, check_context)
    for line in filter(None, (chosen, settings)):
        on_output(line)
    done = context.processes.run(command, on_output)
    log = context.store(f"{settings}\n" * bool(settings) + done.stdout + done.stderr)
    stopped = interrupted_result(step, done)
    if stopped is not None:
        # A test that hangs is a fault of the application; a scanner that does says nothing of it.
        unknown = (done.timed_out or done.exceeded) and step.stage == "security"
        outcome = Outcome.ERROR if unknown else stopped.outcome
        return replace(stopped, log=log, outcome=outcome)
    unread: list[str] = []
    reports = collect_reports(check, check_context.out, context.secrets, unread.append)
    if request:
        reports = request.joined(step, check_context.out, check_context.key, reports)
    errors = done.stderr + "".join(f"\nERROR: {line}\n" for line in unread)
    try:
        reading = _read(
            check, ToolOutput(done.code, done.stdout, errors, reports), context, check_context
        )
    except CannotRun as problem:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.ERROR,
            log=log,
            reason=problem.message,
            remedy=problem.remedy,
            code=problem.code,
        )
    if reading.retry and _may_retry(request, context):
        retry = replace(command, timeout=min(step.timeout, max(_SHORTEST_RETRY, done.seconds)))
        again, reading = _run_again(check, reading, retry, check_context, context, on_output)
        log = context.store(
            f"{settings}\n" * bool(settings)
            + "".join((done.stdout, done.stderr, f"{_RETRIED}\n", again.stdout, again.stderr))
        )
        if again.cancelled and (stopped := interrupted_result(step, again)) is not None:
            return replace(stopped, log=log)
    stored = {name: context.tool_texts.put(data) for name, data in reports.items()}
    if step.stage == "quality":
        reading = _compared(reading, context)
    if not reading.remedy:
        remedy = _remedy(step, check, context, check_context, tests=bool(reading.tests))
        reading = replace(reading, remedy=remedy)
    return _judged(step, reading, stored, log)


_SHORTEST_RETRY = 60.0  # seconds; a suite that takes longer may take as long again
_RETRIED = "The tests that failed are run again, once: whether one of them is flaky."


def _may_retry(request: SuiteRequest | None, context: StepContext) -> bool:
    """Not in reverse, where what fails says that the order matters; nor of a part that somebody
    asked for, whose options a retry would lack."""
    partial = context.tests is not None and context.tests.partial
    return request in (None, context.tests) and not partial


def _with_own_data(variables: Mapping[str, str], of: str, out: str) -> dict[str, str]:
    """The variables of a suite, with an empty folder of data in the folder of its repetition. of:
    the folder of the suite's first run."""
    data = os.path.join(out, "data")
    os.makedirs(data)
    before = os.path.join(of, "data")
    return {name: value.replace(before, data) for name, value in variables.items()}


def _run_again(
    check: Check,
    first: CheckResult,
    command: Command,
    check_context: CheckContext,
    context: StepContext,
    on_output: OnOutput,
) -> tuple[Completed, CheckResult]:
    """The tests that failed, once more, in a process of their own with what the suite had around
    it; and the result with both. command: the suite's own, with the time that this may take."""
    on_output(_RETRIED)
    retry = replace(
        check_context,
        out=mkdtemp(prefix="retry-", dir=check_context.out),
        key=token_hex(32),
        only=first.retry,
    )
    argv = (*tool_command(check, retry, context), *check.argv(context.config, retry))
    # What the suite left may be what a test lacked.
    env = _with_own_data(command.env, check_context.out, retry.out)
    again = replace(command, argv=argv, env=env, stdin=retry.key.encode())
    done = context.processes.run(again, on_output)
    output = ToolOutput(done.code, "", f"it took longer than {command.timeout:g} s", {})
    if not (done.timed_out or done.exceeded):
        reports = collect_reports(check, retry.out, context.secrets, on_output)
        output = ToolOutput(done.code, done.stdout, done.stderr, reports)
    today = datetime.fromtimestamp(context.now(), UTC).date()
    return done, check.retried(first, output, context.config, retry, today)


def _remedy(
    step: Step, check: Check, context: StepContext, check_context: CheckContext, *, tests: bool
) -> str:
    """What helps where the check itself names nothing."""
    again = command_line("run", step.name)
    if tests:
        return f"Correct the code or the test; {again} runs these tests alone."
    if check.fix(context.config, check_context) is not None:
        repair = command_line("run", step.name, "--fix")
        return f"{repair} repairs what is safe; correct the rest by hand."
    return f"Correct it where it is named; {again} looks again."


def _read(
    check: Check, output: ToolOutput, context: StepContext, check_context: CheckContext
) -> CheckResult:
    try:
        return check.read(output, context.config, check_context)
    except RecursionError:  # whatever format it is in
        raise CannotRun(
            f"what {check.name} printed is nested too deeply to be read",
            "Run it by hand to see what it prints.",
            code="report-unreadable",
        ) from None


def _compared(reading: CheckResult, context: StepContext) -> CheckResult:
    """With the findings marked that were there before; those of scanners are judged together
    later (pipeline/findings_step.py)."""
    texts = {}
    for path in {finding.path for finding in reading.findings}:
        with suppress(OSError, ConfigError):
            texts[path] = read_text(os.path.join(context.root, path))
    marked, _ = compare_to_baseline(
        tuple(with_code_context(reading.findings, texts)), context.baseline
    )
    return replace(reading, findings=marked)


def _judged(step: Step, reading: CheckResult, reports: dict[str, str], log: str) -> StepResult:
    gates = [
        Gate(name, Bound(bound), limit, subject)
        for name, bound, limit, subject in step.work["gates"]
    ]
    measures = reading.measures
    open_ = [finding for finding in reading.findings if finding.state is FindingState.OPEN]
    if not any(measure.name == "findings" for measure in measures):
        measures = (*measures, Measure("findings", len(open_)))
    worst = reading.worst or tuple(finding.place for finding in open_)
    results = tuple(
        replace(gate, tool=step.name) if gate.counts_findings else gate
        for gate in evaluate_gates(gates, measures, worst)
    )
    broken = [gate for gate in results if not gate.passed]
    result = StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.PASSED,
        findings=reading.findings,
        measures=reading.measures,
        gates=results,
        tests=reading.tests,
        reports=reports,
        log=log,
    )
    if reading.secrets:
        result = replace(
            result, facts={"secret_places": [place.to_dict() for place in reading.secrets]}
        )
    warnings = [*reading.warnings]
    if reading.partial:
        warnings.append(f"measured without {reading.partial}, which did not run")
    if warnings:
        result = replace(result, facts={**result.facts, "warnings": warnings})
    if reading.partial and broken and not reading.failed:
        return _undecided(result, broken[0], reading.partial)
    reason = reading.failed or (broken[0].sentence if broken else "")
    if not reason:
        return result
    return replace(result, outcome=Outcome.FAILED, reason=reason, remedy=reading.remedy)


def _undecided(result: StepResult, gate: GateResult, missing: str) -> StepResult:
    """A figure that lacks something keeps no limit, and breaks none: nobody knows it."""
    return replace(
        result,
        outcome=Outcome.ERROR,
        gates=tuple(one for one in result.gates if one.passed),
        reason=f"{gate.sentence}; {missing} did not run, so nobody knows whether it is kept",
        remedy=f"See why {missing} did not run.",
    )


def _controlled(result: StepResult, contention: float) -> StepResult:
    """With what the machine was like. A time that a machine as busy as this one may explain keeps
    no limit, and breaks none; one that it cannot explain is too long on any."""
    control = Measure("control", round(contention, 1), "×")
    result = replace(result, measures=(*result.measures, control))
    broken = [gate for gate in result.gates if not gate.passed]
    explained = [
        gate
        for gate in broken
        if gate.unit == "ms"
        and gate.gate.bound is Bound.AT_MOST
        and gate.figure is not None
        and gate.figure <= gate.gate.limit * contention
    ]
    if result.outcome is not Outcome.FAILED or not explained or len(explained) < len(broken):
        return result
    return replace(
        result,
        outcome=Outcome.ERROR,
        gates=tuple(gate for gate in result.gates if gate.passed),
        reason=f"{explained[0].sentence}; inconclusive: this machine was busy (control "
        f"{contention:.1f} ×, where 1.0 is all to itself)",
        remedy=f"Run it again when less else runs here: {command_line('run', result.step)}.",
        code="machine-busy",
    )


# A step's work, done once: a command, a check, or an action.


def execute_step(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """Do a step's work once. Never raises for what a tool does; CannotRun → unavailable,
    ApplicationFault → failed."""
    try:
        if step.kind is StepKind.COMMAND:
            return _command(step, context, on_output)
        if step.kind is StepKind.CHECK:
            return run_check(step, context, on_output)
        return context.actions(step.work["action"])(step, context, on_output)
    except CannotRun as problem:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.ERROR,
            reason=problem.message,
            remedy=problem.remedy,
            code=problem.code,
        )
    except ApplicationFault as fault:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.FAILED,
            reason=fault.message,
            remedy=fault.remedy,
            code=fault.code,
            log=context.store(fault.log),
        )


def _command(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    sandbox = context.sandbox() if step.work.get("sandbox", True) else None
    command = Command(
        tuple(step.work["argv"]),
        context.root,
        context.env(step),
        step.timeout,
        context.secrets,
        sandbox=sandbox,
    )
    done = context.processes.run(command, on_output)
    log = context.store(done.stdout + done.stderr)
    stopped = interrupted_result(step, done)
    if stopped is not None:
        return replace(stopped, log=log)
    if done.code == 0:
        return StepResult(step=step.name, stage=step.stage, outcome=Outcome.PASSED, log=log)
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.FAILED,
        log=log,
        reason=f"it ended with {_code(done.code)}",
    )


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
