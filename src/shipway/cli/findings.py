"""`shipway findings import`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.config.names import NAME_RULE, is_name
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, Severity
from shipway.findings.imports.report import findings_from
from shipway.pipeline.codec import finding_to_dict
from shipway.pipeline.command_line import command_line
from shipway.pipeline.findings_step import IMPORTED
from shipway.source_text import parse_json, read_text
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic

# `findings import` carried out.

_NOT_A_NAME = re.compile(r"[^a-z0-9.-]+")


def import_(*, directory: str, file: str, name: str, remove: str, json: bool) -> int:
    """Keep the findings of a file, forget some, or list what there is; the exit code."""
    project = open_project(directory)
    folder = os.path.join(project.state, IMPORTED)
    for text in filter(None, (name, remove)):
        if not is_name(text):
            raise ConfigError(f"{text!r} is no name", f"{NAME_RULE.capitalize()}.")
    if remove:
        _forget(folder, remove)
    if file:
        findings = _read(file)
        name = name or next((finding.tool for finding in findings), os.path.basename(file))
        store_import(folder, name, file, findings)
    stored = _kept(folder)
    if json:
        print(json_module.dumps(stored, indent=2))
    else:
        for entry in stored:
            when = datetime.fromtimestamp(entry["imported"], UTC).strftime("%Y-%m-%d %H:%M")
            worst = ", ".join(f"{count} {word}" for word, count in entry["severities"].items())
            print(f"{entry['name']:<20} {when}  {worst or 'no findings'}  from {entry['source']}")
        if not stored:
            explained = command_line("findings", "import", "--help")
            print(f"nothing is imported; see {project.invocation().command(explained)}")
    return 0


def _read(file: str) -> tuple[Finding, ...]:
    try:
        return findings_from(parse_json(read_text(file)))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", "Name a file.") from None
    except ValueError as error:
        raise ConfigError(
            f"{file} is {error}", "Name a SARIF or JSON file.", code="report-unreadable"
        ) from None


def store_import(folder: str, name: str, source: str, findings: tuple[Finding, ...]) -> None:
    """Keep findings under a name, in the place of earlier ones."""
    data = {
        "source": source,
        "imported": SystemClock().now(),
        "findings": [finding_to_dict(finding) for finding in findings],
    }
    text = json_module.dumps(data, indent=1, default=str)
    write_atomic(_path(folder, name), text.encode())


def _forget(folder: str, name: str) -> None:
    try:
        os.unlink(_path(folder, name))
    except FileNotFoundError:
        raise ConfigError(
            f"nothing is imported as {name}",
            "See what is: shipway findings import.",
            code="unknown-name",
        ) from None


def _kept(folder: str) -> list[dict[str, Any]]:
    stored = []
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, file), encoding="utf-8") as stream:
            data = json_module.load(stream)
        severities = Counter(
            Severity(finding["severity"]).name.lower() for finding in data.pop("findings")
        )
        stored.append({"name": file.removesuffix(".json"), **data, "severities": severities})
    return stored


def _path(folder: str, name: str) -> str:
    """A name is made of what is harmless in a path."""
    return os.path.join(folder, _NOT_A_NAME.sub("-", name.lower()).strip("-.") + ".json")


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
    Snyk, Clair, ECR and GitHub secret scanning. A later import under the same name takes the
    place of the earlier one. Without FILE: what is imported.

    Example: shipway findings import codeql.sarif
    """
    parser.add(
        "file",
        metavar="FILE",
        nargs="?",
        default="",
        help="SARIF 2.1.0, or the tool's own JSON.",
    )
    parser.add("--name", default="", help="Keep it under this name. Default: the tool's own.")
    parser.add(
        "--remove", metavar="NAME", default="", help="Forget what was imported under a name."
    )
    add_json(parser)
