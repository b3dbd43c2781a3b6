"""One environment in which rollouts are killed, one after another, and then ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.e2e.dying import GOT_A_SIGNAL, Death
from tests.e2e.local_site import GOOD, Site

from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release
from shipway.rollouts.events import NullListener
from shipway.rollouts.report import RolloutReport, rollout_records
from shipway.rollouts.state_machine import Stage
from shipway.system.network import free_port

ROOT = Path(__file__).parents[2]
WRONG = GOOD.replace('{"ok": true}', '{"ok": false}')  # its smoke test fails, its requests do not
STRATEGIES = ("rolling", "blue-green", "linear", "canary")
QUICK = {
    "judged": False,
    "probes": 0.0,
    "bake": 0.3,
    "step_bake": 0.3,
    "step_percent": 50.0,
    "canary_percent": 25.0,
}


class Ordeal:
    """serving: the release that everybody gets before and after each rollout."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self._test_port = free_port()
        self._versions = 0
        self._settings: dict[str, Any] = {}
        self.set("rolling")
        self.serving = self.release()
        assert self.site.platform().deploy(self.serving, NullListener()).verdict is Verdict.PASSED

    def set(self, strategy: str) -> None:
        """From now on by this strategy. All have test traffic: a running proxy keeps its port."""
        self._settings = {
            **QUICK,
            "strategy": strategy,
            "test_port": self._test_port,
        }
        self.site.set(**self._settings)

    def release(self, code: str = GOOD) -> Release:
        """Another one."""
        self._versions += 1
        return self.site.release(f"{self._versions}.0", code)

    def kill(self, release: Release, death: Death) -> bool:
        """Roll it out in a process that gets a signal. False: it got to the end before."""
        order = {
            "folder": str(self.site.folder),
            "port": self.site.port,
            "settings": self._settings,
            "release": asdict(release),
            "death": asdict(death),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.dying", json.dumps(order)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in (0, -9, 130, GOT_A_SIGNAL), done.stderr
        return done.returncode != 0

    def receipt(self) -> RolloutReport | None:
        """Of the last rollout, if it came to one."""
        rollouts = rollout_records(self.site.record.rollouts("local"), "the record")
        return rollouts[0].report if rollouts else None

    def end(self, release: Release, command: str, *, good: bool = True) -> RolloutReport | None:
        """End what was left with the next command, and see that it is as it should be.

        None where the rollout had not begun, or was over already.
        """
        platform = self.site.platform()
        receipt = None
        if (left := platform.unfinished) is not None:
            stage = left.execution.state.stage if left.execution else None
            if command == "deploy":
                receipt = platform.deploy(release, NullListener())
            elif command == "rollback":
                receipt = platform.rollback("", NullListener())
            else:
                receipt = getattr(platform, command)(NullListener())
            forward = good and (command in ("resume", "deploy") or stage is Stage.SUCCEEDED)
            wanted = Verdict.PASSED if forward else Verdict.ROLLED_BACK
            if not (command == "rollback" and stage is Stage.SUCCEEDED):
                assert receipt.verdict is wanted, receipt
        now = self.site.platform().serves
        assert now is not None and now.digest in (release.digest, self.serving.digest)
        if receipt is not None:
            passed = receipt.verdict is Verdict.PASSED
            same = command == "rollback" and passed
            assert now.digest == (release if passed and not same else self.serving).digest
        self.serving = now
        self.only()
        return receipt

    def only(self) -> None:
        """One release has all requests, and nothing else is running."""
        platform = self.site.platform()
        assert platform.unfinished is None
        assert platform.proxy.shares.weights == {self.serving.digest[:12]: 100.0}
        there = groups(self.site.folder)
        assert there == {os.path.basename(self.serving.path): 2, "envoy": 1}

    def close(self) -> None:
        """Stop everything; nothing may stay."""
        self.site.platform().down()
        self.site.record.close()
        assert not groups(self.site.folder)


def groups(folder: Path) -> Counter[str]:
    """Process groups that work below a folder: the name of theirs → how many."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = os.readlink(process / "cwd")
            group = os.getpgid(int(process.name))
        except OSError:  # it has ended meanwhile, or is dead and not reaped yet
            continue
        if where.startswith(f"{folder}/"):
            found.add((os.path.basename(where), group))
    return Counter(name for name, _ in found)
