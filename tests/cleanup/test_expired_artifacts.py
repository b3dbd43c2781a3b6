"""What nothing needs any more is removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.cleanup.state_folder import NOW, Gathered, aged, gathered

from shipway.cleanup.expired_artifacts import (
    KEEP_REPORTS,
    PRUNE_ABOVE,
    folder_size,
    remove_artifacts,
    remove_expired,
)
from shipway.config.schema import Retention


@pytest.fixture
def here(tmp_path: Path) -> Gathered:
    return gathered(tmp_path)


def test_after_many_runs_only_what_the_policy_keeps_is_there(here: Gathered) -> None:
    kept, gone, young = (here.blobs.put(text) for text in (b"kept", b"gone", b"young"))
    for name in (kept, gone):
        aged(here.folder / "blobs" / name[:2] / name)
    for number in range(PRUNE_ABOVE + 1):
        here.run(str(number), NOW - 99 + number, f'{{"log": "{kept}"}}' if number else "{}")
    for key in "ab":
        here.release(key)
        here.rolled_out(key)
    remove_expired(here.past(Retention(releases=1, runs=9)))
    assert here.blobs.get(kept) == b"kept"
    assert here.blobs.get(gone) is None
    assert here.blobs.get(young) == b"young"  # a run that is under way may be about to name it
    assert os.listdir(here.folder / "releases") == ["b" * 32]
    assert os.listdir(here.folder / "venvs") == ["b" * 16]
    assert [one["name"] for one in here.record.releases()] == ["1.b"]
    assert len(os.listdir(here.folder / "runs")) == KEEP_REPORTS
    assert here.record.old_runs(0) == [str(PRUNE_ABOVE - number) for number in range(9)]
    assert here.past(Retention(releases=1, runs=9)).surplus() == []


def test_after_few_runs_nothing_is_looked_at(here: Gathered) -> None:
    here.release("a")
    here.run("1", 1.0)
    remove_expired(here.past())
    assert os.listdir(here.folder / "releases") == ["a" * 32]


def test_runs_that_left_no_folder_are_forgotten_too(here: Gathered) -> None:
    for number in range(PRUNE_ABOVE + 2):
        here.record.start_run(str(number), float(number))
    remove_expired(here.past())
    assert len(here.record.old_runs(0)) == PRUNE_ABOVE + 2
    here.record.start_run("one more", 99.0)
    remove_expired(here.past())
    assert here.record.old_runs(0) == ["one more", str(PRUNE_ABOVE + 1)]


def test_a_rollout_that_began_since_it_was_shown_keeps_its_release(here: Gathered) -> None:
    for key in "abc":
        here.release(key)
        here.rolled_out(key)
    found = here.past().surplus()
    here.rolled_out("a", "unfinished")
    gone = remove_artifacts(here.past(), found)
    assert sorted(one.name for one in gone) == ["1.b", "b" * 16]
    assert sorted(os.listdir(here.folder / "releases")) == ["a" * 32, "c" * 32]
    assert {one["name"] for one in here.record.releases()} == {"1.a", "1.c"}


def test_only_what_was_shown_goes(here: Gathered) -> None:
    here.release("a")
    here.venv("f")
    found = [one for one in here.past().surplus() if one.kind == "release"]
    assert remove_artifacts(here.past(), found) == found
    assert sorted(os.listdir(here.folder / "venvs")) == ["a" * 16, "f" * 16]


def test_what_goes_is_weighed_by_what_it_gives_back(here: Gathered) -> None:
    folder = here.venv("a")
    assert folder_size(str(folder)) == 50
    os.link(folder / "bin" / "python", here.folder / "elsewhere")
    assert folder_size(str(folder)) == 0
    assert folder_size(str(here.log("x.log", 1))) == 20
    assert folder_size(str(here.folder / "nothing")) == 0
