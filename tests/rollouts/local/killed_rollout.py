"""A rollout whose process is killed at a chosen moment."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fakes.clock import VirtualClock
from tests.rollouts.local.fake_machine import Machine

from shipway.config.schema import Application, Config, Environment
from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release
from shipway.rollouts.events import NullListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.system.record import SqliteRecord

STRATEGIES = ("rolling", "blue-green", "linear", "canary")


class Killed(BaseException):
    """The process ends here."""


class Dying(SqliteRecord):
    """A record at whose nth writing of a state the process is killed, before or after it."""

    left = 10_000
    after = False

    def put_state(self, environment: str, state: Mapping[str, object]) -> None:
        """Write it; or end."""
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Killed
        super().put_state(environment, state)
        if self.left < 0:
            raise Killed


class Place:
    """An environment on a made-up machine, with a release that serves."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.machine = Machine(str(folder))
        self.record = self._opened()
        self.clock = VirtualClock()
        environment = Environment(
            port=0,
            instances=3,
            step_percent=40.0,
            step_bake=2.0,
            bake=2.0,
            judged=False,
            probes=0.0,
            test_port=0,
        )
        self.config = Config(
            application=Application(name="tiny", serve="serve", health="/health"),
            environments={"local": replace(environment, **settings)},
        )
        self.old, self.new = self.release("1.0"), self.release("2.0")
        assert self.platform().deploy(self.old, NullListener()).verdict is Verdict.PASSED

    def _opened(self) -> Dying:
        return Dying(str(self.folder / "record.sqlite3"))

    def keep(self) -> None:
        """Remember the folder and the machine as they are."""
        self.record.close()
        shutil.copytree(self.folder, self._kept_folder)
        self._kept_machine = deepcopy(vars(self.machine))
        self.record = self._opened()

    def restore(self) -> None:
        """All is as it was at `keep`: rolling out what serves is most of what a case costs."""
        self.record.close()
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept_folder, self.folder)
        vars(self.machine).update(deepcopy(self._kept_machine))
        self.record = self._opened()

    @property
    def _kept_folder(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-kept")

    def platform(self) -> LocalPlatform:
        return LocalPlatform(
            self.config,
            "local",
            str(self.folder),
            self.machine,
            self.machine,
            self.clock,
            self.record,
        )

    def release(self, version: str) -> Release:
        digest = version.encode().hex().ljust(64, "0")
        return Release(
            application="tiny",
            version=version,
            commit="",
            digest=digest,
            lock="",
            migrations=(),
            path=str(self.folder),
            python="/usr/bin/python3",
        )

    def die_at(self, action: int, *, after: bool) -> bool:
        """Deploy the new release, and be killed at the nth writing. False: it got to the end."""
        self.record.left, self.record.after = action, after
        try:
            self.platform().deploy(self.new, NullListener())
        except Killed:
            return True
        finally:
            self.record.left = 10_000
        return False

    def only(self, release: Release) -> None:
        """Nothing else than this release is there, and it serves."""
        platform = self.platform()
        assert platform.status()["release"] == release.name
        assert {one.digest for one in platform.running} == {release.digest}
        assert self.machine.shares() == {release.digest[:12]: 100}
        assert len(self.machine.running) == 1 + 3  # Envoy, and three instances
        assert platform.unfinished is None
