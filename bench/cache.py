"""A second machine and the shared cache: what a store that works saves, and what a bad one costs.

    python bench/cache.py [--repeat 3] [STAGE ...]

One clone of this repository is CI: it runs MyCandidate's pipeline, without the load test, and puts
its outcomes into a store on this machine. Every other clone is a new machine: an empty `.shipway`,
another folder, another user's HOME. With a store that works it runs the same; what a bad store
costs is the difference between `plan` with it and `plan --no-cache`, which asks none: a run
asks in the same way. Medians. To reach: 3 s for the second machine, 1 s for any bad store.

On a busy machine a process waits for a processor, too. `busy` says how many times longer work takes
than it would alone, `processor` how much of it there is. The second machine is held to its seconds
divided by `busy`; a bad store to what it makes a run wait: its cost without processor × busy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.fakes.outcome_server import Fault, OutcomeServer, outcome_server  # noqa: E402

from shipway.system.contention import processor_contention  # noqa: E402
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


class Taken(NamedTuple):
    """Seconds by the clock, and of processor."""

    wall: float
    processor: float


def processor_seconds() -> float:
    """Those of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def middle(rows: Sequence[Taken]) -> Taken:
    """The medians."""
    return Taken(median(row.wall for row in rows), median(row.processor for row in rows))


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
        self.timed(ci, "workflows", "write")  # they name the variables of the cache
        git(ci, "add", "--all")
        git(ci, "commit", "--quiet", "--message", "a shared cache")

    def new(self) -> Path:
        """A machine that has never seen the project."""
        self._count += 1
        clone = self.folder / f"machine-{self._count}" / "work"
        git(self.folder, "clone", "--quiet", str(self.folder / "ci"), str(clone))
        return clone

    def timed(self, clone: Path, *words: str, **variables: str) -> tuple[Taken, str]:
        """How long a command of Shipway took, and what it printed."""
        home = clone.parent / "home"
        home.mkdir(exist_ok=True)
        own = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "CI": ""}
        env: Mapping[str, str] = {**os.environ, "UV_CACHE_DIR": uv_cache(), **own, **variables}
        began, used = time.monotonic(), processor_seconds()
        done = subprocess.run(
            [SHIPWAY, *words],
            cwd=clone / "mycandidate",
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        taken = Taken(time.monotonic() - began, processor_seconds() - used)
        return taken, done.stdout + done.stderr


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
        # What could not run in CI is proved by nobody.
        absent = [name for name, outcome in proved.items() if outcome == "unavailable"]
        words += tuple(word for name in absent for word in ("--skip", name))
        size = sum(map(len, store.files.values()))
        print(f"CI: {len(proved)} steps in {proving.wall:.1f} s, {len(store.entries())} outcomes,")
        print("    not proved: " + (", ".join(absent) or "nothing"))
        print(f"    {len(store.files)} files of {size / 1e6:.1f} MB in the store")
        taken: list[Taken] = []
        last: dict[str, str] = {}
        busy = [processor_contention()]
        for _ in range(options.repeat):
            seconds, text = machines.timed(machines.new(), *words)
            taken.append(seconds)
            last = outcomes(text)
            busy.append(processor_contention())
        second, load = middle(taken), median(busy)
        counts = {kind: [*last.values()].count(kind) for kind in sorted(set(last.values()))}
        print(
            f"second machine: {second.wall:.2f} s ({second.wall / proving.wall:.3f} of CI's), "
            f"{second.processor:.2f} s of processor, busy {load:.1f} ×; {counts}"
        )
        print(
            "    run there: " + ", ".join(k for k, v in last.items() if v in ("passed", "failed"))
        )
        reached = second.wall / load
        worst = 0.0
        print(
            "store                        cost     processor   busy    waits    taken all the same"
        )
        for name, fault in STORES.items():
            busy = [processor_contention()]
            cost, count = bad_store(machines, name, fault, options)
            busy.append(processor_contention())
            load = median(busy)
            waits = max(cost.wall - cost.processor * load, 0.0)
            worst = max(worst, waits)
            print(
                f"{name:<26} {cost.wall:+6.2f} s {cost.processor:+8.2f} s {load:5.1f} ×"
                f" {waits:6.2f} s    {count} outcomes"
            )
    kept = reached <= SECOND_MACHINE and worst <= BAD_STORE
    print(f"limits: {SECOND_MACHINE:g} s and {BAD_STORE:g} s: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def bad_store(
    machines: Machines, name: str, fault: Fault, options: argparse.Namespace
) -> tuple[Taken, int]:
    """What a store costs a machine that has nothing, and how many outcomes it had all the same."""
    words = ("plan", *options.stages, "--skip", "performance", "--json")
    costs: list[Taken] = []
    count = 0
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
        costs.append(Taken(with_it.wall - without.wall, with_it.processor - without.processor))
        rows = json.loads(text[text.index("[\n") :].partition("\n]")[0] + "\n]")
        count = sum(not row["runs"] and row["why"].startswith("nothing") for row in rows)
    machines.store.fault = ""
    return middle(costs), count


if __name__ == "__main__":
    sys.exit(main())
