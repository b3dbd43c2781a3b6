"""What a step's work gets to work with, and how each kind of work is done."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from shipway.core.baseline import compare
from shipway.core.check import Check, Home, Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import State
from shipway.core.gate import Bound, Gate, Measure, apply
from shipway.core.outcome import Outcome
from shipway.core.placing import with_content
from shipway.core.ports import Command, Completed, OnOutput, Processes
from shipway.core.result import StepResult
from shipway.core.service_kinds import Provided
from shipway.core.step import Kind, Step
from shipway.core.texts import decoded
from shipway.effects.redaction import Redactor

# What every program gets of the caller's environment; all else must be declared.
BASE_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TERM", "SSL_CERT_FILE",
            "UV_CACHE_DIR", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL")  # fmt: skip


class BlobStore(Protocol):
    """Contents by digest."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


WARNING = "warning: "  # what such a line says is shown beside the step's outcome, too
Action = Callable[[Step, "Workshop", OnOutput], StepResult]
# Starts the services that tests need, and gives the variables that hand them over.
Serviced = Callable[["Workshop", OnOutput, Mapping[str, str]], AbstractContextManager[Provided]]
Serve = Callable[["Workshop", OnOutput], AbstractContextManager[str]]


def _no_services(
    shop: Workshop, on_output: OnOutput, given: Mapping[str, str]
) -> AbstractContextManager[Provided]:
    raise CannotRun("nothing here starts services", "Leave [services] out.")


@dataclass(frozen=True)
class Workshop:
    """Everything that performing a step takes.

    root: the application's folder. state: its .shipway folder. out: this run's folder, one
    folder a step below it. environment: the caller's variables. checks, actions: look one up by
    its name. serve: starts the application for a load test and gives its address. serviced: starts
    services for tests. secrets:
    values to blot out. stopping: whether the run was cancelled. upstream: results of the steps
    that ended, by name. advisories: a folder of them, "" for none. baseline: fingerprints of
    findings that do not count. now: seconds since the epoch.
    """

    root: str
    state: str
    out: str
    config: Config
    processes: Processes
    blobs: BlobStore
    environment: Mapping[str, str]
    checks: Callable[[str], Check]
    actions: Callable[[str], Action]
    serve: Serve
    uv: str
    commit: str = ""
    secrets: tuple[str, ...] = ()
    stopping: Callable[[], bool] = lambda: False
    upstream: Mapping[str, StepResult] = field(default_factory=dict)
    advisories: str = ""
    baseline: Sequence[str] = ()
    now: Callable[[], float] = time.time
    serviced: Serviced = _no_services

    def env(self, step: Step | None = None) -> dict[str, str]:
        """What a program may see: the base and what the step declares."""
        names = (*BASE_ENV, *(step.env if step else ()))
        return {name: self.environment[name] for name in names if name in self.environment}

    def folder(self, step: str) -> str:
        """A step's report folder."""
        return os.path.join(self.out, step)

    def python(self) -> str:
        """The interpreter of the application's environment; "" before it exists."""
        installed = self.upstream.get("install")
        return str(installed.facts.get("python", "")) if installed else ""


def perform(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Do a step's work once. Never raises for what a tool does; CannotRun → unavailable."""
    try:
        if step.kind is Kind.COMMAND:
            return _command(step, shop, on_output)
        if step.kind is Kind.CHECK:
            return _check(step, shop, on_output)
        return shop.actions(step.work["action"])(step, shop, on_output)
    except CannotRun as problem:
        return StepResult(
            step.name, step.stage, Outcome.UNAVAILABLE,
            reason=problem.message, remedy=problem.remedy,
        )  # fmt: skip


def ended(step: Step, done: Completed) -> StepResult | None:
    """The result of a program that did not end by itself; None when it did."""
    result = StepResult(step.name, step.stage, Outcome.CANCELLED, reason="it was stopped")
    if done.cancelled:
        return result
    if done.timed_out:
        return replace(
            result, outcome=Outcome.FAILED,
            reason=f"it took longer than its limit of {step.timeout:g} s and was ended",
            remedy=f"Raise its timeout, or find out what it waits for: shipway run {step.name}.",
        )  # fmt: skip
    return None


def _command(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    done = shop.processes.run(
        Command(
            tuple(step.work["argv"]), shop.root, shop.env(step), step.timeout, shop.secrets
        ),
        on_output,
    )  # fmt: skip
    log = _stored(done.stdout + done.stderr, shop)
    stopped = ended(step, done)
    if stopped is not None:
        return replace(stopped, log=log)
    if done.code == 0:
        return StepResult(step.name, step.stage, Outcome.PASSED, log=log)
    return StepResult(
        step.name, step.stage, Outcome.FAILED, log=log, reason=f"it ended with {_code(done.code)}",
    )  # fmt: skip


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _check(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    check = shop.checks(step.work["check"])
    out = shop.folder(step.name)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    site = Site(
        shop.root, out, shop.python(), upstream=_restore(step, shop), advisories=shop.advisories
    )
    if check.served:
        with shop.serve(shop, on_output) as url:
            return _run_check(step, check, replace(site, url=url), shop, on_output)
    if step.stage == "test":
        return _test(step, check, site, shop, on_output)
    return _run_check(step, check, site, shop, on_output)


def _test(step: Step, check: Check, site: Site, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Tests see the application's own variables, and find the services that they need running."""
    data = os.path.join(site.out, "data")
    given = {
        name: value.replace("{data}", data) for name, value in shop.config.application.env.items()
    }
    os.makedirs(data)
    if not (check.serviced and shop.config.services):
        return _run_check(step, check, site, shop, on_output, given)
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        on_output(line)

    with shop.serviced(shop, tell, {**shop.env(step), **given}) as provided:
        inner = replace(shop, secrets=(*shop.secrets, *provided.hidden))
        result = _run_check(step, check, site, inner, on_output, {**given, **provided.variables})
    notes = "".join(f"{line}\n" for line in said)
    earlier = (shop.blobs.get(result.log) or b"").decode("utf-8", "replace") if result.log else ""
    warnings = [line.removeprefix(WARNING) for line in said if line.startswith(WARNING)]
    facts = {**result.facts, "warnings": warnings} if warnings else result.facts
    return replace(result, log=_stored(notes + earlier, shop), facts=facts)


def _run_check(
    step: Step, check: Check, site: Site, shop: Workshop, on_output: OnOutput,
    given: Mapping[str, str] = MappingProxyType({}),
) -> StepResult:  # fmt: skip
    argv = (*program(check, site, shop), *check.argv(shop.config, site))
    env = {**shop.env(step), **given, **dict(check.tool.env)}
    command = Command(argv, shop.root, env, step.timeout, shop.secrets)
    done = shop.processes.run(command, on_output)
    log = _stored(done.stdout + done.stderr, shop)
    stopped = ended(step, done)
    if stopped is not None:
        # A test that hangs is a fault of the application; a scanner that does says nothing of it.
        unknown = done.timed_out and step.stage == "security"
        outcome = Outcome.UNAVAILABLE if unknown else stopped.outcome
        return replace(stopped, log=log, outcome=outcome)
    reports = _collect(check, site.out, Redactor(shop.secrets))
    try:
        reading = check.read(
            Output(done.code, done.stdout, done.stderr, reports), shop.config, site
        )
    except CannotRun as problem:
        return StepResult(
            step.name, step.stage, Outcome.UNAVAILABLE, log=log,
            reason=problem.message, remedy=problem.remedy,
        )  # fmt: skip
    stored = {name: shop.blobs.put(data) for name, data in reports.items()}
    if step.stage == "quality":
        reading = _compared(reading, shop)
    return _judged(step, reading, stored, log)


def _compared(reading: Reading, shop: Workshop) -> Reading:
    """With the findings marked that were there before; those of scanners are judged together
    later (flows/findings.py)."""
    texts = {}
    for path in {finding.path for finding in reading.findings}:
        with suppress(OSError), open(os.path.join(shop.root, path), "rb") as file:
            texts[path] = decoded(file.read())
    marked, _ = compare(tuple(with_content(reading.findings, texts)), shop.baseline)
    return replace(reading, findings=marked)


def _judged(step: Step, reading: Reading, reports: dict[str, str], log: str) -> StepResult:
    gates = [Gate(name, Bound(bound), limit, subject)
             for name, bound, limit, subject in step.work["gates"]]  # fmt: skip
    measures = reading.measures
    open_ = [finding for finding in reading.findings if finding.state is State.OPEN]
    if not any(measure.name == "findings" for measure in measures):
        measures = (*measures, Measure("findings", len(open_)))
    worst = reading.worst or tuple(finding.place for finding in open_)
    held = apply(gates, measures, worst)
    broken = [gate for gate in held if not gate.passed]
    reason = reading.failed or (broken[0].sentence if broken else "")
    return StepResult(
        step.name, step.stage, Outcome.FAILED if reason else Outcome.PASSED,
        reason=reason, remedy=reading.remedy if reason else "", findings=reading.findings,
        measures=reading.measures, gates=held, tests=reading.tests, reports=reports, log=log,
    )  # fmt: skip


def program(check: Check, site: Site, shop: Workshop) -> tuple[str, ...]:
    """How a check's tool is started, without its arguments."""
    tool = check.tool
    if tool.home is Home.APPLICATION:
        if not site.python:
            raise CannotRun(
                "the application's environment is not there",
                "It is made by the step install: see why that did not pass.",
            )
        return (site.python,)
    if tool.home is Home.OWN:
        return (sys.executable, "-m", tool.program)
    if tool.home is Home.SYSTEM:
        if shutil.which(tool.program, path=shop.environment.get("PATH")) is None:
            raise CannotRun(f"{tool.program} is not here", tool.how)
        return (tool.program,)
    extras = tuple(part for extra in tool.extras for part in ("--with", extra))
    source = f"{tool.package}=={tool.version}"
    return (shop.uv, "tool", "run", "--quiet", "--from", source, *extras, tool.program)


def _restore(step: Step, shop: Workshop) -> dict[str, str]:
    """The report folders of needed steps, written anew from the store where they are gone."""
    folders = {}
    for need in step.needs:
        result = shop.upstream.get(need)
        if result is None:
            continue
        folders[need] = shop.folder(need)
        for name, digest in result.reports.items():
            path = os.path.join(folders[need], name)
            data = shop.blobs.get(digest)
            if data is not None and not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(data)
    return folders


def _collect(check: Check, out: str, redact: Redactor) -> dict[str, bytes]:
    """Its reports. In those that are text, no secret is left, in the folder neither."""
    found = {}
    for name in check.reports:
        path = os.path.join(out, name)
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            data = file.read()
        found[name] = data if b"\0" in data else _redacted(data, redact)
        if found[name] != data:
            with open(path, "wb") as file:
                file.write(found[name])
    return found


def _redacted(data: bytes, redact: Redactor) -> bytes:
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _stored(text: str, shop: Workshop) -> str:
    return shop.blobs.put(text.encode()) if text else ""
