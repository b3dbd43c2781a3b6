"""The pages in a real browser: their policy in force, a keyboard, both schemes, three widths."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import uvicorn
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE
from tests.reports.sample_runs import HOSTILE
from tests.ui.sample_workspace import (
    NOW,
    OLD,
    RecordedProcesses,
    SampleWorkspace,
    moving,
    runner,
    sample_workspace,
)

from shipway.reports.html import address_part
from shipway.ui.access import Access
from shipway.ui.application import UiServer
from shipway.ui.pages import Pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (390, 1280, 1920)
AXE_AT = (("light", 1280), ("dark", 390))
PAGES = {
    "environments": "/",
    "environment": "/environments/local",
    "hostile": "/environments/" + address_part(HOSTILE),
    "logs": "/environments/local/logs",
    "confirm": "/environments/local/cancel",
    "history": "/history",
    "comparison": "/compare?old=r1&new=r3",
    "run": "/runs/1790000000.000-77",
    "nothing": "/none",
}

pytestmark = [pytest.mark.e2e, pytest.mark.needs("chromium")]


@dataclass
class Site:
    """A server of a made-up project."""

    access: Access
    workspace: SampleWorkspace
    processes: RecordedProcesses

    @property
    def base(self) -> str:
        return self.access.origin


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    access = Access(listener.getsockname()[1])
    workspace, processes = sample_workspace(), RecordedProcesses()
    commands = runner(str(tmp_path_factory.mktemp("ui")), processes)
    server = uvicorn.Server(
        uvicorn.Config(
            UiServer(
                access=access,
                pages=Pages(workspace, commands, VirtualClock(NOW), access.token),
                commands=commands,
                name="mycandidate",
                every=0.1,
                stopping=lambda: server.should_exit,
            ).application(),
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield Site(access, workspace, processes)
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "", args=ARGS
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """Signed in as a person does it; its complaints and requests are looked at at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    requests: set[str] = set()
    opened.on("request", lambda request: requests.add(request.url.split("/")[2]))
    opened.goto(site.access.address)
    opened.wait_for_selector(".environment")
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    assert [text for text in complaints if "404" not in text] == []
    assert requests == {site.base.removeprefix("http://")}
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_axe_finds_nothing(
    browser: Browser, site: Site, page: Page, name: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.goto(site.base + PAGES[name])
    assert page.evaluate("location.hash") == ""
    for scheme in SCHEMES:
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    with browser.new_context(bypass_csp=True, storage_state=page.context.storage_state()) as free:
        inspected = free.new_page()
        inspected.goto(site.base + PAGES[name])
        for scheme, width in AXE_AT:
            inspected.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            inspected.set_viewport_size({"width": width, "height": 900})
            results = axe.run(inspected)
            assert results.violations_count == 0, results.generate_report()


def test_the_key_leaves_the_address_and_a_wrong_one_is_refused(
    browser: Browser, site: Site, page: Page
) -> None:
    assert page.url == f"{site.base}/"
    with browser.new_context() as strange:
        opened = strange.new_page()
        opened.goto(f"{site.base}/#wrong")
        opened.get_by_text("The key is not that of this start").wait_for()
        assert opened.locator(".environment").count() == 0


def test_the_key_goes_to_no_other_server_on_this_machine(site: Site, page: Page) -> None:
    """Such as the application under test, to which the pages link."""
    heard: list[str] = []

    class Neighbour(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(str(self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Neighbour) as neighbour:
        threading.Thread(target=neighbour.serve_forever).start()
        opened = page.context.new_page()
        for host in ("127.0.0.1", "localhost"):
            opened.goto(f"http://{host}:{neighbour.server_port}/")
        neighbour.shutdown()
    assert len(heard) >= 2
    secrets = (site.access.key, site.access.label, site.access.cookie)
    assert not [text for text in heard for secret in secrets if secret in text]


def test_a_rollout_is_cancelled_by_keyboard_after_a_question(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/environments/local")
    button = page.get_by_role("link", name="Cancel rollout…")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cancel")
    assert f"{OLD} gets all requests again" in page.locator("#confirm").inner_text()
    assert site.processes.commands == []
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "do":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/commands/*")
    ((command, log),) = site.processes.commands
    assert command.argv[-2:] == ("cancel", "local")
    Path(log).write_text("going back\n")
    page.get_by_text("going back").wait_for()  # the output comes by the stream
    site.processes.running = False
    Path(f"{log}.code").write_text("0\n")
    page.get_by_text("done, exit code 0").wait_for()


def test_what_changes_is_shown_and_focus_and_what_is_open_stay(site: Site, page: Page) -> None:
    page.goto(f"{site.base}/environments/local")
    page.get_by_text("Live", exact=True).wait_for()
    stages = page.locator("details", has_text="What happened when")
    stages.locator("summary").click()  # it was open on this page
    page.locator("a[id^=logs-]").focus()
    before = site.workspace.places[0]
    assert before.ongoing
    later = [*before.ongoing.evidence, {"at": NOW, "decision": "roll back", "sentence": "too bad"}]
    site.workspace.places[0] = replace(moving(), ongoing=replace(before.ongoing, evidence=later))
    page.locator(".judge", has_text="too bad").wait_for()
    assert page.evaluate("document.activeElement.id").startswith("logs-")
    assert stages.get_attribute("open") is None
    site.workspace.places[0] = before


def test_a_hostile_name_is_text(site: Site, page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(f"{site.base}/history")
    assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert page.locator("#part script").count() == 0
