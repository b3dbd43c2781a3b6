"""`shipway notify`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.cli.rollout_notifier import deliver, events_to_notify, notice_of_report
from shipway.cli.run_notifier import run_events_to_notify, run_links
from shipway.config.names import unknown_environment
from shipway.errors import ConfigError
from shipway.notifications.delivery import HttpNotifier
from shipway.notifications.notice import (
    RUN_EVENTS,
    Notice,
    NoticeEvent,
    notice_event,
    notice_lines,
    run_notice,
)
from shipway.notifications.slack import slack_message
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult, TestFailure, TestTally
from shipway.ports import Delivery
from shipway.rollouts.report import RolloutReport, last_report, rollout_records
from shipway.system.clock import SystemClock

# `notify` carried out: the message as it would be, and sent when asked for.


def notify(*, directory: str, environment: str, event: str, send: bool, json: bool) -> int:
    """Show what would be told; 1 when it was sent and did not arrive."""
    project = open_project(directory)
    if event not in RUN_EVENTS and environment not in project.config.environments:
        raise unknown_environment(environment, project.config.environments)
    places = _places(project)
    if send and not places:
        raise ConfigError(
            "[notify] names nobody to tell",
            'Name a variable that has an address: [notify] slack = "SLACK_WEBHOOK".',
            code="notification-not-sent",
        )
    if event in RUN_EVENTS:
        notice, example = _notice_of_run(project, NoticeEvent(event))
    else:
        notice, example = _notice_of_rollout(project, environment, event)
    sent = deliver(project, replace(notice, test=True), HttpNotifier(SystemClock())) if send else []
    if json:
        print(json_module.dumps(_facts(project, notice, places, sent), indent=2))
    else:
        _show(project, notice, places, sent, example)
    return 1 if any(delivery.problem for delivery in sent) else 0


def _places(project: Project) -> dict[str, bool]:
    """The variables that have the addresses → whether they are set."""
    settings = project.config.notify
    names = (settings.slack, settings.slack_token, settings.webhook)
    return {name: bool(os.environ.get(name)) for name in names if name}


def _notice_of_rollout(project: Project, environment: str, event: str) -> tuple[Notice, str]:
    """Of the last rollout; of a made-up one where there is none, and that it is."""
    receipt = last_report(
        rollout_records(project.record.rollouts(environment), f"the record, {environment}")
    )
    good = event in ("", NoticeEvent.STARTED, NoticeEvent.DEPLOYED)
    shown = receipt or RolloutReport(
        environment=environment,
        release="1.1.0+2222222.bbbbbb",
        before="1.0.0+1111111.aaaaaa",
        verdict=Verdict.PASSED,
        started=SystemClock().now(),
        seconds=42.0,
        address="http://127.0.0.1:8080",
        cause="" if good else "what went wrong",
        remedy="" if good else "what to do about it",
        releases={"1.1.0+2222222.bbbbbb": {"requests": 1200, "failed": 0}},
    )
    named = NoticeEvent(event) if event else notice_event(shown)
    example = "" if receipt else f"nothing was rolled out to {environment} yet: this is an example"
    return notice_of_report(project, named, shown), example


def _notice_of_run(project: Project, event: NoticeEvent) -> tuple[Notice, str]:
    """Of the last run that has ended; of a made-up one where there is none, and that it is."""
    recorded = next(project.record.finished_runs(), None)
    result = run_with_steps_from_json(*recorded) if recorded else _example_run(project)
    result = replace(result, branch=result.branch or project.main_branch)
    example = "" if recorded else "no run has ended yet: this is an example"
    return run_notice(event, result, SystemClock().now(), run_links(project)), example


def _example_run(project: Project) -> RunResult:
    failure = TestFailure("test_ward_page", "expected 200, got 404", "tests/test_wards.py", 41)
    step = StepResult(
        step="unit",
        stage="test",
        outcome=Outcome.FAILED,
        remedy="what to do about it",
        tests=TestTally(passed=12, failed=1, skipped=0, failures=(failure,)),
    )
    return RunResult(
        run="example",
        application=project.name,
        verdict=Verdict.FAILED,
        started=SystemClock().now(),
        seconds=42.0,
        steps=(step,),
    )


def _is_told(project: Project, notice: Notice) -> bool:
    if notice.event in RUN_EVENTS:
        return notice.event in run_events_to_notify(project)
    return notice.event in events_to_notify(project, notice.environment)


def _facts(
    project: Project, notice: Notice, places: dict[str, bool], sent: Sequence[Delivery]
) -> dict[str, Any]:
    return {
        "told": _is_told(project, notice),
        "variables": places,
        "message": notice.to_dict(),
        "slack": json_module.loads(slack_message(notice)),
        "sent": [vars(delivery) for delivery in sent],
    }


def _show(
    project: Project,
    notice: Notice,
    places: dict[str, bool],
    sent: Sequence[Delivery],
    example: str,
) -> None:
    if example:
        print(example)
    print("\n".join(notice_lines(notice)))
    if not places:
        print("nobody is told: [notify] names no variable with an address")
    elif not _is_told(project, notice):
        where = notice.environment or notice.branch
        print(f"nobody is told of {str(notice.event)!r} in {where}: see [notify]")
    for name, present in places.items():
        print(f"to: {name}{'' if present else ', which is not set'}")
    for delivery in sent:
        print(f"{delivery.channel}: {delivery.problem or f'sent in {delivery.seconds:.1f} s'}")


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("notify", _notify, notify)


def _notify(parser: Parser) -> None:
    """Show the message that [notify] would send about an environment's last rollout, and to whom.

    With --event "run failed" or "run recovered" it is the message about the last run. Nothing is
    sent without --send. Exit code 1 when a message did not arrive.

    Example: shipway notify production --event failed --send

    Example: shipway notify --event 'run failed'
    """
    events = [event.value for event in NoticeEvent]
    add_environment(parser, default="local")
    parser.add(
        "--event",
        choices=events,
        default="",
        metavar="EVENT",
        help=f"What the message is about: {', '.join(events)}. Default: how the last rollout "
        "ended.",
    )
    parser.add("--send", action="store_true", help="Send it, marked as a test.")
    add_json(parser)
