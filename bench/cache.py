"""A second machine and the shared cache: what a store that works saves, and what a bad one costs.

    python bench/cache.py [--repeat 3] [STAGE ...]

One clone of this repository is CI: it runs MyCandidate's pipeline, without the load test, and puts
its outcomes into a store on this machine. Every other clone is a new machine: an empty `.shipway`,
another folder, another user's HOME. With a store that works it runs the same; what a bad store
costs is the difference between `plan` with it and `plan --no-cache`, which asks none: a run
asks in the same way. Medians. To reach: 3 s for the second machine, 1 s for any bad store.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes.outcome_server import Fault, OutcomeServer, outcome_server  # noqa: E402

from shipway.system.signature import PrivateKey, new_private_key  # noqa: E402

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
SECOND_MACHINE, BAD_STORE = 3.0, 1.0  # seconds
DELAY = 0.3  # of every answer of a slow store
STORES: dict[str, Fault] = {
    "dead (refuses connections)": "",
    "hangs": "hangs",
    f"slow ({DELAY:g} s an answer)": "slow",
    "drips": "drips",
    "lying": "lies",
    "cut off": "cut",
    "forbidden": "status",
    "redirects": "redirect",
}


class Machines:
    """Clones of this repository below a folder, which share a store."""

    def __init__(self, folder: Path, store: OutcomeServer) -> None:
        self.folder, self.store = folder, store
        self.key = new_private_key()
        self._count = 0
        ci = folder / "ci"
        git(folder, "clone", "--quiet", str(ROOT), str(ci))
        git(ci, "checkout", "--quiet", "-B", "main")
        with open(ci / "mycandidate" / "shipway.toml", "a", encoding="utf-8") as file:
            trust = PrivateKey(self.key).public_key
            file.write(f'\n[cache]\nremote = "{store.url}"\ntrust = {{ CI = "{trust}" }}\n')
        git(ci, "commit", "--quiet", "--all", "--message", "a shared cache")

    def new(self) -> Path:
        """A machine that has never seen the project."""
        self._count += 1
        clone = self.folder / f"machine-{self._count}" / "work"
        git(self.folder, "clone", "--quiet", str(self.folder / "ci"), str(clone))
        return clone

    def timed(self, clone: Path, *words: str, **variables: str) -> tuple[float, str]:
        """Seconds that a command of Shipway took, and what it printed."""
        home = clone.parent / "home"
        home.mkdir(exist_ok=True)
        own = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "CI": ""}
        env: Mapping[str, str] = {**os.environ, "UV_CACHE_DIR": uv_cache(), **own, **variables}
        began = time.monotonic()
        done = subprocess.run(
            [SHIPWAY, *words],
            cwd=clone / "mycandidate",
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        return time.monotonic() - began, done.stdout + done.stderr


def git(folder: Path, *words: str) -> None:
    """Run git as somebody with a name."""
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def uv_cache() -> str:
    """uv's own: packages that another user has fetched are no part of what is measured."""
    return os.environ.get("UV_CACHE_DIR") or os.path.expanduser("~/.cache/uv")


def outcomes(text: str) -> dict[str, str]:
    """Step → its outcome, of the lines that `run --json` prints."""
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {
        event["step"]: "from CI" if event["origin"] else event["outcome"]
        for event in events
        if event["event"] == "step_finished"
    }


def main() -> int:
    """Print the tables; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", default=["quality", "security", "test"])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    words = ("run", *options.stages, "--skip", "performance", "--json")
    with tempfile.TemporaryDirectory() as folder, outcome_server() as store:
        machines = Machines(Path(folder), store)
        ci = Path(folder) / "ci"
        signing = {"CI": "true", "GITHUB_REF_NAME": "main", "SHIPWAY_CACHE_KEY": machines.key}
        proving, text = machines.timed(ci, *words, **signing)
        proved = outcomes(text)
        size = sum(map(len, store.files.values()))
        print(f"CI: {len(proved)} steps in {proving:.1f} s, {len(store.entries())} outcomes and")
        print(f"    {len(store.files)} files of {size / 1e6:.1f} MB in the store")
        taken, last = [], {}
        for _ in range(options.repeat):
            seconds, text = machines.timed(machines.new(), *words)
            taken.append(seconds)
            last = outcomes(text)
        second = median(taken)
        counts = {kind: [*last.values()].count(kind) for kind in sorted(set(last.values()))}
        print(f"second machine: {second:.2f} s ({second / proving:.3f} of CI's time); {counts}")
        print(
            "    run there: " + ", ".join(k for k, v in last.items() if v in ("passed", "failed"))
        )
        worst = 0.0
        print("store                        cost       what is taken all the same")
        for name, fault in STORES.items():
            cost, count = bad_store(machines, name, fault, options)
            worst = max(worst, cost)
            print(f"{name:<28} {cost:+5.2f} s    {count} outcomes")
    kept = second <= SECOND_MACHINE and worst <= BAD_STORE
    print(f"limits: {SECOND_MACHINE:g} s and {BAD_STORE:g} s: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def bad_store(
    machines: Machines, name: str, fault: Fault, options: argparse.Namespace
) -> tuple[float, int]:
    """Seconds that a store costs a machine that has nothing, and how many outcomes it still had."""
    words = ("plan", *options.stages, "--skip", "performance", "--json")
    costs, count = [], 0
    for _ in range(options.repeat):
        clone = machines.new()
        machines.store.fault, machines.store.delay = fault, DELAY
        if name.startswith("dead"):
            settings = clone / "mycandidate" / "shipway.toml"
            text = settings.read_text().replace(machines.store.url, "http://127.0.0.1:1")
            settings.write_text(text)
        machines.timed(clone, *words, "--no-cache")  # compiles the project
        without, _ = machines.timed(clone, *words, "--no-cache")
        with_it, text = machines.timed(clone, *words)
        costs.append(with_it - without)
        rows = json.loads(text[text.index("[\n") :].partition("\n]")[0] + "\n]")
        count = sum(not row["runs"] and row["why"].startswith("nothing") for row in rows)
    machines.store.fault = ""
    return median(costs), count


if __name__ == "__main__":
    sys.exit(main())
