"""The step `workflows` of a project whose workflows Shipway has written: whether they drifted."""

from __future__ import annotations

import os
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

from shipway.core.step import Kind as Work
from shipway.core.step import Step

if TYPE_CHECKING:
    from shipway.effects.sources import FolderSources

STEP = "workflows"


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


def _generator() -> str:
    """A digest of what writes the workflows: another Shipway may want others."""
    here = os.path.dirname(os.path.dirname(__file__))
    paths = [os.path.join(here, "cli", "commands.py")]
    for folder, _, names in os.walk(os.path.join(here, "outputs", "workflows")):
        if not folder.endswith("__pycache__"):
            paths += [os.path.join(folder, name) for name in names]
    content = sha256()
    for path in sorted(paths):
        with open(path, "rb") as file:
            content.update(file.read())
    return content.hexdigest()[:32]
