"""A tiny application with faults in it, for real tools to find."""

from __future__ import annotations

import os
from collections.abc import Mapping

from shipway.core.config import Application, Config, EndpointGate, Gates, Performance

CONFIG = Config(
    Application(
        name="town", packages=("town",), lock="uv.lock", serve="serve",
        unit_tests="tests/unit", integration_tests="tests/integration",
        browser_tests="tests/browser", dockerfile="Dockerfile", workflows=".github/workflows",
        templates=("infrastructure/stack.yaml",),
    ),
    gates=Gates(endpoints={"ward page": EndpointGate(50, 0)}),
    performance=Performance(users=2, seconds=2),
)  # fmt: skip

_GOOD = '''"""Sums."""


def add(one: int, two: int) -> int:
    """Add, but owe nothing."""
    if one < 0:
        return two
    return one + two
'''

_TEST = """from town.good import add


def test_adds() -> None:
    assert add(1, 2) == 3
"""

_LOAD = """from locust import HttpUser, task


class Voter(HttpUser):
    @task
    def ward(self):
        self.client.get("/ward", name="ward page")

    @task
    def missing(self):
        self.client.get("/missing", name="missing page")
"""

# `parallel` is there because it makes coverage rename its data file.
_PROJECT = """[project]
name = "town"
version = "1.0.0"

[tool.coverage.run]
parallel = true
"""

CLEAN = {
    "pyproject.toml": _PROJECT,
    "town/__init__.py": '"""A town."""\n',
    "town/good.py": _GOOD,
    "tests/unit/test_adds.py": _TEST,
    "tests/integration/test_owes.py": _TEST.replace("add(1, 2) == 3", "add(-1, 2) == 2"),
    "load/locustfile.py": _LOAD,
}

BAD = {
    **CLEAN,
    "town/bad.py": """import os


def greet(name: str) -> str:
    return undefined + name


def wrong() -> int:
    return "one"


x = {  'a':1 }
""",
    "tests/unit/test_bad.py": '''import pytest

from town.good import add


def test_adds_wrongly():
    assert add(1, 2) == 4


def test_raises():
    raise ValueError("no such ward\\nsecond line")


def test_third():
    assert not "three"


def test_fourth():
    assert not "four"


@pytest.fixture
def bridge():
    raise OSError("it is washed away")


def test_crosses(bridge):
    """Its fixture fails."""


@pytest.mark.skip(reason="the river is high")
def test_bridge():
    assert False
''',
}

SYNTAX = {**BAD, "town/syntax.py": "def broken(:\n"}
UNIMPORTABLE = {**CLEAN, "tests/unit/test_lost.py": "import nothere\n"}
NO_TESTS = {**CLEAN, "tests/unit/test_adds.py": "# nothing yet\n"}
ALL_SKIPPED = {
    **CLEAN,
    "tests/unit/test_adds.py": "import pytest\n\n"
    "pytest.skip('no ferry', allow_module_level=True)\n",
}
NOTHING = {"town/README": "no Python here\n"}
WRONG_SETTINGS = {
    **CLEAN,
    "pyproject.toml": _PROJECT + "\n[tool.ruff]\nline-length = 'long'\n[tool.black]\nx = 1\n",
    ".flake8": "[flake8]\nmax-line-length = long\n",
}
OWN_SETTINGS = {
    **BAD,
    "pyproject.toml": _PROJECT + "\n[tool.ruff]\nfix = true\nfix-only = true\n"
    "extend-exclude = ['other']\n\n[tool.black]\nforce-exclude = 'town/bad.py'\n",
    "setup.cfg": "[flake8]\nstatistics = true\ncount = true\nshow-source = true\n"
    "format = pylint\nextend-exclude =\n    other,  # theirs\n    another\n",
    "other/left_out.py": "import os\n",
}
NO_LOAD = {name: text for name, text in CLEAN.items() if not name.startswith("load/")}
OTHER_LOAD = {**CLEAN, "load/locustfile.py": _LOAD.replace("ward page", "another page")}


def write(files: Mapping[str, str], root: str) -> None:
    """Put a project into a folder."""
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
