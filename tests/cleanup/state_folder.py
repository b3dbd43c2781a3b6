"""A state folder in which much has gathered."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.cleanup.expired_artifacts import DAY, ArtifactHistory
from shipway.config.schema import Retention
from shipway.ports import EndedStep
from shipway.system.files import BlobFolder
from shipway.system.record import SqliteRecord

NOW = time.time()


def aged(path: Path, days: float = 2) -> Path:
    """As if nobody had touched it for so long."""
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return path


@dataclass(frozen=True)
class Gathered:
    """The folder and its record."""

    folder: Path
    record: SqliteRecord

    @property
    def blobs(self) -> BlobFolder:
        """Its contents."""
        return BlobFolder(str(self.folder / "blobs"))

    def past(self, policy: Retention = Retention(releases=1, runs=2)) -> ArtifactHistory:  # noqa: B008  # frozen
        """What the code under test gets."""
        return ArtifactHistory(str(self.folder), self.record, policy, NOW)

    def venv(self, key: str) -> Path:
        """An application's environment, old."""
        folder = self.folder / "venvs" / (key * 16)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_bytes(b"x" * 50)
        return aged(folder)

    def release(self, key: str, *, recorded: bool = True) -> dict[str, Any]:
        """A release of its own venv, with its folder, old."""
        path = self.folder / "releases" / (key * 32)
        path.mkdir(parents=True)
        (path / "app.py").write_bytes(b"x" * 100)
        (path / "app.py").chmod(0o444)
        path.chmod(0o555)
        aged(path)
        release = {
            "digest": key * 64,
            "name": f"1.{key}",
            "path": str(path),
            "python": str(self.venv(key) / "bin" / "python"),
        }
        if recorded:
            self.record.add_release(release)
        return release

    def rolled_out(self, key: str, verdict: str = "passed", environment: str = "local") -> int:
        """A rollout of a release."""
        return self.record.add_rollout(
            environment, {"verdict": verdict, "release": f"1.{key}", "digest": key * 64}
        )

    def run(self, name: str, started: float, result: str = "{}") -> Path:
        """A run with one step and its folder of reports."""
        self.record.start_run(name, started)
        self.record.finish_steps(name, [EndedStep("s", result)])
        folder = self.folder / "runs" / name
        folder.mkdir(parents=True)
        (folder / "report.xml").write_bytes(b"x" * 10)
        os.utime(folder, (started, started))
        return folder

    def log(self, name: str, days: float, environment: str = "local") -> Path:
        """An instance's log."""
        path = self.folder / "environments" / environment / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 20)
        return aged(path, days)


def gathered(folder: Path) -> Gathered:
    """An empty one."""
    return Gathered(folder, SqliteRecord(str(folder / "record.sqlite3")))
