"""Where the tests are, and who runs them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.core.sources import Sources

_KINDS = ("unit", "integration", "browser")
_NAMED = re.compile(r"^(test_.*|.*_test|tests)\.py$")
_FOLDERS = ("tests", "test")


@dataclass(frozen=True)
class Suites:
    """folders: kind → folder. runner: pytest, or Django's own; "" where there are none."""

    folders: tuple[tuple[str, str], ...] = ()
    runner: str = ""


def tests(sources: Sources, packages: Sequence[str]) -> Suites:
    """The tests that there are. Asks for few files: a run asks this each time."""
    for folder in _FOLDERS:
        if folder in sources.folders(""):
            if not _configured(sources) and _django(sources) and _package(sources, folder):
                return Suites((("unit", "."),), "django")
            below = sources.folders(folder)
            kinds = tuple((kind, f"{folder}/{kind}") for kind in _KINDS if kind in below)
            found = kinds if "unit" in below else (("unit", folder), *kinds)
            return Suites(found, "pytest")
    here = any(_NAMED.match(name) for name in sources.files(""))
    inside = [place for place in _places(sources, packages) if _holds_tests(sources, place)]
    if not here and not inside:
        return Suites()
    if not _configured(sources) and _django(sources):
        return Suites((("unit", "."),), "django")
    return Suites((("unit", "." if here or len(inside) > 1 else inside[0]),), "pytest")


def _django(sources: Sources) -> bool:
    return "django" in (sources.read("manage.py") or "").lower()


def _configured(sources: Sources) -> bool:
    """Whether the project says that pytest runs its tests."""
    if sources.read("pytest.ini") is not None or sources.read("conftest.py") is not None:
        return True
    return any(
        word in (sources.read(path) or "")
        for path, word in (
            ("pyproject.toml", "[tool.pytest"), ("setup.cfg", "[tool:pytest]"),
            ("tox.ini", "[pytest]"), ("tests/conftest.py", ""),
        )
        if sources.read(path) is not None
    )  # fmt: skip


def _package(sources: Sources, folder: str) -> bool:
    return sources.read(f"{folder}/__init__.py") is not None


def _places(sources: Sources, packages: Sequence[str]) -> list[str]:
    """The packages, those one below (Django's `apps/`), and folders of tests in them."""
    below = [f"{one}/{name}" for one in packages for name in sources.folders(one)]
    return [*packages, *below]


def _holds_tests(sources: Sources, place: str) -> bool:
    return any(_NAMED.match(name) for name in sources.files(place))
