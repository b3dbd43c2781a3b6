"""The variables that an application reads."""

from __future__ import annotations

import pytest

from shipway.scaffold.survey import find_environment_variables


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ('import os\nos.environ["X"]', True),
        ("from os import environ\nenviron['X']", True),
        ('import os\nos.environ.get("X")', False),
        ('os.getenv("X", "y")', False),
        ('getenv("X")', False),
        ('config("X")', True),
        ('config("X", default=1)', False),
        ('env("X")', True),
        ('env.int("X")', True),
        ('env.int("X", 3)', False),
        ('x = os.getenv("X")\nif not x:\n    raise ValueError("X must be set")', True),
        ('x = os.getenv("X", "y")\nif not x:\n    raise ValueError("X must be set")', False),
        ('x = os.getenv("X")\nif not x:\n    raise ValueError("XY must be set")', False),
        ('os.environ["X"] = "1"\nos.environ["X"]', False),
        ('os.environ.setdefault("X", "1")\nos.environ["X"]', False),
    ],
)
def test_a_reading_is_seen_and_whether_it_must_be_set(text: str, required: bool) -> None:
    [found] = find_environment_variables([("a.py", text)])
    assert (found.name, found.required) == ("X", required)


def test_required_wins_and_the_first_place_is_told() -> None:
    found = find_environment_variables(
        [
            ("a.py", 'os.getenv("B")'),
            ("b.py", '\nos.environ["B"]\nos.environ["A"]'),
            ("c.py", "("),
        ]
    )
    assert [(one.name, one.required, one.place) for one in found] == [
        ("A", True, "b.py:3"),
        ("B", True, "b.py:2"),
    ]


def test_what_everybody_has_and_what_is_no_name_is_left_out() -> None:
    text = 'os.environ["HOME"]\nos.environ["a b"]\nother["X"]\nthing.get("Y")\nenv.other("Z")'
    assert find_environment_variables([("a.py", text)]) == ()
