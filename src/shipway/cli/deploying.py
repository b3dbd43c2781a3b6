"""`shipway deploy`, `rollback`, `status`, `logs` and `down`."""

from __future__ import annotations

import json as json_module
import sys
from typing import Annotated, Any

import typer

from shipway.cli import completing
from shipway.cli.project import Project, open_project
from shipway.core.errors import ConfigError
from shipway.core.outcome import Outcome, Verdict
from shipway.core.ports import OnOutput
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.effects.clock import SystemClock
from shipway.effects.http import RealHttp
from shipway.effects.process import SystemProcesses
from shipway.flows.workshop import Action, Workshop
from shipway.platforms.local.platform import LocalPlatform

Where = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="The environment, for example local.",
        autocompletion=completing.environments,
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (deploy, rollback, status, logs, down):
        app.command()(command)


def deploy(context: typer.Context, environment: Where = "local", json: Json = False) -> None:
    """Roll out the release that the last run packaged.

    Example: shipway deploy local
    """
    project = open_project(context.obj)
    packaged = [one for one in project.record.passed_facts("package") if "release" in one]
    if not packaged:
        raise ConfigError("no release is packaged yet", "Package one: shipway run package.")
    release = release_from(packaged[0]["release"])
    _finish(platform(project, environment).deploy(release, _say(json)), json)


def rollback(
    context: typer.Context,
    environment: Where = "local",
    to: Annotated[
        str,
        typer.Option(
            help="A release's name. Default: the last good one.",
            autocompletion=completing.releases,
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Go back to an earlier good release, without building anything.

    Example: shipway rollback local
    """
    project = open_project(context.obj)
    _finish(platform(project, environment).rollback(to, _say(json)), json)


def status(
    context: typer.Context,
    environment: Where = "local",
    history: Annotated[bool, typer.Option("--history", help="Show past rollouts, too.")] = False,
    json: Json = False,
) -> None:
    """Show what runs in an environment. Exit code 1 when something of it is not well."""
    project = open_project(context.obj)
    found = platform(project, environment).status()
    rollouts = list(project.record.rollouts(environment)) if history else []
    if json:
        typer.echo(json_module.dumps({**found, "history": rollouts}, indent=2))
    else:
        _show_status(found, rollouts)
    well = found["proxy"] and all(one["health"] == "ok" for one in found["instances"])
    if found["release"] and not well:
        raise typer.Exit(1)


def logs(context: typer.Context, environment: Where = "local") -> None:
    """Show the last lines of every instance's log."""
    project = open_project(context.obj)
    for title, lines in platform(project, environment).logs():
        typer.echo(f"== {title}")
        for line in lines:
            typer.echo(line)


def down(context: typer.Context, environment: Where = "local") -> None:
    """Stop everything that runs in an environment. Its data stay."""
    project = open_project(context.obj)
    count = platform(project, environment).down()
    typer.echo(
        f"{environment}: {count} processes stopped" if count else f"{environment}: nothing runs"
    )


def platform(project: Project, environment: str) -> LocalPlatform:
    """The platform of an environment."""
    return LocalPlatform(
        project.config, environment, project.state, SystemProcesses(), RealHttp(),
        SystemClock(), project.record,
    )  # fmt: skip


def deploy_action(project: Project) -> Action:
    """The pipeline's own rollout, as a step's work."""

    def act(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
        release = release_from(shop.upstream["package"].facts["release"])
        receipt = platform(project, step.work["environment"]).deploy(release, on_output)
        passed = receipt.verdict is Verdict.PASSED
        return StepResult(
            step.name, step.stage, Outcome.PASSED if passed else Outcome.FAILED,
            reason=receipt.cause, remedy=receipt.remedy, rollout=receipt.verdict,
            log=shop.blobs.put("\n".join(receipt.log).encode()) if receipt.log else "",
            facts={"receipt": receipt.to_dict(), "address": receipt.address},
        )  # fmt: skip

    return act


def release_from(data: dict[str, Any]) -> Release:
    """A release from a step's facts."""
    return Release(**{**data, "migrations": tuple(data["migrations"])})


def _say(json: bool) -> OnOutput:
    stream = sys.stderr if json else sys.stdout
    return lambda line: print(f"  {line}", file=stream, flush=True)


def _finish(receipt: Receipt, json: bool) -> None:
    if json:
        typer.echo(json_module.dumps(receipt.to_dict(), indent=2, default=str))
    else:
        for line in receipt.log:
            typer.echo(f"  | {line}")
        if receipt.cause:
            typer.echo(f"  why:  {receipt.cause}\n  next: {receipt.remedy}")
        counted = f"{receipt.requests} requests seen, {receipt.failed} failed"
        words = "deployed" if receipt.verdict is Verdict.PASSED else str(receipt.verdict)
        typer.echo(
            f"{words}: {receipt.release} at {receipt.address} in {receipt.seconds:.1f} s; {counted}"
        )
    raise typer.Exit(receipt.verdict.exit_code(strict=True))


def _show_status(found: dict[str, Any], rollouts: list[dict[str, Any]]) -> None:
    if not found["release"]:
        typer.echo(f"{found['environment']}: nothing runs; start it with shipway run")
    else:
        proxy = "up" if found["proxy"] else "DOWN"
        typer.echo(
            f"{found['environment']}: {found['release']} at {found['address']}, proxy {proxy}"
        )
    for one in found["instances"]:
        typer.echo(f"  {one['address']:<22} pid {one['pid']:<8} {one['release']}  {one['health']}")
    for one in rollouts:
        seconds = f"{one['seconds']:.1f} s" if "seconds" in one else ""
        words = (f"#{one['number']}", f"{one['verdict']:<12}", one["release"], seconds)
        typer.echo("  " + " ".join((*words, one.get("cause", ""))))
