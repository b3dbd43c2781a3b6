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
from shipway.config.names import unknown_environment
from shipway.errors import ConfigError
from shipway.notifications.delivery import HttpNotifier
from shipway.notifications.notice import Notice, NoticeEvent, notice_event, notice_lines
from shipway.notifications.slack import slack_message
from shipway.pipeline.outcome import Verdict
from shipway.ports import Delivery
from shipway.rollouts.report import RolloutReport, last_report, rollout_records
from shipway.system.clock import SystemClock

# `notify` carried out: the message as it would be, and sent when asked for.


def notify(*, directory: str, environment: str, event: str, send: bool, json: bool) -> int:
    """Show what would be told; 1 when it was sent and did not arrive."""
    project = open_project(directory)
    if environment not in project.config.environments:
        raise unknown_environment(environment, project.config.environments)
    places = _places(project)
    if send and not places:
        raise ConfigError(
            "[notify] names nobody to tell",
            'Name a variable that has an address: [notify] slack = "SLACK_WEBHOOK".',
            code="notification-not-sent",
        )
    receipt = last_report(
        rollout_records(project.record.rollouts(environment), f"the record, {environment}")
    )
    notice = _notice(project, environment, event, receipt)
    sent = deliver(project, replace(notice, test=True), HttpNotifier(SystemClock())) if send else []
    if json:
        print(json_module.dumps(_facts(project, notice, places, sent), indent=2))
    else:
        _show(project, notice, places, sent, example=receipt is None)
    return 1 if any(delivery.problem for delivery in sent) else 0


def _places(project: Project) -> dict[str, bool]:
    """The variables that have the addresses → whether they are set."""
    settings = project.config.notify
    names = (settings.slack, settings.slack_token, settings.webhook)
    return {name: bool(os.environ.get(name)) for name in names if name}


def _notice(
    project: Project, environment: str, event: str, receipt: RolloutReport | None
) -> Notice:
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
    return notice_of_report(project, NoticeEvent(event) if event else notice_event(shown), shown)


def _facts(
    project: Project, notice: Notice, places: dict[str, bool], sent: Sequence[Delivery]
) -> dict[str, Any]:
    return {
        "told": notice.event in events_to_notify(project, notice.environment),
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
    *,
    example: bool,
) -> None:
    if example:
        print(f"nothing was rolled out to {notice.environment} yet: this is an example")
    print("\n".join(notice_lines(notice)))
    if not places:
        print("nobody is told: [notify] names no variable with an address")
    elif notice.event not in events_to_notify(project, notice.environment):
        print(f"nobody is told of {str(notice.event)!r} in {notice.environment}: see [notify]")
    for name, present in places.items():
        print(f"to: {name}{'' if present else ', which is not set'}")
    for delivery in sent:
        print(f"{delivery.channel}: {delivery.problem or f'sent in {delivery.seconds:.1f} s'}")


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("notify", _notify, notify)


def _notify(parser: Parser) -> None:
    """Show the message that [notify] would send about an environment's last rollout, and to whom.

    Nothing is sent without --send. Exit code 1 when a message did not arrive.

    Example: shipway notify production --event failed --send
    """
    events = [event.value for event in NoticeEvent]
    add_environment(parser, default="local")
    parser.add(
        "--event",
        choices=events,
        default="",
        metavar="|".join(events),
        help="What the message is about. Default: how the last rollout ended.",
    )
    parser.add("--send", action="store_true", help="Send it, marked as a test.")
    add_json(parser)
