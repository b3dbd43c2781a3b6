"""`notify` carried out: the message as it would be, and sent when asked for."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shipway.cli.news import deliver, of_receipt, wanted
from shipway.cli.project import Project, open_project
from shipway.core.errors import ConfigError
from shipway.core.notice import Event, Notice, event_of
from shipway.core.outcome import Verdict
from shipway.core.ports import Delivery
from shipway.core.receipt import Receipt, last_receipt
from shipway.effects.clock import SystemClock
from shipway.effects.notifier import HttpNotifier
from shipway.outputs.notice_slack import slack_message
from shipway.outputs.notice_text import notice_lines


def notify(*, directory: str, environment: str, event: str, send: bool, json: bool) -> int:
    """Show what would be told; 1 when it was sent and did not arrive."""
    project = open_project(directory)
    if environment not in project.config.environments:
        known = ", ".join(project.config.environments) or "none"
        raise ConfigError(f"no environment is named {environment!r}", f"Configured: {known}.")
    places = _places(project)
    if send and not places:
        raise ConfigError(
            "[notify] names nobody to tell",
            'Name a variable that has an address: [notify] slack = "SLACK_WEBHOOK".',
        )
    receipt = last_receipt(project.record.rollouts(environment))
    told = _notice(project, environment, event, receipt)
    sent = deliver(project, replace(told, test=True), HttpNotifier(SystemClock())) if send else []
    if json:
        print(json_module.dumps(_facts(project, told, places, sent), indent=2))
    else:
        _show(project, told, places, sent, example=receipt is None)
    return 1 if any(one.problem for one in sent) else 0


def _places(project: Project) -> dict[str, bool]:
    """The variables that have the addresses → whether they are set."""
    settings = project.config.notify
    names = (settings.slack, settings.slack_token, settings.webhook)
    return {name: bool(os.environ.get(name)) for name in names if name}


def _notice(project: Project, environment: str, event: str, receipt: Receipt | None) -> Notice:
    good = event in ("", Event.STARTED, Event.DEPLOYED)
    shown = receipt or Receipt(
        environment, "1.1.0+2222222.bbbbbb", "1.0.0+1111111.aaaaaa", Verdict.PASSED,
        SystemClock().now(), 42.0, "http://127.0.0.1:8080",
        cause="" if good else "what went wrong", remedy="" if good else "what to do about it",
        releases={"1.1.0+2222222.bbbbbb": {"requests": 1200}},
    )  # fmt: skip
    return of_receipt(project, Event(event) if event else event_of(shown), shown)


def _facts(
    project: Project, told: Notice, places: dict[str, bool], sent: Sequence[Delivery]
) -> dict[str, Any]:
    return {
        "told": told.event in wanted(project, told.environment),
        "variables": places,
        "message": told.to_dict(),
        "slack": json_module.loads(slack_message(told)),
        "sent": [vars(one) for one in sent],
    }


def _show(
    project: Project, told: Notice, places: dict[str, bool], sent: Sequence[Delivery], *,
    example: bool,
) -> None:  # fmt: skip
    if example:
        print(f"nothing was rolled out to {told.environment} yet: this is an example")
    print("\n".join(notice_lines(told)))
    if not places:
        print("nobody is told: [notify] names no variable with an address")
    elif told.event not in wanted(project, told.environment):
        print(f"nobody is told of {str(told.event)!r} in {told.environment}: see [notify]")
    for name, there in places.items():
        print(f"to: {name}{'' if there else ', which is not set'}")
    for one in sent:
        print(f"{one.channel}: {one.problem or f'sent in {one.seconds:.1f} s'}")
