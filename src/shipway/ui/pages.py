"""Which page is at which address, made of what the workspace says now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from shipway.errors import Busy, ShipwayError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.result import RunResult
from shipway.ports import Clock
from shipway.reports.environment_view import (
    EnvironmentAction,
    EnvironmentView,
    delivery_facts,
    environment_view,
)
from shipway.reports.figures import utc
from shipway.reports.html import address_part
from shipway.reports.pages import (
    LivePage,
    comparison_data,
    history_data,
    render_page,
    render_part,
)
from shipway.reports.run_history import RunHistory, run_history
from shipway.reports.step_graph import StepGraph, step_graph
from shipway.ui.commands import CommandRunner
from shipway.ui.workspace import UnfinishedRun, Workspace

ACTIONS = ("resume", "cancel", "rollback")
LINKS = {"Environments": "/", "Runs and history": "/history"}
_MOST_RUNS = 100
Query = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """A page before it is laid out. html: where it is made elsewhere. over: nothing changes on it
    any more. status: HTTP's."""

    part: str
    title: str
    live: LivePage = field(default_factory=lambda: LivePage(""))
    data: Mapping[str, Any] = field(default_factory=dict)
    html: str = ""
    over: bool = False
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class ProgressView:
    """A run without a verdict, laid out."""

    run: str
    state: str
    tone: str
    explanation: str
    started: str
    commit: str
    ended: int
    graph: StepGraph


class Pages:
    """The pages. token: what the forms have to send back."""

    def __init__(
        self, workspace: Workspace, commands: CommandRunner, clock: Clock, token: str
    ) -> None:
        self._workspace = workspace
        self._commands = commands
        self._clock = clock
        self._token = token
        self._newest: tuple[tuple[str, ...], RunHistory] = ((), run_history(()))

    def html(self, path: Sequence[str], query: Query, notice: str = "") -> tuple[int, str]:
        """The status and the whole page at an address; its parts are not quoted. notice: why a
        button that was pressed there did nothing."""
        page = self._page(path, query)
        if page.html:
            return page.status, page.html
        name = self._workspace.application
        data = {**page.data, "notice": notice}
        return page.status, render_page(page.part, page.title, name, page.live, **data)

    def part(self, path: Sequence[str], query: Query) -> tuple[str, bool]:
        """What changes of a page, and whether that was the last of it."""
        page = self._page(path, query)
        if page.html:
            return "", True
        return render_part(page.part, page.live, **page.data), page.over

    def action(self, environment: str, command: str) -> EnvironmentAction:
        """What a button would do now. Raises KeyError where it is not there."""
        view = self._view(environment)
        return next(
            (action for action in view.actions if action.command == command), None
        ) or _missing(command)

    def confirmed_action(self, environment: str, command: str, answer: str) -> EnvironmentAction:
        """What a button does. answer: the confirmation that its form has sent back. Raises KeyError
        where the button is not there, Busy where it would now do another thing."""
        action = self.action(environment, command)
        if answer != action.confirmation:
            raise Busy(
                f"{environment} has changed since you were asked: nothing was done",
                "Read the question again.",
            )
        return action

    def _page(self, path: Sequence[str], query: Query) -> Page:
        try:
            return self._known(path, query)
        except KeyError as error:
            text = f"There is nothing here: {error.args[0] if error.args else path}."
            return Page("trouble", "Not here", LivePage("/none"), _trouble(text), status=404)
        except ShipwayError as error:
            data = _trouble(error.message, error.remedy, error.code)
            address = _address(path, query)
            return Page("trouble", "Shipway", LivePage("/none", _stream(address)), data, status=503)

    def _known(self, path: Sequence[str], query: Query) -> Page:
        match [*path]:
            case []:
                return self._environments()
            case ["environments", name]:
                return self._environment(name)
            case ["environments", name, "logs"]:
                return self._logs(name)
            case ["environments", name, "rollouts", number] if counted := _number(number):
                html = self._workspace.rollout_page(name, counted, LINKS)
                return Page("", "", html=html)
            case ["environments", name, command] if command in ACTIONS:
                return self._confirm(name, command)
            case ["commands", name]:
                return self._command(name)
            case ["history"]:
                return self._history(query)
            case ["compare"]:
                return self._compare(query)
            case ["runs", name]:
                return self._run(name)
        raise KeyError("/" + "/".join(path))

    def _environments(self) -> Page:
        now = self._clock.now()
        views = [environment_view(entry, now) for entry in self._workspace.environments()]
        data = {"environments": views, "whole": False}
        return Page("environments", "Environments", LivePage("/", _stream("/")), data)

    def _environment(self, name: str) -> Page:
        data = {"environments": [self._view(name)], "whole": True}
        stream = _stream(f"/environments/{address_part(name)}")
        return Page("environments", name, LivePage("/", stream), data)

    def _view(self, name: str) -> EnvironmentView:
        return environment_view(self._workspace.environment(name), self._clock.now())

    def _logs(self, name: str) -> Page:
        stream = _stream(f"/environments/{address_part(name)}/logs")
        data: dict[str, Any] = {"name": name, "logs": (), **_trouble("")}
        try:
            data["logs"] = self._workspace.logs(name)
        except ShipwayError as error:
            data |= _trouble(error.message, error.remedy, error.code)
        return Page("logs", f"Logs of {name}", LivePage("/", stream), data)

    def _confirm(self, name: str, command: str) -> Page:
        action = self.action(name, command)
        data = {
            "environment": self._view(name),
            "action": action,
            "typed": command_line(command, name, *action.options),
            "address": f"/environments/{address_part(name)}/{command}",
            "token": self._token,
            "notice": "",
        }
        return Page("confirm", name, LivePage("/"), data)

    def _command(self, name: str) -> Page:
        view = self._commands.view(name)
        live = LivePage("/", "" if view.over else _stream(f"/commands/{address_part(name)}"))
        return Page("command", view.environment, live, {"command": view}, over=view.over)

    def _history(self, query: Query) -> Page:
        branch = query.get("branch", "")
        skip = min(max(_number(query.get("skip", "")), 0), 10**6)
        listed = self._workspace.runs(branch, skip, _MOST_RUNS)
        unfinished = () if skip or branch else self._workspace.unfinished_runs()
        data = {
            **history_data(
                self._run_history(listed.runs),
                listed.total,
                skip,
                {} if skip or branch else self._deliveries(),
            ),
            "branch": branch,
            "branches": listed.branches,
            "unfinished": [self._progress(run) for run in unfinished],
            "older": _older(branch, skip + _MOST_RUNS) if skip + _MOST_RUNS < listed.total else "",
            "newer": _older(branch, max(skip - _MOST_RUNS, 0)) if skip else "",
        }
        stream = _stream("/history") if not (skip or branch) else ""
        return Page("history", "Runs and history", LivePage("/history", stream), data)

    def _run_history(self, runs: Sequence[RunResult]) -> RunHistory:
        """A finished run does not change, and a stream asks every second."""
        names = tuple(run.run for run in runs)
        if self._newest[0] != names:
            self._newest = names, run_history(runs)
        return self._newest[1]

    def _deliveries(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return {
            entry.name: delivery_facts(entry.delivery)
            for entry in self._workspace.environments()
            if entry.delivery and entry.delivery.attempts
        }

    def _compare(self, query: Query) -> Page:
        old, new = (self._finished(query.get(which, "")) for which in ("old", "new"))
        data = comparison_data(old, new)
        return Page("compare", "Two runs compared", LivePage("/history"), data)

    def _finished(self, name: str) -> RunResult:
        run = self._workspace.run(name)
        if isinstance(run, UnfinishedRun):
            raise KeyError(f"a verdict of run {name}")
        return run

    def _run(self, name: str) -> Page:
        run = self._workspace.run(name)
        if isinstance(run, RunResult):
            html = self._workspace.run_page(run, LINKS)
            return Page("", "", html=html, over=True)
        stream = _stream(f"/runs/{address_part(name)}")
        data = {"progress": self._progress(run)}
        return Page("progress", f"Run {name}", LivePage("/history", stream), data)

    def _progress(self, run: UnfinishedRun) -> ProgressView:
        state, tone, explanation = _RUNNING[run.alive]
        graph = step_graph(self._workspace.steps(), run.ended, alive=run.alive is not False)
        return ProgressView(
            run=run.run,
            state=state,
            tone=tone,
            explanation=explanation,
            started=utc(run.started),
            commit=run.commit[:7],
            ended=graph.ended,
            graph=graph,
        )


_RUNNING = {
    True: (
        "A run goes on",
        "live",
        "Which steps have ended is on record; of the others those are “running or next” whose "
        "needs have ended. A run of some stages never starts the others.",
    ),
    False: ("A run that was cut off", "bad", "Its process has ended without a verdict."),
    None: ("A run without a verdict", "unsure", "It was begun elsewhere."),
}


def _trouble(text: str, remedy: str = "", code: str = "") -> dict[str, str]:
    return {"trouble": text, "remedy": remedy, "code": code}


def _missing(name: str) -> EnvironmentAction:
    raise KeyError(f"{name}, which cannot be done now")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _older(branch: str, skip: int) -> str:
    wanted = [("branch", branch), ("skip", str(skip or ""))]
    return "/history" + _query([(name, value) for name, value in wanted if value])


def _address(path: Sequence[str], query: Query) -> str:
    words = "/" + "/".join(address_part(part) for part in path)
    return words + _query(list(query.items()))


def _query(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs, errors='surrogatepass')}" if pairs else ""


def _stream(address: str) -> str:
    return f"/events{_query([('page', address)])}"
