"""Tells people of a rollout while it happens, and keeps in the record what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

from shipway.cli.project import Project
from shipway.cli.recorded_secrets import recorded_secrets, redacted_notice
from shipway.errors import Busy, ConfigError, RecordError, ShipwayError
from shipway.notifications.delivery import HttpNotifier
from shipway.notifications.notice import Notice, NoticeEvent, notice_event, notice_figures
from shipway.notifications.webhooks import webhook_requests
from shipway.pipeline.outcome import Verdict
from shipway.ports import Changes, Delivery, Notifier, WebhookRequest
from shipway.releases.release import Release
from shipway.reports.console import write_error_line
from shipway.rollouts.event_log import EVENTS_FILE, RolloutEventLog
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import (
    JudgementRow,
    NoticeRecord,
    RolloutReport,
    TrafficRow,
    rollout_records,
)
from shipway.system.clock import SystemClock
from shipway.system.git import changes_between
from shipway.telemetry.settings import exported_signals


def annotate_rollout(project: Project, environment: str, notices: Sequence[NoticeRecord]) -> None:
    """Keep notices with the newest rollout, behind those that are there."""
    newest = project.record.rollouts(environment)[:1]
    for rollout in rollout_records(newest, f"the record, {environment}"):
        project.record.update_rollout(rollout.number, {"notices": (*rollout.notices, *notices)})


# Tells people of a rollout while it happens. Nothing of it can hold a rollout up, or fail it.

Told = tuple[NoticeEvent, Delivery]


@contextmanager
def notifying_rollout(
    project: Project,
    environment: str,
    *,
    undo: bool = False,
    begins: bool = True,
    in_run: bool = False,
    say: Callable[[str], None] | None = None,
) -> Iterator[RolloutNotifier]:
    """While a rollout is carried out: its news are told; at the end those that did not arrive are
    said and kept in the record, and a collector of telemetry gets the whole.

    undo: going back is what was asked for. begins: whether a rollout begins here, and none goes
    on. in_run: it is a step of a run, whose telemetry has it. say: gets the lines; standard error
    by default.
    """
    news = RolloutNotifier(project, environment, HttpNotifier(SystemClock()), undo=undo)
    news.announced = not begins  # what goes on has been told of when it began
    try:
        yield news
    except ShipwayError as problem:
        news.fail(problem)
        raise
    finally:
        say = say or write_error_line
        news.close(say)
        if news.ended and not in_run and exported_signals(os.environ):
            from shipway.cli.telemetry import send_rollout

            try:
                send_rollout(project, news.ended, say, undo=undo, code=news.code)
            except ShipwayError as problem:  # the rollout is what counts
                say(f"telemetry: not sent: {problem.message}")


class RolloutNotifier:
    """The news of one rollout, posted beside it in the order in which they happen."""

    def __init__(
        self, project: Project, environment: str, notifier: Notifier, *, undo: bool = False
    ) -> None:
        self._project = project
        self._environment = environment
        self._notifier = notifier
        self._undo = undo
        self._posting = ThreadPoolExecutor(max_workers=1)  # one, or they overtake each other
        self._posted: list[tuple[NoticeEvent, Future[Sequence[Delivery]]]] = []
        self._names = ("", "")
        self._began = SystemClock().now()
        # Whether anything has happened that others may notice; whether the start was told of.
        self.moved = self.announced = False
        # The report of what became of it; code: of the error that ended it, "" where none did.
        self.ended: RolloutReport | None = None
        self.code = ""

    def wrap(
        self, listener: RolloutListener, release: str = "", before: Release | None = None
    ) -> RolloutListener:
        """A listener that tells of the start at the first thing that happens, and writes all of it
        down for other commands.

        release: the new one's name, "" where it is not known yet. before: what runs.
        """
        self._names = (release, before.name if before else "")
        path = os.path.join(self._project.state, "environments", self._environment, EVENTS_FILE)
        return RolloutEventLog(_Heard(listener, self._begin), path, SystemClock())

    def finish(self, receipt: RolloutReport) -> RolloutReport:
        """A rollout has come to an end, or waits for a person. Gives the receipt back."""
        if receipt.timeline or receipt.before != receipt.release:  # else it ran already
            self.ended = receipt
            event = notice_event(receipt, undo=self._undo)
            self._post(event, lambda: notice_of_report(self._project, event, receipt))
        return receipt

    def fail(self, problem: ShipwayError) -> None:
        """It could not be carried out. A wrong word, or two at once, is no news to others."""
        if isinstance(problem, ConfigError | Busy) and not self.moved:
            return
        release, before = self._names
        self.code = problem.code
        self.ended = RolloutReport(
            environment=self._environment,
            release=release,
            before=before,
            verdict=Verdict.FAILED,
            started=self._began,
            seconds=SystemClock().now() - self._began,
            address="",
            cause=problem.message,
            remedy=problem.remedy,
        )
        self._post(
            NoticeEvent.FAILED,
            lambda: replace(
                notice_without_report(
                    self._project, self._environment, NoticeEvent.FAILED, release, before
                ),
                cause=problem.message,
                remedy=problem.remedy,
            ),
        )

    def close(self, say: Callable[[str], None]) -> None:
        """Wait for what is on its way; say and keep what became of it."""
        self._posting.shutdown()
        outcomes = [outcome for posted in self._posted for outcome in _outcome(*posted)]
        for event, delivery in outcomes:
            if delivery.problem:
                say(f"not told of {str(event)!r}: {delivery.channel}: {delivery.problem}")
        if outcomes:
            with suppress(RecordError):  # whoever started it has read it
                rows = [
                    NoticeRecord(event=str(event), **vars(result)) for event, result in outcomes
                ]
                annotate_rollout(self._project, self._environment, rows)

    def _begin(self) -> None:
        self.moved = True
        if not self.announced:
            self.announced = True
            release, before = self._names
            self._post(
                NoticeEvent.STARTED,
                lambda: notice_without_report(
                    self._project, self._environment, NoticeEvent.STARTED, release, before
                ),
            )

    def _post(self, event: NoticeEvent, make_notice: Callable[[], Notice]) -> None:
        if event in events_to_notify(self._project, self._environment):
            sent = self._posting.submit(
                lambda: deliver(self._project, make_notice(), self._notifier)
            )
            self._posted.append((event, sent))


class _Heard:
    """Hears when a rollout begins to move, and passes everything on."""

    def __init__(self, listener: RolloutListener, begins: Callable[[], None]) -> None:
        self._listener = listener
        self._begins = begins

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """It moves."""
        self._begins()
        self._listener.on_stage(at, stage, text)

    def on_sample(self, sample: TrafficRow) -> None:
        """Passed on."""
        self._listener.on_sample(sample)

    def on_judgement(self, evidence: JudgementRow) -> None:
        """Passed on."""
        self._listener.on_judgement(evidence)

    def on_message(self, line: str) -> None:
        """Passed on."""
        self._listener.on_message(line)


def events_to_notify(project: Project, environment: str) -> tuple[str, ...]:
    """The events of an environment that somebody is told of."""
    settings = project.config.notify
    if not (settings.slack or settings.slack_token or settings.webhook):
        return ()
    return settings.environments.get(environment, settings.events)


def deliver(project: Project, message: Notice, notifier: Notifier) -> Sequence[Delivery]:
    """Post a notice to every place at once, without what the last run found as a secret."""
    settings = project.config.notify
    shown = redacted_notice(message, recorded_secrets(project))

    def post(letter: WebhookRequest | Delivery) -> Delivery:
        return (
            notifier.send(letter, settings.timeout)
            if isinstance(letter, WebhookRequest)
            else letter
        )

    with ThreadPoolExecutor(max_workers=3) as posting:
        return list(posting.map(post, webhook_requests(shown, settings, os.environ)))


def notice_of_report(project: Project, event: NoticeEvent, receipt: RolloutReport) -> Notice:
    """The notice of a rollout that has ended, or that waits."""
    message = notice_without_report(
        project, receipt.environment, event, receipt.release, receipt.before
    )
    page = os.path.join(project.state, "environments", receipt.environment, "rollout.html")
    links = {receipt.environment: receipt.address, "receipt": page, **message.links}
    if "run" in message.links:
        del links["receipt"]  # nobody else can open a path on a runner
    return replace(
        message,
        cause=receipt.cause,
        remedy=receipt.remedy,
        figures=notice_figures(receipt),
        links=links,
    )


def notice_without_report(
    project: Project, environment: str, event: NoticeEvent, release: str, before: str
) -> Notice:
    """What can be told without a receipt."""
    commits = {str(entry["name"]): str(entry["commit"]) for entry in project.record.releases()}
    old, new = commits.get(before, ""), commits.get(release, "")
    history = changes_between(project.root, old, new) if old != new else Changes()
    return Notice(
        event=event,
        application=project.name,
        environment=environment,
        release=release,
        at=SystemClock().now(),
        before=before,
        changes=history,
        links=notice_links(old, new),
    )


def notice_links(old: str, new: str) -> dict[str, str]:
    """GitHub's pages, where GitHub runs this (its documentation, "Default environment
    variables"). old, new: the commits of a comparison, "" for none."""
    server, repository = (os.environ.get(f"GITHUB_{n}", "") for n in ("SERVER_URL", "REPOSITORY"))
    run = os.environ.get("GITHUB_RUN_ID", "")
    if not (server and repository and run):
        return {}
    links = {"run": f"{server}/{repository}/actions/runs/{run}"}
    if old and new and old != new:
        links["compare"] = f"{server}/{repository}/compare/{old}...{new}"
    return links


def _outcome(event: NoticeEvent, sent: Future[Sequence[Delivery]]) -> list[Told]:
    problem = sent.exception()
    if problem is not None:
        return [(event, Delivery("message", f"it could not be written: {problem}"))]
    return [(event, delivery) for delivery in sent.result()]
