"""Which tests `shipway run` runs, and how it is asked for others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

FILES = {
    "town/__init__.py": "",
    "town/sums.py": (
        "def add(one, two):\n    return one + two\n\n\ndef times(one, two):\n    return one * two\n"
    ),
    "tests/test_sums.py": (
        "from town.sums import add, times\n\n\ndef test_adds():\n    assert add(1, 2) == 3\n\n\n"
        "def test_multiplies():\n    assert times(2, 3) == 6\n"
    ),
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
    "requirements.txt": "pytest\ncoverage\n",
}
ONLY_UNIT = '[application]\npackages = ["town"]\nunit_tests = "tests"\n' + only("unit")


def test_a_change_runs_the_tests_that_it_reaches_until_all_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    web = project(tmp_path / "web", ONLY_UNIT, FILES)
    sums = web / "town" / "sums.py"
    # What the tests keep for each other is learned the second time.
    for options in ([], ["--no-cache"]):
        whole = shipway(web, "run", "unit", *options)
        assert whole.returncode == 0, whole.stdout
    sums.write_text(FILES["town/sums.py"].replace("one * two", "two * one"))
    chosen = "1 of 2 tests: they execute town/sums.py"
    assert f"town/sums.py changed; {chosen}" in shipway(web, "plan", "unit").stdout
    changed = shipway(web, "run", "unit")
    assert changed.returncode == 0, changed.stdout
    assert chosen in changed.stdout
    assert "cached" in shipway(web, "run", "unit").stdout
    assert "1 of 2 tests" not in shipway(web, "run", "unit", "--all-tests").stdout
    sums.write_text(FILES["town/sums.py"].replace("one + two", "two + one"))
    monkeypatch.setenv("CI", "true")
    assert "of 2 tests" not in shipway(web, "run", "unit").stdout, "the main branch in CI"
    monkeypatch.delenv("CI")
    sums.write_text(FILES["town/sums.py"].replace("one * two", "one"))
    assert shipway(web, "run", "unit").returncode == 1
    again = shipway(web, "run", "unit", "--last-failed")
    assert again.returncode == 1
    assert "only what failed last: tests/test_sums.py::test_multiplies" in again.stdout
    assert "run unit --last-failed" in again.stdout
    adds = shipway(web, "run", "unit", "--", "-k", "adds")
    assert adds.returncode == 0, adds.stdout
    assert "only a part of the tests: -- -k adds" in adds.stdout
    assert shipway(web, "run", "unit").returncode == 1, "a part is not stored as a pass"


@pytest.mark.parametrize("asked", [["test", "--", "-k", "x"], ["--last-failed"]])
def test_a_part_is_asked_for_of_suites_alone(tmp_path: Path, asked: list[str]) -> None:
    web = project(tmp_path / "web", ONLY_UNIT, FILES)
    done = shipway(web, "run", *asked)
    assert done.returncode == 2
    assert "is for suites of tests" in done.stderr
    assert "shipway run unit" in done.stderr
