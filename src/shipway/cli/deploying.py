"""`deploy`, `rollback`, `resume`, `cancel`, `status` and `down` carried out. Each returns
the exit code."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from shipway.cli.holding import refuse_held
from shipway.cli.in_github import tell_rollout
from shipway.cli.invoked import InvokedRollout
from shipway.cli.news import telling
from shipway.cli.platforms import on_ecs, platform
from shipway.cli.project import Project, open_project
from shipway.cli.rollout_page import write_page
from shipway.cli.vouching import vouched
from shipway.core.command_line import Invocation, command_line
from shipway.core.errors import CannotRun, ConfigError
from shipway.core.outcome import Outcome, Verdict
from shipway.core.platform import NO_REMARKS, Platform
from shipway.core.ports import MANIFEST_FILE, OnOutput, Packaged
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.result import StepResult
from shipway.core.runbook import more
from shipway.core.step import Step
from shipway.core.watching import Lines, RolloutListener
from shipway.flows.manifest import damage
from shipway.flows.schema import ahead, way_back
from shipway.flows.workshop import Action, Workshop
from shipway.outputs.clean import one_line
from shipway.outputs.history import history as history_lines


def deploy(*, directory: str, environment: str, without_verdict: str, json: bool) -> int:
    """Roll out the release that was packaged last."""
    project = open_project(directory)
    refuse_held(project, environment)
    last = last_packaged(project)
    release = _with_image(project, last.release)
    asked = on_ecs(project, environment)
    _whole(project, release, last.manifest, environment)
    print(_origin(release, last), file=sys.stderr if json else sys.stdout, flush=True)
    remarks = vouched(project, environment, release, without_verdict) if asked else NO_REMARKS
    return roll_out(project, environment, release, remarks, json=json)


def roll_out(
    project: Project, environment: str, release: Release, remarks: Mapping[str, str], *, json: bool
) -> int:
    """Roll out a release, on the terminal; the exit code. Who calls it asks for a hold before."""
    here = platform(project, environment)
    with (
        telling(project, environment) as news,
        _listening(project, release.name, json=json) as screen,
    ):
        listener = news.heard(screen, release.name, here.serves)
        flag(here.serves, release, listener, blocking=on_ecs(project, environment))
        receipt = news.ended(here.deploy(release, listener, remarks=remarks))
    return _finish(receipt, project, json=json)


def rollback(*, directory: str, environment: str, to: str, force: bool, json: bool) -> int:
    """Roll out an earlier good release. Raises ConfigError where the database stands in the way."""
    project = open_project(directory)
    here = platform(project, environment)
    if not force and not here.unfinished:
        refuse_unsafe(here.earlier(to), here)
    with (
        telling(project, environment, undo=True, begins=False) as news,
        _listening(project, to, json=json) as screen,
    ):
        receipt = news.ended(here.rollback(to, news.heard(screen, to, here.serves)))
    return _finish(receipt, project, json=json, undo=True)


def resume(*, directory: str, environment: str, json: bool) -> int:
    """Go on with a rollout that is not finished."""
    project = open_project(directory)
    here = platform(project, environment)
    with (
        telling(project, environment, begins=False) as news,
        _listening(project, "", json=json) as screen,
    ):
        receipt = news.ended(here.resume(news.heard(screen)))
    return _finish(receipt, project, json=json)


def cancel(*, directory: str, environment: str, json: bool) -> int:
    """Undo a rollout that is not finished."""
    project = open_project(directory)
    here = platform(project, environment)
    with (
        telling(project, environment, undo=True, begins=False) as news,
        _listening(project, "", json=json) as screen,
    ):
        receipt = news.ended(here.cancel(news.heard(screen)))
    return _finish(receipt, project, json=json, undo=True)


def status(*, directory: str, environment: str, history: bool, json: bool) -> int:
    """Print what runs; 1 when something of it is not well."""
    project = open_project(directory)
    here = platform(project, environment)
    found = here.status()
    if on_ecs(project, environment):
        found = {**found, "secrets": _secrets(project, environment)}
    rollouts = list(here.rollouts(lambda line: print(line, file=sys.stderr))) if history else []
    if json:
        print(json_module.dumps({**found, "history": rollouts}, indent=2))
    else:
        _show_status(found, rollouts, project.invocation(environment))
    well = found["proxy"] and all(one["health"] == "ok" for one in found["instances"])
    return 1 if found["release"] and not well else 0


def _secrets(project: Project, environment: str) -> dict[str, bool]:
    """Which of the configured secrets in AWS have a value."""
    from shipway.cli.keeping_secrets import configured_secrets
    from shipway.effects.aws import AwsClients

    config = project.config
    return configured_secrets(AwsClients(config.aws), config.environments[environment].ecs)


def down(*, directory: str, environment: str, json: bool) -> int:
    """Stop everything."""
    count = platform(open_project(directory), environment).down()
    what = f"{count} processes stopped" if count else "nothing runs"
    if json:
        print(json_module.dumps({"environment": environment, "stopped": count}))
    else:
        print(f"{environment}: {what}")
    return 0


def deploy_action(project: Project) -> Action:
    """The pipeline's own rollout, as a step's work."""

    def act(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
        packaged = shop.upstream.get("package")
        if packaged is None or "release" not in packaged.facts:
            raise CannotRun(
                "there is no release to roll out",
                "The step package makes it; shipway deploy rolls out the last one again.",
            )
        release = release_from(packaged.facts["release"])
        refuse_held(project, step.work["environment"])
        manifest = packaged.reports.get(MANIFEST_FILE, "")
        _whole(project, release, manifest, step.work["environment"])
        here = platform(project, step.work["environment"])
        with telling(project, here.name, say=on_output) as news:
            screen = InvokedRollout(Lines(on_output), project.invocation())
            listener = news.heard(screen, release.name, here.serves)
            flag(here.serves, release, listener)
            receipt = news.ended(here.deploy(release, listener, shop.stopping))
        with suppress(OSError):  # the rollout is what counts, and the record has its receipt
            write_page(receipt, project)
        passed = receipt.verdict is Verdict.PASSED
        return StepResult(
            step.name, step.stage, Outcome.PASSED if passed else Outcome.FAILED,
            reason=receipt.cause, remedy=receipt.remedy, rollout=receipt.verdict,
            log=shop.blobs.put("\n".join(receipt.log).encode()) if receipt.log else "",
            facts={"receipt": receipt.to_dict(), "address": receipt.address},
        )  # fmt: skip

    return act


def flag(
    running: Release | None, candidate: Release, listener: RolloutListener, *,
    blocking: bool = False,
) -> None:  # fmt: skip
    """Say what the candidate's migrations take away from what runs, before anything moves.

    blocking: what takes something away, and nobody calls safe, is refused (ConfigError). What
    cannot be read is said only: Django's migrations never can, and a machine that deploys for
    the first time has no files of the release that runs.
    """
    if running is None or running.digest == candidate.digest:
        return
    try:
        found = ahead(running, candidate)
    except CannotRun as problem:
        listener.said(problem.message)
        return
    for one in found:
        listener.said(f"migration: {one_line(one.words)}")
    harmful = [one_line(one.words) for one in found if not (one.safe or one.unknown)]
    if blocking and harmful:
        raise ConfigError(
            f"{running.name} serves while the migrations run, and may fail: {harmful[0]}",
            "Expand first, contract in a later release; or say at the operation why it is safe: "
            "# shipway: contract-safe: REASON (docs/migrations.md).",
        )


def refuse_unsafe(target: Release, here: Platform) -> None:
    """Raises ConfigError where the target cannot read what the database has become."""
    found = way_back(target, here.since(target))
    if found:
        words = "; ".join(one_line(one.words) for one in found[:3])
        raise ConfigError(
            f"{target.name} may not work with today's database: {words}",
            "Roll a corrected release forward, or insist: "
            f"{command_line('rollback', here.name, '--force')}.",
        )


def packaged(project: Project) -> Release:
    """The release that was packaged last. Raises ConfigError where there is none."""
    return _with_image(project, last_packaged(project).release)


def last_packaged(project: Project) -> Packaged:
    """What was packaged last, and by which run: the one whose step `package` ended last, also
    where it was cached. Raises ConfigError where there is none."""
    found = project.record.packaged()
    if not found:
        raise ConfigError("no release is packaged yet", "Package one: shipway run package.")
    return found[0]


def _with_image(project: Project, fields: dict[str, Any]) -> Release:
    """A release with the image that was published of it last."""
    release = release_from(fields)
    return replace(release, image=project.record.memo(f"image {release.digest}") or "")


def _origin(release: Release, last: Packaged) -> str:
    """Which release it is, and where it comes from."""
    run = f"run {last.run}" if last.run else "a run that is no longer on record"
    commit = f"commit {last.commit[:7]}" if last.commit else "no commit that is known"
    return one_line(f"release {release.name}: packaged last, by {run} of {commit}", longest=400)


def _whole(project: Project, release: Release, manifest: str, environment: str) -> None:
    """Raises ConfigError where the release's files are not here as they were packaged, and the
    environment runs them from here."""
    settings = project.config.environments.get(environment)
    if settings is None or settings.platform == "ecs" or settings.container:
        return
    wrong = damage(release.path, project.blobs.get(manifest) if manifest else None)
    if not wrong and not os.path.exists(release.python):
        wrong = f"its Python is gone: {release.python}"
    if wrong:
        raise ConfigError(
            f"the packaged release {release.name} is not whole: {wrong}",
            "Package it again: shipway run package --no-cache.",
        )


def release_from(data: dict[str, Any]) -> Release:
    """A release from a step's facts."""
    return Release(**{**data, "migrations": tuple(data["migrations"])})


@contextmanager
def _listening(project: Project, release: str, *, json: bool) -> Iterator[RolloutListener]:
    """A picture on a terminal, lines elsewhere; JSON has standard output for itself."""
    stream = sys.stderr if json else sys.stdout
    here = project.invocation()
    if stream.isatty():
        from shipway.outputs.rollout_live import LiveRollout

        with LiveRollout(stream, release) as live:
            yield InvokedRollout(live, here)
        return
    from shipway.outputs.rollout_plain import PlainRollout

    yield InvokedRollout(PlainRollout(stream, release), here)


def _finish(receipt: Receipt, project: Project, *, json: bool, undo: bool = False) -> int:
    """Print the receipt; the exit code. undo: going back is what was asked for."""
    here = project.invocation(receipt.environment)
    receipt = replace(receipt, cause=here.text(receipt.cause), remedy=here.text(receipt.remedy))
    page = write_page(receipt, project)
    tell_rollout(receipt)
    if json:
        print(json_module.dumps(receipt.to_dict(), indent=2, default=str))
    else:
        for line in receipt.log:
            print(f"  | {line}")
        if receipt.cause:
            print(f"  why:  {receipt.cause}\n  next: {receipt.remedy}")
            print(f"  more: {more(receipt.cause)}")
        good = "went back to" if undo else "deployed"
        words = good if receipt.verdict is Verdict.PASSED else f"{receipt.verdict}:"
        print(
            f"{words} {receipt.release} at {receipt.address} in {receipt.seconds:.1f} s; "
            f"{receipt.requests} requests seen, {receipt.failed} failed\nreceipt: {page}"
        )
    if undo and receipt.verdict is Verdict.ROLLED_BACK:
        return 0
    return receipt.verdict.exit_code(strict=True)


def _show_status(
    found: dict[str, Any], rollouts: Sequence[Mapping[str, Any]], here: Invocation
) -> None:
    def typed(*arguments: str) -> str:
        return here.command(command_line(*arguments))

    environment = found["environment"]
    if not found["release"]:
        print(f"{environment}: nothing runs; start it with {typed('run')}")
    else:
        proxy = "up" if found["proxy"] else "DOWN"
        print(f"{environment}: {found['release']} at {found['address']}, proxy {proxy}")
    if rollout := found["rollout"]:
        held = "held" if rollout["held"] else "not finished"
        print(
            f"  rollout of {rollout['release']} {held} at {rollout['stage']}, "
            f"{rollout['weight']:g} % of requests: {typed('resume', environment)} or "
            f"{typed('cancel', environment)}"
        )
    for one in found["instances"]:
        pid = f"pid {one['pid']:<8} " if "pid" in one else ""
        print(f"  {one['address']:<22} {pid}{one['release']}  {one['health']}")
    for name, there in found.get("secrets", {}).items():
        how = "is there" if there else f"has no value: {typed('secret', 'set', environment, name)}"
        print(f"  secret {name:<15} {how}")
    for line in history_lines(rollouts):
        print(f"  {line}")
