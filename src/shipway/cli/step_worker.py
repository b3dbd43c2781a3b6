"""The parts that doing a step's work takes, wired together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from shipway.checks.test_selection import TestSelector
from shipway.cli.project import Project
from shipway.config.secret_values import secret_values
from shipway.pipeline.application_server import serve_application
from shipway.pipeline.cache import StepCache
from shipway.pipeline.check import Check
from shipway.pipeline.definition import INSTALL
from shipway.pipeline.execution import execute_step
from shipway.pipeline.findings_step import findings_step
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.repairs import apply_fixes
from shipway.pipeline.result import StepResult
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.service_kinds import ProvidedService
from shipway.pipeline.services import remove_stale_services, service_host, start_services
from shipway.pipeline.step import PartOfSuite, Step
from shipway.pipeline.step_context import Action, StepContext
from shipway.ports import OnOutput
from shipway.system.clock import SystemClock
from shipway.system.contention import processor_contention
from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.process import SystemProcesses, this_process
from shipway.system.sandbox import machine_memory, shortcoming
from shipway.system.seal import key_folder
from shipway.system.uv import uv_program


class StepWorker:
    """Does the work of one run's steps, from any thread.

    context: what they work with; `upstream` differs from step to step. stopping: whether the run is
    to end. advisories, baseline: as the run's options have them. secrets: of the run, where there
    is one.
    """

    def __init__(
        self,
        project: Project,
        run: str,
        commit: str,
        secrets: RunSecrets | None = None,
        *,
        stopping: Callable[[], bool] = lambda: False,
        advisories: str = "",
        baseline: Sequence[str] = (),
    ) -> None:
        self._steps = {step.name: step for step in project.steps}
        self._record = project.record
        self._installing = threading.Lock()
        self._installed: StepResult | None = None
        self.processes = SystemProcesses()
        declared = {name for step in project.steps for name in step.env}
        hidden = secret_values(project.config, os.environ, declared)
        secrets = secrets or RunSecrets(project.root, project.blobs)
        secrets.learn(hidden)
        self.context = StepContext(
            root=project.root,
            state=project.state,
            out=os.path.join(project.state, "runs", run),
            config=project.config,
            processes=self.processes,
            blobs=project.blobs,
            environment=dict(os.environ),
            checks=_check,
            actions=lambda name: _action(name, project),
            serve=_serve,
            serviced=_serviced,
            contention=processor_contention,
            uv=uv_program(),
            commit=commit,
            stopping=stopping,
            baseline=baseline,
            advisories=advisories,
            secrets=hidden,
            texts=secrets.contents,
            hidden=(key_folder(),),
            memory=machine_memory(),
        )

    def execute(
        self,
        step: Step,
        upstream: Mapping[str, StepResult],
        on_output: OnOutput,
        source: ReleaseSource | None = None,
    ) -> StepResult:
        """Do a step's work once. upstream: the results of the steps that it needs. source: what
        the run began with."""
        if INSTALL in step.needs and (made := self._environment(upstream, on_output)) is not None:
            if made.outcome is not Outcome.PASSED:
                return replace(made, step=step.name, stage=step.stage)
            upstream = {**upstream, INSTALL: made}
        context = replace(self.context, upstream=upstream, source=source)
        return execute_step(step, context, on_output)

    def choose_tests(self, cache: StepCache, every: str, part: PartOfSuite) -> None:
        """From now on, of suites only those tests run that a change can reach. every: why all do,
        "" where they need not. part: which of them somebody asked for."""
        if self.context.tests is None:
            # On CI's machines nothing remains for another run to choose by.
            learns = not os.environ.get("CI")
            tests = TestSelector(
                self.context.root,
                self._record,
                cache,
                self.context.now,
                every=every,
                learns=learns,
                part=part,
            )
            self.context = replace(self.context, tests=tests)

    def _environment(
        self, upstream: Mapping[str, StepResult], on_output: OnOutput
    ) -> StepResult | None:
        """How making the application's environment ended, where only that outcome was taken from
        others; else None. The first step that needs it makes it: most runs have no such step."""
        installed = upstream.get(INSTALL)
        if installed is None or installed.origin is None:
            return None
        with self._installing:
            if self._installed is None:
                context = replace(self.context, upstream=upstream)
                made = execute_step(self._steps[INSTALL], context, on_output)
                if made.outcome is not Outcome.PASSED:  # the next step may have more luck
                    return made
                self._installed = made
            return self._installed

    def apply_fixes(self, steps: Iterable[Step], say: Callable[[str], None]) -> None:
        """Let the steps' tools repair what is safe, and keep what is shown to work."""

        def application() -> StepContext:
            """With the application's environment, where it can be made."""
            if "install" not in self._steps:
                return self.context
            installed = self.execute(self._steps["install"], {}, lambda line: None)
            if installed.reason:
                say(f"install: {installed.reason}")
            return replace(self.context, upstream={"install": installed})

        suites = [self._steps[name] for name in ("unit", "integration") if name in self._steps]
        apply_fixes(steps, self.context, say, application=application, tests=suites[:1])

    def shortcoming(self) -> str:
        """What did not hold the programs of the steps."""
        return shortcoming()

    def remove_stale_services(self) -> None:
        """End the services of runs that were killed."""
        remove_stale_services(self.context.state, self.processes)


# What most runs do without is imported by the first step that asks for it.


def _check(name: str) -> Check:
    from shipway.checks.registry import CHECKS

    return next(check for check in CHECKS if check.name == name)


def _action(name: str, project: Project) -> Action:
    if name == "deploy":
        from shipway.cli.deploy import deploy_step

        return deploy_step(project)
    if name == "findings":
        return findings_step
    if name in ("image", "publish"):
        from shipway.cli import image_steps

        return image_steps.publish_step(project) if name == "publish" else image_steps.build_step
    if name == "own-rules":
        from shipway.cli.own_rules import own_rules_step

        return own_rules_step
    if name == "workflows":
        from shipway.cli.workflows import compare

        return compare(project)
    from shipway.releases import package  # not for the findings, which are judged in every run

    actions: dict[str, Action] = {
        "install": package.install_step,
        "package": package.package_release,
    }
    return actions[name]


def _serve(context: StepContext, on_output: OnOutput) -> AbstractContextManager[str]:
    return serve_application(context, on_output, RealHttp(), SystemClock(), free_port)


def _serviced(
    context: StepContext, on_output: OnOutput, extra: Mapping[str, str]
) -> AbstractContextManager[ProvidedService]:
    host = service_host(context.processes, context.environment, context.stopping)
    return start_services(context, on_output, host, this_process(), extra)
