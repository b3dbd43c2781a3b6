"""Tells people of a rollout while it happens. Nothing of it can hold a rollout up, or fail it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from shipway.cli.noting import note
from shipway.cli.project import Project
from shipway.core.errors import Busy, ConfigError, RecordError, ShipwayError
from shipway.core.notice import Changes, Event, Notice, event_of, figures_of
from shipway.core.ports import Delivery, Notifier
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.watching import RolloutListener

Told = tuple[Event, Delivery]


@contextmanager
def telling(
    project: Project, environment: str, *, undo: bool = False, begins: bool = True,
    say: Callable[[str], None] | None = None,
) -> Iterator[News]:  # fmt: skip
    """While a rollout is carried out: its news are told; at the end those that did not arrive are
    said and kept in the record.

    undo: going back is what was asked for. begins: whether a rollout begins here, and none goes
    on. say: gets the lines; standard error by default.
    """
    from shipway.effects.clock import SystemClock
    from shipway.effects.notifier import HttpNotifier

    news = News(project, environment, HttpNotifier(SystemClock()), undo=undo)
    news.moved = not begins  # what goes on has been told of when it began
    try:
        yield news
    except ShipwayError as problem:
        news.broke(problem)
        raise
    finally:
        news.close(say or (lambda line: print(line, file=sys.stderr)))


class News:
    """The news of one rollout, posted beside it in the order in which they happen."""

    def __init__(
        self, project: Project, environment: str, notifier: Notifier, *, undo: bool = False
    ) -> None:
        self._project = project
        self._environment = environment
        self._notifier = notifier
        self._undo = undo
        self._posting = ThreadPoolExecutor(max_workers=1)  # one, or they overtake each other
        self._posted: list[tuple[Event, Future[Sequence[Delivery]]]] = []
        self._names = ("", "")
        self.moved = False

    def heard(
        self, listener: RolloutListener, release: str = "", before: Release | None = None
    ) -> RolloutListener:
        """A listener that tells of the start at the first thing that happens.

        release: the new one's name, "" where it is not known yet. before: what runs.
        """
        self._names = (release, before.name if before else "")
        return _Heard(listener, self._begin)

    def ended(self, receipt: Receipt) -> Receipt:
        """A rollout has come to an end, or waits for a person. Gives the receipt back."""
        if receipt.timeline or receipt.before != receipt.release:  # else it ran already
            event = event_of(receipt, undo=self._undo)
            self._post(event, lambda: of_receipt(self._project, event, receipt))
        return receipt

    def broke(self, problem: ShipwayError) -> None:
        """It could not be carried out. A wrong word, or two at once, is no news to others."""
        if isinstance(problem, ConfigError | Busy) and not self.moved:
            return
        release, before = self._names
        self._post(
            Event.FAILED,
            lambda: replace(
                notice(self._project, self._environment, Event.FAILED, release, before),
                cause=problem.message, remedy=problem.remedy,
            ),
        )  # fmt: skip

    def close(self, say: Callable[[str], None]) -> None:
        """Wait for what is on its way; say and keep what became of it."""
        self._posting.shutdown()
        told = [one for posted in self._posted for one in _outcome(*posted)]
        for event, delivery in told:
            if delivery.problem:
                say(f"not told of {str(event)!r}: {delivery.channel}: {delivery.problem}")
        if told:
            with suppress(RecordError):  # whoever started it has read it
                rows = [{"event": str(event), **vars(one)} for event, one in told]
                note(self._project, self._environment, "notices", rows)

    def _begin(self) -> None:
        if not self.moved:
            self.moved = True
            release, before = self._names
            self._post(
                Event.STARTED,
                lambda: notice(self._project, self._environment, Event.STARTED, release, before),
            )

    def _post(self, event: Event, made: Callable[[], Notice]) -> None:
        if event in wanted(self._project, self._environment):
            sent = self._posting.submit(lambda: deliver(self._project, made(), self._notifier))
            self._posted.append((event, sent))


class _Heard:
    """Hears when a rollout begins to move, and passes everything on."""

    def __init__(self, listener: RolloutListener, begins: Callable[[], None]) -> None:
        self._listener = listener
        self._begins = begins

    def staged(self, at: float, stage: str, text: str) -> None:
        """It moves."""
        self._begins()
        self._listener.staged(at, stage, text)

    def sampled(self, sample: Mapping[str, Any]) -> None:
        """Passed on."""
        self._listener.sampled(sample)

    def judged(self, evidence: Mapping[str, Any]) -> None:
        """Passed on."""
        self._listener.judged(evidence)

    def said(self, line: str) -> None:
        """Passed on."""
        self._listener.said(line)


def wanted(project: Project, environment: str) -> tuple[str, ...]:
    """The events of an environment that somebody is told of."""
    settings = project.config.notify
    if not (settings.slack or settings.slack_token or settings.webhook):
        return ()
    return settings.environments.get(environment, settings.events)


def deliver(project: Project, told: Notice, notifier: Notifier) -> Sequence[Delivery]:
    """Post a notice to every place at once."""
    from shipway.core.ports import Letter
    from shipway.outputs.letters import letters

    settings = project.config.notify

    def post(one: Letter | Delivery) -> Delivery:
        return notifier.send(one, settings.timeout) if isinstance(one, Letter) else one

    with ThreadPoolExecutor(max_workers=3) as posting:
        return list(posting.map(post, letters(told, settings, os.environ)))


def of_receipt(project: Project, event: Event, receipt: Receipt) -> Notice:
    """The notice of a rollout that has ended, or that waits."""
    told = notice(project, receipt.environment, event, receipt.release, receipt.before)
    page = os.path.join(project.state, "environments", receipt.environment, "rollout.html")
    links = {receipt.environment: receipt.address, "receipt": page, **told.links}
    if "run" in told.links:
        del links["receipt"]  # nobody else can open a path on a runner
    return replace(
        told, cause=receipt.cause, remedy=receipt.remedy, figures=figures_of(receipt), links=links
    )


def notice(project: Project, environment: str, event: Event, release: str, before: str) -> Notice:
    """What can be told without a receipt."""
    from shipway.effects.clock import SystemClock
    from shipway.effects.git import changes

    commits = {one["name"]: one["commit"] for one in project.record.releases()}
    old, new = commits.get(before, ""), commits.get(release, "")
    found = changes(project.root, old, new) if old != new else Changes()
    return Notice(
        event, project.name, environment, release, SystemClock().now(), before,
        changes=found, links=_links(old, new),
    )  # fmt: skip


def _links(old: str, new: str) -> dict[str, str]:
    """GitHub's pages, where GitHub runs this (its documentation, "Default environment
    variables")."""
    server, repository = (os.environ.get(f"GITHUB_{n}", "") for n in ("SERVER_URL", "REPOSITORY"))
    run = os.environ.get("GITHUB_RUN_ID", "")
    if not (server and repository and run):
        return {}
    links = {"run": f"{server}/{repository}/actions/runs/{run}"}
    if old and new and old != new:
        links["compare"] = f"{server}/{repository}/compare/{old}...{new}"
    return links


def _outcome(event: Event, sent: Future[Sequence[Delivery]]) -> list[Told]:
    problem = sent.exception()
    if problem is not None:
        return [(event, Delivery("message", f"it could not be written: {problem}"))]
    return [(event, one) for one in sent.result()]
