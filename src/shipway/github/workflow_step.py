from __future__ import annotations

import os
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

from shipway.github.workflows import FOLDER, header_line
from shipway.pipeline.step import Step
from shipway.pipeline.step import StepKind as Work
from shipway.system.git import repository_root

if TYPE_CHECKING:
    from shipway.scaffold.folder_sources import FolderSources


WORKFLOW_STEP = "workflows"


def workflow_step(sources: FolderSources, stages: Collection[str]) -> tuple[Step, ...]:
    """The step, where there is a workflow that was written for this project; else none.

    stages: those that have steps, on which the workflows depend.
    """
    repository = repository_root(sources.root)
    if not repository:
        return ()
    folder = f"{os.path.relpath(repository, sources.root)}/{FOLDER}".removeprefix("./")
    paths = [f"{folder}/{name}" for name in sources.files(folder) if name.endswith(".yml")]
    first = header_line(os.path.relpath(sources.root, repository))
    if not any((sources.read(path) or "").startswith(first) for path in paths):
        return ()
    return (
        Step(
            name=WORKFLOW_STEP,
            stage="quality",
            kind=Work.ACTION,
            work={"action": WORKFLOW_STEP, "stages": sorted(stages), "generator": _generator()},
            inputs=("shipway.toml", "pyproject.toml", *paths),
            expected=0.5,
        ),
    )


def _generator() -> str:
    """A digest of what writes the workflows: another Shipway may want others."""
    package = os.path.dirname(os.path.dirname(__file__))
    paths = [os.path.join(package, "cli", "commands.py")]
    for folder, _, names in os.walk(os.path.join(package, "github")):
        if not folder.endswith("__pycache__"):
            paths += [os.path.join(folder, name) for name in names]
    content = sha256()
    for path in sorted(paths):
        with open(path, "rb") as file:
            content.update(file.read())
    return content.hexdigest()[:32]
