"""What trying entries out takes: the application's environment, its services, a free port."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from shipway.cli.project import Project, open_project
from shipway.cli.step_worker import StepWorker
from shipway.errors import ApplicationFault, CannotRun, ConfigError
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.releases.package import build_release, prepare_environment
from shipway.scaffold.entry_point import EntryPoint
from shipway.scaffold.entry_trial import EntryTester, EntryTrial
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree, copy_files
from shipway.system.http import RealHttp
from shipway.system.network import free_port


def try_entries(
    root: str, entries: Sequence[EntryPoint], paths: Sequence[str], say: OnOutput
) -> tuple[EntryTrial | None, list[str], str]:
    """The entry that starts and has routes, the errors of those that do not start, and what
    `[application] build` complained of.

    They are tried in the environment that the lock describes. Raises ShipwayError where that cannot
    be made.
    """
    project = open_project(root)
    install = _install_step(project)
    context = StepWorker(project, "init", "").context
    say("trying the entry in the application's environment …")
    python = prepare_environment(install, context, lambda line: None, development=False)
    installed = StepResult(
        step="install", stage=install.stage, outcome=Outcome.PASSED, facts={"python": python}
    )
    # What the application's own commands write during the trial goes there.
    trial = os.path.join(context.state, "trial")
    os.makedirs(trial, mode=0o700, exist_ok=True)
    context = replace(context, upstream={"install": installed}, out=trial)
    context, complaint = apart(install, context, python)
    with ExitStack() as services:
        variables: dict[str, str] = {}
        if project.config.services:
            try:
                extra = {
                    name: value.replace("{data}", trial)
                    for name, value in project.config.application.env.items()
                }
                provided = services.enter_context(
                    context.serviced(context, lambda line: None, extra)
                )
                variables = dict(provided.variables)
            except (CannotRun, ApplicationFault) as problem:
                say(f"entry        tried without services: {problem.message}")
        tester = EntryTester(context, RealHttp(), SystemClock(), free_port, variables)
        try:
            if not variables:
                tester.prepare(say)
            return *tester.best(entries, paths, say), complaint
        finally:
            tester.close()


def apart(install: Step, context: StepContext, python: str) -> tuple[StepContext, str]:
    """The same context in a copy of the files, built as a release is, and ""; or as it was, and why
    it could not be built. What a migration or a seed writes beside the code is in the copy, too.
    """
    application = context.config.application
    if not (application.build or application.migrate or application.seed):
        return context, ""
    copy = os.path.join(context.state, "trial", "source")
    shutil.rmtree(copy, ignore_errors=True)
    copy_files(context.root, list(FileTree(context.root, {}).listing()), copy)
    if application.build:
        try:
            build_release(install, context, lambda line: None, copy, python)
        except ApplicationFault as fault:
            return context, fault.message
    return replace(context, root=copy), ""


def prepare_test_environment(root: str) -> None:
    """Make the environment that tests run in, as the next run uses it. Raises ShipwayError where it
    cannot be made."""
    project = open_project(root)
    context = StepWorker(project, "init", "").context
    prepare_environment(_install_step(project), context, lambda line: None, development=True)


def _install_step(project: Project) -> Step:
    install = next((step for step in project.steps if step.name == "install"), None)
    if install is None:
        raise ConfigError("nothing is installed here", "Name a lock in [application].")
    return install
