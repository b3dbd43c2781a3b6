"""The report in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipway.pipeline.result import RunResult
from shipway.reports.html import html_report

from .sample_rollouts import rollouts_run
from .sample_runs import BLOBS, SOURCES, failed_run, judged_run, many_findings, passed_run, run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or ""
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
RUNS = {
    "passed": passed_run(),
    "failed": failed_run(),
    "judged": judged_run(),
    "rollouts": rollouts_run("<b>" + "x" * 90),
}
WHICH = ("new", "old")
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (360, 1280)]

# Every element with text of its own whose contrast with what lies behind is below AA's 4.5.
FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const v = c[i] / 255;
    return sum + weight * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] === 255) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest("svg, script") || !e.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${e.tagName}.${e.className}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

pytestmark = [pytest.mark.e2e, pytest.mark.needs("chromium")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        launched.close()


class Visit:
    """An opened report, and what the browser asked for and complained of."""

    def __init__(self, browser: Browser, path: Path, scheme: str, width: int) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri())


def saved(folder: Path, finished: RunResult) -> Path:
    path = folder / "report.html"
    path.write_text(html_report(finished, BLOBS.__getitem__, SOURCES.get), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_page_fits_loads_nothing_complains_of_nothing_and_can_be_read(
    browser: Browser, tmp_path: Path, name: str, scheme: str, width: int
) -> None:
    path = saved(tmp_path, RUNS[name])
    visit = Visit(browser, path, scheme, width)
    page = visit.page
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in visit.requests if url not in (path.as_uri(), "data:,")] == []
    assert visit.complaints == []
    assert page.evaluate(FAINT) == []
    page.close()


def test_light_and_dark_differ(browser: Browser, tmp_path: Path) -> None:
    path = saved(tmp_path, passed_run())
    colour = "getComputedStyle(document.body).backgroundColor"
    colours = {Visit(browser, path, s, 360).page.evaluate(colour) for s in ("light", "dark")}
    assert len(colours) == 2


def test_the_filter_shows_only_findings_with_all_its_words(
    browser: Browser, tmp_path: Path
) -> None:
    page = Visit(browser, saved(tmp_path, failed_run()), "light", 1280).page
    page.get_by_label("Show only findings").fill("ruff UNUSED")
    assert page.locator("#findings tbody tr:visible").count() == 1
    assert page.locator("#filtered").inner_text() == "1 of 35 shown"
    page.close()


def test_findings_are_filtered_by_severity_tool_stage_and_state(
    browser: Browser, tmp_path: Path
) -> None:
    page = Visit(browser, saved(tmp_path, judged_run()), "light", 1280).page
    told = page.locator("#filtered")
    for label, choice, shown in (
        ("Severity", "critical", "1 of 4 shown"),
        ("Tool", "semgrep", "1 of 4 shown"),
        ("Stage", "security", "4 of 4 shown"),
        ("State", "waived", "1 of 4 shown"),
    ):
        select = page.locator("#findings").get_by_label(label)
        select.select_option(choice)
        assert told.inner_text() == shown, label
        select.select_option("")
    assert told.inner_text() == "4 of 4 shown"
    page.close()


def test_a_row_is_the_same_with_and_without_the_script(browser: Browser, tmp_path: Path) -> None:
    path = saved(tmp_path, judged_run())
    with_script = Visit(browser, path, "light", 1280).page
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 1280, "height": 800}
    )
    without = context.new_page()
    without.goto(path.as_uri())
    for page in (with_script, without):
        page.locator("#findings details").first.locator("summary").click()
    rows = [page.locator("#findings tbody").inner_text() for page in (with_script, without)]
    assert rows[0] == rows[1]
    links = [
        [link.get_attribute("href") for link in page.locator("#findings tbody a").all()]
        for page in (with_script, without)
    ]
    assert (
        links[0] == links[1] == ["https://osv.dev/x", "https://bandit.readthedocs.io/", None, None]
    )
    with_script.close()
    context.close()


def test_twenty_thousand_findings_open_and_are_filtered_at_once(
    browser: Browser, tmp_path: Path
) -> None:
    path = saved(tmp_path, run(many_findings(20_000)))
    visit = Visit(browser, path, "light", 1280)
    page = visit.page
    assert page.locator("#filtered").inner_text() == "1 to 100 of 20000 of 20000 shown"
    assert page.locator("#findings tbody tr").count() == 100  # that is what makes it quick
    page.get_by_label("Show only findings").fill("number 19999")
    assert page.locator("#filtered").inner_text() == "1 of 20000 shown"
    assert visit.complaints == []
    page.close()


def test_pages_of_findings_are_turned(browser: Browser, tmp_path: Path) -> None:
    page = Visit(browser, saved(tmp_path, run(many_findings(250))), "light", 360).page
    before, after = (page.get_by_role("button", name=name) for name in ("Before", "Next"))
    assert before.is_disabled()
    after.click()
    after.click()
    assert page.locator("#filtered").inner_text() == "201 to 250 of 250 of 250 shown"
    assert after.is_disabled()
    assert page.locator("#findings tbody tr").count() == 50
    before.click()
    assert page.locator("#findings tbody tr").count() == 100
    page.close()


def test_the_page_is_whole_without_javascript(browser: Browser, tmp_path: Path) -> None:
    path = saved(tmp_path, failed_run())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("#findings tbody tr").count() == 35
    assert page.get_by_label("Show only findings").is_hidden()
    page.get_by_text("Log of deploy").click()
    assert page.get_by_text("ModuleNotFoundError").is_visible()
    context.close()


def test_bars_of_steps_that_ran_at_once_do_not_cover_each_other(
    browser: Browser, tmp_path: Path
) -> None:
    page = Visit(browser, saved(tmp_path, passed_run()), "light", 1280).page
    boxes = [bar.bounding_box() for bar in page.locator(".timeline .bar").all()]
    found = [(b["x"], b["y"], b["x"] + b["width"], b["y"] + b["height"]) for b in boxes if b]
    assert len(found) == 8
    for index, (left, top, right, bottom) in enumerate(found):
        for x0, y0, x1, y1 in found[index + 1 :]:
            assert right <= x0 + 1 or x1 <= left + 1 or bottom <= y0 or y1 <= top
    page.close()


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_drawing_of_a_rollout_is_there_and_tells_the_releases_apart(
    browser: Browser, tmp_path: Path, scheme: str, width: int
) -> None:
    path = saved(tmp_path, rollouts_run())
    visit = Visit(browser, path, scheme, width)
    page = visit.page
    figure = page.locator("figure.rollout").last
    svg = figure.locator("> svg")
    name = "The rollout over time: traffic, failed requests and latency of each release"
    assert page.get_by_role("img", name=name).count() == 2
    drawn = svg.bounding_box()
    assert drawn
    assert drawn["x"] >= 0
    assert drawn["x"] + drawn["width"] <= width
    colours = "(e) => [getComputedStyle(e).stroke, getComputedStyle(e).strokeDasharray]"
    new, old = (figure.locator(f".curve.{which}").first.evaluate(colours) for which in WHICH)
    assert new[0] != old[0]
    assert new[1] != old[1]
    # The new release fails 40 % of its requests, the old one none: its curve is higher.
    tops = [figure.locator(f".curve.{which}").first.bounding_box() for which in WHICH]
    assert tops[0]
    assert tops[1]
    assert tops[0]["y"] < tops[1]["y"] - 20
    assert figure.locator(".mark text").all_text_contents() == ["A", "B", "✕"]
    assert [url for url in visit.requests if url not in (path.as_uri(), "data:,")] == []
    page.close()


def test_the_names_of_panels_and_the_marks_do_not_lie_on_each_other(
    browser: Browser, tmp_path: Path
) -> None:
    page = Visit(browser, saved(tmp_path, rollouts_run()), "light", 360).page
    figure = page.locator("figure.rollout").last
    badges = [badge.bounding_box() for badge in figure.locator(".mark circle").all()]
    boxes = [b for b in badges if b]
    names = [b for name in figure.locator(".name").all() if (b := name.bounding_box())]
    assert (len(boxes), len(names)) == (3, 3)
    assert max(b["y"] + b["height"] for b in boxes) <= min(b["y"] for b in names) + 1
    boxes.sort(key=lambda b: b["x"])
    for before, after in pairwise(boxes):
        assert before["x"] + before["width"] <= after["x"] or before["y"] != after["y"]
    page.close()
