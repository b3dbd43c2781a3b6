"""`shipway findings import`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import select
import stat
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.config.names import NAME_RULE, is_name
from shipway.errors import CannotRun, ConfigError
from shipway.findings.imports.report import scans_from
from shipway.findings.paths import relocate
from shipway.findings.scan import IncompleteScan, Scan
from shipway.pipeline.command_line import command_line
from shipway.pipeline.definition import FINDINGS
from shipway.pipeline.imported_scans import ImportedScan, forget_scan, imported_scans, keep_scan
from shipway.source_text import parse_json, read_bytes, read_stream
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree
from shipway.system.git import repository_root

# `findings import` carried out.

# Bytes. As objects, JSON takes some ten times its size; GitHub takes no more than 10 MB, packed.
_LARGEST = 100_000_000
_STDIN = "standard input"
_PIPE_LIMIT = 10.0  # seconds until somebody has to write to a named pipe


def import_(*, directory: str, file: str, name: str, remove: str, json: bool) -> int:
    """Keep the findings of a file, forget some, or list what there is; the exit code."""
    project = open_project(directory)
    if name and not is_name(name):
        raise ConfigError(f"{name!r} is no name", f"{NAME_RULE.capitalize()}.")
    if remove and not forget_scan(project.state, remove):
        raise ConfigError(
            f"nothing is imported as {remove}",
            "See what is: shipway findings import.",
            code="unknown-name",
        )
    scans = _scans(file, project.root, name) if file else ()
    for scan in scans:
        source = _STDIN if file == "-" else file
        keep_scan(
            project.state, scan, name=name or scan.name, source=source, now=SystemClock().now()
        )
    stored = imported_scans(project.state)
    if json:
        print(json_module.dumps([_summary(scan) for scan in stored], indent=2))
    else:
        print("\n".join(map(_line, stored)), end="\n" if stored else "")
        if not stored:
            explained = command_line("findings", "import", "--help")
            print(f"nothing is imported; see {project.invocation().command(explained)}")
    if scans and not any(step.name == FINDINGS for step in project.steps):
        raise CannotRun(
            "what was imported is judged by no step: no scanner looks at anything here, and so "
            "there is no step findings",
            "Name what the application consists of: packages in [application].",
            code="nothing-to-scan",
        )
    for scan in scans:
        if scan.incomplete:
            raise IncompleteScan(
                f"the scan of {name or scan.name} is incomplete: {scan.incomplete}", scan.remedy
            )
    return 0


def _scans(file: str, root: str, name: str) -> Sequence[Scan]:
    """The scans of a file, with their paths as they are here. Under a name, all are one."""
    try:
        scans = scans_from(_read(file))
    except RecursionError:
        raise ConfigError(
            f"{file} is nested too deeply",
            "Make the report again with its tool.",
            code="report-unreadable",
        ) from None
    top = repository_root(root)
    folder = os.path.relpath(root, top) if top else "."
    files: Sequence[str] = ()
    with suppress(CannotRun):  # the paths stay as the tool wrote them
        files = FileTree(root, {}).listing()
    located = [
        replace(
            scan,
            findings=relocate(
                scan.findings, root=root, folder="" if folder == "." else folder, files=files
            ),
        )
        for scan in scans
    ]
    if not name:
        return located
    first, *others = located
    for scan in others:
        first = first.joined(scan)
    return (first,)


def _read(file: str) -> object:
    """A file's JSON, in whichever Unicode encoding (RFC 8259 says UTF-8; PowerShell does not)."""
    try:
        data = _content(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
    try:
        report: object = parse_json(data)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file} is not {error.encoding.upper()}: {error.reason} at byte {error.start}",
            "Save it as UTF-8.",
            code="report-unreadable",
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"{file} is {error}", "Name a SARIF or JSON file.", code="report-unreadable"
        ) from None
    return report


def _content(file: str) -> bytes:
    """A file's bytes, or what comes through a pipe: `tool | shipway findings import -`."""
    if file == "-":
        return read_stream(sys.stdin.buffer, _STDIN, _LARGEST)
    if stat.S_ISFIFO(os.stat(file).st_mode):
        with _opened_pipe(file) as pipe:
            return read_stream(pipe, file, _LARGEST)
    return read_bytes(file, _LARGEST)


def _opened_pipe(file: str) -> BinaryIO:
    """A named pipe, once somebody writes. Raises ConfigError where nobody does."""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if not poll.poll(_PIPE_LIMIT * 1000):
        os.close(handle)
        raise ConfigError(
            f"nobody writes to the pipe {file}",
            "Start the tool that does, or name its report.",
            code="report-unreadable",
        )
    os.set_blocking(handle, True)
    return os.fdopen(handle, "rb")


def _severities(scan: ImportedScan) -> dict[str, int]:
    return Counter(finding.severity.name.lower() for finding in scan.findings)


def _summary(scan: ImportedScan) -> dict[str, object]:
    """A scan for `--json`."""
    return {
        "name": scan.name,
        "source": scan.source,
        "imported": scan.imported,
        "incomplete": scan.incomplete,
        "severities": _severities(scan),
    }


def _line(scan: ImportedScan) -> str:
    """A scan for people."""
    when = datetime.fromtimestamp(scan.imported, UTC).strftime("%Y-%m-%d %H:%M")
    worst = ", ".join(f"{count} {word}" for word, count in _severities(scan).items())
    known = worst or ("" if scan.incomplete else "no findings")
    incomplete = f"incomplete: {scan.incomplete}" if scan.incomplete else ""
    figures = "; ".join(filter(None, (known, incomplete)))
    return f"{scan.name:<20} {when}  {figures}  from {scan.source}"


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("findings", _findings)


def _findings(parser: Parser) -> None:
    """What scanners that run elsewhere found.

    Example: shipway findings import codeql.sarif
    """
    parser.add_command("import", _import, import_)


def _import(parser: Parser) -> None:
    """Take the findings of another scanner into the table and its gates.

    Reads SARIF 2.1.0 (CodeQL, Snyk, Trivy and others), and the JSON of OWASP Dependency-Check,
    Snyk, Clair, ECR and GitHub secret scanning. A scan takes the place of the earlier scan by the
    same tool (and of the same category, where its automationDetails have one). One that does not
    prove that everything was scanned is kept as incomplete; `findings` cannot pass then. Without
    FILE: what is imported.

    Example: shipway findings import codeql.sarif
    """
    parser.add(
        "file",
        metavar="FILE",
        nargs="?",
        default="",
        help="SARIF 2.1.0, or the tool's own JSON; - for standard input.",
    )
    parser.add(
        "--name",
        default="",
        help="Keep it under this name. Default: the tool's own.",
    )
    parser.add(
        "--remove", metavar="NAME", default="", help="Forget what was imported under a name."
    )
    add_json(parser)
