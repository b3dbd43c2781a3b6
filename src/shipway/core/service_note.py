"""What is written down of a service before it is started, so that the next run can end it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from shipway.core.ports import Server


@dataclass(frozen=True)
class ServiceNote:
    """name: of the kind. owner: the process that started it. folder: all of its files; its log
    is in it. engine, container: "" for a program of this machine."""

    name: str
    owner: Server
    folder: str
    engine: str = ""
    container: str = ""

    @property
    def log(self) -> str:
        """Where what it prints goes; by it, its process is found again."""
        return f"{self.folder}/{self.name}.log"

    def to_json(self) -> str:
        """For the file."""
        return json.dumps(asdict(self))


def note_from(text: str) -> ServiceNote | None:
    """The note in a file; None for one that was cut off while it was written."""
    try:
        data = json.loads(text)
        return ServiceNote(**{**data, "owner": Server(**data["owner"])})
    except (ValueError, TypeError, KeyError):
        return None
