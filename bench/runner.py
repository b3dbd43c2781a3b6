"""Shipway's runner against GNU make, ninja and doit, on the same graphs, in one run.

    python bench/runner.py [STEPS …]        (default: 200 1000 5000)

Each graph has layers of a fiftieth of its steps; a step needs two of the layer above, reads one
source file and runs `true` (make and ninja, which know files only, run `touch` instead). Tools
take turns, three rounds; the best of each counts. "cold" starts without any state, "second"
follows with nothing changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BIN = Path(sys.executable).parent
PEERS = Path(tempfile.gettempdir()) / "shipway-bench-peers"
PACKAGES = ("doit==0.37.0", "ninja==1.13.0")
ROUNDS = 3
JOBS = "2"


def graph(count: int) -> list[tuple[str, list[str]]]:
    """(step, what it needs), layer by layer."""
    width = max(2, count // 15)
    steps: list[tuple[str, list[str]]] = []
    for number in range(count):
        above = number - number % width - width
        place = number % width
        needs = [] if above < 0 else [f"s{above + place}", f"s{above + (place + 1) % width}"]
        steps.append((f"s{number}", needs))
    return steps


def sources(folder: Path, count: int) -> None:
    """One file a step."""
    (folder / "src").mkdir(parents=True)
    for number in range(count):
        (folder / "src" / f"s{number}").write_text(f"{number}\n")


def shipway(folder: Path, count: int) -> tuple[str, ...]:
    """A configured step each."""
    text = "".join(
        f'[steps.{name}]\nrun = "true"\ninputs = ["src/{name}"]\nneeds = {needs!r}\n'
        for name, needs in graph(count)
    )
    (folder / "shipway.toml").write_text(text)
    return (str(BIN / "shipway"), "-C", str(folder), "run", "--jobs", JOBS)


def make(folder: Path, count: int) -> tuple[str, ...]:
    """A file target each."""
    names = " ".join(name for name, _ in graph(count))
    rules = "".join(
        f"{name}: src/{name} {' '.join(needs)}\n\t@touch $@\n" for name, needs in graph(count)
    )
    (folder / "Makefile").write_text(f"all: {names}\n{rules}")
    return ("make", "-s", f"-j{JOBS}", "-C", str(folder))


def ninja(folder: Path, count: int) -> tuple[str, ...]:
    """A build edge each."""
    edges = "".join(
        f"build {name}: t src/{name} {' '.join(needs)}\n" for name, needs in graph(count)
    )
    (folder / "build.ninja").write_text(f"rule t\n  command = touch $out\n{edges}")
    return (str(PEERS / "bin" / "ninja"), "--quiet", f"-j{JOBS}", "-C", str(folder))


def doit(folder: Path, count: int) -> tuple[str, ...]:
    """A task each."""
    tasks = ",\n".join(
        f'{{"name": "{name}", "actions": ["true"], "file_dep": ["src/{name}"], '
        f'"task_dep": {["all:" + need for need in needs]!r}}}'
        for name, needs in graph(count)
    )
    (folder / "dodo.py").write_text(f"def task_all():\n    yield from [\n{tasks}]\n")
    program = str(PEERS / "bin" / "doit")
    return (program, "-f", str(folder / "dodo.py"), "-n", JOBS, "-P", "thread")


TOOLS: dict[str, Callable[[Path, int], tuple[str, ...]]] = {
    "shipway": shipway,
    "doit": doit,
    "make": make,
    "ninja": ninja,
}


def seconds(argv: tuple[str, ...], folder: Path) -> float:
    """How long a command takes; it must succeed."""
    started = time.perf_counter()
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    took = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{argv[0]} ended with {done.returncode}")
    return took


def measure(tool: str, count: int) -> tuple[float, float]:
    """Seconds cold, and again with nothing changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / tool
        sources(folder, count)
        argv = TOOLS[tool](folder, count)
        return seconds(argv, folder), min(seconds(argv, folder) for _ in range(2))


def peers() -> None:
    """An environment with the peers, made once."""
    if not (PEERS / "bin" / "doit").exists():
        shutil.rmtree(PEERS, ignore_errors=True)
        uv = str(BIN / "uv")
        subprocess.run([uv, "venv", "-q", str(PEERS)], check=True)
        python = str(PEERS / "bin" / "python")
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)


def main(counts: list[int]) -> None:
    """Measure and print a table with ratios."""
    peers()
    titles = ("steps", "tool", "cold s", "ms/step", "÷ doit", "second s", "÷ doit")
    print("{:>6} {:<8} {:>7} {:>8} {:>7} {:>9} {:>7}".format(*titles))
    for count in counts:
        best = {tool: (9e9, 9e9) for tool in TOOLS}
        for _ in range(ROUNDS):
            for tool in TOOLS:
                best[tool] = tuple(map(min, best[tool], measure(tool, count)))  # type: ignore[assignment]
        for tool, (cold, second) in best.items():
            print(
                f"{count:>6} {tool:<8} {cold:>7.2f} {cold / count * 1000:>8.2f} "
                f"{cold / best['doit'][0]:>7.2f} {second:>9.3f} {second / best['doit'][1]:>7.2f}",
                flush=True,
            )


if __name__ == "__main__":
    os.environ.pop("CI", None)
    main([int(word) for word in sys.argv[1:]] or [200, 1000, 5000])
