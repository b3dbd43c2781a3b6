"""`shipway ui` with a real environment and a real browser: a rollout is resumed and taken back."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import begun, only, project, shipway, shipway_process
from tests.e2e.tiny_application import APP
from tests.patience import PATIENCE, until

from shipway.system.network import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.needs("chromium")]
PATIENT = 1000 * PATIENCE  # milliseconds, as Playwright counts


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    configuration = (
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} tiny:app"\nhealth = "/"\n'
        f"{only()}[environments.local]\nport = {free_port()}\ninstances = 1\nbake = 0\n"
        'strategy = "blue-green"\njudged = false\n'
        "[environments.local.pauses.POST_SCALE_UP]\ntimeout = 3000\n"
    )
    files = {"tiny/__init__.py": APP, "requirements.txt": "gunicorn\n"}
    folder = project(tmp_path / "web", configuration, files)
    yield folder
    shipway(folder, "down", "local")


def serves(web: Path) -> str:
    state: dict[str, str] = json.loads(shipway(web, "status", "--json").stdout)
    return state["release"]


def test_a_paused_rollout_goes_on_by_a_button_and_back_though_the_pages_end(web: Path) -> None:
    from playwright.sync_api import sync_playwright

    assert shipway(web, "run", "package").returncode == 0
    assert shipway_process(web, "deploy").returncode == 0
    old = serves(web)
    (web / "tiny" / "__init__.py").write_text(APP + "# 2\n")
    assert shipway(web, "run", "package").returncode == 0
    with (
        begun(web, "deploy") as deploying,
        begun(web, "ui", "--no-open") as pages,
        sync_playwright() as playwright,
    ):
        assert pages.stdout
        address = pages.stdout.readline().split()[-1]
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or "", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(PATIENT)
        page.goto(address)
        page.get_by_text("waits for a person").wait_for()
        page.get_by_role("link", name="Resume rollout…").click()
        page.get_by_role("button", name="Resume rollout").click()
        page.get_by_text("has been told to continue").wait_for()
        deploying.communicate(timeout=PATIENCE)
        assert deploying.returncode == 0
        new = serves(web)
        assert new != old

        page.get_by_role("link", name="Back to local").click()
        page.get_by_role("link", name="Roll back…").click()
        page.get_by_text(f"Go back from {new} to {old}?").wait_for()
        page.get_by_role("button", name="Roll back").click()
        page.wait_for_url("**/commands/*")
        pages.send_signal(signal.SIGINT)
        pages.communicate(timeout=PATIENCE)
        assert pages.returncode == 0
        browser.close()
    until(lambda: len(list((web / ".shipway" / "ui").glob("*.code"))) == 2)
    assert serves(web) == old  # the command went on without the pages
