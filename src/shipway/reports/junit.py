"""The run as JUnit XML, which every CI shows: a suite for each stage, a test case for each step.

A flaky test is a case of its own, marked as Maven's Surefire does (`flakyFailure`), and no failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET  # only writes, so hostile XML cannot reach it

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.console_lines import failed_gates, finding_lines, reason_of
from shipway.reports.sanitize import xml_text

_ELEMENT = {
    Outcome.FAILED: "failure",
    Outcome.ERROR: "error",
    Outcome.UPSTREAM_FAILED: "error",
    Outcome.CANCELLED: "error",
    Outcome.SKIPPED: "skipped",
}


def junit_report(result: RunResult) -> str:
    """The document, with its XML declaration."""
    root = ET.Element("testsuites", _counted(result.application, result.steps))
    for stage in dict.fromkeys(step.stage for step in result.steps):
        steps = [step for step in result.steps if step.stage == stage]
        suite = ET.SubElement(root, "testsuite", _counted(stage, steps))
        for step in steps:
            _add(suite, step)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counted(name: str, steps: Sequence[StepResult]) -> dict[str, str]:
    elements = [_ELEMENT.get(step.outcome, "") for step in steps]
    elements += ["" for step in steps for _ in (step.tests.flaky if step.tests else ())]
    return {
        "name": xml_text(name),
        "tests": str(len(elements)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{sum(step.seconds for step in steps):.3f}",
    }


def _add(suite: ET.Element, step: StepResult) -> None:
    attributes = {
        "classname": xml_text(step.stage),
        "name": xml_text(step.step),
        "time": f"{step.seconds:.3f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    element = _ELEMENT.get(step.outcome)
    if element:
        attributes = {"message": xml_text(reason_of(step)), "type": step.outcome.value}
        ET.SubElement(case, element, attributes).text = xml_text("\n".join(_details(step)))

    for test in step.tests.flaky if step.tests else ():
        attributes = {"classname": xml_text(step.step), "name": xml_text(test.failure.name)}
        case = ET.SubElement(suite, "testcase", {**attributes, "time": "0.000"})
        attributes = {"message": xml_text(test.failure.message), "type": "flaky"}
        flaky = ET.SubElement(case, "flakyFailure", attributes)
        flaky.text = xml_text("\n".join((test.sentence, *test.failure.details)))


def _details(step: StepResult) -> list[str]:
    failures = step.tests.failures if step.tests else ()
    cases = (f"{failure.place}: {failure.message} ({failure.name})" for failure in failures)
    lines = [
        *cases,
        *finding_lines(step),
        *(f"gate: {sentence}" for sentence in failed_gates((step,))),
    ]
    if step.remedy:
        lines.append(f"next: {step.remedy}")
    if step.command:
        lines.append(f"again: {step.command}")
    return lines
