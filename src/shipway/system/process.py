"""The one place that runs programs.

It owns the environment (nothing is inherited), decoding, timeouts, output limits, redaction,
and ending the whole process group.
"""

from __future__ import annotations

import codecs
import logging
import os
import selectors
import shlex
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, ClassVar

from shipway.errors import CannotRun
from shipway.ports import Command, Completed, OnOutput, Server
from shipway.system import sandbox
from shipway.system.interruption import deferred
from shipway.system.redaction import Redactor
from shipway.system.sandbox import MODES, LaunchReport, SandboxedProgram

_LOG = logging.getLogger(__name__)
KILL_GRACE = 3.0  # seconds between SIGTERM and SIGKILL; Ctrl-C promises 5 for everything
_CHUNK = 65536
_POLL = 0.25  # seconds between looks where nothing wakes us
_LINGER = 0.5  # seconds that output may come after its program's end
# Fixed text; the log's path and the command reach it as arguments.
_DETACH = 'setsid "$@" </dev/null >>"$0" 2>&1 & echo $! >"$0.pid"; echo $!'
_MARK = "SHIPWAY_SERVER"  # in the environment of what `spawn` starts: its log
_EARLIER = 2.0  # seconds that the kernel's clock and a file's may differ by
_CUT = "[output cut here: the last {limit} characters follow]\n"
_UNSHOWN = "[output cut here: more than {limit} characters]"


class SystemProcesses:
    """Runs real programs. Thread-safe; `cancel()` ends all that run, at once and for good.

    What runs is known to all of this process: a rollout that is a step of a run has another one.
    grace: seconds between SIGTERM and SIGKILL. modes: of sandboxes, the best first.
    """

    _running: ClassVar[set[_Program | SandboxedProgram]] = set()
    _lock = threading.Lock()

    def __init__(self, grace: float = KILL_GRACE, modes: Sequence[str] = MODES) -> None:
        self._grace = grace
        self._modes = modes
        self._cancelled = False

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed:
        """Run to the end. Raises CannotRun when the program cannot be started."""
        started = time.monotonic()
        program: _Program | SandboxedProgram | None = None
        report = LaunchReport()
        redact = Redactor(command.secrets)
        out = _Stream(redact, command.output_limit, on_output)
        err = _Stream(redact, command.output_limit, on_output)
        most = command.sandbox.output if command.sandbox else 0
        timed_out = False
        _log_start(command, redact)
        try:
            with deferred():
                program = self._start(command)
            process = program.process
            deadline = started + command.timeout
            if not _drain(process, out, err, deadline, most):
                timed_out = not self._cancelled and not _overflowed(out, err, most)
                _end(program, self._grace)
                _drain(process, out, err, time.monotonic() + 1.0)
            if process.poll() is None:
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    timed_out = not self._cancelled
                    _end(program, self._grace)
        finally:
            if program is not None:
                report = self._forget(program)
        if problem := sandbox.start_error(report):
            raise _cannot_start(command, problem)
        code = report.code(process.returncode)
        seconds = time.monotonic() - started
        _LOG.info("%s ended with %s in %.2f s", command.argv[0], code, seconds)
        overflow = ("output",) if _overflowed(out, err, most) else ()
        return Completed(
            code,
            out.close(),
            err.close(),
            seconds,
            timed_out,
            self._cancelled,
            sandbox.exceeded(command.sandbox, *overflow or (report.limit,)),
        )

    def cancel(self, *, force: bool = False) -> None:
        """End everything that runs, whoever of this process started it; what is started later
        by this one ends at once. force: by SIGKILL."""
        self._cancelled = True
        with self._lock:
            running = list(self._running)
        for program in running:
            program.terminate()
        deadline = time.monotonic() + (0.0 if force else self._grace)
        for program in running:
            pid = program.process.pid
            _wait_until(lambda pid=pid: not _group_alive(pid), deadline)  # type: ignore[misc]  # bound now
            program.kill()

    def spawn(self, command: Command, log: str) -> Server:
        """Start a server that outlives this command; its output is appended to `log`.

        A shell in between starts it and is gone at once, because some servers (Envoy) ask the
        kernel to end them with their parent. `setsid` makes it the leader of its own group
        under the process id that the shell prints.
        """
        argv = ("/bin/sh", "-c", _DETACH, log, *command.argv)
        if shutil.which(command.argv[0], path=command.env.get("PATH")) is None:
            raise _cannot_start(command, FileNotFoundError())
        _log_start(command, Redactor(command.secrets))
        try:
            _make_private(log)
            # Not by `run`, which ends what its program left behind.
            started = subprocess.run(
                argv,
                cwd=command.cwd,
                env={**command.env, _MARK: os.path.realpath(log)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=30,
                check=False,
            )
            pid = int(started.stdout)
            return Server(pid, _born(pid), log)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise CannotRun(
                f"{command.argv[0]} cannot be started: {error}",
                "See shipway doctor.",
                code="tool-missing",
            ) from error

    def orphans(self, log: str) -> Server | None:
        """The server that was last started with this log, where it still runs.

        For one whose starter was killed before it could tell anybody. What has the number
        now and began after it was written down is another process.
        """
        try:
            with open(f"{log}.pid", encoding="ascii") as file:
                pid = int(file.read())
            written = os.stat(f"{log}.pid").st_mtime
        except (OSError, ValueError):
            return None
        born = _born(pid)
        if not born or _seconds_of(born) > written + _EARLIER:
            return None
        return Server(pid, born, log) if _writes_to(pid, log) else None

    def alive(self, server: Server) -> bool:
        """Whether it runs; the dead that nobody has reaped do not."""
        if not server.born or _born(server.pid) != server.born:
            return False
        return not server.log or _writes_to(server.pid, server.log)

    def stop(self, server: Server, grace: float) -> None:
        """SIGTERM to the leader, which winds up its workers; SIGKILL to the group after `grace`.

        What is written down of a server may be wrong, or somebody else's: a process that was not
        started with its log is left alone.
        """
        if not server.log or not self.alive(server):
            return
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)
        _wait_until(lambda: not self.alive(server), time.monotonic() + grace)
        _signal_group(server.pid, signal.SIGKILL)

    def _start(self, command: Command) -> _Program | SandboxedProgram:
        program: _Program | SandboxedProgram
        try:
            if command.sandbox is not None and sandbox.available():
                program = SandboxedProgram.start(command, command.sandbox, self._modes)
            else:
                sandbox.require_none(command.sandbox)
                program = _Program.start(command)
        except OSError as error:
            raise _cannot_start(command, error) from error
        if (stdin := program.process.stdin) is not None:
            with suppress(BrokenPipeError):
                stdin.write(command.stdin)
                stdin.close()
        with self._lock:
            self._running.add(program)
        if self._cancelled:
            program.kill()
        return program

    def _forget(self, program: _Program | SandboxedProgram) -> LaunchReport:
        with self._lock:
            self._running.discard(program)
        process = program.process
        if process.poll() is None:  # an exception is on its way through
            _end(program, self._grace)
        else:
            program.kill()  # children it left behind
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        return program.close()


class _Program:
    """A program of Shipway's own, in a process group that ends with it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    @classmethod
    def start(cls, command: Command) -> _Program:
        """Start it. Raises OSError."""
        return cls(
            subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        )

    def terminate(self) -> None:
        """SIGTERM to its group."""
        _signal_group(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to its group."""
        _signal_group(self.process.pid, signal.SIGKILL)

    def close(self) -> LaunchReport:
        """No launcher, no report."""
        return LaunchReport()


class _Stream:
    """One output stream: decoded, cut into lines, redacted, limited.

    What is kept is its end, because that says why a program failed; what is shown as it comes is
    its beginning.
    """

    def __init__(self, redact: Redactor, limit: int, on_output: OnOutput | None) -> None:
        self.received = 0  # bytes
        self._decoder: codecs.IncrementalDecoder | None = None
        self._redact = redact
        self._left = limit
        self._limit = limit
        self._on_output = on_output
        self._kept: deque[str] = deque()
        self._size = 0
        self._cut = False
        self._tail = ""

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        if self._decoder is None:  # most trivial programs print nothing
            self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = self._tail + self._decoder.decode(data)
        lines, newline, self._tail = text.rpartition("\n")
        if len(self._tail) > _CHUNK:  # a line without end must not fill the memory
            text = self._redact.of_more(text)
            cut = len(text) - self._redact.reach  # behind it, a secret may have begun
            lines, newline, self._tail = text[:cut], "", text[cut:]
        if lines or newline:
            self._keep(lines + newline)

    def close(self) -> str:
        if self._tail:
            self._keep(self._tail)
            self._tail = ""
        text = "".join(self._kept)
        if not self._cut and len(text) <= self._limit:
            return text
        return _CUT.format(limit=self._limit) + text[-self._limit :]

    def _keep(self, text: str) -> None:
        text = self._redact(text)
        self._show(text)
        self._kept.append(text)
        self._size += len(text)
        while len(self._kept) > 1 and self._size - len(self._kept[0]) >= self._limit:
            self._size -= len(self._kept.popleft())
            self._cut = True

    def _show(self, text: str) -> None:
        if self._on_output is None or self._left <= 0:
            return
        for line in text[: self._left].splitlines():
            self._on_output(line)
        self._left -= len(text)
        if self._left <= 0:
            self._on_output(_UNSHOWN.format(limit=self._limit))


def _overflowed(out: _Stream, err: _Stream, most: int) -> bool:
    return 0 < most < out.received + err.received


def _drain(
    process: subprocess.Popen[bytes], out: _Stream, err: _Stream, deadline: float, most: int = 0
) -> bool:
    """Read both streams to their ends and see the process end; False when the deadline came first,
    or more than `most` bytes came.

    A stream stays open while any grandchild holds it: half a second after the end of the
    process itself, reading stops. (poll, not epoll: for three files it is a call where epoll
    is eight.)
    """
    with selectors.PollSelector() as selector, _ending(process) as ending:
        for pipe, stream in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None and not pipe.closed:
                selector.register(pipe, selectors.EVENT_READ, stream)
        if ending is not None:
            selector.register(ending, selectors.EVENT_READ)
        ended: float | None = None
        while selector.get_map():
            now = time.monotonic()
            if now >= deadline or _overflowed(out, err, most):
                return False
            if ended is not None and now - ended > _LINGER:
                return True
            ready = selector.select(min(_POLL, deadline - now))
            for key, _ in ready:
                _feed(selector, key)
            woken = any(key.data is None for key, _ in ready)
            if ended is None and (woken or not ready):
                ended = now if process.poll() is not None else None
    return True


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """A file that can be read once the process has ended (Linux: pidfd_open(2)), or None."""
    if process.returncode is not None or not hasattr(os, "pidfd_open"):
        yield None
        return
    handle = os.pidfd_open(process.pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _feed(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    if key.data is None:
        selector.unregister(key.fileobj)
        return
    pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]  # registered as a pipe above
    data = os.read(pipe.fileno(), _CHUNK)
    if data:
        key.data.feed(data)
    else:
        selector.unregister(pipe)


def _born(pid: int) -> str:
    """When a process was started; "" when it has ended (man 5 proc_pid_stat: fields 3 and 22).

    Not by its environment, which is empty for a moment while it becomes another program.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def _writes_to(pid: int, log: str) -> bool:
    """Whether a process was started with this log: by its environment, or by its output.

    In this order: its environment is empty while it becomes another program, and by then its
    output is the log. The path of that follows the folder where the project is moved.
    """
    path = os.path.realpath(log)
    with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environment:
        if os.fsencode(f"{_MARK}={path}") in environment.read().split(b"\0"):
            return True
    for descriptor in (1, 2):
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{descriptor}").removesuffix(" (deleted)") == path:
                return True
    return False


def this_process() -> Server:
    """The process that asks, so that others can tell whether it still runs."""
    return Server(os.getpid(), _born(os.getpid()))


def running_since(pid: int) -> float | None:
    """When a process that runs now was started, in seconds since the epoch; None where none has
    this number."""
    born = _born(pid)
    return _seconds_of(born) if born else None


def _seconds_of(born: str) -> float:
    """A birth in the kernel's ticks since it started, as seconds since the epoch."""
    ticks = int(born) / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks


def _log_start(command: Command, redact: Redactor) -> None:
    """The environment is not logged: it holds secrets, and a failed step prints how to run it."""
    if _LOG.isEnabledFor(logging.INFO):
        _LOG.info("start %s in %s", redact(shlex.join(command.argv)), command.cwd)


def _make_private(log: str) -> None:
    """A log that nobody else can read, in a folder of the same kind: a server prints what it
    likes. A folder that is there stays as it is."""
    os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def _cannot_start(command: Command, error: OSError) -> CannotRun:
    program = command.argv[0]
    if isinstance(error, FileNotFoundError):
        return CannotRun(
            f"{program} is not here",
            f"Install {program}, or correct its name.",
            code="tool-missing",
        )
    return CannotRun(
        f"{program} cannot be started: {error.strerror}",
        "See shipway doctor.",
        code="tool-missing",
    )


def _end(program: _Program | SandboxedProgram, grace: float) -> None:
    """SIGTERM to the group, SIGKILL after the grace time, and reap."""
    process = program.process
    try:
        program.terminate()
        _wait_until(lambda: process.poll() is not None, time.monotonic() + grace)
    finally:  # a second Ctrl-C ends the grace
        program.kill()
        process.wait()


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # already gone


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _wait_until(condition: Callable[[], bool], deadline: float) -> None:
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
