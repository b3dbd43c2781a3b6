"""Tells people when a run of the main branch has failed, and when it passes again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress

from shipway.cli.project import Project
from shipway.cli.rollout_notifier import deliver, notice_links
from shipway.errors import RecordError
from shipway.notifications.delivery import HttpNotifier
from shipway.notifications.notice import NoticeEvent, run_event, run_notice, what_is_wrong
from shipway.pipeline.result import RunResult
from shipway.ports import Notifier
from shipway.system.clock import SystemClock

_MEMO = "failed run"  # the keys of what is wrong with the main branch, as JSON; "" for nothing


def notify_of_run(
    project: Project,
    result: RunResult,
    say: Callable[[str], None],
    *,
    strict: bool,
    notifier: Notifier | None = None,
) -> None:
    """Tell of a whole run, where it is one of the main branch and `[notify]` names somebody.

    A failure is told once, and again when something else is wrong; that it passes again, where a
    failure was told. Whatever did not arrive is said, and told by the next run. Never fails a run.
    """
    if result.branch != project.main_branch:
        return
    with suppress(RecordError):
        told = json.loads(project.record.memo(_MEMO) or "null")
        event = run_event(result, told, strict=strict)
        arrived = event is None or _tell(project, event, result, say, notifier)
        wrong = what_is_wrong(result, told, strict=strict)
        if arrived and wrong != told:
            project.record.put_memo(_MEMO, json.dumps(wrong) if wrong else "")


def _tell(
    project: Project,
    event: NoticeEvent,
    result: RunResult,
    say: Callable[[str], None],
    notifier: Notifier | None,
) -> bool:
    """Whether it arrived somewhere; where nobody is to be told, it counts as told."""
    if event not in run_events_to_notify(project):
        return True
    notice = run_notice(event, result, SystemClock().now(), run_links(project))
    deliveries = deliver(project, notice, notifier or HttpNotifier(SystemClock()))
    for delivery in deliveries:
        if delivery.problem:
            say(f"not told of {str(event)!r}: {delivery.channel}: {delivery.problem}")
    return any(not delivery.problem for delivery in deliveries)


def run_events_to_notify(project: Project) -> tuple[str, ...]:
    """The events of runs that somebody is told of."""
    settings = project.config.notify
    if not (settings.slack or settings.slack_token or settings.webhook):
        return ()
    return tuple(f"run {name}" for name in settings.runs)


def run_links(project: Project) -> dict[str, str]:
    """The run's page in GitHub; elsewhere the report on this machine."""
    return notice_links("", "") or {"report": os.path.join(project.state, "report.html")}
