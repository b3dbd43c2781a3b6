"""The pages in a real browser: usable by everybody, light, and nothing from elsewhere.

The Content-Security-Policy is in force, but for axe-core, which is a script itself. JavaScript
is disabled, but for axe-core and where it is looked for what a page loads: scripts would count.
"""

import csv
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from serving import SAMPLE, fill, free_port, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

CHROMIUM = shutil.which("chromium") or ""
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WARD = "06000001"
LOCAL_WARD = "11000001"
# As long as the import takes them, and in one word, so that no line can be broken by a space.
LONGEST = {
    "province": "P" * 100,
    "municipality": "M" * 200,
    "municipality_code": "C" * 20,
    "ward_code": "9" * 32,
    "ward_number": "999999",
    "ward_name": "W" * 200,
    "election": "E" * 200,
    "held_on": "2026-09-30",
    "party": "Y" * 200,
    "party_abbreviation": "A" * 20,
    "ballot": "proportional",
    "position": "9999",
    "name": "N" * 200,
    "age": "120",
}
PAGES = {
    "home": "/",
    "results": "/wards?q=Johannesburg",
    "all wards": "/wards?page=2",
    "no result": "/wards?q=nowhere",
    "misspelt place": "/wards?q=Duban",
    "place in several municipalities": "/wards?q=Berea",
    "place without data": "/wards?q=Makhanda",
    "ward": f"/wards/{WARD}",
    "ward of three ballots": f"/wards/{LOCAL_WARD}",
    "home in Afrikaans": "/af/",
    "ward in Afrikaans": f"/af/wards/{LOCAL_WARD}",
    "API in Afrikaans": "/af/api/docs",
    "ward of long names": f"/wards/{LONGEST['ward_code']}",
    "result of long names": f"/wards?q={LONGEST['ward_code']}",
    "about": "/about",
    "API": "/api/docs",
    "not found": "/nowhere",
    "refused": "/wards?page=0",
}
STATUSES = {"not found": 404, "refused": 400}
NOT_PAGES = {"pages.styles"}
SCHEMES = ("light", "dark")
SIZES = {"phone": (390, 844), "desktop": (1280, 900), "wide": (1920, 1080)}
PHONE = {"width": SIZES["phone"][0], "height": SIZES["phone"][1]}
# The narrowest width at which WCAG wants pages to need no scrolling sideways.
NARROWEST = (320, 640)
HEAVIEST = 100_000

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server over the sample data and the longest names."""
    folder = tmp_path_factory.mktemp("site")
    variables = {"DATABASE_URL": f"sqlite:///{folder / 'a.sqlite3'}"}
    fill(variables, with_longest_names(folder / "candidates.csv"))
    port = free_port()
    with served("main.wsgi:app", port, variables):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """One Chromium for all of it."""
    pytest.importorskip("playwright", reason="playwright is not installed: uv sync")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        launched.close()


def with_longest_names(path: Path) -> Path:
    """The sample to import, and one candidate more, all of whose names are as long as can be."""
    shutil.copy(SAMPLE, path)
    with path.open("r+", encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
        file.seek(0, os.SEEK_END)
        csv.DictWriter(file, columns).writerow(LONGEST)
    return path


class Visit:
    """A page, with what it asked for and what the browser complained of."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page = page
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        page.on("requestfinished", lambda request: self.requests.append(request))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("console", lambda message: self.complaints.append(message.text))
        answer = page.goto(address)
        assert answer is not None
        self.status = answer.status

    def weight(self) -> int:
        """Headers and bodies of everything that was loaded, and the icon, which tabs load."""
        icon = self.page.locator("link[rel=icon]").get_attribute("href")
        loaded = sum(
            size["responseHeadersSize"] + size["responseBodySize"]
            for size in (request.sizes() for request in self.requests)
        )
        return loaded + len(self.page.request.get(_absolute(self.page, icon or "")).body())

    def origins(self) -> set[str]:
        """Where everything was loaded from."""
        parts = (urlsplit(request.url) for request in self.requests)
        return {f"{part.scheme}://{part.netloc}" for part in parts}


def _absolute(page: "Page", path: str) -> str:
    at = urlsplit(page.url)
    return f"{at.scheme}://{at.netloc}{path}"


@contextmanager
def visit(browser: "Browser", address: str) -> Iterator[Visit]:
    """A page of somebody who has loaded nothing before: what is kept would have no weight."""
    with browser.new_context(viewport=PHONE) as context:
        yield Visit(context.new_page(), address)


# Opening another page takes the browser longer than most tests take: those that neither weigh nor
# listen share one, and start at an address of their own, by open_on_a_phone.


@pytest.fixture(scope="module")
def reader(browser: "Browser") -> Iterator["Page"]:
    """A careful visitor's page: no scripts, the policy in force."""
    with browser.new_context(java_script_enabled=False) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def inspector(browser: "Browser") -> Iterator["Page"]:
    """A page in which axe-core may run."""
    with browser.new_context(bypass_csp=True) as context:
        yield context.new_page()


def open_on_a_phone(page: "Page", address: str) -> int:
    """Have the page show this address, on a phone; the status of the answer."""
    page.set_viewport_size(PHONE)
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def test_every_page_is_looked_at(app: Flask) -> None:
    rules = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint[:6] == "pages."}
    adapter = app.url_map.bind("localhost")
    paths = [urlsplit(address).path for name, address in PAGES.items() if name != "not found"]
    assert {adapter.match(path)[0] for path in paths} == rules - NOT_PAGES


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(inspector: "Page", site: str, name: str) -> None:
    page = inspector
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe-playwright-python is not installed: uv sync",
    )
    found = {}
    assert open_on_a_phone(page, site + PAGES[name]) == STATUSES.get(name, 200)
    # What is folded away is not looked at.
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    run = axe.Axe().run
    for scheme, (size, (width, height)) in product(SCHEMES, SIZES.items()):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": height})
        results = run(page)
        run = axe.Axe("null").run  # its script is on the page now, and stays
        # A contrast that could not be worked out is one that nobody has looked at.
        unsure = [rule["id"] for rule in results.response["incomplete"]]
        if results.violations_count or unsure:
            found[scheme, size] = (results.generate_report(), unsure)
        assert "color-contrast" in {rule["id"] for rule in results.response["passes"]}
    assert found == {}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_loads_nothing_from_elsewhere_and_breaks_no_policy(
    browser: "Browser", site: str, name: str
) -> None:
    with visit(browser, site + PAGES[name]) as seen:
        assert seen.origins() == {site}
        assert len(seen.requests) >= 2  # the page and its stylesheet
        assert seen.weight() < HEAVIEST
        own = f"the server responded with a status of {seen.status} "
        assert [text for text in seen.complaints if own not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(reader: "Page", site: str, name: str) -> None:
    open_on_a_phone(reader, site + PAGES[name])
    for summary in reader.locator("summary").all():
        summary.click()
    for width, height in (SIZES["phone"], NARROWEST):
        reader.set_viewport_size({"width": width, "height": height})
        assert reader.evaluate("document.documentElement.scrollWidth") <= width
        assert reader.evaluate(CUT_CELLS) == []


def test_a_ward_is_found_without_javascript(reader: "Page", site: str) -> None:
    page = reader
    open_on_a_phone(page, site)
    page.get_by_role("searchbox").fill("Johannesburg 12")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Ward 12, City of Johannesburg").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ward 12, City of Johannesburg"
    assert page.get_by_role("table", name="Ward ballot").get_by_role("row").count() == 7
    assert page.get_by_role("table", name="Proportional ballot").get_by_role("row").count() == 5


def test_a_ward_is_found_by_browsing_without_javascript(reader: "Page", site: str) -> None:
    page = reader
    open_on_a_phone(page, site)
    page.get_by_text("Gauteng").click()
    page.get_by_role("link", name="City of Johannesburg").click()
    page.get_by_role("link", name="Next page").click()
    assert "page=2" in page.url
    page.get_by_role("link", name=re.compile("^Ward 21,")).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ward 21, City of Johannesburg"


def test_the_language_is_switched_and_remembered_without_javascript(
    browser: "Browser", site: str
) -> None:
    with browser.new_context(java_script_enabled=False, viewport=PHONE) as context:
        page = context.new_page()
        page.goto(f"{site}/wards?q=Durban+3")
        page.get_by_role("link", name="Afrikaans").click()
        assert page.get_by_role("status").inner_text().endswith(" 1 wyk gevind.")
        assert page.locator("html").get_attribute("lang") == "af-ZA"
        page.goto(f"{site}/about")  # an address without a language
        assert page.get_by_role("heading", level=1).inner_text() == "Oor die data"
        page.get_by_role("link", name="English").click()
        assert page.get_by_role("heading", level=1).inner_text() == "About the data"
        page.goto(site)
        assert page.locator("html").get_attribute("lang") == "en-ZA"


@pytest.mark.parametrize("name", PAGES)
def test_the_first_key_offers_to_skip_to_the_content(reader: "Page", site: str, name: str) -> None:
    open_on_a_phone(reader, site + PAGES[name])
    reader.keyboard.press("Tab")
    assert focused(reader)["text"] in ("Skip to the content", "Spring na die inhoud")
    assert reader.locator(":focus").bounding_box()["y"] >= 0  # type: ignore[index]
    reader.keyboard.press("Enter")
    assert focused(reader)["id"] == "content"


def test_the_keyboard_reaches_the_search_in_the_order_of_the_page(
    reader: "Page", site: str
) -> None:
    page = reader
    open_on_a_phone(page, site)
    order = []
    while not order or order[-1] != "q":
        page.keyboard.press("Tab")
        here = focused(page)
        assert here["outline"] >= 2, f"{here} does not show that it has the focus"
        order.append(here["id"] or here["text"])
        assert len(order) < 20, order
    menu = ["MyCandidate", "Find your ward", "About the data", "Afrikaans"]
    assert order == ["Skip to the content", *menu, "About the data", "q"]
    page.keyboard.type("eThekwini 3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/wards?q=eThekwini+3")
    assert page.get_by_role("status").inner_text() == "1 ward matches."


# A word that is wider than its column runs into the next one.
CUT_CELLS = """() => [...document.querySelectorAll("th, td")]
  .filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"""
FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  return {id: e.id, text: e.textContent.trim(), outline: width};
}"""


def focused(page: "Page") -> dict[str, Any]:
    """What has the keyboard's attention."""
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found
