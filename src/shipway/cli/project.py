"""Finds a project, reads its configuration, opens its record."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from shipway import __version__
from shipway.cli.invocation import invocation
from shipway.errors import ConfigError, RecordError
from shipway.pipeline import codec
from shipway.pipeline.command_line import Invocation
from shipway.pipeline.step import Step
from shipway.scaffold.folder_sources import FolderSources
from shipway.source_text import read_text
from shipway.system.files import BlobFolder
from shipway.system.record import SqliteRecord
from shipway.system.seal import restored_by_github
from shipway.system.state_folder import STATE, open_state_folder

if TYPE_CHECKING:
    from shipway.config.schema import Config

CONFIG = "shipway.toml"
_MEMO = "pipeline"


class CacheSettings(TypedDict):
    """What of `[cache]` a run has to know that shares nothing in the end."""

    remote: str
    key: str
    trust: dict[str, str]


@dataclass(frozen=True)
class Project:
    """A project that is open: where it is, what its pipeline is, its record.

    settings: the configuration as text. assumed: what was worked out because it does not say it.
    directory: as -C was given.
    """

    root: str
    name: str
    steps: list[Step]
    settings: str
    assumed: tuple[str, ...]
    record: SqliteRecord
    directory: str = "."

    def invocation(self, environment: str = "") -> Invocation:
        """How commands about this project, and about an environment, are typed here."""
        return invocation(self.directory, environment)

    @property
    def state(self) -> str:
        """The folder of all that Shipway keeps for this project."""
        return os.path.join(self.root, STATE)

    @property
    def blobs(self) -> BlobFolder:
        """Logs and reports."""
        return BlobFolder(os.path.join(self.state, "blobs"))

    @cached_property
    def config(self) -> Config:
        """The configuration. Steps are made from it; an unchanged run never looks at it."""
        return codec.load_config(self.settings)

    @property
    def baseline(self) -> str:
        """security.baseline, which every run asks for, as the text has it: to import the
        configuration takes longer than an unchanged run."""
        return str(json.loads(self.settings)["security"]["baseline"])

    @property
    def cache_settings(self) -> CacheSettings:
        """The table `[cache]`, read in the same way."""
        settings: CacheSettings = json.loads(self.settings)["cache"]
        return settings

    @property
    def main_branch(self) -> str:
        """github.main: the branch that runs of others are compared with; read in the same way."""
        return str(json.loads(self.settings)["github"]["main"])


def open_project(directory: str) -> Project:
    """The project of a folder. Raises ConfigError and RecordError."""
    root = find_root(directory)
    record = SqliteRecord(os.path.join(open_state_folder(root), "record.sqlite3"))
    if restored_by_github(os.environ):
        record.seal_everything()
    sources = FolderSources(root)
    build = _build()
    memo = record.memo(_MEMO)
    if memo is not None:
        recorded, *rest = json.loads(memo)
        if recorded == build and sources.still(rest[0]):
            _, name, rows, text, assumed = rest
            steps = codec.load_steps(rows)
            return Project(root, name, steps, text, tuple(assumed), record, directory)
    # An unchanged run needs no TOML, no check and no validation: those take longer than all of it.
    from shipway.cli.project_settings import compile_project

    config, steps, assumed = compile_project(sources, CONFIG)
    name, text = config.application.name, codec.dump_config(config)
    rows = codec.dump_steps(steps)
    memo = json.dumps([build, sources.asked, name, rows, text, assumed])
    with _with_or_without_space():
        record.put_memo(_MEMO, memo)
    return Project(root, name, steps, text, assumed, record, directory)


@contextmanager
def _with_or_without_space() -> Iterator[None]:
    """What only saves time is left out on a full disk: `status`, `logs` and `down` go on."""
    try:
        yield
    except RecordError as error:
        if error.code != "disk-full":
            raise


def _build() -> str:
    """Which Shipway this is: its version, and when its own files were last changed."""
    newest = 0
    for folder, _, names in os.walk(os.path.dirname(os.path.dirname(__file__))):
        if not folder.endswith("__pycache__"):
            times = (os.stat(os.path.join(folder, name)).st_mtime_ns for name in names)
            newest = max(newest, *times, 0)
    return f"{__version__} {newest}"


def find_root(directory: str) -> str:
    """The nearest folder upward with a configuration; the folder itself where there is none."""
    start = os.path.abspath(directory)
    if not os.path.isdir(start):
        raise ConfigError(
            f"there is no folder {directory}", "Correct the word after -C.", code="unknown-name"
        )
    folder = start
    while True:
        if os.path.exists(os.path.join(folder, CONFIG)) or _has_table(folder):
            return folder
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return start
        folder = above


def _has_table(folder: str) -> bool:
    try:
        return "[tool.shipway" in read_text(os.path.join(folder, "pyproject.toml"))
    except OSError:
        return False


def machine() -> str:
    """Which Python, which libc and the platform: part of every cache key."""
    python = sys.implementation
    libc = getattr(python, "_multiarch", "")
    return f"{python.cache_tag} {libc} {sys.platform} {os.uname().machine}"
