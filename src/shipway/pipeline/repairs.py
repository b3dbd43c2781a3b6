"""The verb `run --fix`: formatters and linters repair what is safe, one after the other.

What a tool calls safe may not be: an import that nobody uses may be there for its effects. So a
repair that changes the program is kept only where the application still imports, and its tests say
what they said before; what is not shown to work is undone, and named.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError, fromstring  # nosec B405 B314

from shipway.errors import CannotRun
from shipway.pipeline.check import CheckContext
from shipway.pipeline.execution import execute_step, tool_command
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext
from shipway.ports import Command, OnOutput
from shipway.source_text import decode_text, parse_source
from shipway.system.files import FileTree, write_atomic

_SHOWN = 5
_PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import_probe.py")
_ENTRY = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_]\w*(\(.*\))?")
_PROBE_TIMEOUT = 120.0  # seconds
# What a module may do at its top and still be imported by somebody who only wants to see.
_INERT = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.If,
    ast.Try,
)


def apply_fixes(
    steps: Iterable[Step],
    context: StepContext,
    say: OnOutput,
    *,
    application: Callable[[], StepContext],
    tests: Sequence[Step] = (),
) -> list[str]:
    """Let every check among the steps repair what it can; the paths that are different now.

    Before the run and in the checks' own order: two tools at the same file would undo each
    other's work, and tests would see it half done. application: gives what runs the application,
    asked for where a repair has to be proven. tests: the steps that say whether it works.
    """
    everything = ("*",)
    before = FileTree(context.root, {}).fingerprints(everything)
    proof = _Proof(context.root, application, tests)
    for step in steps:
        if step.kind is StepKind.CHECK and context.checks(step.work["check"]).fix(
            context.config, CheckContext(context.root, context.folder(step.name), context.python())
        ):
            texts = _python_files(context.root)
            _repair(step, context, say)
            for path, reason in proof.undo_unproven(texts):
                say(f"{step.name}: its repair of {path} is undone: {reason}")
    after = FileTree(context.root, {}).fingerprints(everything)
    changed = sorted(path for path in after if after[path] != before.get(path))
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    say(f"repaired: {', '.join(changed[:_SHOWN])}{more}" if changed else "nothing to repair")
    return changed


def _repair(step: Step, context: StepContext, say: OnOutput) -> None:
    check = context.checks(step.work["check"])
    check_context = CheckContext(context.root, context.folder(step.name), context.python())
    arguments = check.fix(context.config, check_context)
    if arguments is None:
        return
    os.makedirs(check_context.out, exist_ok=True)
    try:
        argv = (*tool_command(check, check_context, context), *arguments)
        env = context.env(step)
        sandbox = context.sandbox(check_context.out)
        command = Command(argv, context.root, env, step.timeout, context.secrets, sandbox=sandbox)
        done = context.processes.run(command)
    except CannotRun as problem:
        say(f"{step.name} cannot repair: {problem.message}")
        return
    if done.code:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        say(f"{step.name} could not repair everything: {' '.join(last)}")


def _python_files(root: str) -> dict[str, bytes]:
    texts = {}
    for path in FileTree(root, {}).match(("*.py",)):
        full = os.path.join(root, path)
        if os.path.isfile(full) and not os.path.islink(full):
            with open(full, "rb") as file:
                texts[path] = file.read()
    return texts


def same_program(old: bytes, new: bytes) -> bool:
    """Whether two texts differ in nothing that runs: in form, or in a docstring's indentation."""
    trees = [parse_source(decode_text(text)) for text in (old, new)]
    first, second = (ast.dump(_without_form(tree)) if tree else None for tree in trees)
    return first is not None and first == second


def _without_form(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        docstring = first.value if isinstance(first, ast.Expr) else None
        if isinstance(docstring, ast.Constant) and isinstance(docstring.value, str):
            docstring.value = inspect.cleandoc(docstring.value).strip()
    return tree


@dataclass(frozen=True)
class Observation:
    """What an application does: what each module says to being imported, which of its own modules
    its entry loads, how each test ended."""

    errors: Mapping[str, str]
    loaded: tuple[str, ...]
    tests: Mapping[str, str]

    def difference(self, before: Observation) -> str:
        """What is not as it was, in one clause; "" where everything is."""
        for module, error in self.errors.items():
            if error and not before.errors.get(module):
                return f"{module} does not import any more: {error}"
        if lost := sorted(set(before.loaded) - set(self.loaded)):
            return f"{lost[0]} is not loaded any more: it was imported for its effects"
        changed = [test for test, how in before.tests.items() if self.tests.get(test) != how]
        if changed or len(self.tests) != len(before.tests):
            return f"the tests do not say the same: {(changed or ['more of them'])[0]}"
        return ""


class _Proof:
    """Keeps repairs of which it can be shown that the application works as before."""

    def __init__(
        self, root: str, application: Callable[[], StepContext], tests: Sequence[Step]
    ) -> None:
        self._root = root
        self._application = application
        self._tests = tests
        self._context: StepContext | None = None

    def undo_unproven(self, old: Mapping[str, bytes]) -> list[tuple[str, str]]:
        """Undo the repairs that are not shown to be harmless: each path with the reason."""
        now = _python_files(self._root)
        risky = {
            path: text
            for path, text in now.items()
            if path in old and text != old[path] and not same_program(old[path], text)
        }
        if not risky:
            return []
        self._write({path: old[path] for path in risky})
        modules = {path: _module(path) for path in risky if self._may_be_imported(path, old[path])}
        before = self._observe(modules.values())
        undone: list[tuple[str, str]] = []
        seen = [*before.loaded, *(name for name, error in before.errors.items() if not error)]
        kept: list[str] = []
        for path in risky:
            if before.tests or _module(path) in seen:
                kept.append(path)
            else:
                why = before.errors.get(_module(path)) or "nothing imports or tests it here"
                undone.append((path, f"nothing shows that it works ({why})"))
        return undone + self._keep(kept, old, risky, before, modules)

    def _keep(
        self,
        paths: Sequence[str],
        old: Mapping[str, bytes],
        new: Mapping[str, bytes],
        before: Observation,
        modules: Mapping[str, str],
    ) -> list[tuple[str, str]]:
        """Keep what works together; of what does not, look for the file that is the cause."""
        if not paths:
            return []
        self._write({path: new[path] for path in paths})
        difference = self._observe(modules.values()).difference(before)
        if not difference:
            return []
        self._write({path: old[path] for path in paths})
        if len(paths) == 1:
            return [(paths[0], difference)]
        half = len(paths) // 2
        first = self._keep(paths[:half], old, new, before, modules)
        return first + self._keep(paths[half:], old, new, before, modules)

    def _write(self, texts: Mapping[str, bytes]) -> None:
        for path, text in texts.items():
            full = os.path.join(self._root, path)
            write_atomic(full, text, os.stat(full).st_mode & 0o7777)

    def _may_be_imported(self, path: str, text: bytes) -> bool:
        """Whether a file is one of the application's modules, and importing it does no work."""
        packages = self._context_of_application().config.application.packages
        if not any(path.startswith(f"{package}/") for package in packages):
            return False
        tree = parse_source(decode_text(text))
        return tree is not None and all(
            isinstance(node, _INERT)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for node in tree.body
        )

    def _context_of_application(self) -> StepContext:
        if self._context is None:
            self._context = self._application()
        return self._context

    def _observe(self, modules: Iterable[str]) -> Observation:
        context = self._context_of_application()
        probed = self._probe(context, modules)
        tests: dict[str, str] = {}
        for step in self._tests if context.python() else ():
            result = execute_step(step, context, lambda line: None)
            report = context.tool_texts.get(result.reports.get("junit.xml", "")) or b""
            tests.update(_outcomes(report))
        return Observation(probed.errors, probed.loaded, tests)

    def _probe(self, context: StepContext, modules: Iterable[str]) -> Observation:
        application = context.config.application
        entries = [
            match[1]
            for word in shlex.split(application.serve)
            if (match := _ENTRY.fullmatch(word)) and "/" not in word
        ]
        data = os.path.join(context.out, "fix-data")
        os.makedirs(data, exist_ok=True)
        variables = {name: value.replace("{data}", data) for name, value in application.env.items()}
        argv = (context.python() or sys.executable, _PROBE, ",".join(entries), ",".join(modules))
        env = {**context.env(), **variables, "PYTHONDONTWRITEBYTECODE": "1"}
        sandbox = context.sandbox(data, application=True)
        command = Command(argv, context.root, env, _PROBE_TIMEOUT, context.secrets, sandbox=sandbox)
        done = context.processes.run(command, lambda line: None)
        try:
            document = json.loads(done.stdout.strip().splitlines()[-1])
            return Observation(dict(document["errors"]), tuple(document["loaded"]), {})
        except (ValueError, IndexError, KeyError, TypeError):
            return Observation({"": "the modules cannot be imported"}, (), {})


def _module(path: str) -> str:
    """`src/shop/cart/__init__.py` is shop.cart."""
    parts = path.removesuffix(".py").removeprefix("src/").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)


def _outcomes(report: bytes) -> dict[str, str]:
    """How each test of a JUnit report ended."""
    try:
        suite = fromstring(report)  # our own file
    except ParseError:
        return {}
    return {
        f"{case.get('classname', '')}::{case.get('name', '')}": next(
            (child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed"
        )
        for case in suite.iter("testcase")
    }
