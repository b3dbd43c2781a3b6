"""Does the steps' work of a run, with parts that are opened when the first step needs them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shipway.cli.project import Project
from shipway.pipeline.cache import StepCache
from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.result import StepResult
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import ALL_OF_SUITE, Step
from shipway.ports import OnOutput

if TYPE_CHECKING:
    from shipway.cli.step_worker import StepWorker


class StepExecutor:
    """Does steps' work; `cancel` ends what runs. Both from any thread.

    Nothing of it is imported in a run in which everything is cached. source: what the run began
    with; cache: where its files were looked at; all_tests: why all tests run, "" where they need
    not; part: which of them somebody asked for. All are set before its first step.
    """

    def __init__(
        self,
        project: Project,
        run: str,
        commit: str,
        secrets: RunSecrets,
        *,
        advisories: str = "",
        baseline: Sequence[str] = (),
    ) -> None:
        self._project = project
        self._advisories = advisories
        self._baseline = baseline
        self._run = run
        self._commit = commit
        self._secrets = secrets
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._worker: StepWorker | None = None
        self.source: ReleaseSource | None = None
        self.cache: StepCache | None = None
        self.all_tests = ""
        self.part = ALL_OF_SUITE

    def __call__(
        self, step: Step, upstream: Mapping[str, StepResult], on_output: OnOutput
    ) -> StepResult:
        """Do a step's work once."""
        worker = self._opened()
        if self.cache is not None:
            worker.choose_tests(self.cache, self.all_tests, self.part)
        return worker.execute(step, upstream, on_output, self.source)

    def apply_fixes(self, steps: Iterable[Step], say: Callable[[str], None]) -> None:
        """Let the steps' tools repair what is safe."""
        self._opened().apply_fixes(steps, say)

    def remove_stale_services(self) -> None:
        """End the services of runs that were killed."""
        if os.path.isdir(os.path.join(self._project.state, "services")):
            self._opened().remove_stale_services()

    def shortcoming(self) -> str:
        """What did not hold the programs of the steps; "" where none was started."""
        return self._worker.shortcoming() if self._worker else ""

    def cancel(self, *, force: bool = False) -> None:
        """End everything that runs; what is started later ends at once. force: by SIGKILL."""
        self._cancelled.set()
        self._opened().processes.cancel(force=force)

    def _opened(self) -> StepWorker:
        from shipway.cli.step_worker import StepWorker

        with self._lock:
            if self._worker is None:
                self._worker = StepWorker(
                    self._project,
                    self._run,
                    self._commit,
                    self._secrets,
                    stopping=self._cancelled.is_set,
                    advisories=self._advisories,
                    baseline=self._baseline,
                )
            return self._worker
