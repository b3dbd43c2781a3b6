"""`shipway report`: the words it takes."""

from __future__ import annotations

from shipway.cli import reporting
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("report", _report, reporting.report)


def _report(parser: Parser) -> None:
    """Write the last run as a page, JUnit, SARIF and Markdown.

    In .shipway: report.html, junit.xml, findings.sarif, summary.md.

    Example: shipway report --json
    """
    parser.add(
        "--from",
        dest="source",
        metavar="DIR",
        default="",
        help="First make one run of what the jobs of a workflow left below DIR; its verdict "
        "is the exit code.",
    )
    add_json(parser, "Print the run as JSON.")
