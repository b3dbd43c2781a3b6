"""Finds a project, reads its configuration, opens its record."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace

from shipway import __version__
from shipway.core import compiled
from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.step import Step
from shipway.effects.files import Blobs
from shipway.effects.record import SqliteRecord
from shipway.effects.sources import FolderSources

CONFIG = "shipway.toml"
_MEMO = "pipeline"


@dataclass(frozen=True)
class Project:
    """A project that is open: where it is, what its pipeline is, its record.

    assumed: what was worked out because the configuration does not say it.
    """

    root: str
    state: str
    config: Config
    steps: list[Step]
    assumed: tuple[str, ...]
    record: SqliteRecord
    blobs: Blobs


def open_project(directory: str) -> Project:
    """The project of a folder. Raises ConfigError and RecordError."""
    root = find_root(directory)
    state = os.path.join(root, ".shipway")
    record = SqliteRecord(os.path.join(state, "record.sqlite3"))
    sources = FolderSources(root)
    memo = record.memo(_MEMO)
    if memo is not None:
        version, asked, text = json.loads(memo)
        if version == __version__ and sources.still(asked):
            return Project(root, state, *compiled.load(text), record, _blobs(state))
    config, steps, assumed = _compile(sources)
    text = compiled.dump(config, steps, assumed)
    record.put_memo(_MEMO, json.dumps([__version__, sources.asked, text]))
    return Project(root, state, config, steps, assumed, record, _blobs(state))


def find_root(directory: str) -> str:
    """The nearest folder upward with a configuration; the folder itself where there is none."""
    start = os.path.abspath(directory)
    if not os.path.isdir(start):
        raise ConfigError(f"there is no folder {directory}", "Correct the word after -C.")
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
        with open(os.path.join(folder, "pyproject.toml"), encoding="utf-8") as file:
            return "[tool.shipway" in file.read()
    except (OSError, UnicodeDecodeError):
        return False


def _compile(sources: FolderSources) -> tuple[Config, list[Step], tuple[str, ...]]:
    import tomllib

    from shipway.checks import enabled
    from shipway.core.detect import detect
    from shipway.core.validate import validate
    from shipway.flows.pipeline import pipeline

    source, text = CONFIG, sources.read(CONFIG)
    if text is None:
        source, text = "pyproject.toml", sources.read("pyproject.toml") or ""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not TOML: {error}", "Correct it and run again.") from None
    if source == "pyproject.toml":
        data = data.get("tool", {}).get("shipway", {})
    config, assumed = detect(validate(data, source), sources)
    if not config.application.name:
        named = replace(config.application, name=os.path.basename(sources.root))
        config = replace(config, application=named)
    return config, pipeline(config, enabled(config)), assumed


def _blobs(state: str) -> Blobs:
    return Blobs(os.path.join(state, "blobs"))


def machine() -> str:
    """Python's version and the platform: part of every cache key."""
    return f"{sys.version_info[0]}.{sys.version_info[1]} {sys.platform} {os.uname().machine}"
