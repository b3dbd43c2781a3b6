"""A check: its program is run, its reports are read, its gates are held."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType

from shipway.core.baseline import compare
from shipway.core.check import Check, Output, Reading, Site
from shipway.core.errors import CannotRun
from shipway.core.finding import State
from shipway.core.gate import Bound, Gate, GateResult, Measure, apply
from shipway.core.outcome import Outcome
from shipway.core.placing import with_content
from shipway.core.ports import Command, OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.core.texts import decoded
from shipway.effects.redaction import Redactor
from shipway.flows.programs import ended, program
from shipway.flows.step_reports import collect, restore
from shipway.flows.workshop import WARNING, Workshop


def check(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Run a check's tool, read what it says, and hold that against the gates."""
    found = shop.checks(step.work["check"])
    out = shop.folder(step.name)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    site = Site(
        shop.root, out, shop.python(), upstream=restore(step, shop), advisories=shop.advisories
    )
    if found.served:
        with shop.serve(shop, on_output) as url:
            return _run_check(step, found, replace(site, url=url), shop, on_output)
    if step.stage == "test":
        return _test(step, found, site, shop, on_output)
    return _run_check(step, found, site, shop, on_output)


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
    return replace(result, log=shop.store(notes + earlier), facts=facts)


def _run_check(
    step: Step, check: Check, site: Site, shop: Workshop, on_output: OnOutput,
    given: Mapping[str, str] = MappingProxyType({}),
) -> StepResult:  # fmt: skip
    argv = (*program(check, site, shop), *check.argv(shop.config, site))
    env = {**shop.env(step), **given, **dict(check.tool.env)}
    command = Command(argv, shop.root, env, step.timeout, shop.secrets)
    done = shop.processes.run(command, on_output)
    log = shop.store(done.stdout + done.stderr)
    stopped = ended(step, done)
    if stopped is not None:
        # A test that hangs is a fault of the application; a scanner that does says nothing of it.
        unknown = done.timed_out and step.stage == "security"
        outcome = Outcome.UNAVAILABLE if unknown else stopped.outcome
        return replace(stopped, log=log, outcome=outcome)
    reports = collect(check, site.out, Redactor(shop.secrets))
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
    result = StepResult(
        step.name,
        step.stage,
        Outcome.PASSED,
        findings=reading.findings,
        measures=reading.measures,
        gates=held,
        tests=reading.tests,
        reports=reports,
        log=log,
    )
    if reading.partial:
        warning = f"measured without {reading.partial}, which did not run"
        result = replace(result, facts={"warnings": [warning]})
        if broken and not reading.failed:
            return _undecided(result, broken[0], reading.partial)
    reason = reading.failed or (broken[0].sentence if broken else "")
    if not reason:
        return result
    return replace(result, outcome=Outcome.FAILED, reason=reason, remedy=reading.remedy)


def _undecided(result: StepResult, gate: GateResult, missing: str) -> StepResult:
    """A figure that lacks something keeps no limit, and breaks none: nobody knows it."""
    return replace(
        result, outcome=Outcome.UNAVAILABLE,
        gates=tuple(one for one in result.gates if one.passed),
        reason=f"{gate.sentence}; {missing} did not run, so nobody knows whether it is kept",
        remedy=f"See why {missing} did not run.",
    )  # fmt: skip
