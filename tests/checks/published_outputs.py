"""Outputs that the real tool cannot be made to give here, each with its source inside."""

from __future__ import annotations

import json

from shipway.pipeline.check import ToolOutput

from .recordings import FOLDER


def published(name: str, case: str) -> ToolOutput:
    """tests/recorded/<check>/published-<case>.json; a report that is not text is JSON there."""
    data = json.loads((FOLDER / name / f"published-{case}.json").read_text(encoding="utf-8"))
    assert data["source"]
    stdout = data["stdout"]
    return ToolOutput(
        data["code"],
        stdout if isinstance(stdout, str) else json.dumps(stdout),
        data.get("stderr", ""),
        {file: json.dumps(report).encode() for file, report in data.get("reports", {}).items()},
    )
