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
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.ports import OnOutput

if TYPE_CHECKING:
    from shipway.pipeline.check import Check
    from shipway.pipeline.service_kinds import ProvidedService
    from shipway.pipeline.step_context import Action, StepContext
    from shipway.system.process import SystemProcesses


class StepExecutor:
    """Does steps' work; `cancel` ends what runs. Both from any thread.

    Nothing of it is imported in a run in which everything is cached.
    """

    def __init__(
        self,
        project: Project,
        run: str,
        commit: str,
        *,
        advisories: str = "",
        baseline: Sequence[str] = (),
    ) -> None:
        self._project = project
        self._advisories = advisories
        self._baseline = baseline
        self._run = run
        self._commit = commit
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._shop: StepContext | None = None
        self._processes: SystemProcesses | None = None

    def __call__(
        self, step: Step, upstream: Mapping[str, StepResult], on_output: OnOutput
    ) -> StepResult:
        """Do a step's work once."""
        from shipway.pipeline.execution import execute_step

        return execute_step(step, self.workshop(upstream), on_output)

    def cancel(self, *, force: bool = False) -> None:
        """End everything that runs; what is started later ends at once. force: by SIGKILL."""
        self._cancelled.set()
        self.workshop({})
        if self._processes is not None:
            self._processes.cancel(force=force)

    def workshop(self, upstream: Mapping[str, StepResult]) -> StepContext:
        """What steps work with: for all of a run the same, but for what ended before."""
        with self._lock:
            if self._shop is None:
                self._shop = self._open()
            return replace(self._shop, upstream=upstream)

    def _open(self) -> StepContext:
        from shipway.config.secret_values import secret_values
        from shipway.pipeline.step_context import StepContext
        from shipway.system.process import SystemProcesses

        project = self._project
        self._processes = SystemProcesses()
        declared = {name for step in project.steps for name in step.env}
        return StepContext(
            root=project.root,
            state=project.state,
            out=os.path.join(project.state, "runs", self._run),
            config=project.config,
            processes=self._processes,
            blobs=project.blobs,
            environment=dict(os.environ),
            checks=_check,
            actions=lambda name: _action(name, project),
            serve=_serve,
            serviced=_serviced,
            uv=uv_program(),
            commit=self._commit,
            stopping=self._cancelled.is_set,
            baseline=self._baseline,
            advisories=self._advisories,
            secrets=secret_values(project.config, os.environ, declared),
        )


def _check(name: str) -> Check:
    from shipway.checks.registry import CHECKS

    return next(check for check in CHECKS if check.name == name)


def _action(name: str, project: Project) -> Action:
    if name == "deploy":
        from shipway.cli.deploy import deploy_step

        return deploy_step(project)
    if name == "findings":
        from shipway.pipeline.findings_step import findings_step

        return findings_step
    if name in ("image", "publish"):
        from shipway.cli import image_steps

        return image_steps.publish_step(project) if name == "publish" else image_steps.build_step
    if name == "workflows":
        from shipway.cli.workflows import compare

        return compare(project)
    from shipway.releases import package  # not for the findings, which are judged in every run

    actions: dict[str, Action] = {
        "install": package.install_step,
        "package": package.package_release,
    }
    return actions[name]


def _serve(shop: StepContext, on_output: OnOutput) -> AbstractContextManager[str]:
    from shipway.pipeline.application_server import serve_application
    from shipway.system.clock import SystemClock
    from shipway.system.http import RealHttp
    from shipway.system.network import free_port

    return serve_application(shop, on_output, RealHttp(), SystemClock(), free_port)


def _serviced(
    shop: StepContext, on_output: OnOutput, extra: Mapping[str, str]
) -> AbstractContextManager[ProvidedService]:
    from shipway.pipeline.services import ServiceEnvironment, start_services
    from shipway.system.clock import SystemClock
    from shipway.system.network import free_port, service_answers
    from shipway.system.process import this_process

    outside = ServiceEnvironment(SystemClock(), this_process(), free_port, service_answers)
    return start_services(shop, on_output, outside, extra)


def uv_program() -> str:
    """uv comes with Shipway, beside its Python."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.path.exists(beside) else "uv"
