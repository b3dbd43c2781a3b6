"""Resolves what an application wants to exact versions with hashes, by uv."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.core.adoption.lock_header import header
from shipway.core.adoption.proposal import LOCK, TEST_LOCK, Proposal
from shipway.core.errors import CannotRun
from shipway.core.ports import Command, OnOutput, Processes

_LIMIT = 600.0  # seconds; a package that has to be built to know what it needs takes long


@dataclass(frozen=True)
class Locker:
    """root: the application's. state: where the files for uv are written. env: all that uv sees."""

    root: str
    state: str
    uv: str
    processes: Processes
    env: Mapping[str, str]
    say: OnOutput

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
        head = header({path: self._digest(path) for path in wants.sources})
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
            self.uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-annotate",
            "--no-header", "--constraint", limits, "--output-file", out, source, *built,
        )  # fmt: skip
        done = self.processes.run(Command(argv, self.root, self.env, _LIMIT))
        if done.code:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise CannotRun(
                "no versions satisfy the requirements: " + " ".join(line.strip() for line in said),
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
            return hashlib.sha256(file.read()).hexdigest()


def _pins(lock: str) -> list[str]:
    """`name==version` of each package that a lock names."""
    lines = (line.split("\\")[0].strip() for line in lock.splitlines())
    return [line for line in lines if "==" in line and not line.startswith(("#", "--"))]
