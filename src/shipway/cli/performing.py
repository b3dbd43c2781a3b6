"""The parts that doing a step's work takes, wired together when the first step needs them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
from shipway.core.step import Step

if TYPE_CHECKING:
    from shipway.core.check import Check
    from shipway.core.service_kinds import Provided
    from shipway.effects.process import SystemProcesses
    from shipway.flows.workshop import Action, Workshop


class Performer:
    """Does steps' work; `cancel` ends what runs. Both from any thread.

    Nothing of it is imported in a run in which everything is cached.
    """

    def __init__(
        self, project: Project, run: str, commit: str, *, advisories: str = "",
        baseline: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self._project = project
        self._advisories = advisories
        self._baseline = baseline
        self._run = run
        self._commit = commit
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._shop: Workshop | None = None
        self._processes: SystemProcesses | None = None

    def __call__(
        self, step: Step, upstream: Mapping[str, StepResult], on_output: OnOutput
    ) -> StepResult:
        """Do a step's work once."""
        from shipway.flows.perform import perform

        return perform(step, self.workshop(upstream), on_output)

    def cancel(self, *, force: bool = False) -> None:
        """End everything that runs; what is started later ends at once. force: by SIGKILL."""
        self._cancelled.set()
        self.workshop({})
        if self._processes is not None:
            self._processes.cancel(force=force)

    def workshop(self, upstream: Mapping[str, StepResult]) -> Workshop:
        """What steps work with: for all of a run the same, but for what ended before."""
        with self._lock:
            if self._shop is None:
                self._shop = self._open()
            return replace(self._shop, upstream=upstream)

    def _open(self) -> Workshop:
        from shipway.core.secrets import secret_values
        from shipway.effects.process import SystemProcesses
        from shipway.flows.workshop import Workshop

        project = self._project
        self._processes = SystemProcesses()
        declared = {name for step in project.steps for name in step.env}
        return Workshop(
            root=project.root, state=project.state,
            out=os.path.join(project.state, "runs", self._run), config=project.config,
            processes=self._processes, blobs=project.blobs, environment=dict(os.environ),
            checks=_check, actions=lambda name: _action(name, project), serve=_serve,
            serviced=_serviced, uv=uv_program(), commit=self._commit,
            stopping=self._cancelled.is_set, baseline=self._baseline,
            advisories=self._advisories,
            secrets=secret_values(project.config, os.environ, declared),
        )  # fmt: skip


def _check(name: str) -> Check:
    from shipway.checks import CHECKS

    return next(check for check in CHECKS if check.name == name)


def _action(name: str, project: Project) -> Action:
    if name == "deploy":
        from shipway.cli.deploying import deploy_action

        return deploy_action(project)
    if name == "findings":
        from shipway.flows.findings import findings

        return findings
    if name in ("image", "publish"):
        from shipway.cli import image_steps

        return image_steps.publish_action(project) if name == "publish" else image_steps.image
    if name == "workflows":
        from shipway.cli.workflowing import compare

        return compare(project)
    from shipway.flows import install  # not for the findings, which are judged in every run

    actions: dict[str, Action] = {"install": install.install, "package": install.package}
    return actions[name]


def _serve(shop: Workshop, on_output: OnOutput) -> AbstractContextManager[str]:
    from shipway.effects.address import free_port
    from shipway.effects.clock import SystemClock
    from shipway.effects.http import RealHttp
    from shipway.flows.serve import served

    return served(shop, on_output, RealHttp(), SystemClock(), free_port)


def _serviced(
    shop: Workshop, on_output: OnOutput, given: Mapping[str, str]
) -> AbstractContextManager[Provided]:
    from shipway.effects.address import free_port
    from shipway.effects.clock import SystemClock
    from shipway.effects.process import this_process
    from shipway.effects.service_probe import answers
    from shipway.flows.services import Outside, services

    outside = Outside(SystemClock(), this_process(), free_port, answers)
    return services(shop, on_output, outside, given)


def uv_program() -> str:
    """uv comes with Shipway, beside its Python."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.path.exists(beside) else "uv"
