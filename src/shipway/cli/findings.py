"""`shipway findings import`: the words it takes."""

from __future__ import annotations

from shipway.cli import importing
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("findings", _findings)


def _findings(parser: Parser) -> None:
    """What scanners that run elsewhere found.

    Example: shipway findings import codeql.sarif
    """
    parser.add_command("import", _import, importing.import_)


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
