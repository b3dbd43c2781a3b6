"""Only the tests that a change can reach run, and the outcome is that of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checks.suite_in_a_folder import FILES, SETTINGS, STEP, SuiteFolder, chosen

from shipway.pipeline.cache import ALL_TESTS_AFTER
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import PartOfSuite

PROCESS = "tests/unit/test_process.py::test_runs"
SUMS = "tests/unit/test_sums.py::"
ADDS = {f"{SUMS}test_adds[1]", f"{SUMS}test_adds[-1]"}
EVERY = 15


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> SuiteFolder:
    """The suite after all of it ran forwards and in reverse."""
    suite = SuiteFolder.made(tmp_path_factory.mktemp("suite") / "application")
    assert suite.learn().outcome is Outcome.PASSED
    return suite


@pytest.fixture
def suite(learned: SuiteFolder) -> Iterator[SuiteFolder]:
    """The same, to be edited and not to be run."""
    yield learned
    for path in [path for path in learned.root.rglob("*") if path.is_file()]:
        name = str(path.relative_to(learned.root))
        if not name.startswith(".shipway") and name not in {**FILES, "pyproject.toml": ""}:
            path.unlink()
    for name, text in {**FILES, "pyproject.toml": SETTINGS}.items():
        learned.write(name, text)
    learned.environment = "this machine"


def why(suite: SuiteFolder) -> str:
    return suite.selector().choose(STEP).why


# Which tests.


def test_a_function_that_changed_reaches_the_tests_that_executed_it(suite: SuiteFolder) -> None:
    suite.edit("town/sums.py", "one + two", "two + one")
    assert chosen(suite) == {*ADDS, PROCESS}
    assert why(suite) == "3 of 15 tests: they execute town/sums.py; they start processes"


def test_a_function_that_only_moved_reaches_nothing(suite: SuiteFolder) -> None:
    suite.edit("town/sums.py", "LIMIT = 9\n", "\n# a comment\n\nLIMIT = 9\n")
    assert chosen(suite) == {PROCESS}


def test_a_function_that_no_test_executes_reaches_processes_only(suite: SuiteFolder) -> None:
    suite.edit("town/unused.py", "return 1", "return 2")
    assert chosen(suite) == {PROCESS}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("town/sums.py", "LIMIT = 9", "LIMIT = 8"),
        ("town/sums.py", "def add(one, two)", "def add(one, two=1)"),
        ("town/sums.py", "def add", "@staticmethod\ndef add"),
        ("town/sums.py", "    return one * two", "    '''Text.'''\n    return one * two"),
        ("town/sums.py", "    return one * two", "    yield one * two"),
        ("town/sums.py", "LIMIT = 9", "import os\n\nLIMIT = 9"),
        ("town/sums.py", "return one * two", "return one *"),
    ],
    ids=["constant", "default", "decorator", "docstring", "generator", "import", "no Python"],
)
def test_what_is_outside_of_functions_reaches_every_test(
    suite: SuiteFolder, path: str, old: str, new: str
) -> None:
    suite.edit(path, old, new)
    assert len(chosen(suite)) == EVERY
    assert why(suite) == "all 15 tests: town/sums.py changed, outside of its functions"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("town/kept.py", "return 3", "return 4"),
        ("town/late.py", "return 5", "return 6"),
        ("town/shared.py", "{'ward': 1}", "{}"),
        ("town/once.py", "return 8", "return 0"),
    ],
    ids=["a cache", "a late import", "a session's fixture", "a class's set-up"],
)
def test_what_one_test_executes_for_others_reaches_every_test(
    suite: SuiteFolder, path: str, old: str, new: str
) -> None:
    suite.edit(path, old, new)
    assert len(chosen(suite)) == EVERY


@pytest.mark.parametrize(
    "path", ["town/page.html", "outside.py", "tests/conftest.py", "pyproject.toml"]
)
def test_what_may_be_read_by_any_test_reaches_every_test(suite: SuiteFolder, path: str) -> None:
    suite.write(path, (suite.root / path).read_text() + "\n\n")
    assert len(chosen(suite)) == EVERY


def test_a_file_that_is_new_or_gone_reaches_every_test(suite: SuiteFolder) -> None:
    suite.write("town/new.py", "")
    assert why(suite) == "all 15 tests: town/new.py is new"
    (suite.root / "town/new.py").unlink()
    (suite.root / "town/unused.py").unlink()
    assert why(suite) == "all 15 tests: town/unused.py is gone"


def test_a_source_that_is_read_reaches_its_reader(suite: SuiteFolder) -> None:
    suite.edit("town/words.py", "a text", "another")
    assert chosen(suite) == {"tests/unit/test_words.py::test_reads", PROCESS}


def test_a_file_of_tests_reaches_its_own(suite: SuiteFolder) -> None:
    suite.edit("tests/unit/test_sums.py", "LIMIT == 9", "LIMIT > 1")
    assert {test for test in chosen(suite) if test != PROCESS} == {
        *ADDS,
        f"{SUMS}test_multiplies",
        f"{SUMS}test_has_a_limit",
    }


def test_a_file_of_tests_that_another_names_reaches_every_test(suite: SuiteFolder) -> None:
    suite.edit("tests/unit/test_page.py", "def test_page", "# as test_sums.py\ndef test_page")
    suite.edit("tests/unit/test_sums.py", "LIMIT == 9", "LIMIT > 1")
    assert why(suite) == (
        "all 15 tests: tests/unit/test_sums.py changed, and tests/unit/test_page.py names it"
    )


def test_another_environment_reaches_every_test(suite: SuiteFolder) -> None:
    suite.environment = "another machine"
    assert why(suite) == ("all 15 tests: their environment, configuration or dependencies changed")


def test_all_tests_run_where_somebody_says_so(suite: SuiteFolder) -> None:
    choice = suite.selector(every="--all-tests").choose(STEP)
    assert (choice.known, choice.why) == (frozenset(), "all tests: --all-tests")


def test_all_tests_run_when_a_day_has_passed(learned: SuiteFolder, tmp_path: Path) -> None:
    later = learned.copy(tmp_path / "later")
    later.clock.sleep(ALL_TESTS_AFTER + 1)
    assert why(later) == "all 15 tests: not all of them ran within a day"
    earlier = learned.copy(tmp_path / "earlier")
    earlier.clock.sleep(-1)
    assert why(earlier) == "all 15 tests: not all of them ran within a day"


def test_a_history_that_somebody_else_wrote_is_none(learned: SuiteFolder, tmp_path: Path) -> None:
    copy = learned.copy(tmp_path / "copy")
    text = copy.record.memo("tests unit")
    assert text
    copy.record._db.execute("UPDATE memos SET value = ?", (text.replace('"rerun":', '"x":'),))
    assert why(copy) == "all tests: nothing is recorded of them yet"


# The outcome.


def test_the_outcome_is_that_of_the_whole_suite(learned: SuiteFolder, tmp_path: Path) -> None:
    suite = learned.copy(tmp_path / "selected")
    suite.edit("town/sums.py", "LIMIT = 9\n", "LIMIT = 9\n\n# moved\n")
    suite.edit("town/sums.py", "    return one * two", "    if one:\n        return one * two\n")
    result = suite.run()
    whole = suite.copy(tmp_path / "whole", known=False)
    expected = whole.run_unrecorded()
    assert (
        result.facts["selected"] == "2 of 15 tests: they execute town/sums.py; they start processes"
    )
    assert (result.outcome, result.tests) == (expected.outcome, expected.tests)
    assert suite.outcomes() == whole.outcomes()
    assert list(suite.outcomes()) == list(whole.outcomes())
    assert suite.lines() == whole.lines()
    assert "selected" not in expected.facts


def test_a_failure_is_run_again_until_it_passes(learned: SuiteFolder, tmp_path: Path) -> None:
    suite = learned.copy(tmp_path / "application")
    suite.edit("town/sums.py", "one * two", "one * two + 1")
    failed = suite.run()
    assert failed.tests is not None
    assert (failed.outcome, failed.tests.passed, failed.tests.failed) == (Outcome.FAILED, 14, 1)
    again = suite.run(part=PartOfSuite(last_failed=True))
    assert again.facts["partial"] == f"only what failed last: {SUMS}test_multiplies"
    assert list(suite.outcomes()) == ["tests.unit.test_sums::test_multiplies"]
    assert again.outcome is Outcome.FAILED
    suite.edit("town/words.py", "def words():\n", "def words():\n    # a word\n")
    assert f"{SUMS}test_multiplies" in chosen(suite)
    assert suite.run().outcome is Outcome.FAILED
    suite.edit("town/sums.py", "one * two + 1", "one * two")
    assert suite.run().outcome is Outcome.PASSED
    suite.edit("town/unused.py", "return 1", "return 2")
    assert chosen(suite) == {PROCESS}


def test_words_are_handed_on_and_the_rest_stays_unknown(
    learned: SuiteFolder, tmp_path: Path
) -> None:
    suite = learned.copy(tmp_path / "application")
    history = suite.record.memo("tests unit")
    result = suite.run(part=PartOfSuite(words=("-k", "multiplies or limit")))
    assert result.outcome is Outcome.PASSED
    assert result.tests is not None
    assert result.tests.passed == 2
    assert result.facts["partial"] == "only a part of the tests: -- -k multiplies or limit"
    assert suite.record.memo("tests unit") == history


def test_a_test_depends_on_what_it_executes_only_now(learned: SuiteFolder, tmp_path: Path) -> None:
    suite = learned.copy(tmp_path / "application")
    suite.edit("town/sums.py", "    return one * two", "    return add(0, one) * two")
    assert suite.run().outcome is Outcome.PASSED
    suite.edit("town/sums.py", "one + two", "one + two + 1")
    assert f"{SUMS}test_multiplies" in chosen(suite)


def test_what_cannot_be_collected_is_told_as_of_the_whole_suite(
    learned: SuiteFolder, tmp_path: Path
) -> None:
    suite = learned.copy(tmp_path / "application")
    suite.edit("tests/unit/test_sums.py", "from town.sums import LIMIT", "from town.sums import NO")
    broken = suite.run()
    assert broken.outcome is Outcome.FAILED
    whole = suite.copy(tmp_path / "whole", known=False)
    expected = whole.run_unrecorded()
    assert expected.tests is not None
    assert broken.tests is not None
    assert (broken.tests.failed, broken.tests.passed) == (expected.tests.failed, 0)
    assert suite.outcomes() == whole.outcomes()
    suite.edit("tests/unit/test_sums.py", "from town.sums import NO", "from town.sums import LIMIT")
    assert suite.run().outcome is Outcome.PASSED
    assert len(suite.outcomes()) == EVERY


def test_a_runner_that_says_nothing_of_its_tests_has_not_passed(
    learned: SuiteFolder, tmp_path: Path
) -> None:
    suite = learned.copy(tmp_path / "application")
    suite.edit("town/sums.py", "one + two", "two + one")
    selector = suite.selector()
    folder = tmp_path / "out"
    folder.mkdir()
    selector.only(STEP)
    selector.begin(STEP, str(folder))
    reports = selector.joined(STEP, str(folder), "key", {"junit.xml": b"<testsuites/>"})
    assert "junit.xml" not in reports
    assert why(suite) == "all tests: nothing is recorded of them yet"


def test_tests_whose_order_matters_are_not_chosen_from(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path / "application")
    suite.write("pyproject.toml", SETTINGS)
    suite.write("town/__init__.py", "SEEN = []\n")
    suite.write(
        "tests/unit/test_order.py",
        "from town import SEEN\n\n\ndef test_one():\n    SEEN.append(1)\n\n\n"
        "def test_two():\n    assert SEEN\n",
    )
    assert suite.learn().outcome is Outcome.PASSED
    assert why(suite) == (
        "all 2 tests: tests/unit/test_order.py::test_two ends otherwise in reverse, so their "
        "order matters"
    )


def test_a_test_that_is_skipped_where_another_did_not_run_is_not_left_alone(
    tmp_path: Path,
) -> None:
    suite = SuiteFolder(tmp_path / "application")
    suite.write("pyproject.toml", SETTINGS)
    suite.write("town/__init__.py", "SEEN = []\n")
    suite.write(
        "tests/unit/test_order.py",
        "import pytest\nfrom town import SEEN\n\n\ndef test_one():\n    SEEN.append(1)\n\n\n"
        "def test_two():\n    SEEN or pytest.skip('it needs test_one')\n",
    )
    assert suite.learn().outcome is Outcome.PASSED
    assert why(suite).endswith("test_two ends otherwise in reverse, so their order matters")
    assert suite.selector().choose(STEP).first == ()


def test_what_a_file_of_tests_does_while_it_is_imported_reaches_every_test(
    suite: SuiteFolder,
) -> None:
    suite.edit("tests/unit/test_page.py", "\n\n\ndef", "\n\npage.known = True\n\n\ndef")
    assert len(chosen(suite)) == EVERY
    assert why(suite) == "all 15 tests: tests/unit/test_page.py changed, outside of its tests"


def test_the_first_run_takes_no_longer_and_the_second_tries_the_other_order(
    tmp_path: Path,
) -> None:
    suite = SuiteFolder(tmp_path / "application")
    suite.write("pyproject.toml", SETTINGS)
    suite.write("town/__init__.py", "")
    suite.write("tests/unit/test_one.py", "def test_one():\n    pass\n")
    assert suite.run().outcome is Outcome.PASSED
    assert not any("in reverse" in line for line in suite.said)
    assert why(suite) == "all 1 tests: it is not known yet what they keep for each other"
    assert suite.run().outcome is Outcome.PASSED
    assert any("in reverse" in line for line in suite.said)


def test_a_change_that_reaches_all_tests_leaves_the_next_one_chosen_from(
    learned: SuiteFolder, tmp_path: Path
) -> None:
    suite = learned.copy(tmp_path / "application")
    suite.edit("town/sums.py", "LIMIT = 9\n", "LIMIT = 9\nOTHER = 1\n")
    assert suite.run().outcome is Outcome.PASSED
    suite.edit("town/sums.py", "one + two", "two + one")
    assert chosen(suite) == {*ADDS, PROCESS}


def test_nothing_is_chosen_where_the_other_order_was_not_tried(tmp_path: Path) -> None:
    suite = SuiteFolder(tmp_path / "application")
    suite.write("pyproject.toml", SETTINGS)
    suite.write("town/__init__.py", "")
    suite.write("tests/unit/test_one.py", "def test_one():\n    pass\n")
    for _ in range(2):
        assert suite.run(learns=False).outcome is Outcome.PASSED
    assert why(suite) == "all 1 tests: it is not known yet what they keep for each other"
    history = json.loads(suite.record.memo("tests unit") or "")
    assert history["collected"] == ["tests/unit/test_one.py::test_one"]
