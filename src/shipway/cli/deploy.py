"""`shipway deploy`, `rollback`, `resume`, `cancel`, `status` and `down`: their words."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.cli import arguments
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.attestation import require_passing_run
from shipway.cli.github_actions import publish_rollout
from shipway.cli.hold import raise_if_frozen
from shipway.cli.invocation import InvokedRollout
from shipway.cli.parser import Parser
from shipway.cli.platforms import ecs_platform, open_platform
from shipway.cli.project import Project, open_project
from shipway.cli.release_commits import release_commit_times
from shipway.cli.rollout_notifier import notifying_rollout
from shipway.cli.rollout_page import write_page
from shipway.cli.secret import configured_secrets
from shipway.codec import JsonObject
from shipway.errors import CannotRun, ConfigError
from shipway.pipeline.command_line import Invocation, command_line
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import Action, StepContext
from shipway.ports import MANIFEST_FILE, OnOutput, Packaged
from shipway.releases.manifest import damage
from shipway.releases.migration_safety import pending_contractions, rollback_obstacles
from shipway.releases.package import is_environment
from shipway.releases.release import Release, release_from
from shipway.reports.console import write_error_line
from shipway.reports.error_docs import cause_code, explain_command
from shipway.reports.live_console import LiveRollout
from shipway.reports.rollout_console import PlainRollout, delivery_lines
from shipway.reports.rollout_console import history_table as history_lines
from shipway.reports.sanitize import one_line
from shipway.rollouts.delivery import MONTH, delivery_metrics, rollback_numbers
from shipway.rollouts.ecs.preview import DeployPreview, deploy_preview, read_template
from shipway.rollouts.events import LineListener, RolloutListener
from shipway.rollouts.platform import NO_REMARKS, Platform, PlatformStatus
from shipway.rollouts.report import RolloutReport
from shipway.system.clock import SystemClock

# `deploy`, `rollback`, `resume`, `cancel`, `status` and `down` carried out. Each returns
# the exit code.


def deploy(*, directory: str, environment: str, without_verdict: str, json: bool) -> int:
    """Roll out the release that was packaged last."""
    project = open_project(directory)
    raise_if_frozen(project, environment)
    last = last_packaged(project)
    release = _with_image(project, last.release)
    verdict_required = ecs_platform(project, environment)
    _whole(project, release, last.manifest, environment)
    print(_origin(release, last), file=sys.stderr if json else sys.stdout, flush=True)
    remarks = (
        require_passing_run(project, environment, release, without_verdict)
        if verdict_required
        else NO_REMARKS
    )
    return roll_out(project, open_platform(project, environment), release, remarks, json=json)


def roll_out(
    project: Project,
    target_platform: Platform,
    release: Release,
    remarks: Mapping[str, str],
    *,
    json: bool,
) -> int:
    """Roll out a release, on the terminal; the exit code. Who calls it asks for a hold before."""
    environment = target_platform.name
    with (
        notifying_rollout(project, environment) as news,
        _listening(project, release.name, json=json) as screen,
    ):
        listener = news.wrap(screen, release.name, target_platform.serves)
        report_migration_risks(
            target_platform.serves,
            release,
            listener,
            migrates=bool(project.config.application.migrate),
            blocking=ecs_platform(project, environment),
        )
        receipt = news.finish(target_platform.deploy(release, listener, remarks=remarks))
    return _finish(receipt, project, json=json)


def rollback(*, directory: str, environment: str, to: str, force: bool, json: bool) -> int:
    """Roll out an earlier good release. Raises ConfigError where the database stands in the way."""
    project = open_project(directory)
    target_platform = open_platform(project, environment)
    # Only where a rollout is undone is "rolled back" what was asked for.
    undo = target_platform.unfinished is not None
    if not force and not undo:
        raise_if_unsafe(
            target_platform.earlier(to),
            target_platform,
            migrates=bool(project.config.application.migrate),
        )
    with (
        notifying_rollout(project, environment, undo=True, begins=False) as news,
        _listening(project, to, json=json) as screen,
    ):
        receipt = news.finish(
            target_platform.rollback(to, news.wrap(screen, to, target_platform.serves))
        )
    return _finish(receipt, project, json=json, undo=undo, back=True)


def resume(*, directory: str, environment: str, json: bool) -> int:
    """Go on with a rollout that is not finished."""
    project = open_project(directory)
    target_platform = open_platform(project, environment)
    with (
        notifying_rollout(project, environment, begins=False) as news,
        _listening(project, "", json=json) as screen,
    ):
        receipt = news.finish(target_platform.resume(news.wrap(screen)))
    return _finish(receipt, project, json=json)


def cancel(*, directory: str, environment: str, json: bool) -> int:
    """Undo a rollout that is not finished."""
    project = open_project(directory)
    target_platform = open_platform(project, environment)
    with (
        notifying_rollout(project, environment, undo=True, begins=False) as news,
        _listening(project, "", json=json) as screen,
    ):
        receipt = news.finish(target_platform.cancel(news.wrap(screen)))
    return _finish(receipt, project, json=json, undo=True, back=True)


def status(*, directory: str, environment: str, history: bool, json: bool) -> int:
    """Print what runs; 1 when something of it is not well."""
    project = open_project(directory)
    target_platform = open_platform(project, environment)
    state = target_platform.status()
    if ecs_platform(project, environment):
        state["secrets"] = _secrets(project, environment)
    past = target_platform.rollouts(write_error_line) if history else ()
    back = rollback_numbers(sorted(past, key=lambda rollout: rollout.number))
    rollouts = [
        {**rollout.to_dict(), "kind": "rollback" if rollout.number in back else "deployment"}
        for rollout in past
    ]
    committed = release_commit_times(project) if past else {}
    metrics = delivery_metrics(past, committed, SystemClock().now(), MONTH)
    if json:
        delivery = {"delivery": metrics.to_dict()} if history else {}
        print(json_module.dumps({**state, "history": rollouts, **delivery}, indent=2))
    else:
        _show_status(state, rollouts, project.invocation(environment))
        for line in delivery_lines(metrics) if rollouts else ():
            print(f"  {line}")
    well = state["proxy"] and all(instance["health"] == "ok" for instance in state["instances"])
    return 1 if (state["release"] and not well) or state.get("unrecorded") else 0


def _secrets(project: Project, environment: str) -> dict[str, bool]:
    """Which of the configured secrets in AWS have a value."""
    config = project.config
    return configured_secrets(AwsClients(config.aws), config.environments[environment].ecs)


def down(*, directory: str, environment: str, json: bool) -> int:
    """Stop everything."""
    count = open_platform(open_project(directory), environment).down()
    what = f"{count} processes stopped" if count else "nothing runs"
    if json:
        print(json_module.dumps({"environment": environment, "stopped": count}))
    else:
        print(f"{environment}: {what}")
    return 0


def deploy_step(project: Project) -> Action:
    """The pipeline's own rollout, as a step's work."""

    def act(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
        packaged = context.upstream.get("package")
        if packaged is None or "release" not in packaged.facts:
            raise CannotRun(
                "there is no release to roll out",
                "The step package makes it; shipway deploy rolls out the last one again.",
                code="no-release",
            )
        release = release_from(packaged.facts["release"])
        raise_if_frozen(project, step.work["environment"])
        manifest = packaged.reports.get(MANIFEST_FILE, "")
        _whole(project, release, manifest, step.work["environment"])
        target_platform = open_platform(project, step.work["environment"])
        with notifying_rollout(project, target_platform.name, in_run=True, say=on_output) as news:
            screen = InvokedRollout(LineListener(on_output), project.invocation())
            listener = news.wrap(screen, release.name, target_platform.serves)
            report_migration_risks(
                target_platform.serves,
                release,
                listener,
                migrates=bool(project.config.application.migrate),
            )
            receipt = news.finish(target_platform.deploy(release, listener, context.stopping))
        with suppress(OSError):  # the rollout is what counts, and the record has its receipt
            write_page(receipt, project)
        passed = receipt.verdict is Verdict.PASSED
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.PASSED if passed else Outcome.FAILED,
            reason=receipt.cause,
            remedy=receipt.remedy,
            rollout=receipt.verdict,
            log=context.store("\n".join(receipt.log)),
            facts={
                "receipt": receipt.to_dict(),
                "address": receipt.address if _answers(receipt) else "",
            },
        )

    return act


def report_migration_risks(
    running: Release | None,
    candidate: Release,
    listener: RolloutListener,
    *,
    migrates: bool,
    blocking: bool = False,
) -> None:
    """Say what the candidate's migrations take away from what runs, before anything moves.

    migrates: whether the application has a command that migrates the database.
    blocking: what takes something away, and nobody calls safe, is refused (ConfigError). What
    cannot be read is said only: Django's migrations never can, and a machine that deploys for
    the first time has no files of the release that runs.
    """
    if running is None or running.digest == candidate.digest:
        return
    try:
        contractions = pending_contractions(running, candidate, migrates=migrates)
    except CannotRun as problem:
        listener.on_message(problem.message)
        return
    for contraction in contractions:
        listener.on_message(f"migration: {one_line(contraction.words)}")
    harmful = [
        one_line(contraction.words)
        for contraction in contractions
        if not (contraction.safe or contraction.unknown)
    ]
    if blocking and harmful:
        raise ConfigError(
            f"{running.name} serves while the migrations run, and may fail: {harmful[0]}",
            "Expand first, contract in a later release; or say at the operation why it is safe: "
            "# shipway: contract-safe: REASON (docs/migrations.md).",
        )


def raise_if_unsafe(target: Release, platform: Platform, *, migrates: bool) -> None:
    """Raises ConfigError where the target cannot read what the database has become."""
    contractions = rollback_obstacles(target, platform.since(target), migrates=migrates)
    if contractions:
        text = "; ".join(one_line(contraction.words) for contraction in contractions[:3])
        raise ConfigError(
            f"{target.name} may not work with today's database: {text}",
            "Roll a corrected release forward, or insist: "
            f"{command_line('rollback', platform.name, '--force')}.",
            code="rollback-unsafe",
        )


def packaged_release(project: Project) -> Release:
    """The release that was packaged last. Raises ConfigError where there is none."""
    return _with_image(project, last_packaged(project).release)


def last_packaged(project: Project) -> Packaged:
    """What was packaged last, and by which run: the one whose step `package` ended last, also
    where it was cached. Raises ConfigError where there is none."""
    found = project.record.packaged()
    if not found:
        raise ConfigError(
            "no release is packaged yet", "Package one: shipway run package.", code="no-release"
        )
    return found[0]


def _with_image(project: Project, fields: JsonObject) -> Release:
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
    if not wrong and not is_environment(release.python):
        wrong = f"its environment is gone or damaged: {release.python}"
    if wrong:
        raise ConfigError(
            f"the packaged release {release.name} is not whole: {wrong}",
            "Package it again: shipway run package --no-cache.",
            code="no-release",
        )


@contextmanager
def _listening(project: Project, release: str, *, json: bool) -> Iterator[RolloutListener]:
    """A picture on a terminal, lines elsewhere; JSON has standard output for itself."""
    stream = sys.stderr if json else sys.stdout
    here = project.invocation()
    if stream.isatty():
        with LiveRollout(stream, release) as live:
            yield InvokedRollout(live, here)
        return
    yield InvokedRollout(PlainRollout(stream, release), here)


def _finish(
    receipt: RolloutReport,
    project: Project,
    *,
    json: bool,
    undo: bool = False,
    back: bool = False,
) -> int:
    """Print the receipt; the exit code. undo: a rollout was to be undone. back: an earlier release
    was to serve again."""
    here = project.invocation(receipt.environment)
    receipt = replace(receipt, cause=here.text(receipt.cause), remedy=here.text(receipt.remedy))
    page = write_page(receipt, project)
    publish_rollout(receipt)
    if json:
        print(json_module.dumps(receipt.to_dict(), indent=2, default=str))
    else:
        for line in receipt.log:
            print(f"  | {line}")
        if receipt.cause:
            print(f"  why:  {receipt.cause}\n  next: {receipt.remedy}")
            print(f"  more: {explain_command(cause_code(receipt.cause), here)}")
        good = "went back to" if back else "deployed"
        label = good if receipt.verdict is Verdict.PASSED else f"{receipt.verdict}:"
        where = f" at {receipt.address}" if receipt.verdict is Verdict.PASSED else ""
        print(
            f"{label} {receipt.release}{where} in {receipt.seconds:.1f} s; "
            f"{receipt.requests} requests seen, {receipt.failed} failed\nreceipt: {page}"
        )
        if not where and _answers(receipt):
            print(f"{receipt.before} still serves at {receipt.address}")
    if undo and receipt.verdict is Verdict.ROLLED_BACK:
        return 0
    return receipt.verdict.exit_code(strict=True)


def _answers(receipt: RolloutReport) -> bool:
    """Whether anything answers at its address: the new release, or the one before it."""
    return receipt.verdict is Verdict.PASSED or bool(receipt.before)


def _show_status(state: PlatformStatus, rollouts: Sequence[JsonObject], here: Invocation) -> None:
    def typed(*arguments: str) -> str:
        return here.command(command_line(*arguments))

    environment = state["environment"]
    if not state["release"] and state.get("unrecorded"):
        print(f"{environment}: no release is on record")
    elif not state["release"]:
        print(f"{environment}: nothing runs; start it with {typed('run')}")
    else:
        proxy = "up" if state["proxy"] else "DOWN"
        print(f"{environment}: {state['release']} at {state['address']}, proxy {proxy}")
    if rollout := state["rollout"]:
        phase = "held" if rollout["held"] else "not finished"
        print(
            f"  rollout of {rollout['release']} {phase} at {rollout['stage']}, "
            f"{rollout['weight']:g} % of requests: {typed('resume', environment)} or "
            f"{typed('cancel', environment)}"
        )
    for instance in state["instances"]:
        pid = f"pid {instance['pid']:<8} " if "pid" in instance else ""
        print(f"  {instance['address']:<22} {pid}{instance['release']}  {instance['health']}")
    if pids := state.get("unrecorded"):
        numbers = ", ".join(map(str, pids))
        print(
            f"  {len(pids)} processes run that the record does not know (pid {numbers}):"
            " it was lost, with the releases, rollouts and holds in it\n"
            f"  next: {typed('down', environment)}, or {typed('run')}, which ends them once a"
            " release serves"
        )
    for name, present in state.get("secrets", {}).items():
        how = (
            "is there" if present else f"has no value: {typed('secret', 'set', environment, name)}"
        )
        print(f"  secret {name:<15} {how}")
    for line in history_lines(rollouts):
        print(f"  {line}")


# `plan ENV` carried out, for an environment on ECS.


def show_deploy_preview(project: Project, environment: str, *, json: bool) -> int:
    """Print what deploying the packaged release would change; the exit code."""
    config = project.config
    settings = config.environments[environment]
    release = packaged_release(project)
    clients = AwsClients(config.aws)
    where = f"environments.{environment}.ecs.template"
    template = settings.ecs.template
    base = read_template(project.root, template, where) if template else None
    with translate_aws_errors():
        previewed = deploy_preview(
            clients,
            settings,
            AwsResourceNames(project.name, environment),
            release,
            base,
            account=identify_account(clients, config.aws),
            health=config.application.health_check,
        )
    if json:
        data = {"environment": environment, "release": release.name, **asdict(previewed)}
        print(json_module.dumps(data, indent=2))
    else:
        _show(environment, release.name, previewed)
    return 0


def _show(environment: str, release: str, preview: DeployPreview) -> None:
    runs = f"{preview.serves} ({preview.running})" if preview.serves else preview.running
    if preview.serves == release and not (preview.definition or preview.deployment):
        print(f"{environment}: {runs} runs already; nothing would change")
        return
    print(f"{environment}: {runs} runs; {release} would replace it")
    for title, changes in (
        ("task definition", preview.definition),
        ("deployment", preview.deployment),
    ):
        print(f"{title}:" if changes else f"{title}: nothing would change")
        for change in changes:
            print(f"  {one_line(change.description)}")


def add_to(commands: Parser) -> None:
    """Add the commands."""
    commands.add_command("deploy", _deploy, deploy)
    commands.add_command("rollback", _rollback, rollback)
    commands.add_command("resume", _resume, resume)
    commands.add_command("cancel", _cancel, cancel)
    commands.add_command("status", _status, status)
    commands.add_command("down", _down, down)


def _deploy(parser: Parser) -> None:
    """Roll out the release that was packaged last.

    That is the one whose step `package` ended last, also where it was cached: after a revert, after
    a switch of branches, and of several runs at once. It is named first, with its run and commit.

    Exit codes: 0 deployed, 1 failed or not ready, 3 rolled back, 4 unknown (shipway resume),
    6 needs a person.

    Example: shipway deploy production
    """
    add_environment(parser, default="local")
    parser.add(
        "--without-verdict",
        metavar="REASON",
        default="",
        help="To AWS although no run has passed; the reason is recorded.",
    )
    add_json(parser)


def _rollback(parser: Parser) -> None:
    """Go back to an earlier good release, without building anything.

    Example: shipway rollback production

    Example: shipway rollback local --to 1.0.0-4f2c9d1
    """
    add_environment(parser, default="local")
    parser.add(
        "--to",
        default="",
        complete=arguments.complete_releases,
        help="A release's name. Default: the last good one.",
    )
    parser.add(
        "--force", action="store_true", help="Although it may not work with today's database."
    )
    add_json(parser)


def _resume(parser: Parser) -> None:
    """Go on with a rollout that was held or paused, or that a killed command left.

    Example: shipway resume local
    """
    add_environment(parser, default="local")
    add_json(parser)


def _cancel(parser: Parser) -> None:
    """Undo a rollout that is not finished: the old release gets all requests again.

    Example: shipway cancel local
    """
    add_environment(parser, default="local")
    add_json(parser)


def _status(parser: Parser) -> None:
    """Show what runs in an environment. Exit code 1 when something of it is not well.

    Example: shipway status production --history
    """
    add_environment(parser, default="local")
    parser.add("--history", action="store_true", help="Show past rollouts, too.")
    add_json(parser)


def _down(parser: Parser) -> None:
    """Stop everything that runs in an environment. Its data stay.

    Example: shipway down local
    """
    add_environment(parser, default="local")
    add_json(parser)
