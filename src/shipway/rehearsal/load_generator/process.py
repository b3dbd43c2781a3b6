"""A load that runs beside this process."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence

from shipway.errors import CannotRun
from shipway.rehearsal.load import LoadPlan, LoadResponse, load_plan_to_json, response_from_json
from shipway.system.network import raise_if_foreign

_LOG = logging.getLogger(__name__)


class ProcessLoad:
    """The real load. Raises ConfigError where the address is another machine's.

    It is not told of the terminal's Ctrl-C; it ends by `stop`, or with this process.
    """

    def __init__(self, plan: LoadPlan, path: str) -> None:
        raise_if_foreign(plan.host)
        self._path = path
        self._patience = plan.timeout + 10.0
        self._sent: list[LoadResponse] = []
        self._rest = ""
        open(path, "w", encoding="utf-8").close()
        self._file = open(path, encoding="utf-8")  # noqa: SIM115  # as long as the load
        self._process = subprocess.Popen(
            [sys.executable, "-m", "shipway.rehearsal.load_generator", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        _LOG.info("load generator started: process %d, requests in %s", self._process.pid, path)
        assert self._process.stdin is not None
        self._process.stdin.write(load_plan_to_json(plan) + "\n")
        self._process.stdin.flush()

    def sent(self) -> Sequence[LoadResponse]:
        """What came of the requests that have ended, oldest end first."""
        text = self._rest + self._file.read()
        lines, _, self._rest = text.rpartition("\n")
        self._sent.extend(response_from_json(line) for line in lines.splitlines())
        return self._sent

    def wait(self) -> None:
        """Until all of the plan is sent and answered."""
        self._process.wait()

    def stop(self) -> Sequence[LoadResponse]:
        """Send nothing more, wait for the last answers; what came of all requests."""
        process = self._process
        output = ""
        try:
            _, output = process.communicate(timeout=self._patience)
        except subprocess.TimeoutExpired:
            self.kill()
        every = self.sent()
        self._file.close()
        if process.returncode:
            last = output.strip().splitlines()[-1:] or ["it did not end"]
            raise CannotRun(
                f"the load failed: {last[0]}", "Try again with a lower --rate.", code="tool-failed"
            )
        return every

    def kill(self) -> None:
        """End it at once; what it was waiting for is not known."""
        self._process.kill()
        self._process.communicate()
