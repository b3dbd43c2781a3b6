"""A suite that cannot run here holds up nothing but its own share; one that breaks does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.suite_application import APP, SETTINGS, UNIT, shipway

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
BROWSER = 'import pytest\n\npytest.skip("no browser here", allow_module_level=True)\n'


def configure(folder: Path, port: int, coverage: int) -> None:
    (folder / "shipway.toml").write_text(
        f"{SETTINGS}[gates]\ncoverage = {coverage}\n"
        f"[environments.local]\nport = {port}\ninstances = 1\n"
    )


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def web(tmp_path: Path, port: int) -> Iterator[Path]:
    folder = tmp_path / "web"
    for name, text in {
        "tiny/__init__.py": APP,
        "tests/unit/test_app.py": UNIT,
        "tests/browser/test_page.py": BROWSER,
        "requirements.txt": "gunicorn\npytest\ncoverage\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    configure(folder, port, coverage=50)
    yield folder
    shipway(folder, "down", "local")


def rows(output: str) -> dict[str, str]:
    """Step → its line."""
    lines = [line.split() for line in output.splitlines() if line[:1].islower()]
    return {words[2]: " ".join(words) for words in lines if len(words) > 4 and words[4] == "s"}


def test_without_a_browser_it_is_rolled_out_all_the_same(web: Path, port: int) -> None:
    def served() -> bytes:
        return RealHttp().get(f"http://127.0.0.1:{port}/").body

    first = shipway(web, "run")
    assert first.returncode == 0, first.stdout + first.stderr
    lines = first.stdout.splitlines()
    assert "incomplete: browser: every test was skipped" in lines
    assert f"address        http://127.0.0.1:{port}" in lines
    steps = rows(first.stdout)
    assert steps["coverage"].startswith("passed")
    assert steps["coverage"].endswith("measured without browser, which did not run")
    assert served() == b"hello"
    page = (web / ".shipway" / "report.html").read_text(encoding="utf-8")
    assert "<p>measured without browser, which did not run</p>" in page

    # The same suites again: the figure is theirs. With another one it is measured anew.
    assert rows(shipway(web, "run", "coverage").stdout)["coverage"].startswith("cached")
    (web / "tests/browser/test_page.py").write_text(
        "from tiny import page\n\n\ndef test_page():\n    assert page()\n"
    )
    whole = shipway(web, "run", "coverage")
    assert whole.returncode == 0
    assert "without" not in rows(whole.stdout)["coverage"]

    # Nobody knows a figure below the limit, either; it holds up nothing.
    (web / "tests/browser/test_page.py").write_text(BROWSER)
    (web / "tiny/__init__.py").write_text(APP.replace('b"hello"', 'b"hello again"'))
    (web / "tests/unit/test_app.py").write_text(UNIT.replace('b"hello"', 'b"hello again"'))
    configure(web, port, coverage=100)
    unknown = shipway(web, "run")
    assert unknown.returncode == 0, unknown.stdout
    assert rows(unknown.stdout)["coverage"].startswith("unavailable")
    assert "browser did not run, so nobody knows whether it is kept" in unknown.stdout
    assert served() == b"hello again"

    # What was asked for by name and did not run is no success; nor is anything under --strict.
    assert shipway(web, "run", "browser").returncode == 5
    strict = shipway(web, "run", "--strict")
    assert strict.returncode == 5
    assert rows(strict.stdout)["deploy-local"].endswith("ended unavailable")
    assert strict.stdout.splitlines()[-2].endswith("nothing came of deploy-local")

    # A suite that breaks is no suite that is missing.
    (web / "tests/browser/conftest.py").write_text("import nothere\n")
    (web / "tiny/__init__.py").write_text(APP.replace('b"hello"', 'b"never served"'))
    (web / "tests/unit/test_app.py").write_text(UNIT.replace('b"hello"', 'b"never served"'))
    broken = shipway(web, "run")
    assert broken.returncode == 1
    assert broken.stdout.splitlines()[-2].startswith(
        "failed: browser: the tests did not run to their end: ModuleNotFoundError"
    )
    assert rows(broken.stdout)["deploy-local"].endswith("browser ended failed")
    assert served() == b"hello again"
