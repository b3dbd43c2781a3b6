"""Plants the application with its faults into a folder, and says where each of them is.

`app/` holds the application with placeholders where secrets belong. `plant` fills them in and
gives the folder a git history, in which two further secrets came and went.
"""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .synthetic import values

HERE = Path(__file__).resolve().parent
APP = HERE / "app"
ANSWERS = HERE / "faults.toml"
PLACEHOLDER = re.compile(r"\{\{([A-Z][A-Z0-9_]*)\}\}")

MAIL_FROM_ENVIRONMENT = 'MAIL_KEY = os.environ["QUAYSIDE_MAIL_KEY"]'
MAIL_IN_THE_CODE = 'MAIL_KEY = "{{SENDGRID_KEY}}"'
PYPIRC = "[pypi]\nusername = __token__\npassword = {{PYPI_TOKEN}}\n"
NOTICES = "quayside/notices.py"

Files = dict[str, str | None]  # what a commit writes, and (None) removes


@dataclass(frozen=True)
class Spot:
    """A line that a finding may name; `line` is 1 for the first."""

    file: str
    line: int


@dataclass(frozen=True)
class Place:
    """Where a fault or a near miss is, in the planted folder or in one commit of its history."""

    spot: Spot
    also: tuple[Spot, ...] = ()  # other lines of the same matter
    commit: str = ""  # for what only the history holds
    whole_file: bool = False  # something is absent: any line of the file names it


def plant(folder: Path) -> None:
    """The application in a new folder, as a git repository with a history."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    _git(folder, "init", "--quiet", "--initial-branch=main", "--template=")
    for day, (subject, files) in enumerate(_history(_application()), start=1):
        for name, text in files.items():
            _write(folder / name, text)
        _git(folder, "add", "--all", "--force")
        _git(folder, "commit", "--quiet", "--no-verify", "-m", subject, day=day)


def answers() -> dict[str, list[dict[str, Any]]]:
    """The answer sheet as it is written: `fault` and `near_miss`."""
    return tomllib.loads(ANSWERS.read_text())


def places(folder: Path) -> dict[str, Place]:
    """Where each entry of the answer sheet is in a planted folder, by its id."""
    sheet = answers()
    return {entry["id"]: _place(folder, entry) for entry in sheet["fault"] + sheet["near_miss"]}


def _place(folder: Path, entry: dict[str, Any]) -> Place:
    commit = _commit_of(folder, entry["commit"]) if "commit" in entry else ""

    def spot(file: str, match: str) -> Spot:
        text = _shown(folder, commit, file) if commit else (folder / file).read_text()
        return Spot(file, _line(text, match, f"{entry['id']}, {file}"))

    also = [spot(one.get("file", entry["file"]), one["match"]) for one in entry.get("also", [])]
    first = spot(entry["file"], entry["match"])
    return Place(first, tuple(also), commit, entry.get("whole_file", False))


def _line(text: str, match: str, where: str) -> int:
    found = [at for at, line in enumerate(text.splitlines(), start=1) if match in line]
    if len(found) != 1:
        raise LookupError(f"{where}: {match!r} is in {len(found)} lines, not in one")
    return found[0]


def _shown(folder: Path, commit: str, file: str) -> str:
    return _git(folder, "show", f"{commit}:{file}")


def _commit_of(folder: Path, subject: str) -> str:
    lines = _git(folder, "log", "--format=%H %s").splitlines()
    found = [line[:40] for line in lines if line[41:] == subject]
    if len(found) != 1:
        raise LookupError(f"{subject!r} is the subject of {len(found)} commits, not of one")
    return found[0]


def _application() -> dict[str, str]:
    """The files of the application, their placeholders filled."""
    paths = [path for path in APP.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(APP).as_posix(): _filled(path.read_text()) for path in sorted(paths)}


def _filled(text: str) -> str:
    secrets = values()
    return PLACEHOLDER.sub(lambda found: secrets[found[1]], text)


def _history(app: dict[str, str]) -> list[tuple[str, Files]]:
    def part(*starts: str) -> Files:
        return {name: text for name, text in app.items() if name.startswith(starts)}

    first = part("README", "requirements", "run.py", "preview.py", "quayside/", "tests/")
    del first[NOTICES]
    with_key = app[NOTICES].replace(MAIL_FROM_ENVIRONMENT, _filled(MAIL_IN_THE_CODE))
    return [
        ("Berths, arrivals and papers", first),
        ("Publish the client as a package", {".pypirc": _filled(PYPIRC)}),
        ("Notices by mail and chat", {NOTICES: with_key}),
        ("The mail key comes from the environment", {NOTICES: app[NOTICES]}),
        ("Check and release in workflows", {**part(".github/"), ".pypirc": None}),
        ("Containers, infrastructure and deployment", dict(app)),
    ]


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _git(folder: Path, *words: str, day: int = 1) -> str:
    """git as it is everywhere the same: no settings, no hooks, one author, fixed dates."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    for who in ("AUTHOR", "COMMITTER"):
        environment[f"GIT_{who}_NAME"] = "Harbour Crew"
        environment[f"GIT_{who}_EMAIL"] = "crew@quayside.test"
        environment[f"GIT_{who}_DATE"] = f"2024-03-{day:02}T09:00:00+00:00"
    command = ["git", "-C", str(folder), "-c", f"core.attributesFile={os.devnull}", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
