"""Findings as commands to GitHub's runner, which shows them beside the changed lines."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from shipway.core.finding import Finding, Severity, State
from shipway.core.result import RunResult
from shipway.outputs.clean import one_line, plain_text
from shipway.outputs.found import found

MOST = 10  # GitHub shows no more of a level for each step of a workflow
_LONGEST = 2000
_COMMANDS = {
    Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning",
    Severity.LOW: "notice", Severity.INFO: "notice",
}  # fmt: skip


def github_annotations(result: RunResult, folder: str = "") -> str:
    """The worst open findings, one command a line. folder: the root as seen from the repository."""
    left = dict.fromkeys(_COMMANDS.values(), MOST)
    lines = []
    for one in found(result):
        command = _COMMANDS[one.finding.severity]
        if one.finding.state is State.OPEN and left[command]:
            left[command] -= 1
            lines.append(_line(command, one.finding, folder))
    return "".join(f"{line}\n" for line in lines)


def _line(command: str, finding: Finding, folder: str) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in _about(finding, folder))
    said = plain_text(f"{finding.message}\n{finding.remedy}").strip() or "no message"
    return f"::{command} {properties}::{_escaped(said[:_LONGEST].replace('##[', '## ['))}"


def _about(finding: Finding, folder: str) -> Iterator[tuple[str, str]]:
    if finding.path and not finding.path.startswith("/"):
        yield "file", posixpath.normpath(posixpath.join(folder, finding.path))
        if finding.line:
            yield "line", str(finding.line)
    yield (
        "title",
        one_line(f"{finding.severity.name.lower()}: {finding.rule} ({finding.tool})", 200),
    )


def _escaped(text: str) -> str:
    """As the runner undoes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    clean = " ".join(plain_text(text).splitlines()).replace("##[", "## [")
    return _escaped(clean).replace(":", "%3A").replace(",", "%2C")
