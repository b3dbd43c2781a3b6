"""`findings import` carried out."""

from __future__ import annotations

import json as json_module
import os
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from shipway.cli.project import open_project
from shipway.core.codec import finding_to_dict
from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError
from shipway.core.finding import Finding, Severity
from shipway.core.reports import findings_from
from shipway.effects.clock import SystemClock
from shipway.effects.files import write_atomic
from shipway.flows.findings import IMPORTED

_NOT_A_NAME = re.compile(r"[^a-z0-9.-]+")


def import_(*, directory: str, file: str, name: str, remove: str, json: bool) -> int:
    """Keep the findings of a file, forget some, or list what there is; the exit code."""
    project = open_project(directory)
    folder = os.path.join(project.state, IMPORTED)
    if remove:
        _forget(folder, remove)
    if file:
        found = _read(file)
        name = name or next((one.tool for one in found), os.path.basename(file))
        keep(folder, name, file, found)
    kept = _kept(folder)
    if json:
        print(json_module.dumps(kept, indent=2))
    else:
        for one in kept:
            when = datetime.fromtimestamp(one["imported"], UTC).strftime("%Y-%m-%d %H:%M")
            worst = ", ".join(f"{count} {word}" for word, count in one["severities"].items())
            print(f"{one['name']:<20} {when}  {worst or 'no findings'}  from {one['source']}")
        if not kept:
            explained = command_line("findings", "import", "--help")
            print(f"nothing is imported; see {project.invocation().command(explained)}")
    return 0


def _read(file: str) -> tuple[Finding, ...]:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            return findings_from(json_module.load(stream))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON: {error}", "Name a SARIF or JSON file.") from None


def keep(folder: str, name: str, source: str, found: tuple[Finding, ...]) -> None:
    """Keep findings under a name, in the place of earlier ones."""
    data = {
        "source": source, "imported": SystemClock().now(),
        "findings": [finding_to_dict(one) for one in found],
    }  # fmt: skip
    text = json_module.dumps(data, indent=1, default=str)
    write_atomic(_path(folder, name), text.encode())


def _forget(folder: str, name: str) -> None:
    try:
        os.unlink(_path(folder, name))
    except FileNotFoundError:
        raise ConfigError(
            f"nothing is imported as {name}", "See what is: shipway findings import."
        ) from None


def _kept(folder: str) -> list[dict[str, Any]]:
    kept = []
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, file), encoding="utf-8") as stream:
            data = json_module.load(stream)
        severities = Counter(Severity(one["severity"]).name.lower() for one in data.pop("findings"))
        kept.append({"name": file.removesuffix(".json"), **data, "severities": severities})
    return kept


def _path(folder: str, name: str) -> str:
    """A name is made of what is harmless in a path."""
    return os.path.join(folder, _NOT_A_NAME.sub("-", name.lower()).strip("-.") + ".json")
