"""A small suite with what makes it hard to know what a test depends on, run by the real pytest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree.ElementTree import fromstring

from coverage import CoverageData
from tests.fakes.clock import VirtualClock
from tests.pipeline.contexts import workshop

from shipway.checks.pytest import UNIT
from shipway.checks.selected_tests import TestSelector
from shipway.config.schema import Application
from shipway.pipeline.cache import StepCache
from shipway.pipeline.execution import execute_step
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import ALL_OF_SUITE, PartOfSuite, Step, StepKind
from shipway.system.files import FileTree
from shipway.system.record import SqliteRecord
from shipway.system.seal import Seal

FILES = {
    "town/__init__.py": "",
    "town/sums.py": (
        "LIMIT = 9\n\n\ndef add(one, two):\n    if one < 0:\n        return two\n"
        "    return one + two\n\n\ndef times(one, two):\n    return one * two\n"
    ),
    "town/kept.py": (
        "from functools import cache\n\n\ndef rate():\n    return 3\n\n\n"
        "@cache\ndef table():\n    return [rate()]\n"
    ),
    "town/late.py": "def make():\n    return 5\n\n\nFIVE = make()\n",
    "town/shared.py": "def build():\n    return {'ward': 1}\n",
    "town/once.py": "def prepare():\n    return 8\n",
    "town/page.py": (
        "from pathlib import Path\n\n\ndef page():\n"
        "    return Path(__file__).with_name('page.html').read_text()\n"
    ),
    "town/page.html": "<p>Ward</p>\n",
    "town/words.py": 'def words():\n    return "a text"\n',
    "town/unused.py": "def unused():\n    return 1\n",
    "outside.py": "def helper():\n    return 1\n",
    "tests/conftest.py": (
        "import pytest\nfrom town.shared import build\n\n\n@pytest.fixture(scope='session')\n"
        "def lend():\n    made = []\n\n    def find():\n        if not made:\n"
        "            made.append(build())\n        return made[0]\n\n    return find\n"
    ),
    "tests/unit/test_sums.py": (
        "import pytest\nfrom town.sums import LIMIT, add, times\n\n\n"
        "@pytest.mark.parametrize('one', [1, -1])\ndef test_adds(one):\n"
        "    assert add(one, 2) in (2, 3)\n\n\n"
        "def test_multiplies():\n    assert times(2, 3) == 6\n\n\n"
        "def test_has_a_limit():\n    assert LIMIT == 9\n"
    ),
    "tests/unit/test_kept.py": (
        "from town.kept import table\n\n\ndef test_first():\n    assert table() == [3]\n\n\n"
        "def test_second():\n    assert len(table()) == 1\n"
    ),
    "tests/unit/test_late.py": (
        "def test_one():\n    from town.late import FIVE\n\n    assert FIVE == 5\n\n\n"
        "def test_two():\n    from town.late import FIVE\n\n    assert FIVE < 6\n"
    ),
    "tests/unit/test_shared.py": (
        "def test_one(lend):\n    assert lend()['ward'] == 1\n\n\n"
        "def test_two(lend):\n    assert lend()\n"
    ),
    "tests/unit/test_once.py": (
        "import unittest\n\nfrom town.once import prepare\n\n\nclass Once(unittest.TestCase):\n"
        "    @classmethod\n    def setUpClass(cls):\n        cls.value = prepare()\n\n"
        "    def test_one(self):\n        self.assertEqual(self.value, 8)\n\n"
        "    def test_two(self):\n        self.assertTrue(self.value)\n"
    ),
    "tests/unit/test_process.py": (
        "import subprocess\nimport sys\n\n\ndef test_runs():\n"
        "    subprocess.run([sys.executable, '-c', 'import town.unused'], check=True)\n"
    ),
    "tests/unit/test_words.py": (
        "from pathlib import Path\n\nimport town\n\n\ndef test_reads():\n"
        "    text = (Path(town.__file__).parent / 'words.py').read_text()\n"
        "    assert 'a text' in text\n"
    ),
    "tests/unit/test_page.py": (
        "from town.page import page\n\n\ndef test_page():\n    assert 'Ward' in page()\n"
    ),
}
SETTINGS = "[tool.pytest.ini_options]\naddopts = '-q'\npythonpath = ['.']\n"
APPLICATION = Application(name="town", packages=("town",), lock="uv.lock", unit_tests="tests/unit")
STEP = Step(
    name="unit",
    stage="test",
    kind=StepKind.CHECK,
    work={"check": "unit", "gates": []},
    inputs=("**",),
)


class SuiteFolder:
    """The suite in a folder, with a record of its own; run as a pipeline runs it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = VirtualClock()
        self.said: list[str] = []
        self.environment = "this machine"
        self.record = SqliteRecord(str(root / ".shipway" / "record.sqlite3"), Seal(b"a test's"))

    @classmethod
    def made(cls, root: Path) -> SuiteFolder:
        """The suite as it is above."""
        suite = cls(root)
        for path, text in {**FILES, "pyproject.toml": SETTINGS}.items():
            suite.write(path, text)
        return suite

    def copy(self, root: Path, *, known: bool = True) -> SuiteFolder:
        """The same files in another folder. known: with what is recorded of them."""
        left = () if known else (".shipway",)
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("__pycache__", *left))
        return SuiteFolder(root)

    def write(self, path: str, text: str) -> None:
        """Write a file of the application."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a text in a file of the application."""
        before = (self.root / path).read_text()
        assert old in before
        self.write(path, before.replace(old, new))

    def selector(
        self, *, every: str = "", learns: bool = True, part: PartOfSuite = ALL_OF_SUITE
    ) -> TestSelector:
        """What chooses in a run that begins now."""
        tree = FileTree(str(self.root), {})
        context = workshop(self.root, APPLICATION)
        cache = StepCache(tree, self.record, context.blobs, {}, self.environment)
        cache.look(STEP, self.clock.now())
        return TestSelector(
            str(self.root),
            self.record,
            cache,
            self.clock.now,
            every=every,
            learns=learns,
            part=part,
        )

    def run_unrecorded(self) -> StepResult:
        """Run the step as if nobody could choose."""
        context = workshop(self.root, APPLICATION, checks=lambda name: UNIT)
        return execute_step(STEP, context, self.said.append)

    def run(
        self, *, every: str = "", learns: bool = True, part: PartOfSuite = ALL_OF_SUITE
    ) -> StepResult:
        """Run the step that has the suite."""
        self.said = []
        context = workshop(
            self.root,
            APPLICATION,
            checks=lambda name: UNIT,
            tests=self.selector(every=every, learns=learns, part=part),
        )
        return execute_step(STEP, context, self.said.append)

    def learn(self) -> StepResult:
        """Run all of it a first time, and again: the second time in reverse, too."""
        assert self.run().outcome is Outcome.PASSED
        return self.run()

    def outcomes(self) -> dict[str, str]:
        """Each test's outcome, by the report that was made of the last run."""
        suite = fromstring(self.report("junit.xml"))
        return {
            f"{case.get('classname')}::{case.get('name')}": "".join(child.tag for child in case)
            for case in suite.iter("testcase")
        }

    def report(self, name: str) -> bytes:
        """A file that the last run left."""
        return (self.root / ".shipway" / "out" / "unit" / name).read_bytes()

    def lines(self) -> dict[str, frozenset[int]]:
        """What the last run covered."""
        data = CoverageData(str(self.root / ".shipway" / "out" / "unit" / "coverage.data"))
        data.read()
        root = f"{self.root}/"
        return {
            path.removeprefix(root): frozenset(data.lines(path) or ())
            for path in data.measured_files()
        }


def chosen(suite: SuiteFolder) -> set[str]:
    """The tests that would run."""
    choice = suite.selector().choose(STEP)
    history = suite.record.memo("tests unit")
    assert history is not None
    return set(json.loads(history)["collected"]) - choice.known
