"""What a project's settings come to: the configuration, and the steps of its pipeline."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from shipway.checks.registry import enabled_checks
from shipway.config.schema import Config
from shipway.config.validation import validate
from shipway.errors import ConfigError
from shipway.github.workflow_step import workflow_step
from shipway.pipeline.definition import pipeline_steps
from shipway.pipeline.step import Step
from shipway.scaffold.detection import detect_application
from shipway.scaffold.folder_sources import FolderSources
from shipway.source_text import parse_toml


def compile_project(
    sources: FolderSources, file: str
) -> tuple[Config, list[Step], tuple[str, ...]]:
    """The configuration, the steps, and what was worked out because nothing says it.

    file: the name of Shipway's own file; without it, pyproject.toml may say everything. Raises
    ConfigError.
    """
    text = sources.read(file)
    pyproject = _toml("pyproject.toml", sources.read("pyproject.toml") or "")
    _table(pyproject, "project")  # the detection looks into it
    if text is None:
        settings = validate(_table(pyproject, "tool", "shipway"), "pyproject.toml")
    else:
        settings = validate(_toml(file, text), file)
    config, assumed = detect_application(settings, sources)
    if not config.application.name:
        application = replace(config.application, name=os.path.basename(sources.root))
        config = replace(config, application=application)
    checks = enabled_checks(config)
    steps = pipeline_steps(config, checks)
    if more := workflow_step(sources, {step.stage for step in steps}):
        steps = pipeline_steps(config, checks, more)
    return config, steps, assumed


def _toml(source: str, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ConfigError(
            f"{source} is {error}", "Correct it and run again.", code="invalid-setting"
        ) from None


def _table(pyproject: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The table at a key path, empty where there is none."""
    table: Any = pyproject
    for number, key in enumerate(keys, 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            path = ".".join(keys[:number])
            raise ConfigError(
                f"pyproject.toml: {path} is no table",
                "Correct it and run again.",
                code="invalid-setting",
            )
    return dict(table)
