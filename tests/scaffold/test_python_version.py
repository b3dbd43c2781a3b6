"""Which Python an application is for, and which is taken where that is not here."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.sources import MemorySources

from shipway.scaffold.python_version import (
    PythonRequirement,
    choose_python,
    find_python_requirement,
    python_of_day,
)

MATRIX = """
jobs:
  test:
    strategy: {matrix: {python: ["3.9", "3.10", "3.11"]}}
    steps:
    - {uses: actions/setup-python@v5, with: {python-version: "${{ matrix.python }}"}}
"""


@pytest.mark.parametrize(
    ("path", "text", "version"),
    [
        (".python-version", "# ours\n3.12.1\n", "3.12"),
        (".python-version", "cpython-3.13\n", "3.13"),
        ("runtime.txt", "python-3.12.1", "3.12"),
        ("Pipfile", '[requires]\npython_version = "3.8"', "3.8"),
        ("Dockerfile", "FROM python:3.9.10-slim\nCMD x", "3.9"),
        ("Dockerfile", "ARG V=3.10\nFROM --platform=x docker.io/library/python:${V}-slim", "3.10"),
        ("Dockerfile", "FROM python:3.9 AS b\nFROM python:3.10\n", "3.10"),
        (".github/workflows/ci.yml", MATRIX, "3.11"),
        ("tox.ini", "[tox]\nenvlist = py39, py310, lint", "3.10"),
    ],
)
def test_every_file_that_names_a_python_is_read(path: str, text: str, version: str) -> None:
    found = find_python_requirement(MemorySources({path: text}))
    assert (found.version, found.place.startswith(path.rpartition("/")[0])) == (version, True)


@pytest.mark.parametrize(
    ("path", "text", "allowed"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.10,<3.13"', ["3.10", "3.11", "3.12"]),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.9"', ["3.9"]),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.12"', ["3.12", "3.13"]),
        ("setup.cfg", "[options]\npython_requires = >=3.13", ["3.13"]),
        ("setup.py", "setup(python_requires='>=3.12.2')", ["3.12", "3.13"]),
    ],
)
def test_every_range_is_read(path: str, text: str, allowed: list[str]) -> None:
    found = find_python_requirement(MemorySources({path: text}))
    versions = ["3.7", "3.9", "3.10", "3.11", "3.12", "3.13"]
    assert [version for version in versions if found.allows(version)] == allowed


def test_a_version_that_the_range_forbids_is_not_taken() -> None:
    files = {
        ".python-version": "3.8",
        "Dockerfile": "FROM python:3.11",
        "pyproject.toml": '[project]\nrequires-python = ">=3.10"',
    }
    found = find_python_requirement(MemorySources(files))
    assert (found.version, found.place) == ("3.11", "Dockerfile")


def test_what_is_not_here_is_said_with_the_nearest_that_is() -> None:
    asked = PythonRequirement("3.9", "Dockerfile")
    assert choose_python(asked, ["3.8", "3.11"], "3.11") == (
        "3.8",
        "Python 3.9 of Dockerfile is not on this machine; the nearest that is, 3.8, is used",
    )
    limited = PythonRequirement("3.9", "Dockerfile", ">=3.9", "pyproject.toml")
    assert choose_python(limited, ["3.8", "3.11"], "3.11")[0] == "3.11"
    assert choose_python(asked, ["3.9", "3.11"], "3.11") == ("3.9", "")


def test_a_python_that_is_too_old_is_said_to_be() -> None:
    version, reason = choose_python(PythonRequirement("3.6", "runtime.txt"), ["3.6", "3.8"], "3.11")
    assert version == "3.8"
    assert reason.startswith("Python 3.6 of runtime.txt is older than 3.8")


def test_where_only_a_range_is_said_shipways_own_is_taken_if_it_fits() -> None:
    assert choose_python(PythonRequirement(), ["3.9", "3.11"], "3.11") == ("3.11", "")
    newer = PythonRequirement(limits=">=3.12", limited_by="pyproject.toml")
    assert choose_python(newer, ["3.11", "3.13"], "3.11") == ("3.13", "")
    assert choose_python(newer, ["3.11"], "3.11") == (
        "3.11",
        "Python >=3.12 of pyproject.toml is not on this machine; the nearest that is, 3.11, "
        "is used",
    )


@pytest.mark.parametrize(
    ("day", "version"),
    [
        ("2017-04-27", "3.8"),  # the oldest that Shipway's parts run on
        ("2021-04-30", "3.9"),
        ("2022-05-15", "3.10"),
        ("2023-04-01", "3.10"),
        ("2023-06-01", "3.11"),
        ("2026-11-28", "3.14"),
    ],
)
def test_the_python_of_a_day_had_been_out_for_half_a_year(day: str, version: str) -> None:
    assert python_of_day(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) == version


VERSIONS = st.sampled_from(["3.6", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])


@given(VERSIONS, st.sets(VERSIONS.filter(lambda version: version != "3.6"), min_size=1))
def test_what_is_chosen_is_here_and_another_one_is_explained(
    asked: str, available: set[str]
) -> None:
    version, reason = choose_python(PythonRequirement(asked, "x"), available, "3.11")
    assert version in available
    assert bool(reason) == (version != asked)


@given(
    VERSIONS | st.just(""),
    st.sampled_from(["", ">=3.9", "<3.12", ">=3.12", "==3.9.*"]),
    st.sets(VERSIONS),
)
def test_where_the_usual_version_is_what_is_asked_for_no_other_matters(
    asked: str, limits: str, others: set[str]
) -> None:
    """`init` looks for no other then (cli/init.py)."""
    requirement = PythonRequirement(asked, "x", limits, "y")
    alone = choose_python(requirement, ["3.11"], "3.11")
    if alone == (asked or "3.11", ""):
        assert choose_python(requirement, [*others, "3.11"], "3.11") == alone
