"""`shipway init` and `shipway run`, unattended, on public applications of different builds.

    python bench/adoption.py [--keep DIR] [NAME…]

Each application comes from PyPI as its source distribution, pinned by hash, or is made by a public
tool as a newcomer would make it (bench/adopted.py). It becomes a git repository, `shipway init`
and `shipway run` are called in it, and nobody answers a question. How each has to end was written
down before, with the reason; the table says whether it did. Ends with 1 where one ended otherwise,
or where Shipway showed a traceback.

What the sources need from a network that has no advisories is allowed by name: pip-audit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from adopted import APPLICATIONS, Adopted

from shipway.system.network import free_port

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
_ALLOWED = "pip-audit=no advisories are reached from here"
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)", re.MULTILINE)
_LIMIT = 1500.0  # seconds for one command


@dataclass(frozen=True)
class Row:
    """How it went: detected framework and build, the verdict with its cause, seconds for both."""

    name: str
    detected: str
    verdict: str
    cause: str
    init: float
    run: float
    traceback: bool
    right: bool


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--keep", metavar="DIR", help="leave the repositories in this folder")
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="adoption-") as temporary:
        folder = Path(given.keep or temporary)
        for one in APPLICATIONS:
            if not given.names or one.name in given.names:
                rows.append(adopt(one, folder))
                print(f"{one.name}: {rows[-1].verdict}; {rows[-1].cause}", file=sys.stderr)
    show(rows)
    return 0 if rows and all(row.right and not row.traceback for row in rows) else 1


def adopt(one: Adopted, folder: Path) -> Row:
    """Make the repository, and let Shipway at it."""
    root = folder / one.name
    shutil.rmtree(root, ignore_errors=True)
    one.make(root)
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "As it came")):
        git(root, *words)
    started = time.monotonic()
    adopted = shipway(root, "init", "--json")
    between = time.monotonic()
    listen_elsewhere(root)
    ran = shipway(root, "run", "--no-strict", "--allow-unavailable", _ALLOWED)
    ended = time.monotonic()
    shipway(root, "down", "local")
    (folder / f"{one.name}.log").write_text(
        adopted.stdout + adopted.stderr + ran.stdout + ran.stderr
    )
    said = adopted.stdout + adopted.stderr + ran.stdout + ran.stderr
    verdict, cause = verdict_of(ran.stdout)
    found = json.loads(adopted.stdout)["found"] if adopted.stdout.startswith("{") else {}
    detected = f"{found.get('framework', 'nothing')}; {found.get('build', '')}"
    right = (
        verdict == one.verdict
        and re.search(one.cause, cause) is not None
        and re.search(one.detected, detected) is not None
    )
    return Row(
        name=one.name,
        detected=detected,
        verdict=verdict,
        cause=cause,
        init=between - started,
        run=ended - between,
        traceback=_TRACEBACK.search(said) is not None,
        right=right,
    )


def verdict_of(output: str) -> tuple[str, str]:
    """The verdict and its cause, as the last lines of a run say them."""
    words = "passed|incomplete|failed|rolled back|unknown|needs a person|interrupted"
    found = re.findall(rf"^({words}): (.*)$", output, re.MULTILINE)
    return found[-1] if found else ("none", (output.strip().splitlines() or ["no output"])[-1])


def listen_elsewhere(root: Path) -> None:
    """The port that init proposes may be somebody's."""
    path = root / "shipway.toml"
    if path.exists():
        path.write_text(path.read_text().replace("port = 8080", f"port = {free_port()}"))


def shipway(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of Shipway, with nobody at the keyboard."""
    return subprocess.run(
        [SHIPWAY, "-C", str(root), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "CI": ""},
    )


def git(root: Path, *words: str) -> None:
    """As anybody."""
    names = ("-c", "user.name=Nobody", "-c", "user.email=nobody@localhost")
    subprocess.run(["git", *names, *words], cwd=root, check=True, capture_output=True)


def show(rows: list[Row]) -> None:
    """Markdown."""
    about = {one.name: one for one in APPLICATIONS}
    print("| application | build | detected | verdict | init s | run s | right |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        word = "traceback" if row.traceback else "yes" if row.right else "NO"
        cause = row.cause if len(row.cause) < 90 else row.cause[:87] + "…"
        print(
            f"| {row.name} | {about[row.name].build} | {row.detected} | {row.verdict}: {cause} "
            f"| {row.init:.0f} | {row.run:.0f} | {word} |"
        )
    print(f"\n{sum(row.right for row in rows)} of {len(rows)} verdicts are right")


if __name__ == "__main__":
    sys.exit(main())
