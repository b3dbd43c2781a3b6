"""MyCandidate's checks and tests: Shipway against the same tools by other means, in one run.

    python bench/pipeline.py [STAGE…]      # default: quality test; also: security

Compared: `shipway run STAGE…` cold (every tool runs) and unchanged; the same command lines
one after the other; by `make -j2` with the same dependencies; and the lower bound of two cores,
the larger of the critical path and half of all core-seconds, from Shipway's own durations of all
steps of that run. Environments and tools are installed beforehand: nobody's download is measured.
Beside each time stand the CPU seconds that it took, and how much of both cores others had
meanwhile: figures of a busy machine say little. A check that is unavailable here is named, and
left out of the unchanged run, because it is asked anew each time.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.checks.registry import CHECKS
from shipway.cli.project import open_project
from shipway.cli.step_executor import StepExecutor
from shipway.errors import CannotRun
from shipway.pipeline.check import Check, CheckContext
from shipway.pipeline.codec import step_from_json
from shipway.pipeline.execution import tool_command
from shipway.pipeline.graph import Graph
from shipway.pipeline.step import ALL_CORES, Step, StepKind
from shipway.pipeline.step_context import StepContext

CORES = 2
APPLICATION = Path(__file__).parent.parent / "mycandidate"
SHIPWAY = str(Path(sys.executable).parent / "shipway")
STAGES = ("quality", "test")
SERVED = "--served"  # this file started once more, for one step


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, seconds of CPU, and the share of both cores that others had."""

    seconds: float
    cpu: float
    others: float


@dataclass(frozen=True)
class Bench:
    """The steps of the stages, those of them that are a tool's, and what running these takes."""

    graph: Graph
    steps: dict[str, Step]
    shop: StepContext
    out: str

    def command(self, step: Step) -> list[str]:
        """The tool's own command line; the load test, which needs a server, by this file."""
        check = check_named(step)
        if check.served:
            return [sys.executable, __file__, SERVED, step.name, self.out]
        return [*tool_command(check, self.site(step), self.shop), *self.argv(step)]

    def argv(self, step: Step, url: str = "") -> tuple[str, ...]:
        """The tool's arguments."""
        return check_named(step).argv(self.shop.config, self.site(step, url))

    def site(self, step: Step, url: str = "") -> CheckContext:
        """A folder for its reports, and where those that it reads are."""
        folder = os.path.join(self.out, step.name)
        os.makedirs(folder, exist_ok=True)
        upstream = {need: os.path.join(self.out, need) for need in step.needs}
        return CheckContext(self.shop.root, folder, self.shop.python(), url, upstream)


def check_named(step: Step) -> Check:
    """A step's check."""
    return next(check for check in CHECKS if check.name == step.work["check"])


def prepare(out: str, stages: Sequence[str]) -> Bench:
    """The steps of the stages, with the application's environment there."""
    project = open_project(str(APPLICATION))
    graph = Graph(project.steps).select(stages)
    steps = project.record.runs_of("install")[0][1]
    installed = {one.step: one for one in map(step_from_json, steps) if one.step == "install"}
    shop = StepExecutor(project, "bench", "").workshop(installed)
    bench = Bench(graph, {}, shop, out)
    for name in graph.order:
        step = graph.steps[name]
        if step.kind is StepKind.CHECK and possible(bench, step):
            bench.steps[name] = step
    return bench


def possible(bench: Bench, step: Step) -> bool:
    """Whether it has a command line: without advisories, some have none, and are skipped."""
    try:
        return check_named(step).served or bool(bench.argv(step))
    except CannotRun:
        return False


def run(*words: str) -> Took:
    """Run Shipway on the application. It must pass."""
    return timed([SHIPWAY, "-C", str(APPLICATION), "run", "--no-strict", *words])


def timed(argv: list[str], cwd: Path = APPLICATION, codes: Sequence[int] = (0,)) -> Took:
    """What a command took; it must end with one of the codes."""
    before, busy, started = own_cpu(), all_cpu(), time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - started
    cpu = own_cpu() - before
    if done.returncode not in codes:
        sys.exit(
            f"{shlex.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()[-2000:]}"
        )
    others = max(0.0, all_cpu() - busy - cpu) / (seconds * (os.cpu_count() or 1))
    return Took(seconds, cpu, others)


def own_cpu() -> float:
    """CPU seconds of all that was started here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def all_cpu() -> float:
    """CPU seconds of the whole machine (proc_stat(5): all but idle and iowait)."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def one_after_the_other(bench: Bench) -> Took:
    """Every tool in turn. A scanner that found something ends with another code than 0."""
    took = [timed(bench.command(step), codes=codes(step)) for step in bench.steps.values()]
    seconds = sum(one.seconds for one in took)
    others = sum(one.others * one.seconds for one in took) / seconds
    return Took(seconds, sum(one.cpu for one in took), others)


def codes(step: Step) -> Sequence[int]:
    """How its tool may end by hand."""
    return range(256) if step.stage == "security" else (0,)


def by_make(bench: Bench, folder: Path) -> Took:
    """GNU make, with the same dependencies and as many jobs as there are cores."""
    text = f"all: {' '.join(bench.steps)}\n"
    for name, step in bench.steps.items():
        needs = " ".join(need for need in step.needs if need in bench.steps)
        command = shlex.join(bench.command(step)).replace("$", "$$")
        ignore = "" if codes(step) == (0,) else "-"
        text += f"{name}: {needs}\n\t@{ignore}{command}\n"
    (folder / "Makefile").write_text(text)
    return timed(["make", "-s", f"-j{CORES}", "-f", str(folder / "Makefile")])


def last_run() -> dict[str, dict[str, Any]]:
    """Shipway's last run, by step."""
    argv = [SHIPWAY, "-C", str(APPLICATION), "report", "--json"]
    report = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
    return {one["step"]: one for one in report["steps"]}


def lower_bound(bench: Bench, ended: Mapping[str, Mapping[str, Any]]) -> float:
    """What two cores cannot beat, from the durations of a run."""
    steps = {name: bench.graph.steps[name] for name in bench.graph.order}
    seconds = {name: float(ended[name].get("seconds", 0.0)) for name in steps}
    return max(critical_path(steps, seconds), core_seconds(steps, seconds) / CORES)


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


def main(*stages: str) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        run("install")
        bench = prepare(os.path.join(name, "out"), stages)
        for step in bench.steps.values():
            timed(bench.command(step), codes=codes(step))  # tools are unpacked, files are read
        figures = {"one after the other": one_after_the_other(bench)}
        figures["make -j2"] = by_make(bench, Path(name))
        figures["shipway, cold"] = run(*stages, "--no-cache", "--jobs", str(CORES))
        ended = last_run()
        absent = [step for step, one in ended.items() if one["outcome"] == "unavailable"]
        bound = lower_bound(bench, ended)
        skip = [word for step in absent for word in ("--skip", step)]
        run(*stages, *skip)
        unchanged = [run(*stages, *skip) for _ in range(3)]
        figures["shipway, unchanged"] = min(unchanged, key=lambda took: took.seconds)
    print(f"{' and '.join(stages)} of MyCandidate: {len(bench.steps)} tools, {CORES} cores")
    print(f"{'lower bound':<20} {bound:>7.2f} s")
    for what, took in figures.items():
        print(
            f"{what:<20} {took.seconds:>7.2f} s  {took.seconds / bound:>5.2f} × the lower bound, "
            f"{took.cpu:.2f} s of CPU, others had {took.others:.0%} of the machine"
        )
    if absent:
        print(f"unavailable here: {', '.join(absent)}")


def load_test(name: str, out: str) -> None:
    """One served step by hand: the application started, the tool run, the application ended."""
    bench = prepare(out, STAGES)
    step = bench.steps[name]
    with bench.shop.serve(bench.shop, lambda line: None) as url:
        argv = [*tool_command(check_named(step), bench.site(step, url), bench.shop)]
        sys.exit(subprocess.run([*argv, *bench.argv(step, url)], cwd=APPLICATION).returncode)


if __name__ == "__main__":
    words = sys.argv[1:]
    load_test(*words[1:]) if words[:1] == [SERVED] else main(*(words or STAGES))
