"""Where the tests are, and who runs them."""

from __future__ import annotations

import pytest
from tests.fakes.sources import MemorySources

from shipway.scaffold.detection import TestSuites
from shipway.scaffold.detection import find_test_suites as find

DJANGO = {"manage.py": "import django"}


@pytest.mark.parametrize(
    ("files", "packages", "found"),
    [
        ({"tests/test_a.py": ""}, (), TestSuites((("unit", "tests"),), "pytest")),
        ({"test/test_a.py": ""}, (), TestSuites((("unit", "test"),), "pytest")),
        (
            {"tests/unit/test_a.py": "", "tests/browser/test_b.py": ""},
            (),
            TestSuites((("unit", "tests/unit"), ("browser", "tests/browser")), "pytest"),
        ),
        (
            {"tests/test_a.py": "", "tests/integration/test_b.py": ""},
            (),
            TestSuites((("unit", "tests"), ("integration", "tests/integration")), "pytest"),
        ),
        ({"test_app.py": ""}, (), TestSuites((("unit", "."),), "pytest")),
        (
            {"a/__init__.py": "", "a/tests/test_b.py": ""},
            ("a",),
            TestSuites((("unit", "a/tests"),), "pytest"),
        ),
        (
            {**DJANGO, "polls/__init__.py": "", "polls/tests.py": ""},
            ("polls",),
            TestSuites((("unit", "."),), "django"),
        ),
        (
            {**DJANGO, "tests/__init__.py": "", "tests/test_a.py": ""},
            (),
            TestSuites((("unit", "."),), "django"),
        ),
        (
            {**DJANGO, "tests/test_a.py": "", "pytest.ini": ""},
            (),
            TestSuites((("unit", "tests"),), "pytest"),
        ),
        (
            {**DJANGO, "polls/tests.py": "", "setup.cfg": "[tool:pytest]"},
            ("polls",),
            TestSuites((("unit", "polls"),), "pytest"),
        ),
        ({"app.py": ""}, (), TestSuites()),
        (
            {"tests/test_a.py": "", "shop/tests.py": "", "shop/cart/tests/test_b.py": ""},
            ("shop",),
            TestSuites((("unit", "."),), "pytest"),
        ),
        (
            {"tests/integration/test_a.py": "", "tests.py": ""},
            (),
            TestSuites((("unit", "."), ("integration", "tests/integration")), "pytest"),
        ),
        (
            {
                "conf/__init__.py": "",
                "conf/test_settings.py": "",
                "apps/cart/__init__.py": "",
                "apps/cart/tests/test_b.py": "",
                "apps/ward/__init__.py": "",
                "apps/ward/tests.py": "",
            },
            ("conf",),
            TestSuites((("unit", "."),), "pytest"),
        ),
        (
            {
                "shop/__init__.py": "",
                "other/package.json": "",
                "other/api/__init__.py": "",
                "other/api/tests.py": "",
            },
            ("shop",),
            TestSuites(),
        ),
        (
            {"shop/cart/tests/apis/test_b.py": "", "shop/ward/tests/apis/test_c.py": ""},
            ("shop",),
            TestSuites((("unit", "."),), "pytest"),
        ),
        (
            {"shop/tests/test_a.py": "", "shop/tests/apis/test_b.py": ""},
            ("shop",),
            TestSuites((("unit", "shop/tests"),), "pytest"),
        ),
        (
            {"shop/cart/tests/test_b.py": ""},
            ("shop",),
            TestSuites((("unit", "shop/cart/tests"),), "pytest"),
        ),
        (
            {"pytest.ini": "[pytest]\ntestpaths = tests checks\n", "tests/test_a.py": ""},
            (),
            TestSuites((("unit", "."),), "pytest"),
        ),
        (
            {
                "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests", "src"]\n',
                "tests/test_a.py": "",
            },
            (),
            TestSuites((("unit", "."),), "pytest"),
        ),
        (
            {"manage.py": "django", "tests/test_a.py": "", "shop/tests.py": ""},
            ("shop",),
            TestSuites((("unit", "."),), "django"),
        ),
    ],
)
def test_tests_are_found(
    files: dict[str, str], packages: tuple[str, ...], found: TestSuites
) -> None:
    assert find(MemorySources(files), packages) == found
