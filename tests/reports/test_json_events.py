from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from shipway.findings.finding import Finding
from shipway.pipeline.gates import Measure
from shipway.pipeline.result import RunResult
from shipway.pipeline.run import RunListener
from shipway.reports.json_events import EVENTS, FINDING, SCHEMA, VERSION, JsonEvents

from .any_finding import FINDINGS
from .sample_runs import HOSTILE, failed_run, passed_run, result, run, step
from .schema_check import faults

DOCS = Path(__file__).parents[2] / "docs" / "json.md"


def told(listener: RunListener, finished: RunResult) -> None:
    """The whole run, from start to end."""
    listener.run_started(finished.run, finished.application, [step("ruff"), step("unit")])
    for each in finished.steps:
        listener.step_started(step(each.step, each.stage))
        listener.step_output(each.step, "a line")
        listener.step_finished(each)
    listener.run_finished(finished)


def lines(finished: RunResult) -> list[str]:
    stream = io.StringIO()
    told(JsonEvents(stream), finished)
    return stream.getvalue().splitlines()


def events(finished: RunResult) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in lines(finished)]


@pytest.mark.parametrize("finished", [passed_run(), failed_run(), run()], ids=lambda r: r.run)
def test_every_event_keeps_the_schema(finished: RunResult) -> None:
    for event in events(finished):
        assert faults(event, EVENTS[event["event"]]) == []


def test_a_broken_event_does_not_keep_the_schema() -> None:
    broken = {"event": "step_output", "step": 3, "extra": 1}
    assert faults(broken, EVENTS["step_output"]) == [
        "$.line is missing",
        "$.step: 3 is no ['string']",
        "$.extra is not in the schema",
    ]
    assert faults({"event": "x"}, EVENTS["step_started"])


def test_the_first_line_names_the_version_and_the_last_the_verdict_and_reason() -> None:
    first, *_, last = events(failed_run())
    assert first["version"] == VERSION
    assert last["verdict"] == "rolled back"
    assert last["reason"] == "deploy: the new release crashed at its start"
    assert last["steps"]["trivy"] == "unavailable"


def test_the_lines_are_ascii_and_keep_the_text_as_it_was() -> None:
    hostile = HOSTILE.replace("\udc80", "") + "##[add-mask]"
    finished = run(replace(result("unit"), reason=hostile))
    assert all(line.isascii() and line.isprintable() for line in lines(finished))
    assert all("##[" not in line for line in lines(finished))
    assert events(finished)[-2]["reason"] == hostile


def test_half_a_surrogate_pair_is_replaced_and_whole_ones_stay() -> None:
    finished = run(replace(result("unit"), reason="a\udc80b 🚢"))
    assert events(finished)[-2]["reason"] == "a\ufffdb 🚢"


def test_what_is_no_number_becomes_null() -> None:
    finished = run(
        replace(
            result("load"),
            measures=(Measure("p95", math.nan, "ms"),),
            facts={"receipt": {"p99": [math.inf, 1.5]}},
        )
    )
    event = events(finished)[-2]
    assert event["measures"][0]["value"] is None
    assert event["facts"] == {"receipt": {"p99": [None, 1.5]}}


def test_facts_that_json_does_not_know_become_text() -> None:
    finished = run(replace(result("deploy"), facts={"path": Path("a"), "odd": {("a", 1): 2}}))
    assert events(finished)[-2]["facts"] == {"path": "a", "odd": {"('a', 1)": 2}}


@given(FINDINGS)
def test_any_finding_keeps_the_schema_and_has_every_field(finding: Finding) -> None:
    finished = run(replace(result("bandit"), findings=(finding,)))
    (written,) = events(finished)[-2]["findings"]
    assert faults(written, FINDING) == []
    assert set(written) == {*(field.name for field in fields(Finding)), "fingerprint"} - {
        "known_fingerprint"
    }
    assert written["fingerprint"] == finding.fingerprint


def test_every_field_of_every_event_is_in_the_documentation() -> None:
    text = DOCS.read_text()
    names = set(_names(EVENTS.values()))
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
    assert all(f"## `{event}`" in text for event in EVENTS)
    assert f"version {VERSION}" in text


def test_the_schema_is_json() -> None:
    assert len(json.loads(json.dumps(SCHEMA))["oneOf"]) == len(EVENTS)


def _names(schemas: Iterable[dict[str, Any]]) -> Iterable[str]:
    for schema in schemas:
        yield from schema.get("properties", {})
        yield from _names(schema.get("properties", {}).values())
        yield from _names([schema["items"]] if "items" in schema else [])
