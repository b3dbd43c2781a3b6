"""`shipway run --watch`: at every save, the verdict of what the change reaches.

Each verdict is a command of its own, `shipway run`, so that a broken shipway.toml or a run that is
cancelled ends nothing but itself. The cache decides what has to run.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

from shipway.cli.project import find_root, open_project
from shipway.errors import ShipwayError
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult
from shipway.reports.console_lines import counted, verdict_sentence
from shipway.reports.sanitize import one_line
from shipway.system.child_command import ChildCommand
from shipway.system.interruption import interruptions
from shipway.system.watched_files import WatchedFiles

_STAGES = ("quality", "security", "test")  # a release, and its load test, are asked for
_LOAD_TEST = "performance"
_RESTLESS = 3  # runs in a row during which a file changes: then it is the run that writes it
_KEYS = "a all · f failed · d deploy · q quit"


@dataclass(kw_only=True)
class Watch:
    """What is going on.

    options: of `run`, for every command. screen: whether a person looks. pending: what was saved
    since the last run began. changed: what changed while it went on; restless: in how many runs in
    a row. before: the run that was the newest on record when this one began.
    """

    directory: str
    stages: Sequence[str]
    options: Sequence[str]
    screen: bool
    running: ChildCommand | None = None
    releasing: bool = False
    verdict: str = ""
    pending: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    restless: dict[str, int] = field(default_factory=dict)
    output: IO[bytes] | None = None
    problem: str = ""
    before: str = ""

    def start(self, words: Sequence[str], why: str, *, releasing: bool = False) -> None:
        """Begin a run; what went on before is ended first."""
        self.stop()
        self.releasing = releasing
        for path in self.restless.keys() - self.changed:
            del self.restless[path]
        self.changed.clear()
        if self.screen:
            before = f"  before: {self.verdict}" if self.verdict else ""
            width = shutil.get_terminal_size().columns
            sys.stdout.write(f"\x1b[2J\x1b[H{one_line(why + before, longest=max(20, width - 1))}\n")
            sys.stdout.flush()
        else:
            self.output = TemporaryFile()  # noqa: SIM115  # closed when its run has ended
        place = ("-C", self.directory) if self.directory != "." else ()
        newest = newest_run(self.directory)
        self.before = newest.run if newest is not None else ""
        self.running = ChildCommand([*place, "run", *self.options, *words], self.output)

    def stop(self) -> None:
        """End what runs, with all that it started."""
        if self.running is not None:
            self.running.stop()
            self.running = None
        if self.output is not None:
            self.output.close()
            self.output = None

    def finish(self, code: int, watched: int) -> None:
        """Tell how a run ended."""
        self.running = None
        last = self._last_line()
        newest = newest_run(self.directory)
        if newest is not None and newest.run != self.before:  # else it could not begin
            last = verdict_sentence(newest)
        self.verdict = one_line(last or f"it ended with exit code {code}")
        if self.screen:
            sys.stdout.write(f"\nwatching {counted(watched, 'file')} · {_KEYS}\n")
        else:
            sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {self.verdict}\n")
        sys.stdout.flush()

    def _last_line(self) -> str:
        """Of what a run printed that nobody sees: the error, where it is one."""
        if self.output is None:
            return "shipway.toml or the command cannot be used"
        self.output.seek(0)
        lines = self.output.read(1 << 20).decode("utf-8", "replace").splitlines()
        self.output.close()
        self.output = None
        errors = [line for line in lines if line.startswith("shipway: ")]
        return (errors or lines or [""])[-1 if not errors else 0]

    def see(self, changes: set[str], *, settled: bool) -> None:
        """Take note of what was saved; begin a run once nothing changes any more."""
        if self.running is not None:
            for path in changes - self.changed:
                self.restless[path] = self.restless.get(path, 0) + 1
            self.changed |= changes
            own = {path for path in changes if self.restless[path] > _RESTLESS}
            for path in sorted(own):
                if self.restless[path] == _RESTLESS + 1:
                    self.tell(
                        f"{path} changes in every run: it is looked at again when no run is "
                        "going on. Is it a file that tests write? Put it into .gitignore."
                    )
                    self.restless[path] += 1
            changes = changes - own
        if changes:
            self.pending |= changes
        elif self.pending and settled and not (self.running is not None and self.releasing):
            first, *others = sorted(self.pending)
            self.pending = set()
            more = f" and {len(others)} more" if others else ""
            self.start(self.stages, f"{first}{more} changed")

    def press(self, key: str) -> bool:
        """Do what a key asks for; False to go."""
        if key == "a":
            self.start([*self.stages, "--no-cache", "--all-tests"], "all of it")
        elif key == "d":
            self.start((), "the whole pipeline, with its rollout", releasing=True)
        elif key == "f":
            newest = newest_run(self.directory)
            steps = newest.steps if newest is not None else ()
            names = [s.step for s in steps if s.outcome in (Outcome.FAILED, Outcome.ERROR)]
            if names:
                self.start(["--", *names], "what failed")
            elif self.running is None:
                self.tell("nothing failed in the last run")
        return key != "q"

    def tell(self, text: str) -> None:
        """Say something that is no verdict."""
        sys.stdout.write(f"{one_line(text)}\n")
        sys.stdout.flush()


def newest_run(directory: str) -> RunResult | None:
    """The run on record that ended last; None where there is none, or it cannot be read."""
    try:
        finished = open_project(directory).record.finished_runs()
        row = next(iter(finished), None)
        return run_with_steps_from_json(*row) if row is not None else None
    except ShipwayError:
        return None


def watched_stages(directory: str) -> list[str]:
    """What runs at every save where nothing was named: all that judges code, but the load test."""
    try:
        steps = open_project(directory).steps
    except ShipwayError:
        return list(_STAGES)  # the run says what is wrong
    stages = [stage for stage in _STAGES if any(step.stage == stage for step in steps)]
    load = any(step.name == _LOAD_TEST for step in steps)
    return [*stages, *(("--skip", _LOAD_TEST) if load else ())]


def watch(directory: str, stages: Sequence[str], options: Sequence[str]) -> int:
    """Watch until somebody quits or interrupts; what runs then is ended first. The exit code."""
    root = find_root(directory)
    screen = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    state = Watch(
        directory=directory,
        stages=stages or watched_stages(directory),
        options=options,
        screen=screen,
    )
    files = WatchedFiles(root)
    with ExitStack() as stack:
        stack.enter_context(interruptions())
        stack.callback(state.stop)
        stack.enter_context(single_keys(sys.stdin, wanted=screen))
        state.start(state.stages, "watching")
        while True:
            if not state.press(_key(sys.stdin, files.pause, wanted=screen and sys.stdin.isatty())):
                return 0
            # What it wrote last is seen before it counts as ended.
            code = state.running.ended() if state.running is not None else None
            state.see(files.changes(), settled=files.settled and code is None)
            if files.problem != state.problem:
                state.problem = files.problem
                state.tell(files.problem or "git answers again")
            if code is not None:
                state.finish(code, len(files))


@contextmanager
def single_keys(stream: IO[str], *, wanted: bool) -> Iterator[None]:
    """Have a terminal give each key at once and not show it; as it was, afterwards."""
    if not (wanted and stream.isatty()):
        yield
        return
    number = stream.fileno()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _key(stream: IO[str], pause: float, *, wanted: bool) -> str:
    """The key that is pressed within the time between two looks; "" for none."""
    if not wanted:
        time.sleep(pause)
        return ""
    if not select.select([stream], [], [], pause)[0]:
        return ""
    return os.read(stream.fileno(), 1).decode("ascii", "replace") or "q"  # the terminal has gone
