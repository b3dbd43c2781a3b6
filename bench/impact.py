"""How much of a suite runs after a small change, and whether what was left out would have failed.

    python bench/impact.py [--mutants N] [--seed N] [--project FOLDER] [--step unit] [--whole]

Makes a copy of a project (MyCandidate), has all tests of one step run once, and learned from; then
changes one place at a time: an operator, a constant, a condition or a statement of its code, or a
piece of text in a template, a stylesheet, SQL, a catalogue or sample data. For each of these
mutants Shipway chooses the tests, and they run. Where they pass, all tests run, too: a test that
fails then was missed. Where one of them fails, it fails among all as well, and where all are chosen
none can be missed; --whole runs all even so.

Prints for each mutant its place, the tests that ran of how many, the share of the suite's CPU, and
both verdicts; at last the median and the worst share, and how many were missed. Exits with 1 where
one was. Hypothesis's deadlines are off in the copy: they measure the machine.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shipway.checks.selected_tests import TestSelector
from shipway.cli.project import Project, machine, open_project
from shipway.cli.step_worker import StepWorker
from shipway.pipeline.cache import StepCache
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import ALL_OF_SUITE
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree

ROOT = Path(__file__).parents[1]
_TEXTS = (".html", ".css", ".csv", ".po", ".sql", ".jinja", ".txt", ".svg")
_NOT_MUTATED = ("tests/", "migrations/env.py")
_NO_DEADLINE = (
    "from hypothesis import settings\n\nsettings.register_profile('measured', deadline=None)\n"
    "settings.load_profile('measured')\n"
)
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Mutant:
    """One change: in a file, from line `line`."""

    path: str
    line: int
    kind: str
    text: str


def code_mutants(path: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a Python source. Each keeps the other lines where they are."""
    for node in ast.walk(ast.parse(source)):
        if (change := _changed(node)) and isinstance(node, ast.expr | ast.stmt):
            kind, new = change
            yield Mutant(path, node.lineno, kind, _with(source, node, ast.unparse(new)))


def _changed(node: ast.AST) -> tuple[str, ast.AST] | None:
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _SWAPS:
        fields = {**dict(ast.iter_fields(node)), "op": _SWAPS[type(node.op)]()}
        return "operator", ast.fix_missing_locations(type(node)(**fields))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
        operators = [_SWAPS[type(node.ops[0])](), *node.ops[1:]]
        return "comparison", ast.Compare(node.left, operators, node.comparators)  # type: ignore[arg-type]
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        return "truth", ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return "number", ast.Constant(node.value + 1)
    if isinstance(node, ast.Return) and node.value is not None:
        return "return", ast.Return(ast.Constant(None))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "not", node.operand
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return "call left out", ast.Pass()
    return None


def _with(source: str, node: ast.expr | ast.stmt, new: str) -> str:
    """The source with other text in place of a node; further lines of it become empty."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    text = f"({new})" if isinstance(node, ast.expr) else new
    lines[first : last + 1] = [start + text.encode() + b"" + end, *[b"\n"] * (last - first)]
    return b"".join(lines).decode()


def text_mutants(path: str, text: str) -> Iterator[Mutant]:
    """A mutant of each line that has a word: the word is another."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        words = [word for word in line.split() if word.isalpha() and len(word) > 3]
        if words:
            changed = line.replace(words[-1], words[-1][::-1], 1)
            yield Mutant(
                path, number + 1, "text", "".join([*lines[:number], changed, *lines[number + 1 :]])
            )


def all_mutants(root: Path, paths: list[str]) -> tuple[list[Mutant], list[Mutant]]:
    """Those of code that still compile, and those of everything else."""
    code: list[Mutant] = []
    texts: list[Mutant] = []
    for path in paths:
        if path.startswith(_NOT_MUTATED):
            continue
        if path.endswith(".py"):
            code += code_mutants(path, (root / path).read_text())
        elif path.endswith(_TEXTS):
            texts += text_mutants(path, (root / path).read_text())
    return [mutant for mutant in code if _compiles(mutant.text)], texts


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


class Bench:
    """A project whose suite is known, to be changed and run again and again."""

    def __init__(self, root: Path, step: str) -> None:
        self.root = root
        self.project: Project = open_project(str(root))
        self._steps = {each.name: each for each in self.project.steps}
        self._step = self._steps[step]
        self._installed: dict[str, StepResult] = {}
        worker = StepWorker(self.project, "install", "")
        self._installed["install"] = worker.execute(self._steps["install"], {}, lambda line: None)
        self._history = ""

    def learn(self) -> tuple[float, StepResult]:
        """Run all, and again with what is learned in reverse; CPU seconds of one pass."""
        self.run()
        both, result = self.run()
        self._history = self.project.record.memo(f"tests {self._step.name}") or ""
        os.environ["CI"] = "measured"  # nothing is learned from here on
        return both / 2, result

    def chosen(self) -> str:
        """Which tests would run, in words; "" for all."""
        choice = TestSelector(
            str(self.root), self.project.record, self._cache(), SystemClock().now
        ).choose(self._step)
        return choice.why if choice.known else ""

    def _cache(self) -> StepCache:
        """The cache as it is after the steps before have been looked for."""
        if self._history:
            self.project.record.put_memo(f"tests {self._step.name}", self._history)
        files = FileTree(str(self.root), self.project.record.file_index())
        cache = StepCache(files, self.project.record, self.project.blobs, os.environ, machine())
        for name in ("install", "importable", self._step.name):
            cache.look(self._steps[name], 0.0)
        return cache

    def run(self, every: str = "") -> tuple[float, StepResult]:
        """CPU seconds of the suite's processes, and how it ended."""
        cache = self._cache()
        worker = StepWorker(self.project, self._step.name, "")
        worker.choose_tests(cache, every, ALL_OF_SUITE)
        before = _cpu()
        result = worker.execute(self._step, self._installed, lambda line: None)
        return _cpu() - before, result


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _copied(project: Path, folder: Path) -> Path:
    """The project's files as git has them, in a repository of their own."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, folder / name)
    conftest = folder / "tests" / "conftest.py"
    conftest.write_text(_NO_DEADLINE + conftest.read_text().replace("from __future__", "#", 1))
    for arguments in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=float, default=0.2, help="share that is not code")
    parser.add_argument("--project", type=Path, default=ROOT / "mycandidate")
    parser.add_argument("--step", default="unit")
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    os.environ.pop("CI", None)
    with tempfile.TemporaryDirectory(prefix="impact-") as folder:
        return _measure(_copied(options.project, Path(folder) / "application"), options)


def _measure(root: Path, options: argparse.Namespace) -> int:
    bench = Bench(root, options.step)
    whole, result = bench.learn()
    print(f"whole: {result.outcome}, {whole:.1f} s of CPU  {result.reason}", flush=True)
    if result.outcome is not Outcome.PASSED:
        return 2
    chance = random.Random(options.seed)
    paths = FileTree(str(root), {}).listing()
    code, texts = all_mutants(root, paths)
    few = round(options.mutants * options.texts)
    mutants = chance.sample(code, options.mutants - few) + chance.sample(texts, few)
    chance.shuffle(mutants)
    shares, missed, killed = [], [], 0
    for mutant in mutants:
        file = root / mutant.path
        before = file.read_text()
        file.write_text(mutant.text)
        try:
            if not (why := bench.chosen()) and not options.whole:
                shares.append(1.0)
                print(f"{mutant.path}:{mutant.line} {mutant.kind:<20} 1.00  all tests", flush=True)
                continue
            cpu, result = bench.run()
            verdict = result.outcome
            expected = verdict
            if result.facts.get("selected") and (verdict is Outcome.PASSED or options.whole):
                expected = bench.run(every="measured")[1].outcome
        finally:
            file.write_text(before)
        shares.append(min(cpu / whole, 1.0))
        killed += verdict is not Outcome.PASSED
        if verdict is not expected:
            missed.append(mutant)
        line = f"{mutant.path}:{mutant.line} {mutant.kind}"
        print(
            f"{line:<50} {shares[-1]:5.2f}  {verdict} {expected}  {why}"
            f"{'  MISSED' if verdict is not expected else ''}",
            flush=True,
        )
    print(
        f"{len(mutants)} mutants, {killed} found by the tests chosen, {len(missed)} missed; "
        f"share of CPU: median {statistics.median(shares):.2f}, worst {max(shares):.2f}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
