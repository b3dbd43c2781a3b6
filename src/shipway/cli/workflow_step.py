"""The step `workflows` of a project whose workflows Shipway has written: whether they drifted."""

from __future__ import annotations

import os
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

from shipway.core.finding import Finding, Kind, Severity
from shipway.core.outcome import Outcome
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Kind as Work
from shipway.core.step import Step

if TYPE_CHECKING:
    from shipway.cli.project import Project
    from shipway.effects.sources import FolderSources
    from shipway.flows.workshop import Action, Workshop

STEP = "workflows"
_REMEDY = "Write them: shipway workflows write. They are never changed by hand."


def workflow_step(sources: FolderSources, stages: Collection[str]) -> tuple[Step, ...]:
    """The step, where there is a workflow that was written for this project; else none.

    stages: those that have steps, on which the workflows depend.
    """
    from shipway.effects.git import top
    from shipway.outputs.workflows.written import FOLDER, mark

    repository = top(sources.root)
    if not repository:
        return ()
    folder = f"{os.path.relpath(repository, sources.root)}/{FOLDER}".removeprefix("./")
    paths = [f"{folder}/{name}" for name in sources.files(folder) if name.endswith(".yml")]
    first = mark(os.path.relpath(sources.root, repository))
    if not any((sources.read(path) or "").startswith(first) for path in paths):
        return ()
    return (
        Step(
            STEP, "quality", Work.ACTION,
            {"action": STEP, "stages": sorted(stages), "generator": _generator()},
            inputs=("shipway.toml", "pyproject.toml", *paths), expected=0.5,
        ),
    )  # fmt: skip


def compare(project: Project) -> Action:
    """The step's work."""

    def act(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
        from shipway.cli.workflowing import of_project, said

        found = of_project(project)
        for line in said(found):
            on_output(project.invocation().text(line))
        folder = os.path.relpath(found.folder, project.root)
        findings = tuple(
            Finding(STEP, "drift", Severity.MEDIUM, f"{folder}/{one.name}", line,
                    f"differs from shipway.toml: {words}", _REMEDY, Kind.CONFIGURATION)
            for one in found.drifts for line, words in one.places
        )  # fmt: skip
        return StepResult(
            step.name, step.stage, Outcome.FAILED if findings else Outcome.PASSED,
            reason="workflows and shipway.toml differ" if findings else "",
            remedy=_REMEDY if findings else "", findings=findings,
        )  # fmt: skip

    return act


def _generator() -> str:
    """A digest of what writes the workflows: another Shipway may want others."""
    here = os.path.dirname(os.path.dirname(__file__))
    paths = [os.path.join(here, "cli", "app.py")]
    for folder, _, names in os.walk(os.path.join(here, "outputs", "workflows")):
        if not folder.endswith("__pycache__"):
            paths += [os.path.join(folder, name) for name in names]
    content = sha256()
    for path in sorted(paths):
        with open(path, "rb") as file:
            content.update(file.read())
    return content.hexdigest()[:32]
