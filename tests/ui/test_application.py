"""The server's answers, asked in this process."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fakes.clock import VirtualClock
from tests.reports.sample_runs import HOSTILE, passed_run
from tests.ui.sample_workspace import (
    NEW,
    NOW,
    OLD,
    RecordedProcesses,
    SampleWorkspace,
    runner,
    sample_workspace,
    serving,
    status,
)

from shipway.errors import RecordError
from shipway.reports.html import address_part
from shipway.ui.access import Access
from shipway.ui.application import UiServer
from shipway.ui.pages import Pages

ACCESS = Access(4747)
ORIGIN = ACCESS.origin
OWN = {"Origin": ORIGIN}
PAGES = [
    "/",
    "/environments/local",
    "/environments/local/logs",
    "/environments/local/cancel",
    "/environments/production",
    "/environments/" + address_part(HOSTILE),
    "/history",
    "/history?branch=main",
    "/compare?old=r1&new=r3",
    "/runs/1790000000.000-77",
]


class Server:
    """A server with a made-up project, and a browser that has signed in."""

    def __init__(
        self, folder: Path, workspace: SampleWorkspace | None = None, *, refuses: bool = False
    ) -> None:
        self.processes = RecordedProcesses(refuses=refuses)
        self.folder = folder
        self.workspace = workspace or sample_workspace()
        commands = runner(str(folder), self.processes)
        pages = Pages(self.workspace, commands, VirtualClock(NOW), ACCESS.token)
        self.looks = 0
        server = UiServer(
            access=ACCESS,
            pages=pages,
            commands=commands,
            name="mycandidate",
            every=0.0,
            stopping=self._enough,
        )
        self.stranger = TestClient(server.application(), base_url=ORIGIN, follow_redirects=False)
        self.client = TestClient(
            server.application(),
            base_url=ORIGIN,
            follow_redirects=False,
            cookies={ACCESS.cookie: ACCESS.key},
        )

    def _enough(self) -> bool:
        self.looks += 1
        return self.looks > 3

    def form(self, address: str) -> dict[str, str]:
        """The fields of the page that asks first; none where there is no such page."""
        elements = Elements(self.client.get(address).text).all
        inputs = [a for tag, a in elements if tag == "input" and a.get("type") == "hidden"]
        return {a["name"] or "": a["value"] or "" for a in inputs}

    def press(self, address: str, token: str = ACCESS.token, **headers: str) -> Any:
        """A button, after its question was read."""
        form = self.form(address) | {"token": token}
        return self.client.post(address, data=form, headers={**OWN, **headers})


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


class Elements(HTMLParser):
    """The elements of a page and their attributes, in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_whole_escaped_and_within_its_policy(server: Server, page: str) -> None:
    answer = server.client.get(page)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "'unsafe" not in policy and "frame-ancestors 'none'" in policy
    elements = Elements(answer.text).all
    scripts = [attributes for tag, attributes in elements if tag == "script"]
    assert scripts == [{}]  # ours, which the policy knows by its hash; none of a hostile name
    names = {name for _, attributes in elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    loads = [a.get("src") or a.get("href") for tag, a in elements if tag in ("link", "img")]
    assert loads == ["data:,"]
    assert "<script>alert" not in answer.text
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_without_the_key_no_page_shows_anything(server: Server) -> None:
    answer = server.stranger.get("/environments/local")
    assert answer.status_code == 401
    assert "sign-in" in answer.text and NEW not in answer.text
    assert server.stranger.get("/events?page=/").status_code == 401


def test_the_key_is_exchanged_for_a_cookie_that_no_script_reads(server: Server) -> None:
    wrong = server.stranger.post("/session", headers={**OWN, "X-Shipway-Key": "wrong"})
    assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
    foreign = {"Origin": "https://evil.example", "X-Shipway-Key": ACCESS.key}
    assert server.stranger.post("/session", headers=foreign).status_code == 403
    right = server.stranger.post("/session", headers={**OWN, "X-Shipway-Key": ACCESS.key})
    assert right.status_code == 204
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert server.stranger.get("/").status_code == 200


def test_another_name_for_this_machine_gets_nothing(server: Server) -> None:
    answer = server.client.get("/", headers={"Host": "rebound.example:4747"})
    assert answer.status_code == 421
    assert server.press("/environments/local/cancel", Host="127.0.0.1:80").status_code == 421
    assert server.processes.commands == []


def test_a_button_starts_the_command_of_its_name(server: Server) -> None:
    answer = server.press("/environments/local/cancel")
    assert answer.status_code == 303
    ((command, log),) = server.processes.commands
    assert command.argv[2:] == (
        "-m",
        "shipway.cli.ui_command",
        f"{log}.code",
        "-C",
        "/town",
        "cancel",
        "local",
    )
    page = server.client.get(answer.headers["location"])
    assert "shipway cancel local" in page.text and "running" in page.text


def test_a_rollback_goes_to_the_release_that_was_confirmed(server: Server) -> None:
    page = server.client.get("/environments/staging/rollback").text
    assert f"Go back from {NEW} to {OLD}?" in page
    assert ACCESS.token in page
    assert server.press("/environments/staging/rollback").status_code == 303
    assert server.processes.commands[0][0].argv[-4:] == ("rollback", "staging", "--to", OLD)


@pytest.mark.parametrize(
    ("headers", "token", "refusal"),
    [
        ({"Origin": "https://evil.example"}, ACCESS.token, 403),
        ({"Origin": "null"}, ACCESS.token, 403),
        ({"Sec-Fetch-Site": "same-site"}, ACCESS.token, 403),
        ({}, "", 403),
        ({}, "guessed", 403),
    ],
    ids=("another origin", "no origin", "another port", "no token", "a guess"),  # keys change
)
def test_nobody_else_presses_a_button(
    server: Server, headers: dict[str, str], token: str, refusal: int
) -> None:
    answer = server.press("/environments/local/cancel", token, **headers)
    assert answer.status_code == refusal
    assert server.processes.commands == []


def test_a_button_without_cookie_origin_or_by_get_does_nothing(server: Server) -> None:
    address, form = "/environments/local/cancel", {"token": ACCESS.token}
    assert server.stranger.post(address, data=form, headers=OWN).status_code == 401
    assert server.client.post(address, data=form).status_code == 403
    assert server.client.get(f"{address}?token={ACCESS.token}").status_code == 200  # it asks first
    assert server.client.put(address, data=form, headers=OWN).status_code == 405
    assert server.client.post("/", data=form, headers=OWN).status_code == 405
    large = {"token": ACCESS.token, "more": "x" * 20_000}
    assert server.client.post(address, data=large, headers=OWN).status_code == 403
    assert server.processes.commands == []


def test_what_cannot_be_done_now_is_not_begun(server: Server) -> None:
    for address in (
        "/environments/staging/cancel",  # no rollout goes on there
        "/environments/nowhere/cancel",
        "/environments/local/down",
        "/environments/local/rollback",
    ):
        assert server.press(address).status_code == 404
    assert server.processes.commands == []


def test_a_command_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    server = Server(tmp_path, refuses=True)
    answer = server.press("/environments/local/cancel")
    assert answer.status_code == 409
    assert "python cannot be started. See shipway doctor." in answer.text


def test_what_was_not_confirmed_is_not_carried_out(server: Server) -> None:
    """Somebody else rolls back between the question and the press."""
    address = "/environments/staging/rollback"
    form = server.form(address)
    before = server.workspace.places[1]
    gone_back = replace(serving(earlier=NEW), status=status("staging", OLD))
    server.workspace.places[1] = gone_back
    late = server.client.post(address, data=form, headers=OWN)
    assert late.status_code == 409
    assert "staging has changed since you were asked: nothing was done" in late.text
    assert f"Go back from {OLD} to {NEW}?" in late.text
    server.workspace.places[1] = before
    another = replace(before.rollouts[0], number=9)  # the same words, of a later rollout
    server.workspace.places[1] = replace(before, rollouts=[another, *before.rollouts])
    assert server.client.post(address, data=form, headers=OWN).status_code == 409
    without = {"token": ACCESS.token}
    assert server.client.post(address, data=without, headers=OWN).status_code == 409
    assert server.processes.commands == []
    assert server.press(address).status_code == 303


def test_the_stream_sends_a_part_once_and_again_where_it_differs(server: Server) -> None:
    with server.client.stream("GET", "/events?page=/environments/local") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    assert text.count("event: part") == 1
    assert "<html" not in text and NEW in text


def test_the_stream_of_a_command_ends_with_it(server: Server) -> None:
    address = server.press("/environments/local/resume").headers["location"]
    server.processes.running = False
    log = server.processes.commands[0][1]
    Path(log).write_text("went on\n")
    Path(f"{log}.code").write_text("0\n")
    with server.client.stream("GET", f"/events?page={address}") as answer:
        text = "".join(answer.iter_text())
    assert "event: end" in text and "went on" in text and "done, exit code 0" in text


def test_a_finished_run_and_a_rollout_have_the_pages_that_ci_publishes(server: Server) -> None:
    assert "report of r1" in server.client.get("/runs/r1").text
    assert "rollout 3" in server.client.get("/environments/local/rollouts/3").text


def test_what_there_is_not_is_a_page_that_says_so(server: Server) -> None:
    for address in (
        "/nothing",
        "/runs/none",
        "/environments/none",
        "/compare?old=r1",
        "/commands/1",
    ):
        answer = server.client.get(address)
        assert answer.status_code == 404 and "There is nothing here" in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/runs/%ED%A0%80",  # half a surrogate pair: no record can hold it
        "/environments/%ED%A0%80/rollouts/1",
        "/environments/local/rollouts/" + "9" * 5000,
        "/environments/local/rollouts/" + "9" * 20,
        "/compare?old=%ED%A0%80&new=r1",
        "/events?page=//[",
        "/events?page=http://[::1/",
    ],
    ids=("run", "environment", "endless", "large", "query", "stream", "another host"),
)
def test_an_odd_address_is_not_here(server: Server, address: str) -> None:
    assert server.client.get(address).status_code == 404


def test_a_record_that_is_damaged_is_told_with_its_remedy(tmp_path: Path) -> None:
    problem = RecordError("the record is damaged", "Move it away.", code="record-damaged")
    server = Server(tmp_path, SampleWorkspace(problem=problem))
    for address in ("/", "/history", "/environments/local"):
        answer = server.client.get(address)
        assert answer.status_code == 503
        assert "the record is damaged" in answer.text and "Move it away." in answer.text
        assert "shipway explain record-damaged" in answer.text


def test_a_project_without_anything_says_how_to_begin(tmp_path: Path) -> None:
    client = Server(tmp_path, SampleWorkspace()).client
    assert "No environment yet" in client.get("/").text
    assert "No run is on record" in client.get("/history").text
    assert "shipway run" in client.get("/history").text


def test_runs_are_shown_in_pages_of_a_hundred(tmp_path: Path) -> None:
    runs = [replace(passed_run(), run=f"r{number}", branch="main") for number in range(230)]
    client = Server(tmp_path, SampleWorkspace(finished=runs)).client
    first = client.get("/history").text
    assert "1 to 100 of 230" in first and "/history?skip=100" in first
    last = client.get("/history?skip=200").text
    assert "201 to 230 of 230" in last and "Older runs" not in last
    assert len(re.findall(r'name="old"', last)) == 30
    for strange in ("-5", "x", "9" * 40, "²"):
        assert client.get(f"/history?skip={strange}").status_code == 200


def test_only_a_rollout_that_waits_asks_for_a_person(tmp_path: Path) -> None:
    client = Server(tmp_path, SampleWorkspace(places=[serving(earlier="")])).client
    page = client.get("/environments/staging").text
    assert "Cancel rollout" not in page and "Roll back" not in page
