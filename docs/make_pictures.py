"""Makes the README's pictures in docs/pictures, with Chromium, from what two commands left:

    make run
    shipway -C mycandidate rehearse --fault error=20% --strategy canary --rate 50
    python docs/make_pictures.py

The report is the last run's; the rollout is the rehearsal's. While a rollout and a run go on, the
pages of `shipway ui` are taken from the address that it printed; the others stay as they are:

    python docs/make_pictures.py http://shipway-NAME.localhost:4747/#KEY
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import FloatRect, Page, sync_playwright

HERE = Path(__file__).parent
STATE = HERE.parent / "mycandidate" / ".shipway"
FOLDER = HERE / "pictures"
MOST = 150_000  # bytes of one picture: everybody who reads the README loads it
WIDTH, HEIGHT, MARGIN = 960, 700, 12  # pixels
# Picture → the page, and the element that it begins with ("" is the page's beginning).
PICTURES = {
    "report.png": (STATE / "report.html", ""),
    "rollout.png": (STATE / "rehearsal" / "rollout.html", "#rollout"),
}
# Picture → the path of a page of `shipway ui`, and its height in pixels.
UI_PICTURES = {
    "run.png": ("history", 640),
    "environments.png": ("", 900),
    "history.png": ("history", 900),
}


def main(address: str = "") -> int:
    """Make them all; 1 where a page is missing or a picture is too large. address: of
    `shipway ui`."""
    pages = () if address else (page for page, _ in PICTURES.values())
    missing = [str(page) for page in pages if not page.exists()]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if missing or not chromium:
        print(__doc__, f"missing: {', '.join(missing) or 'chromium'}", sep="\n", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        if address:
            sizes = _take_ui(page, address)
        else:
            sizes = {name: _take(page, name, *what) for name, what in PICTURES.items()}
        browser.close()
    for name, size in sizes.items():
        print(f"{size:>7} bytes  {FOLDER / name}{'' if size <= MOST else ': too large'}")
    return 1 if max(sizes.values()) > MOST else 0


def _take(page: Page, name: str, source: Path, first: str) -> int:
    """One picture; its size in bytes."""
    page.goto(source.as_uri())
    box = page.locator(first).bounding_box() if first else None
    top = box["y"] - MARGIN if box else 0.0
    path = FOLDER / name
    clip = FloatRect(x=0, y=top, width=WIDTH, height=HEIGHT)
    path.write_bytes(page.screenshot(full_page=True, clip=clip, animations="disabled"))
    return path.stat().st_size


def _take_ui(page: Page, address: str) -> dict[str, int]:
    """The pages of `shipway ui`; the run is the newest that goes on."""
    page.goto(address)
    page.wait_for_selector("#part")
    sizes = {}
    for name, (path, height) in UI_PICTURES.items():
        page.set_viewport_size({"width": WIDTH + 60, "height": height})
        page.goto(f"{address.partition('#')[0]}{path}")
        if name == "run.png":
            page.goto(page.locator(".unfinished a").first.evaluate("link => link.href"))
        page.get_by_text("Live", exact=True).wait_for()
        picture = page.screenshot(animations="disabled")
        (FOLDER / name).write_bytes(picture)
        sizes[name] = len(picture)
    return sizes


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
