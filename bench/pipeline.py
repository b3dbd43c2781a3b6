"""MyCandidate's checks and tests: Shipway against the same tools by other means, in one run.

    python bench/pipeline.py

Compared: `shipway run quality test` cold (every tool runs) and unchanged; the same command lines
one after the other; by `make -j2` with the same dependencies; and the lower bound of two cores,
the larger of the critical path and half of all core-seconds, from Shipway's own durations.
Environments and tools are installed beforehand: nobody's download is measured.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shipway.checks import CHECKS, enabled
from shipway.cli.performing import Performer
from shipway.cli.project import open_project
from shipway.core.check import Check, Site
from shipway.core.graph import Graph
from shipway.core.outcome import Outcome
from shipway.core.result import StepResult
from shipway.core.step import ALL_CORES, Step
from shipway.flows.workshop import Workshop, program

CORES = 2
APPLICATION = Path(__file__).parent.parent / "mycandidate"
SHIPWAY = str(Path(sys.executable).parent / "shipway")
STAGES = ("quality", "test")


@dataclass(frozen=True)
class Bench:
    """The application's steps, and what running their tools by hand takes."""

    steps: dict[str, Step]
    shop: Workshop
    out: str

    def command(self, step: Step) -> list[str]:
        """The tool's own command line; the load test, which needs a server, by this file."""
        check = check_named(step)
        if check.served:
            return [sys.executable, __file__, step.name, self.out]
        return [*program(check, self.site(step), self.shop), *self.argv(step)]

    def argv(self, step: Step, url: str = "") -> tuple[str, ...]:
        """The tool's arguments."""
        return check_named(step).argv(self.shop.config, self.site(step, url))

    def site(self, step: Step, url: str = "") -> Site:
        """A folder for its reports, and where those that it reads are."""
        folder = os.path.join(self.out, step.name)
        os.makedirs(folder, exist_ok=True)
        upstream = {need: os.path.join(self.out, need) for need in step.needs}
        return Site(self.shop.root, folder, self.shop.python(), url, upstream)


def check_named(step: Step) -> Check:
    """A step's check."""
    return next(check for check in CHECKS if check.name == step.work["check"])


def prepare(out: str) -> Bench:
    """The steps of both stages, with the application's environment there."""
    project = open_project(str(APPLICATION))
    names = {check.name for check in enabled(project.config)}
    graph = Graph(project.steps).select(STAGES)
    steps = {name: graph.steps[name] for name in graph.order if name in names}
    facts = project.record.passed_facts("install")[0]
    installed = {"install": StepResult("install", "build", Outcome.PASSED, facts=facts)}
    shop = Performer(project, "bench", "").workshop(installed)
    return Bench(steps, shop, out)


def run(*words: str) -> float:
    """Run Shipway on the application; the seconds that it took. It must pass."""
    return timed([SHIPWAY, "-C", str(APPLICATION), "run", *words])


def timed(argv: list[str], cwd: Path = APPLICATION) -> float:
    """The seconds that a command took; it must succeed."""
    started = time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    took = time.perf_counter() - started
    if done.returncode:
        sys.exit(
            f"{shlex.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()[-2000:]}"
        )
    return took


def one_after_the_other(bench: Bench) -> float:
    """Every tool in turn."""
    return sum(timed(bench.command(step)) for step in bench.steps.values())


def by_make(bench: Bench, folder: Path) -> float:
    """GNU make, with the same dependencies and as many jobs as there are cores."""
    text = f"all: {' '.join(bench.steps)}\n"
    for name, step in bench.steps.items():
        needs = " ".join(need for need in step.needs if need in bench.steps)
        command = shlex.join(bench.command(step)).replace("$", "$$")
        text += f"{name}: {needs}\n\t@{command}\n"
    (folder / "Makefile").write_text(text)
    return timed(["make", "-s", f"-j{CORES}", "-f", str(folder / "Makefile")])


def lower_bound(bench: Bench) -> float:
    """What two cores cannot beat, from the durations of Shipway's last run."""
    report = json.loads(
        subprocess.run(
            [SHIPWAY, "-C", str(APPLICATION), "report", "--json"],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    seconds = {one["step"]: one.get("seconds", 0.0) for one in report["steps"]}
    return max(critical_path(bench.steps, seconds), core_seconds(bench.steps, seconds) / CORES)


def critical_path(steps: Mapping[str, Step], seconds: Mapping[str, float]) -> float:
    """The longest chain of steps that need each other."""
    ends: dict[str, float] = {}
    for name, step in steps.items():  # each after what it needs
        ends[name] = max((ends.get(need, 0.0) for need in step.needs), default=0.0) + seconds[name]
    return max(ends.values())


def core_seconds(steps: Mapping[str, Step], seconds: Mapping[str, float]) -> float:
    """Work in all; a step that asks for all cores takes them all."""
    return sum(
        seconds[name] * (CORES if step.cores == ALL_CORES else step.cores)
        for name, step in steps.items()
    )


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        run("install")
        bench = prepare(os.path.join(name, "out"))
        timed(bench.command(next(iter(bench.steps.values()))))  # tools are unpacked
        figures = {"one after the other": one_after_the_other(bench)}
        figures["make -j2"] = by_make(bench, Path(name))
        figures["shipway, cold"] = run(*STAGES, "--no-cache", "--jobs", str(CORES))
        bound = lower_bound(bench)
        figures["lower bound"] = bound
        figures["shipway, unchanged"] = min(run(*STAGES) for _ in range(3))
    print(f"{len(bench.steps)} checks and tests of MyCandidate, {CORES} cores")
    for what, seconds in figures.items():
        print(f"{what:<20} {seconds:>7.2f} s  {seconds / bound:>5.2f} × the lower bound")


def load_test(name: str, out: str) -> None:
    """One served step by hand: the application started, the tool run, the application ended."""
    bench = prepare(out)
    step = bench.steps[name]
    with bench.shop.serve(bench.shop, lambda line: None) as url:
        argv = [*program(check_named(step), bench.site(step, url), bench.shop)]
        sys.exit(subprocess.run([*argv, *bench.argv(step, url)], cwd=APPLICATION).returncode)


if __name__ == "__main__":
    load_test(*sys.argv[1:]) if sys.argv[1:] else main()
