"""The verb `init`: from what was found to files, without touching what somebody else wrote."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.errors import CannotRun, ConfigError
from shipway.ports import Command, OnOutput, Processes
from shipway.releases.lock_header import input_digest, lock_header
from shipway.scaffold.generated_files import (
    FileChange,
    dockerfile,
    dockerignore,
    gitattributes,
    gitignore,
    settings_text,
)
from shipway.scaffold.proposal import LOCK, TEST_LOCK, Proposal
from shipway.source_text import read_text
from shipway.system.files import write_atomic

SETTINGS = "shipway.toml"


def file_changes(root: str, proposal: Proposal, *, force: bool) -> list[FileChange]:
    """Every file that init has to do with, but the locks. force: what exists is replaced."""
    files = [(SETTINGS, settings_text(proposal))]
    if proposal.settings["application"].get("serve") and proposal.lock:
        files += [("Dockerfile", dockerfile(proposal)), (".dockerignore", dockerignore())]
    planned = [_change(root, path, text, force=force) for path, text in files]
    if not force and "[tool.shipway" in (_read(root, "pyproject.toml") or ""):
        planned[0] = replace(planned[0], kept=True)  # a shipway.toml would win over what is there
    ignored = _read(root, ".gitignore")
    attributes = _read(root, ".gitattributes")
    written = [path for path, _ in files if path != ".dockerignore"]
    locks = (LOCK, TEST_LOCK) if proposal.lock == LOCK else ()
    return [
        *planned,
        FileChange(".gitignore", ignored, gitignore(ignored or "")),
        FileChange(
            ".gitattributes", attributes, gitattributes(attributes or "", [*written, *locks])
        ),
    ]


def lock_changes(root: str, locks: Mapping[str, str], *, relock: bool) -> list[FileChange]:
    """The locks. They are made, not written by anybody; yet one that is there stays by default."""
    return [_change(root, path, text, force=relock) for path, text in locks.items()]


def write_changes(root: str, changes: Sequence[FileChange], say: Callable[[str], None]) -> None:
    """Write what is needed. Raises ConfigError for a place where nothing can be written."""
    for change in changes:
        if not change.needed:
            continue
        path = os.path.join(root, change.path)
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode) if change.before is not None else 0o644
            write_atomic(path, change.after.encode("utf-8"), mode)
        except OSError as error:
            raise ConfigError(
                f"{change.path} cannot be written: {error.strerror}", "Look at its folder."
            ) from None
        say(f"{change.word:<8} {change.path}")


def _change(root: str, path: str, text: str, *, force: bool) -> FileChange:
    before = _read(root, path)
    if before is not None:
        before = before.replace("\r\n", "\n")  # git's own doing, and no change of the file
    return FileChange(path, before, text, kept=before is not None and not force)


def _read(root: str, path: str) -> str | None:
    """The text of what is there; a link that leads nowhere is there, too, and is nobody's to
    replace."""
    full = os.path.join(root, path)
    if os.path.islink(full) and not os.path.exists(full):
        raise ConfigError(
            f"{path} is a link that leads nowhere", "Remove it, or make what it names."
        )
    try:
        return read_text(full)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "Look at it.") from None


# Resolves what an application wants to exact versions with hashes, by uv.

_LIMIT = 600.0  # seconds; a package that has to be built to know what it needs takes long


@dataclass(frozen=True)
class LockResolver:
    """root: the application's. state: where the files for uv are written. env: all that uv sees.
    python: the interpreter, or the version, that the locks are for."""

    root: str
    state: str
    uv: str
    processes: Processes
    env: Mapping[str, str]
    say: OnOutput
    python: str = ""

    def locks(self, proposal: Proposal) -> dict[str, str]:
        """path → text of both locks; empty where the lock that is there has everything.

        Raises CannotRun with uv's own explanation where there is no such set of versions.
        """
        wants = proposal.survey.wanted
        if proposal.production is None or proposal.testing is None or wants is None:
            return {}
        os.makedirs(self._folder, exist_ok=True)
        built = (wants.origin,) if wants.opaque else ()
        production = self._production(proposal.production, built, wants.constraints)
        testing = self._testing((*proposal.production, *proposal.testing), built, production)
        head = lock_header({path: self._digest(path) for path in wants.sources})
        return {LOCK: head + production, TEST_LOCK: head + testing}

    @property
    def _folder(self) -> str:
        return os.path.join(self.state, "lock")

    def _production(
        self, lines: Sequence[str], built: Sequence[str], constraints: Sequence[str]
    ) -> str:
        try:
            return self._compile("production", lines, built, "\n".join(constraints))
        except CannotRun as problem:
            if not constraints:
                raise
            self.say(f"what the other lock pins does not fit together here: {problem.message}")
            return self._compile("production", lines, built, "")

    def _testing(self, lines: Sequence[str], built: Sequence[str], production: str) -> str:
        """The same versions as in production, and what tests want besides."""
        try:
            return self._compile("testing", lines, built, production)
        except CannotRun as problem:
            least = [line for line in lines if line in ("pytest", "coverage", "httpx")]
            self.say(f"what tests want does not fit what is shipped: {problem.message}")
            return self._compile("testing", [*_pins(production), *least], (), production)

    def _compile(
        self, name: str, lines: Sequence[str], built: Sequence[str], constraints: str
    ) -> str:
        source = self._write(f"{name}.in", "\n".join(lines))
        limits = self._write(f"{name}.constraints", constraints)
        out = os.path.join(self._folder, f"{name}.txt")
        if os.path.exists(out):
            os.unlink(out)  # uv would prefer the versions that are in it
        argv = (
            self.uv,
            "pip",
            "compile",
            "--quiet",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--constraint",
            limits,
            "--output-file",
            out,
            *(("--python", self.python) if self.python else ()),
            source,
            *built,
        )
        done = self.processes.run(Command(argv, self.root, self.env, _LIMIT))
        if done.code:
            output = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise CannotRun(
                "no versions satisfy the requirements: "
                + " ".join(line.strip() for line in output),
                "Correct the requirements; .python-version says which Python they are for.",
            )
        with open(out, encoding="utf-8") as file:
            return file.read()

    def _write(self, name: str, text: str) -> str:
        path = os.path.join(self._folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return path

    def _digest(self, path: str) -> str:
        with open(os.path.join(self.root, path), "rb") as file:
            return input_digest(file.read())


def _pins(lock: str) -> list[str]:
    """`name==version` of each package that a lock names."""
    lines = (line.split("\\")[0].strip() for line in lock.splitlines())
    return [line for line in lines if "==" in line and not line.startswith(("#", "--"))]
