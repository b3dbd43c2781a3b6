"""Which of its own rules a change loosens: checks, limits, waivers, tests, exclusions. Pure.

Rules are compared as they count, not as they are written: a check is gone when its step is, whoever
took it away. What can only be called other, not looser, is told as a change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

from shipway.config.schema import Config
from shipway.config.tables import Cache
from shipway.pipeline.gates import Bound
from shipway.pipeline.step import PROVING_STAGES, Step, StepKind
from shipway.source_text import parse_toml

_PROSE = (".md", ".rst", ".txt")
# In a comment: a tool is to pass over this line, or a test is not to run.
_SILENCED = re.compile(
    r"#\s*(?:noqa|nosec|type:\s*ignore|pragma:\s*no cover|pylint:\s*disable|fmt:\s*(?:off|skip)"
    r"|hadolint\s+(?:global\s+)?ignore|zizmor:\s*ignore|mypy:\s*ignore|ruff:\s*noqa|flake8:\s*noqa"
    r"|shipway:\s*waive)"
    r"|\b(?:nosem(?:grep)?|gitleaks:allow|trufflehog:ignore|checkov:skip=|trivy:ignore:)",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    r"\bmark\.(?:skip|skipif|xfail)\b|\bpytest\.(?:skip|xfail|importorskip)\(|\bunittest\.skip"
    r"|@skip(?:If|Unless)?\(|\bcollect_ignore|\bpytest_ignore_collect\b"
    r"|\bpytest_collection_modifyitems\b|\bpytest_deselected\b"
)
_TEST = re.compile(r"^\s*(?:async\s+)?def\s+(test\w*)\s*\(", re.MULTILINE)
_IGNORE_LISTS = (".gitignore", ".gitleaksignore", ".semgrepignore", ".trivyignore", ".dockerignore")
_TOOL_FILES = (
    ".bandit",
    ".checkov.yaml",
    ".checkov.yml",
    ".coveragerc",
    ".flake8",
    ".gitleaks.toml",
    ".hadolint.yaml",
    ".ruff.toml",
    ".trivyignore.yaml",
    "mypy.ini",
    ".mypy.ini",
    "osv-scanner.toml",
    "pytest.ini",
    "ruff.toml",
    "trivy.yaml",
    "zizmor.yml",
)
_TOOL_TABLES = ("bandit", "black", "coverage", "flake8", "mypy", "pytest", "ruff")
_SHOWN = 3

# Of `[gates] own_rules` and `[gates] flaky`, the least strict first.
LEVELS = ("report", "review", "fail", "base")


@dataclass(frozen=True)
class Rules:
    """What judges a commit.

    steps: of its pipeline. texts: path → text of its files. known: fingerprints that its
    baseline lets pass. failing: (step, test) of the tests that it lets fail.
    """

    config: Config
    steps: Sequence[Step]
    texts: Mapping[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    failing: frozenset[tuple[str, str]] = frozenset()


def loosened_rules(base: Rules, head: Rules) -> tuple[str, ...]:
    """What `head` lets pass and `base` does not, one sentence each; none where nothing is."""
    return (
        *_steps(base, head),
        *_limits(base.config, head.config),
        *_exceptions(base, head),
        *_surroundings(base.config, head.config),
        *_tests(base.texts, head.texts),
        *_comments(base.texts, head.texts),
        *_settings(base.texts, head.texts),
    )


def _steps(base: Rules, head: Rules) -> Iterator[str]:
    steps = {step.name: step for step in head.steps}
    for before in base.steps:
        if before.stage not in PROVING_STAGES:
            continue
        now = steps.get(before.name)
        kind = "check" if before.kind is StepKind.CHECK else "step"
        if now is None:
            yield f"the {kind} {before.name} does not run any more"
            continue
        yield from _gates(before, now)
        for key in ("retries", "max_age", "branches", "timeout") if kind == "step" else ():
            if (was := getattr(before, key)) != (value := getattr(now, key)):
                yield f"the step {before.name} has another {key}: {was} → {value}"
        if before.kind is StepKind.COMMAND:
            for key in ("work", "inputs", "needs", "env", "stage"):
                if getattr(before, key) != getattr(now, key):
                    yield f"the step {before.name} has another {'run' if key == 'work' else key}"


def _gates(before: Step, now: Step) -> Iterator[str]:
    limits = {(name, bound, subject): limit for name, bound, limit, subject in _gate_rows(now)}
    for name, bound, limit, subject in _gate_rows(before):
        of = f"{name} of {subject}" if subject not in ("", "*") else name
        value = limits.get((name, bound, subject))
        if value is None:
            yield f"there is no limit for {of} any more (it was {bound} {limit:g})"
        elif value < limit if bound == Bound.AT_LEAST else value > limit:
            yield f"the limit for {of} is looser: {bound} {limit:g} → {value:g}"


def _gate_rows(step: Step) -> list[tuple[str, str, float, str]]:
    return [(row[0], str(row[1]), row[2], row[3]) for row in step.work.get("gates", [])]


def _limits(base: Config, head: Config) -> Iterator[str]:
    before, now = asdict(base.gates.findings), asdict(head.gates.findings)
    tools_before, tools_now = before.pop("tools"), now.pop("tools")
    for name, limit, value in (
        *((name, limit, now[name]) for name, limit in before.items()),
        *((f"tools.{name}", limit, tools_now.get(name)) for name, limit in tools_before.items()),
    ):
        if limit is not None and (value is None or value > limit):
            yield f"gates.findings.{name} is looser: {limit} → {'none' if value is None else value}"
    yield from _levels(base, head)
    if allowed := set(head.security.licences) - set(base.security.licences):
        yield f"more licences are allowed: {_some(sorted(allowed))}"
    for key in ("users", "seconds", "workers"):
        was, value = getattr(base.performance, key), getattr(head.performance, key)
        if (value < was) if key != "workers" else (value > was):
            yield f"the load test asks less: {key} {was:g} → {value:g}"

    if base.network < head.network:
        yield "unit tests may reach the network"
    for key in ("memory_gb", "processes", "output_mb", "timeout"):
        was, value = getattr(base.limits, key), getattr(head.limits, key)
        if (was or inf) < (value or inf):  # 0 is the default of memory_gb, which is all there is
            yield f"limits.{key} is looser: {was:g} → {value:g}"


def _levels(base: Config, head: Config) -> Iterator[str]:
    for key in ("own_rules", "flaky"):
        was, value = getattr(base.gates, key), getattr(head.gates, key)
        if LEVELS.index(value) < LEVELS.index(was):
            yield f"gates.{key} is looser: {was} → {value}"


def _exceptions(base: Rules, head: Rules) -> Iterator[str]:
    for waiver in head.config.waivers:
        if waiver not in base.config.waivers:
            what = waiver.rule or waiver.fingerprint
            yield f"{what} is waived in {waiver.path} until {waiver.expires}, by {waiver.owner}"
    if count := len(head.known - base.known):
        yield f"the baseline {head.config.security.baseline} lets {count} more findings pass"
    yield from _believed(base.config.cache, head.config.cache)
    if tests := head.failing - base.failing:
        names = _some(sorted(f"{step}, {test}" for step, test in tests))
        yield f"{head.config.gates.known_failures} lets more tests fail ({len(tests)}): {names}"


def _believed(base: Cache, head: Cache) -> Iterator[str]:
    """Whose outcomes count without a step being run."""
    if writers := [name for name, key in head.trust.items() if key not in base.trust.values()]:
        yield f"outcomes that others signed are believed: cache.trust has {_some(sorted(writers))}"
    if base.remote and (head.key != base.key or set(head.write) - set(base.write)):
        yield "cache.key or cache.write changed: other runs may share their outcomes"


def _surroundings(base: Config, head: Config) -> Iterator[str]:
    """What checks and tests look at, and what a rollout is held to."""
    before, now = base.application, head.application
    if gone := set(before.packages) - set(now.packages):
        yield f"packages that nothing looks into any more: {_some(sorted(gone))}"
    for key in ("unit_tests", "integration_tests", "browser_tests", "test_runner"):
        if (was := getattr(before, key)) != (value := getattr(now, key)) and was:
            yield f"application.{key} changed: {was} → {value or 'none'}"
    for name, environment in base.environments.items():
        other = head.environments.get(name)
        for key in ("judged", "judge", "pauses", "smoke") if other is not None else ():
            if getattr(environment, key) != getattr(other, key):
                yield f"environments.{name}.{key} changed"


def _tests(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    gone = Counter(_test_names(before)) - Counter(_test_names(now))
    if gone:
        yield f"tests are gone ({gone.total()}): {_some(sorted(gone))}"
    yield from _added("tests are left out", _LEFT_OUT, before, now)


def _test_names(texts: Mapping[str, str]) -> Iterator[str]:
    for path, text in texts.items():
        if path.endswith(".py") and "test" in path and "def test" in text:
            yield from _TEST.findall(text)


def _comments(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    yield from _added("a tool is silenced", _SILENCED, before, now)


def _added(
    what: str, mark: re.Pattern[str], before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[str]:
    """Lines with a mark that were nowhere before. A line that was moved is no new one."""
    known = Counter(row for _, row in _marked(mark, before))
    lines = []
    for place, row in _marked(mark, now):
        if known[row]:
            known[row] -= 1
        else:
            lines.append(f"{place} ({row[:80]})")
    if lines:
        yield f"{what} ({len(lines)}): {_some(lines)}"


def _marked(mark: re.Pattern[str], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path, text in texts.items():
        if not path.endswith(_PROSE) and mark.search(text):
            for number, row in enumerate(text.splitlines(), 1):
                if mark.search(row):
                    yield f"{path}:{number}", row.strip()


def _settings(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """The tools' own settings, wherever they stand."""
    for path in sorted({*before, *now}):
        name = path.rpartition("/")[2]
        was, text = before.get(path, ""), now.get(path, "")
        if was == text:
            continue
        if name in _IGNORE_LISTS:
            if lines := set(_entries(text)) - set(_entries(was)):
                yield f"{path} ignores more: {_some(sorted(lines))}"
        elif name in _TOOL_FILES or ".github/workflows/" in f"/{path}":
            yield f"{path} {'changed' if path in before and path in now else _came(path, now)}"
        elif name in ("pyproject.toml", "setup.cfg", "tox.ini"):
            tables_before, tables_now = _tables(name, was), _tables(name, text)
            for table in sorted({*tables_before, *tables_now}):
                if tables_before.get(table) != tables_now.get(table):
                    yield f"{path}: the settings of {table} changed"


def _came(path: str, now: Mapping[str, str]) -> str:
    return "is new" if path in now else "is gone"


def _entries(text: str) -> Iterator[str]:
    rows = (row.strip() for row in text.splitlines())
    return (row for row in rows if row and not row.startswith("#"))


def _tables(name: str, text: str) -> dict[str, Any]:
    """Tool → its settings in a file that others share."""
    if name == "pyproject.toml":
        try:
            tools = parse_toml(text).get("tool", {})
        except ValueError:
            return {"every tool": text}
        return {tool: tools[tool] for tool in _TOOL_TABLES if tool in tools}
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except Error:
        return {"every tool": text}
    return {
        section: dict(parser[section])
        for section in parser.sections()
        if any(tool in section for tool in _TOOL_TABLES)
    }


def _some(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
