"""`workflows write`, `check` and `diff` carried out. Each returns the exit code."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.cli.commands import COMMANDS
from shipway.cli.invoked import invocation
from shipway.cli.project import Project, open_project
from shipway.cli.workflow_step import STEP
from shipway.core.drift import Drift, drifts
from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Kind, Severity
from shipway.core.outcome import Outcome
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.effects.files import write_atomic
from shipway.effects.git import top

if TYPE_CHECKING:
    from shipway.flows.workshop import Action, Workshop

_REMEDY = "Write them: shipway workflows write. They are never changed by hand."


@dataclass(frozen=True)
class Workflows:
    """What is wanted, and what is there. folder: where they are; files: name → text."""

    folder: str
    mark: str
    wanted: dict[str, str]
    there: dict[str, str]
    left_out: tuple[str, ...]

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """The files that differ; those of somebody else's which nothing is wanted for do not."""
        ours = {name: text for name, text in self.there.items()
                if name in self.wanted or text.startswith(self.mark)}  # fmt: skip
        return tuple(drifts(self.wanted, ours))

    @property
    def foreign(self) -> tuple[str, ...]:
        """Files that stand where Shipway's are wanted, and are not Shipway's."""
        return tuple(
            name for name, text in self.there.items()
            if name in self.wanted and not text.startswith(self.mark) and text != self.wanted[name]
        )  # fmt: skip


def write_workflows(*, directory: str, dry_run: bool, force: bool, json: bool) -> int:
    """Write what differs, remove what is no longer wanted."""
    found = workflows(directory)
    if found.foreign and not force and not dry_run:
        raise ConfigError(
            f"Shipway did not write {', '.join(found.foreign)} of {found.folder}",
            "Look at shipway workflows diff, then write them with --force.",
        )
    changes = found.drifts
    for one in () if dry_run else changes:
        path = os.path.join(found.folder, one.name)
        if one.name in found.wanted:
            write_atomic(path, found.wanted[one.name].encode())
        else:
            os.unlink(path)
    if json:
        _print_json(found, written=not dry_run)
        return 0
    if dry_run:
        sys.stdout.writelines(line for one in changes for line in one.unified)
    verb = "would be" if dry_run else "is"
    for one in changes:
        word = "written" if one.name in found.wanted else "removed"
        print(f"{_short(found.folder)}/{one.name} {verb} {word}")
    if not changes:
        print(f"{_short(found.folder)}: nothing changes")
    for sentence in found.left_out:
        print(f"left out  {sentence}")
    return 0


def check_workflows(*, directory: str, json: bool) -> int:
    """0 when files and configuration say the same; else 1, with the lines."""
    found = workflows(directory)
    if json:
        _print_json(found, written=False)
    else:
        for line in said(found):
            print(invocation(directory).text(line))
    return int(bool(found.drifts))


def diff_workflows(*, directory: str, json: bool) -> int:
    """Print the difference; 0 whatever it is."""
    found = workflows(directory)
    if json:
        _print_json(found, written=False)
    else:
        sys.stdout.writelines(line for one in found.drifts for line in one.unified)
    return 0


def workflows(directory: str) -> Workflows:
    """The workflows of the project in a folder. Raises ConfigError outside a repository."""
    return of_project(open_project(directory))


def of_project(project: Project) -> Workflows:
    """The workflows of a project. Raises ConfigError outside a repository."""
    from shipway.outputs.workflows.written import FOLDER, mark, write

    repository = top(project.root)
    if not repository:
        raise ConfigError(f"{project.root} is in no git repository", "Make it one: git init.")
    below = os.path.relpath(project.root, repository)
    stages = {step.stage for step in project.steps}
    made = write(project.config, below, registered(), stages)
    folder = os.path.join(repository, *FOLDER.split("/"))
    return Workflows(folder, mark(below), made.files, dict(_texts(folder)), made.left_out)


def said(found: Workflows) -> Iterator[str]:
    """What `check` says: each line that differs, then what to do."""
    for one in found.drifts:
        yield from (f"{_short(found.folder)}/{line}" for line in one.lines)
    if found.drifts:
        yield "differs from shipway.toml; next: shipway workflows write"
    else:
        yield f"{_short(found.folder)}: as shipway.toml wants"


def compare(project: Project) -> Action:
    """The work of the step `workflows`."""

    def act(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
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


def registered() -> frozenset[str]:
    """The commands that this Shipway has."""
    return frozenset(COMMANDS)


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith((".yml", ".yaml")) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                yield name, file.read()


def _print_json(found: Workflows, *, written: bool) -> None:
    data = {
        "folder": found.folder, "written": written, "left_out": found.left_out,
        "differs": [{"file": one.name, "lines": one.lines} for one in found.drifts],
    }  # fmt: skip
    print(json_module.dumps(data, indent=2))


def _short(path: str) -> str:
    return min(path, os.path.relpath(path), key=len)
