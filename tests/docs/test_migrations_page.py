"""docs/migrations.md: its example is what Shipway says it is."""

from __future__ import annotations

import re
from pathlib import Path

from tests.releases.migrations.scripts import TOP

from shipway.releases.migrations.analysis import contractions_between, unsafe_rollback

PAGE = (Path(__file__).parents[2] / "docs" / "migrations.md").read_text(encoding="utf-8")


def script(number: int, code: str) -> str:
    return TOP.format(revision=f"r{number}", before=f"r{number - 1}") + code


CODE = [code.replace("\n   ", "\n") for code in re.findall(r"```python\n   (.*?)```", PAGE, re.S)]
EXPAND, MOVE, CONTRACT = (script(number, code) for number, code in enumerate(CODE))


def test_the_first_two_releases_take_nothing_away() -> None:
    assert (
        contractions_between([], [EXPAND]) == contractions_between([EXPAND], [EXPAND, MOVE]) == ()
    )


def test_the_third_takes_the_old_column_and_says_why_it_may() -> None:
    (one,) = contractions_between([EXPAND, MOVE], [EXPAND, MOVE, CONTRACT])
    assert one.words == (
        "drops column candidate.age (revision r2), called safe: read by no release since 1.5"
    )
    unexcused = re.sub(r" *# shipway.*\n", "", CONTRACT)
    (one,) = unsafe_rollback([EXPAND, MOVE], [EXPAND, MOVE, unexcused])
    assert one.words == "drops column candidate.age (revision r2)"
