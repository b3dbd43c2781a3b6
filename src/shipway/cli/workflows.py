"""`shipway workflows`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shipway.aws.names import subject_claim
from shipway.aws.web_identity import identity_token, token_subject, web_identity
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.commands import COMMANDS
from shipway.cli.invocation import invocation
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.github.workflow_step import WORKFLOW_STEP
from shipway.github.workflows import (
    FOLDER,
    FileDrift,
    author_folder,
    file_drifts,
    generate_workflows,
    header_line,
    released_branch_notes,
    subject_mismatch,
)
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import Action, StepContext
from shipway.ports import OnOutput
from shipway.scaffold.survey import plain_name
from shipway.source_text import read_bytes
from shipway.system.files import shortest_path, write_atomic
from shipway.system.git import known_branches, repository_root
from shipway.system.http import RealHttp

# `workflows write`, `check` and `diff` carried out. Each returns the exit code.

_REMEDY = "Write them: shipway workflows write. They are never changed by hand."


@dataclass(frozen=True)
class Workflows:
    """What is wanted, and what is there. folder: where they are; files: name → text. notes: what
    a person should know of them."""

    folder: str
    mark: str
    wanted: dict[str, str]
    there: dict[str, str]
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def drifts(self) -> tuple[FileDrift, ...]:
        """The files that differ; those of somebody else's which nothing is wanted for do not."""
        ours = {
            name: text
            for name, text in self.there.items()
            if name in self.wanted or text.startswith(self.mark)
        }
        return tuple(file_drifts(self.wanted, ours))

    @property
    def foreign(self) -> tuple[str, ...]:
        """Files that stand where Shipway's are wanted, and are not Shipway's."""
        return tuple(
            name
            for name, text in self.there.items()
            if name in self.wanted and not text.startswith(self.mark) and text != self.wanted[name]
        )


def write_workflows(*, directory: str, dry_run: bool, force: bool, json: bool) -> int:
    """Write what differs, remove what is no longer wanted."""
    generated = workflows_in(directory)
    _no_other_application(generated)
    if generated.foreign and not force and not dry_run:
        raise ConfigError(
            f"Shipway did not write {', '.join(generated.foreign)} of {generated.folder}",
            "Look at shipway workflows diff, then write them with --force.",
        )
    changes = generated.drifts
    for drift in () if dry_run else changes:
        path = os.path.join(generated.folder, drift.name)
        if drift.name in generated.wanted:
            write_atomic(path, generated.wanted[drift.name].encode())
        else:
            os.unlink(path)
    if json:
        _print_json(generated, written=not dry_run)
        return 0
    if dry_run:
        sys.stdout.writelines(line for drift in changes for line in drift.unified)
    verb = "would be" if dry_run else "is"
    for drift in changes:
        word = "written" if drift.name in generated.wanted else "removed"
        print(f"{shortest_path(generated.folder)}/{drift.name} {verb} {word}")
    if not changes:
        print(f"{shortest_path(generated.folder)}: nothing changes")
    for sentence in generated.left_out:
        print(f"left out  {sentence}")
    for sentence in generated.notes:
        print(f"note      {sentence}")
    return 0


def _no_other_application(generated: Workflows) -> None:
    """Raises ConfigError where another application's workflows would be replaced: --force is for
    what nobody can write again."""
    for name in generated.foreign:
        if folder := author_folder(generated.there[name]):
            own = author_folder(generated.mark)
            raise ConfigError(
                f"{name} is the workflow of the application in {folder}",
                f'Give the workflows of {own} a name: [github] name = "{plain_name(own)}".',
            )


def check_workflows(*, directory: str, json: bool) -> int:
    """0 when files and configuration say the same; else 1, with the lines."""
    generated = workflows_in(directory)
    if json:
        _print_json(generated, written=False)
    else:
        for line in drift_lines_of(generated):
            print(invocation(directory).text(line))
    return int(bool(generated.drifts))


def diff_workflows(*, directory: str, json: bool) -> int:
    """Print the difference; 0 whatever it is."""
    generated = workflows_in(directory)
    if json:
        _print_json(generated, written=False)
    else:
        sys.stdout.writelines(line for drift in generated.drifts for line in drift.unified)
    return 0


def explain_subject(*, directory: str, environment: str) -> int:
    """Print whom the environment's role is to trust, and in a job of GitHub's who asks; 1 where
    they differ."""
    github = open_project(directory).config.github
    expected = subject_claim(github, environment) if github.repository else ""
    print(f"the role trusts   {expected or 'nobody yet: [github] repository is not configured'}")
    identity = web_identity(os.environ)
    if identity is None:
        return 0
    claimed = token_subject(identity_token(identity, RealHttp()))
    print(f"this job is       {claimed or 'unknown: GitHub sent a token without a subject'}")
    if claimed == expected:
        print("They agree: see whether the role exists, and allows sessions as long as these.")
        return 0
    print(subject_mismatch(claimed, expected, environment))
    return 1


def workflows_in(directory: str) -> Workflows:
    """The workflows of the project in a folder. Raises ConfigError outside a repository."""
    return project_workflows(open_project(directory))


def project_workflows(project: Project) -> Workflows:
    """The workflows of a project. Raises ConfigError outside a repository, and where the branch
    that is released is none of the repository's."""
    repository = repository_root(project.root)
    if not repository:
        raise ConfigError(
            f"{project.root} is in no git repository", "Make it one: git init.", code="git-failed"
        )
    below = os.path.relpath(project.root, repository)
    stages = {step.stage for step in project.steps}
    branches = known_branches(repository)
    notes = released_branch_notes(project.config.github, branches.default, branches.names)
    generated = generate_workflows(project.config, below, registered_commands(), stages)
    folder = os.path.join(repository, *FOLDER.split("/"))
    return Workflows(
        folder,
        header_line(below),
        generated.files,
        dict(_texts(folder)),
        generated.left_out,
        (*notes, *generated.notes),
    )


def drift_lines_of(generated: Workflows) -> Iterator[str]:
    """What `check` says: each line that differs, then what to do."""
    for drift in generated.drifts:
        yield from (f"{shortest_path(generated.folder)}/{line}" for line in drift.lines)
    if generated.drifts:
        yield "differs from shipway.toml; next: shipway workflows write"
    else:
        yield f"{shortest_path(generated.folder)}: as shipway.toml wants"


def compare(project: Project) -> Action:
    """The work of the step `workflows`."""

    def act(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
        found = project_workflows(project)
        for line in drift_lines_of(found):
            on_output(project.invocation().text(line))
        folder = os.path.relpath(found.folder, project.root)
        findings = tuple(
            Finding(
                tool=WORKFLOW_STEP,
                rule="drift",
                severity=Severity.MEDIUM,
                path=f"{folder}/{one.name}",
                line=line,
                message=f"differs from shipway.toml: {words}",
                remedy=_REMEDY,
                kind=FindingKind.CONFIGURATION,
            )
            for one in found.drifts
            for line, words in one.places
        )
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.FAILED if findings else Outcome.PASSED,
            reason="workflows and shipway.toml differ" if findings else "",
            remedy=_REMEDY if findings else "",
            findings=findings,
        )

    return act


def registered_commands() -> frozenset[str]:
    """The commands that this Shipway has."""
    return frozenset(COMMANDS)


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith((".yml", ".yaml")) and os.path.isfile(path):
            yield name, read_bytes(path).decode("utf-8", "replace")


def _print_json(generated: Workflows, *, written: bool) -> None:
    data = {
        "folder": generated.folder,
        "written": written,
        "left_out": generated.left_out,
        "notes": generated.notes,
        "differs": [{"file": drift.name, "lines": drift.lines} for drift in generated.drifts],
    }
    print(json_module.dumps(data, indent=2))


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("workflows", _workflows)


def _workflows(parser: Parser) -> None:
    """GitHub's workflows, written from shipway.toml.

    Example: shipway workflows diff
    """
    parser.add_command("write", _write, write_workflows)
    parser.add_command("check", _check, check_workflows)
    parser.add_command("diff", _diff, diff_workflows)
    parser.add_command("subject", _subject, explain_subject)


def _write(parser: Parser) -> None:
    """Write .github/workflows of the repository from shipway.toml, and say what is left out.

    A file that Shipway did not write is never replaced without --force; one of its own that the
    configuration no longer wants is removed.

    Example: shipway workflows write --dry-run
    """
    parser.add("--dry-run", action="store_true", help="Show what would change; write nothing.")
    parser.add(
        "--force", action="store_true", help="Also replace files that Shipway did not write."
    )
    add_json(parser)


def _check(parser: Parser) -> None:
    """Say whether the workflows are what shipway.toml wants; exit code 1 names each line.

    Example: shipway workflows check
    """
    add_json(parser)


def _diff(parser: Parser) -> None:
    """Show what `workflows write` would change, as a unified diff.

    Example: shipway workflows diff
    """
    add_json(parser)


def _subject(parser: Parser) -> None:
    """Print the subject that an environment's role in AWS is to trust.

    In a job of GitHub's, also the subject of the job's own token; exit code 1 where they differ.

    Example: shipway workflows subject production
    """
    add_environment(parser)
