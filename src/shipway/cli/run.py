"""`shipway run` and `shipway plan`: the words they take."""

from __future__ import annotations

from argparse import BooleanOptionalAction

from shipway.cli import completing, running
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser, number
from shipway.core.step import STAGES


def add_to(commands: Parser) -> None:
    """Add both commands."""
    commands.add_command("run", _run, running.run)
    commands.add_command("plan", _plan, running.plan)


def _run(parser: Parser) -> None:
    """Run the pipeline: check, test, package, and roll out to this machine.

    Exit codes: 0 passed, 1 failed, 2 wrong usage, 3 rolled back, 4 unknown,
    5 incomplete under --strict, 6 needs a person, 130 interrupted. An incomplete run
    is 5 without --strict, too, where it should have deployed and did not, or where a
    step that was named did not run.

    What cannot run here holds up no rollout to this machine, but under --strict;
    what failed does.

    Example: shipway run quality test --fail-fast
    """
    parser.add(
        "stages",
        nargs="*",
        default=[],
        complete=completing.stages,
        help=f"Stages ({', '.join(STAGES)}) or steps to run, with all that they need. "
        "Default: everything.",
    )
    _add_skip(parser)
    parser.add(
        "--jobs",
        "-j",
        type=number(int, least=0),
        default=0,
        metavar="NUMBER",
        help="Cores to use; 0 means all there are.",
    )
    parser.add(
        "--fail-fast", action="store_true", help="Start nothing more after the first failure."
    )
    parser.add(
        "--changed-since",
        metavar="REF",
        default="",
        help="Skip steps none of whose inputs changed since REF.",
    )
    _add_no_cache(parser)
    parser.add(
        "--fix", action="store_true", help="First let formatters and linters repair what is safe."
    )
    parser.add(
        "--strict",
        action=BooleanOptionalAction,
        default=None,
        help="Treat an incomplete run as failed: no rollout, exit code 5. Default: on when CI is "
        "set.",
    )
    parser.add(
        "--allow-unavailable",
        dest="allow",
        action="append",
        metavar="CHECK=REASON",
        default=[],
        help="Let one check be missing, for a reason.",
    )
    parser.add(
        "--baseline",
        metavar="REF|FILE",
        default="",
        help="Findings that were there, or that a SARIF file holds, pass.",
    )
    parser.add(
        "--advisories",
        metavar="DIR",
        default="",
        help="Folder of advisories in OSV format, as osv.dev publishes them: all.zip of PyPI "
        "and, for an image, of Debian. Matched without network.",
    )
    add_json(parser, _ONE_A_LINE)


def _plan(parser: Parser) -> None:
    """Say for every step whether it would run, and why. Changes nothing.

    With an environment on ECS: what a deploy would change there, field by field.

    Example: shipway plan test

    Example: shipway plan production
    """
    parser.add(
        "stages",
        nargs="*",
        default=[],
        complete=completing.stages_and_environments,
        help="Stages or steps; or an environment on ECS. Default: everything.",
    )
    _add_skip(parser)
    _add_no_cache(parser)
    add_json(parser, _ONE_A_LINE)


_ONE_A_LINE = "Print JSON, one object a line."


def _add_skip(parser: Parser) -> None:
    parser.add(
        "--skip",
        action="append",
        default=[],
        complete=completing.stages,
        help="Leave a step out; what needs it runs without it.",
    )


def _add_no_cache(parser: Parser) -> None:
    parser.add("--no-cache", action="store_true", help="Run what has passed unchanged, too.")
