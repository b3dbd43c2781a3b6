"""`shipway run` and `shipway plan`: the words they take."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing
from shipway.cli.invocation import call
from shipway.core.step import STAGES

Stages = Annotated[
    list[str] | None,
    typer.Argument(
        help=f"Stages ({', '.join(STAGES)}) or steps to run, with all that they need. "
        "Default: everything.",
        autocompletion=completing.stages,
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        help="Leave a step out; what needs it runs without it.", autocompletion=completing.stages
    ),
]
ChangedSince = Annotated[
    str, typer.Option(metavar="REF", help="Skip steps none of whose inputs changed since REF.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Run what has passed unchanged, too.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def add_to(app: typer.Typer) -> None:
    """Add both commands."""
    app.command()(run)
    app.command()(plan)


def run(
    context: typer.Context,
    stages: Stages = None,
    skip: Skip = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Cores to use; 0 means all there are.")
    ] = 0,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Start nothing more after the first failure.")
    ] = False,
    changed_since: ChangedSince = "",
    no_cache: NoCache = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="First let formatters and linters repair what is safe.")
    ] = False,
    strict: Annotated[
        bool | None,
        typer.Option(
            help="Treat an incomplete run as failed: no rollout, exit code 5. Default: on when "
            "CI is set."
        ),
    ] = None,
    allow_unavailable: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK=REASON", help="Let one check be missing, for a reason."),
    ] = None,
    baseline: Annotated[
        str,
        typer.Option(
            metavar="REF|FILE", help="Findings that were there, or that a SARIF file holds, pass."
        ),
    ] = "",
    advisories: Annotated[
        str,
        typer.Option(
            metavar="DIR",
            help="Folder of advisories in OSV format, as osv.dev publishes them: all.zip of PyPI "
            "and, for an image, of Debian. Matched without network.",
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Run the pipeline: check, test, package, and roll out to this machine.

    Exit codes: 0 passed, 1 failed, 2 wrong usage, 3 rolled back, 4 unknown,
    5 incomplete under --strict, 6 needs a person, 130 interrupted. An incomplete run
    is 5 without --strict, too, where it should have deployed and did not, or where a
    step that was named did not run.

    What cannot run here holds up no rollout to this machine, but under --strict;
    what failed does.

    Example: shipway run quality test --fail-fast
    """
    options = {
        "directory": context.obj, "stages": stages or [], "skip": skip or [], "jobs": jobs,
        "fail_fast": fail_fast, "changed_since": changed_since, "no_cache": no_cache,
        "fix": fix, "strict": strict, "allow": allow_unavailable or [], "baseline": baseline,
        "advisories": advisories, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("run", options))


def plan(
    context: typer.Context,
    stages: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stages or steps; or an environment on ECS. Default: everything.",
            autocompletion=completing.stages_and_environments,
        ),
    ] = None,
    skip: Skip = None,
    no_cache: NoCache = False,
    json: Json = False,
) -> None:
    """Say for every step whether it would run, and why. Changes nothing.

    With an environment on ECS: what a deploy would change there, field by field.

    Example: shipway plan test

    Example: shipway plan production
    """
    options = {
        "directory": context.obj, "stages": stages or [], "skip": skip or [],
        "no_cache": no_cache, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("plan", options))
