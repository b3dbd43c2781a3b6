"""300 secrets of every kind, through every tool's parser, into everything that a run writes."""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.checks import recordings, tiny_application
from tests.pipeline.contexts import INSTALLED, probing, workshop
from tests.pipeline.made_up_secrets import ENCODINGS, made_up, needles

from shipway.checks.registry import CHECKS
from shipway.cli.recorded_secrets import redacted_notice
from shipway.findings.fingerprint import with_code_context
from shipway.github.pull_request import github_annotations, update_comment
from shipway.notifications.notice import Notice, NoticeEvent, notice_lines
from shipway.notifications.slack import slack_message
from shipway.pipeline.cache import StepCache
from shipway.pipeline.check import ToolOutput
from shipway.pipeline.execution import execute_step
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.run import PipelineRun, RunListener, RunOptions
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import Step
from shipway.ports import Changes, Command, Commit, Completed, OnOutput
from shipway.reports.console import GroupedConsole, PlainConsole
from shipway.reports.html import html_report
from shipway.reports.json_events import JsonEvents
from shipway.reports.junit import junit_report
from shipway.reports.live_console import LiveConsole
from shipway.reports.markdown import markdown_report
from shipway.reports.sarif import sarif_report
from shipway.system.clock import SystemClock
from shipway.system.files import BlobFolder, FileTree
from shipway.system.record import SqliteRecord

SECRETS = made_up(300, seed=16)
LEAKS = "leaks.txt"
BATCH = 100  # secrets that one output of a tool holds
CASES: dict[str, list[str]] = {}
for _name, _case in recordings.CASES:
    if recordings.path(_name, _case).exists():
        CASES.setdefault(_name, []).append(_case)


def planted(output: ToolOutput, secrets: Sequence[str], rng: random.Random) -> ToolOutput:
    """A tool's output in which its sentences quote secrets, and its log prints them in any form."""
    quotes = iter(secrets * 50)

    def sentence(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sentence(item) for key, item in value.items()}
        if isinstance(value, list):
            return [sentence(item) for item in value]
        spoken = isinstance(value, str) and " " in value.strip() and "\n" not in value
        return f"{value}: {next(quotes)}" if spoken else value

    def text(printed: str) -> str:
        try:
            return json.dumps(sentence(json.loads(printed)))
        except ValueError:
            return "\n".join(map(quoting, printed.split("\n")))

    def quoting(line: str) -> str:
        with suppress(ValueError):
            return json.dumps(sentence(json.loads(line)))
        if ": " not in line:
            return line
        words, bracket, code = line.rpartition("  [")  # mypy ends with the name of a rule
        return f"{words or code} {next(quotes)!r}{bracket}{code if bracket else ''}"

    log = "\n".join(f"{name} {ENCODINGS[name](s)}" for s in secrets for name in _some(rng, s))
    reports = {
        name: text(data.decode()).encode() if name.endswith(".json") else data
        for name, data in output.reports.items()
    }
    for name, data in reports.items():
        if name.endswith(".xml") and b"message=" in data:
            said = secrets[0].translate({ord(mark): f"&#{ord(mark)};" for mark in "&<>\"'"})
            reports[name] = data.replace(b'message="', f'message="{said} '.encode())
    return ToolOutput(output.code, text(output.stdout), f"{output.stderr}\n{log}\n", reports)


def _some(rng: random.Random, secret: str) -> list[str]:
    """Short ones as they are: encoded they might be anything."""
    return ["plain"] if len(secret) < 6 else rng.sample(sorted(ENCODINGS), 3)


@dataclass
class Outputs:
    """Runs nothing: gives what was recorded of tools. The scanner ends when all others have."""

    outputs: dict[str, ToolOutput]
    others: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    current: threading.local = field(default_factory=threading.local)

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed:
        step, folder = self.current.step, self.current.folder
        output = self.outputs[step]
        if step == "gitleaks":
            for _ in range(len(self.outputs) - 1):
                self.others.acquire(timeout=60)
        for name, data in output.reports.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            Path(path).write_bytes(data)
        for line in (output.stdout + output.stderr).splitlines():
            if on_output:
                on_output(line)
        return Completed(output.code, output.stdout, output.stderr, 0.1)


class Everybody:
    """Tells all of some listeners."""

    def __init__(self, *listeners: RunListener) -> None:
        self.listeners = listeners

    def __getattr__(self, name: str) -> Callable[..., None]:
        def tell(*values: Any) -> None:
            for listener in self.listeners:
                getattr(listener, name)(*values)

        return tell


def found(root: Path) -> ToolOutput:
    """gitleaks has found all 300 in one file."""
    data = (root / LEAKS).read_bytes()
    common = {"rule": "generic-api-key", "what": "A token", "path": LEAKS, "commit": "", "date": ""}
    report = [
        {
            **common,
            "line": 1,
            "verified": False,
            "digest": f"{number:064d}",
            "place": {
                "commit": "",
                "path": LEAKS,
                "offset": data.index(f"<{number}>".encode()) + len(f"<{number}>"),
                "length": len(secret.encode()),
                "literal": True,
            },
        }
        for number, secret in enumerate(SECRETS)
    ]
    return ToolOutput(1, json.dumps({"looked_at": 1, "unread": [], "secrets": report}), "")


@dataclass
class Fuzz:
    """One run of all tools, and what it left."""

    root: Path
    result: RunResult
    texts: dict[str, str]
    raw: list[StepResult]


class Comments:
    """GitHub, as far as one comment goes."""

    def __init__(self) -> None:
        self.body = ""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        self.body += str((body or {}).get("body", ""))
        return []


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    root = tmp_path_factory.mktemp("fuzz")
    rng = random.Random(300)
    (root / LEAKS).write_text(
        "".join(f"<{number}>{secret}\n" for number, secret in enumerate(SECRETS)), newline=""
    )
    outputs = {"gitleaks": found(root)}
    checks = {check.name: check for check in CHECKS}
    steps = [replace(probing(checks["gitleaks"]), name="gitleaks", needs=())]
    rounds = len(SECRETS) // BATCH
    for number, name in enumerate(sorted(CASES) * rounds):
        start = number // len(CASES) * BATCH
        case = CASES[name][start // BATCH % len(CASES[name])]
        step = f"{name}-{number}"
        outputs[step] = planted(recordings.load(name, case), SECRETS[start : start + BATCH], rng)
        steps.append(replace(probing(checks[name]), name=step, needs=()))
    processes = Outputs(outputs)
    state = root / ".shipway"
    blobs, record = BlobFolder(str(state / "blobs")), SqliteRecord(str(state / "record.sqlite3"))
    secrets = RunSecrets(str(root), blobs, str(state / "out"), ("gitleaks",))
    context = workshop(
        root,
        config=tiny_application.CONFIG,
        processes=processes,
        blobs=blobs,
        texts=secrets.contents,
        checks=lambda name: (
            replace(checks[name], served=False, serviced=False)
            if hasattr(checks[name], "served")
            else checks[name]
        ),
    )
    raw: list[StepResult] = []

    def perform(step: Step, upstream: Mapping[str, StepResult], say: OnOutput) -> StepResult:
        processes.current.step, processes.current.folder = step.name, context.folder(step.name)
        result = execute_step(step, replace(context, upstream={"install": INSTALLED}), say)
        raw.append(result)
        if step.name != "gitleaks":
            processes.others.release()
        return result

    streams = {name: io.StringIO() for name in ("plain", "grouped", "live", "json")}
    live = LiveConsole(streams["live"], env={"TERM": "xterm", "COLUMNS": "300"})
    listener = Everybody(
        PlainConsole(streams["plain"]),
        GroupedConsole(streams["grouped"]),
        live,
        JsonEvents(streams["json"]),
    )
    cache = StepCache(FileTree(str(root), {}), record, blobs, {}, "this machine")
    options = RunOptions(run="fuzz", jobs=2, secrets=secrets, application="tiny")
    result = PipelineRun(
        Graph(steps), perform, cache, record, listener, SystemClock(), options
    ).execute()
    comments = Comments()
    update_comment(comments, 1, "tiny", markdown_report(result))
    notice = redacted_notice(_notice(rng), secrets)
    record.close()
    with sqlite3.connect(state / "record.sqlite3") as db:
        rows = "\n".join(db.iterdump())
    return Fuzz(
        root,
        result,
        {
            **{name: stream.getvalue() for name, stream in streams.items()},
            "report.html": html_report(
                result, lambda name: blobs.get(name) or b"", lambda path: secrets.redact(_all(path))
            ),
            "junit.xml": junit_report(result),
            "findings.sarif": sarif_report(result),
            "summary.md": markdown_report(result),
            "comment": comments.body,
            "annotations": github_annotations(result),
            "record": rows,
            "slack": slack_message(notice).decode(),
            "webhook": json.dumps(notice.to_dict(), default=str),
            "notice": "\n".join(notice_lines(notice)),
            **{
                str(path.relative_to(root)): path.read_text(errors="replace")
                for path in state.rglob("*")
                if path.is_file() and "sqlite3" not in path.name
            },
        },
        raw,
    )


def _all(path: str) -> str:
    """Every file of the application holds every secret."""
    return "\n".join(SECRETS)


def _notice(rng: random.Random) -> Notice:
    commits = tuple(Commit("abc1234", "ann", f"takes {secret}") for secret in SECRETS[::7])
    return Notice(
        event=NoticeEvent.FAILED,
        application="tiny",
        environment="local",
        release="1.0",
        at=0.0,
        cause="it printed " + " / ".join(SECRETS),
        remedy=f"see {SECRETS[0]}",
        changes=Changes(commits, 0),
    )


def readings(text: str) -> Iterator[str]:
    """A text, and what its reader makes of it."""
    yield text
    yield unescape(text).replace("\u200b", "").replace("&#8203;", "")
    strings: list[str] = []
    for line in [text, *text.splitlines()]:
        try:
            _strings(json.loads(line), strings)
        except (ValueError, RecursionError):
            continue
    yield "\n".join(strings)
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return
    yield "\n".join(
        part for node in tree.iter() for part in (node.text or "", *node.attrib.values())
    )


def _strings(value: Any, strings: list[str]) -> None:
    if isinstance(value, str):
        strings.append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            strings.append(key)
            _strings(item, strings)
    elif isinstance(value, list):
        for item in value:
            _strings(item, strings)


@cache
def needles_by_start() -> dict[str, list[tuple[str, str]]]:
    """The first five characters → each (needle, secret) that begins with them."""
    starts: dict[str, list[tuple[str, str]]] = {}
    for secret in SECRETS:
        for needle in {secret, *needles(secret)}:
            starts.setdefault(needle[:5], []).append((needle, secret))
    return starts


def leaked(text: str) -> list[str]:
    """The secrets of which a text has something."""
    starts = needles_by_start()
    return [
        secret
        for at in range(len(text) - 4)
        for needle, secret in starts.get(text[at : at + 5], ())
        if text.startswith(needle, at)
    ]


def test_every_parser_and_its_refusal_meets_secrets(fuzz: Fuzz) -> None:
    tools = {finding.tool for step in fuzz.raw for finding in step.findings}
    quoting = {
        step.step.rsplit("-", 1)[0]
        for step in fuzz.raw
        if leaked(" ".join((step.reason, *(finding.message for finding in step.findings))))
    }
    assert tools >= {"bandit", "ruff", "mypy", "semgrep", "gitleaks", "hadolint", "zizmor"}
    assert len(quoting) >= 12, quoting
    assert {step.outcome for step in fuzz.raw} >= {Outcome.PASSED, Outcome.FAILED, Outcome.ERROR}


def test_none_of_300_secrets_is_in_anything_that_is_shown_or_written(fuzz: Fuzz) -> None:
    assert len(set(SECRETS)) == 300
    left = {
        name: sorted(set(leaks))[:3]
        for name, text in fuzz.texts.items()
        for reading in readings(text)
        if (leaks := leaked(reading))
    }
    assert not left
    for name in ("plain", "live", "json", "report.html", "summary.md", "findings.sarif", "slack"):
        assert "redacted" in fuzz.texts[name], name


def test_fingerprints_stay_what_they_are_without_redaction(fuzz: Fuzz) -> None:
    raw = {step.step: step for step in fuzz.raw}
    for step in fuzz.result.steps:
        for before, after in zip(raw[step.step].findings, step.findings, strict=True):
            assert after.fingerprint == before.fingerprint
    texts = {"a.py": "x = 1\n"}
    for step in fuzz.result.steps:
        redone = [replace(finding, path="a.py", line=1) for finding in step.findings]
        plain = [replace(finding, known_fingerprint="") for finding in redone]
        assert [f.fingerprint for f in with_code_context(redone, texts) if f.content] == [
            f.fingerprint for f in with_code_context(plain, texts) if f.content
        ] or any(finding.content for finding in redone)
