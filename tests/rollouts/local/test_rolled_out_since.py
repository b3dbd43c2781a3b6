"""Which releases may have migrated the database since the one that is gone back to."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.rollouts.local.killed_rollout import Place

from shipway.errors import CannotRun
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.events import NullListener


def test_they_are_those_that_were_rolled_out_after_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.platform().deploy(place.new, NullListener()).verdict is Verdict.PASSED
    assert place.platform().since(place.old) == [place.new]


def test_where_nothing_of_one_is_on_record_nobody_knows_what_it_did(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.platform().deploy(place.new, NullListener()).verdict is Verdict.PASSED
    with sqlite3.connect(tmp_path / "record.sqlite3") as db:
        db.execute("DELETE FROM releases WHERE digest = ?", (place.new.digest,))
    with pytest.raises(CannotRun, match=f"nothing of {place.new.name.replace('+', '.')} is on"):
        place.platform().since(place.old)
