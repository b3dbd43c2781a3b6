"""What can go, and what never does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cleanup.state_folder import NOW, Gathered, gathered

from shipway.cleanup.expired_artifacts import CACHE_AGE, KEEP_REPORTS
from shipway.config.schema import Retention
from shipway.ports import EndedStep


@pytest.fixture
def here(tmp_path: Path) -> Gathered:
    return gathered(tmp_path)


def found(here: Gathered, kind: str, policy: Retention | None = None) -> list[str]:
    past = here.past(policy) if policy else here.past()
    return [one.name for one in past.surplus() if one.kind == kind]


def test_only_what_runs_and_the_last_good_releases_stay_with_their_venvs(here: Gathered) -> None:
    for key in "abcd":
        here.release(key)
        here.rolled_out(key)
    here.record.put_state("local", {"current": {"digest": "a" * 64}})
    assert found(here, "release") == ["1.b", "1.c"]
    assert found(here, "venv") == ["b" * 16, "c" * 16]
    assert found(here, "release", Retention(releases=2)) == ["1.b"]


def test_what_an_unfinished_rollout_names_stays(here: Gathered) -> None:
    for key in "ab":
        here.release(key)
    here.rolled_out("a", "unfinished")
    here.rolled_out("b")
    assert found(here, "release") == found(here, "venv") == []


def test_every_environment_counts(here: Gathered) -> None:
    for key in "ab":
        here.release(key)
        here.rolled_out(key, environment=f"e{key}")
    assert found(here, "release") == []


def test_what_is_packaged_and_is_to_be_deployed_next_stays(here: Gathered) -> None:
    for number, key in enumerate("ab"):
        release = here.release(key, recorded=False)
        facts = json.dumps({"facts": {"release": release}})
        step = EndedStep("package", facts, key=key, now=NOW - 9 + number)
        here.record.start_run(key, NOW - 9 + number)
        here.record.finish_steps(key, [step])
        here.record.finish_run(key, "{}")
    assert found(here, "release") == ["a" * 32]
    assert found(here, "venv") == []  # two kept runs name both


def test_what_was_gone_back_to_stays_though_the_cache_stored_another_later(here: Gathered) -> None:
    for number, key in enumerate("aba"):
        release = here.release(key, recorded=False) if number < 2 else release_of(here, key)
        facts = json.dumps({"facts": {"release": release}})
        stored = (key, "{}") if number < 2 else ("", "")
        here.record.start_run(f"{number}", NOW - 9)
        here.record.finish_steps(f"{number}", [EndedStep("package", facts, None, *stored, NOW)])
        here.record.finish_run(f"{number}", "{}")
    assert found(here, "release") == ["b" * 32]


def test_what_a_run_that_is_under_way_has_packaged_stays(here: Gathered) -> None:
    for key in "abc":
        facts = json.dumps({"facts": {"release": here.release(key, recorded=False)}})
        here.record.start_run(key, NOW)
        here.record.finish_steps(key, [EndedStep("package", facts)])
    here.record.finish_run("b", "{}")
    assert found(here, "release") == ["b" * 32]
    here.record.finish_run("a", "{}")
    assert found(here, "release") == ["a" * 32, "b" * 32]


def release_of(here: Gathered, key: str) -> dict[str, str]:
    """A release that was packaged before."""
    path = str(here.folder / "releases" / (key * 32))
    return {"digest": key * 64, "name": f"1.{key}", "path": path}


def test_what_runs_stays_even_when_the_record_has_lost_it(here: Gathered) -> None:
    here.release("a", recorded=False)
    here.record.put_state("local", {"current": {"digest": "a" * 64}})
    assert found(here, "release") == []


def test_a_release_whose_folder_is_gone_is_one_too_many_on_record(here: Gathered) -> None:
    here.record.add_release({"digest": "a" * 64, "name": "1.a"})
    (one,) = here.past().surplus()
    assert (one.kind, one.name, one.path) == ("release", "1.a", "")


def test_what_is_young_may_be_named_in_a_moment(here: Gathered) -> None:
    for kind in ("releases", "venvs"):
        (here.folder / kind / ("e" * 32)).mkdir(parents=True)
    here.blobs.put(b"young")
    assert here.past().surplus() == []


def test_runs_beyond_the_limit_go_and_reports_of_all_but_the_last(here: Gathered) -> None:
    for number in range(8):
        here.run(str(number), NOW - 100 + number)
    assert sorted(found(here, "run", Retention(runs=6))) == ["0", "1"]
    assert found(here, "report") == [str(number) for number in range(8 - KEEP_REPORTS)]


def test_which_reports_are_the_last_is_no_matter_of_the_clock(here: Gathered) -> None:
    for number in range(KEEP_REPORTS + 2):
        here.run(str(number), NOW - number)
    assert found(here, "report", Retention(runs=20)) == ["0", "1"]


def test_a_venv_stays_while_a_kept_run_or_a_cached_outcome_needs_it(here: Gathered) -> None:
    for number, key in enumerate("abcd"):
        path = here.venv(key)
        here.run(key, NOW - 100 + number, json.dumps({"facts": {"paths": [str(path)]}}))
    kept = json.dumps({"facts": {"paths": [f"/venvs/{'b' * 16}"]}})
    here.record.finish_steps("d", [EndedStep("t", kept, key="k", now=NOW - CACHE_AGE + 9)])
    old = json.dumps({"facts": {"paths": [f"/venvs/{'a' * 16}"]}})
    here.record.finish_steps("a", [EndedStep("u", old, key="l", now=NOW - CACHE_AGE - 9)])
    assert found(here, "venv") == ["a" * 16]


def test_logs_of_ended_instances_go_after_their_days(here: Gathered) -> None:
    old, running = here.log("old.log", 31), here.log("running.log", 31)
    here.log("new.log", 29)
    here.record.put_state("local", {"instances": [{"log": str(running)}]})
    assert found(here, "log") == [old.name]
    assert found(here, "log", Retention(logs_days=28)) == ["new.log", "old.log"]


def test_looking_changes_nothing(here: Gathered) -> None:
    here.release("a")
    here.run("r", 1.0)
    before = sorted(here.folder.rglob("*"))
    here.past().surplus()
    assert sorted(here.folder.rglob("*")) == before
    assert [one["name"] for one in here.record.releases()] == ["1.a"]


def test_an_empty_folder_has_nothing(here: Gathered) -> None:
    assert here.past().surplus() == []
