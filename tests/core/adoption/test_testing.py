"""Where the tests are, and who runs them."""

from __future__ import annotations

import pytest

from shipway.core.adoption.testing import Suites
from shipway.core.adoption.testing import tests as find
from shipway.core.sources import MemorySources

DJANGO = {"manage.py": "import django"}


@pytest.mark.parametrize(
    ("files", "packages", "found"),
    [
        ({"tests/test_a.py": ""}, (), Suites((("unit", "tests"),), "pytest")),
        ({"test/test_a.py": ""}, (), Suites((("unit", "test"),), "pytest")),
        ({"tests/unit/test_a.py": "", "tests/browser/test_b.py": ""}, (),
         Suites((("unit", "tests/unit"), ("browser", "tests/browser")), "pytest")),
        ({"tests/test_a.py": "", "tests/integration/test_b.py": ""}, (),
         Suites((("unit", "tests"), ("integration", "tests/integration")), "pytest")),
        ({"test_app.py": ""}, (), Suites((("unit", "."),), "pytest")),
        ({"a/__init__.py": "", "a/tests/test_b.py": ""}, ("a",),
         Suites((("unit", "a/tests"),), "pytest")),
        ({**DJANGO, "polls/__init__.py": "", "polls/tests.py": ""}, ("polls",),
         Suites((("unit", "."),), "django")),
        ({**DJANGO, "tests/__init__.py": "", "tests/test_a.py": ""}, (),
         Suites((("unit", "."),), "django")),
        ({**DJANGO, "tests/test_a.py": "", "pytest.ini": ""}, (),
         Suites((("unit", "tests"),), "pytest")),
        ({**DJANGO, "polls/tests.py": "", "setup.cfg": "[tool:pytest]"}, ("polls",),
         Suites((("unit", "polls"),), "pytest")),
        ({"app.py": ""}, (), Suites()),
    ],
)  # fmt: skip
def test_tests_are_found(files: dict[str, str], packages: tuple[str, ...], found: Suites) -> None:
    assert find(MemorySources(files), packages) == found
