"""A tiny application with faults in it, for real tools to find."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from shipway.config.schema import Application, Config, EndpointGate, Gates, Performance

CONFIG = Config(
    application=Application(
        name="town",
        packages=("town",),
        lock="uv.lock",
        serve="serve",
        unit_tests="tests/unit",
        integration_tests="tests/integration",
        browser_tests="tests/browser",
        dockerfile="Dockerfile",
        workflows=".github/workflows",
        templates=("infrastructure/stack.yaml",),
    ),
    gates=Gates(endpoints={"ward page": EndpointGate(50, 0)}),
    performance=Performance(users=2, seconds=2),
)

DJANGO_CONFIG = replace(CONFIG, application=replace(CONFIG.application, test_runner="django"))

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
_SETTINGS = _PROJECT + "\n[tool.pytest.ini_options]\n"
_KILL = "import os\n\n\ndef test_ends():\n    "
# Suites that break before their first test, or end without a word of their tests.
BROKEN_SUITES = {
    "broken-conftest": {**CLEAN, "tests/conftest.py": "import nothere\n"},
    "unparsable-conftest": {**CLEAN, "tests/conftest.py": "def broken(:\n"},
    "failing-conftest": {
        **CLEAN,
        "tests/conftest.py": "def pytest_configure(config):\n"
        '    raise OSError("the registry of wards is not there")\n',
    },
    "failing-hook": {
        **CLEAN,
        "tests/conftest.py": "def pytest_collection_modifyitems(items):\n"
        '    raise OSError("the registry of wards is not there")\n',
    },
    "no-such-plugin": {**CLEAN, "pyproject.toml": _SETTINGS + "addopts = '-p nothere'\n"},
    "required-plugin": {
        **CLEAN,
        "pyproject.toml": _SETTINGS + "required_plugins = ['pytest-nothere']\n",
    },
    "broken-plugin": {
        **CLEAN,
        "pyproject.toml": _SETTINGS + "addopts = '-p town.plugin'\n",
        "town/plugin.py": "raise OSError('the registry of wards is not there')\n",
    },
    "unknown-option": {**CLEAN, "pyproject.toml": _SETTINGS + "addopts = '--nothere'\n"},
    "another-folder": {**CLEAN, "pyproject.toml": _SETTINGS + "addopts = 'nothere/'\n"},
    "wrong-toml": {**CLEAN, "pyproject.toml": _PROJECT + "[tool\n"},
    "killed": {**CLEAN, "tests/unit/test_ends.py": _KILL + "os.kill(os.getpid(), 9)\n"},
    "exited": {**CLEAN, "tests/unit/test_ends.py": _KILL + "os._exit(0)\n"},
    "stopped": {
        **CLEAN,
        "tests/unit/test_ends.py": "import pytest\n\n\ndef test_ends():\n"
        "    pytest.exit('no more')\n",
    },
}
_MANAGE = """import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
_DJANGO_SETTINGS = """SECRET_KEY = "for tests only"
INSTALLED_APPS = ["town"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "town.sqlite3"}}
"""
_DJANGO_TEST = """from django.test import TestCase


class SumTests(TestCase):
    def test_adds(self):
        self.assertEqual(1 + 2, 3)
"""
_MIGRATION = """from django.db import migrations


class Migration(migrations.Migration):
    operations = [migrations.RunSQL("ALTER TABLE wards ADD seats integer")]
"""
DJANGO = {
    "manage.py": _MANAGE,
    "config/__init__.py": "",
    "config/settings.py": _DJANGO_SETTINGS,
    "town/__init__.py": "",
    "town/tests.py": _DJANGO_TEST,
}
_DJANGO_ENDS = _DJANGO_TEST.replace("self.assertEqual(1 + 2, 3)", "{}")
BROKEN_DJANGO = {
    "django-broken-settings": {
        **DJANGO,
        "config/settings.py": "import nothere\n" + _DJANGO_SETTINGS,
    },
    "django-no-such-app": {
        **DJANGO,
        "config/settings.py": _DJANGO_SETTINGS.replace('"town"]', '"town", "nothere"]'),
    },
    "django-broken-migration": {
        **DJANGO,
        "town/migrations/__init__.py": "",
        "town/migrations/0001_wards.py": _MIGRATION,
    },
    "django-killed": {
        **DJANGO,
        "town/tests.py": _DJANGO_ENDS.format("os.kill(os.getpid(), 9)").replace(
            "from django", "import os\n\nfrom django"
        ),
    },
    "django-exited": {
        **DJANGO,
        "town/tests.py": _DJANGO_ENDS.format("os._exit(0)").replace(
            "from django", "import os\n\nfrom django"
        ),
    },
}
_SET_UP = """class SumTests(TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("no ferry")

"""
DJANGO_CLASS_SKIPPED = {
    **DJANGO,
    "town/tests.py": "import unittest\n\n"
    + _DJANGO_TEST.replace("class SumTests(TestCase):\n", _SET_UP),
}
DJANGO_CLASS_BROKEN = {
    name: text.replace('unittest.SkipTest("no ferry")', 'OSError("no ferry")')
    for name, text in DJANGO_CLASS_SKIPPED.items()
}
DJANGO_UNEXPECTED = {
    **DJANGO,
    "town/tests.py": "import unittest\n\n"
    + _DJANGO_TEST.replace("    def test", "    @unittest.expectedFailure\n    def test"),
}
DJANGO_UNIMPORTABLE = {**DJANGO, "town/tests.py": "import nothere\n"}
DJANGO_NO_TESTS = {**DJANGO, "town/tests.py": "# nothing yet\n"}
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
