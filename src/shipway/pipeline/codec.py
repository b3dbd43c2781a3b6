"""Steps, their results and runs as documents of the record (shipway/codec.py)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from shipway.codec import DocumentFormat, JsonValue, from_plain, to_json, to_plain
from shipway.pipeline.problems import run_problems
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.step import Step

if TYPE_CHECKING:
    from shipway.config.schema import Config

STEP_RESULT = DocumentFormat(StepResult, "the result of a step")
RUN_RESULT = DocumentFormat(RunResult, "the result of a run")
RECORD = "the record"  # where both are kept


def step_to_json(result: StepResult) -> str:
    """One step's result as a line of JSON."""
    return STEP_RESULT.write(result)


def step_from_json(text: str, **changes: Any) -> StepResult:
    """The result in a line of JSON, with some fields replaced. Raises RecordError."""
    result = STEP_RESULT.read(text, RECORD)
    return replace(result, **changes) if changes else result


def run_to_json(result: RunResult) -> str:
    """A run without its steps, which the record holds one by one."""
    return RUN_RESULT.write(replace(result, steps=()))


def run_from_json(text: str, steps: tuple[StepResult, ...]) -> RunResult:
    """A run from its JSON and its steps. Raises RecordError."""
    return replace(RUN_RESULT.read(text, RECORD), steps=steps)


def run_with_steps_from_json(text: str, steps: Iterable[str]) -> RunResult:
    """A run from its JSON and that of its steps, as the record has both. Raises RecordError."""
    return run_from_json(text, tuple(map(step_from_json, steps)))


def run_with_steps_to_json(result: RunResult) -> str:
    """A run and its steps for `report --json`: as they are recorded, without a version."""
    return to_json(
        {"run": replace(result, steps=()), "steps": result.steps, "problems": run_problems(result)}
    )


# A compiled pipeline as text: what the next run needs, without pydantic and TOML. It goes with one
# build of Shipway, so it has no version.
#
# Steps and configuration apart: a run in which everything is cached never reads the latter.


def dump_steps(steps: list[Step]) -> JsonValue:
    """Steps, JSON-able."""
    for step in steps:
        _ = step.identity  # computed once, and kept
    plain: JsonValue = to_plain(steps)
    return plain


def load_steps(rows: JsonValue) -> list[Step]:
    """The steps in what `dump_steps` made."""
    return from_plain(list[Step], rows)


def dump_config(config: Config) -> str:
    """The configuration as JSON, without the team's own steps, which are steps by now."""
    return to_json(asdict(replace(config, steps={})))  # all of it: cli/project.py looks into it


def load_config(text: str) -> Config:
    """The configuration in `text`, which `dump_config` wrote."""
    from shipway.config.schema import Config

    return from_plain(Config, json.loads(text))
