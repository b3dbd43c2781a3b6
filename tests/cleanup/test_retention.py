"""Which releases are kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.cleanup.retention import kept_releases

REAL = {key: f"{n}" * 64 for n, key in enumerate("abcdefgh", 1)}
RELEASES = [{"digest": digest, "name": f"1.{key}+x.{digest[:6]}"} for key, digest in REAL.items()]


def good(key: str) -> dict[str, Any]:
    return {"verdict": "passed", "digest": REAL[key], "release": f"1.{key}"}


def kept(state: Any, rollouts: list[dict[str, Any]], count: int = 2) -> str:
    """The keys of what is kept."""
    found = kept_releases(RELEASES, [(state, rollouts)], count)
    return "".join(key for key, digest in REAL.items() if digest in found)


def test_what_runs_is_kept_and_so_are_the_last_good_ones() -> None:
    rollouts = [good("d"), good("c"), good("b"), good("a")]
    assert kept({"current": {"digest": REAL["a"]}}, rollouts) == "acd"
    assert kept(None, rollouts) == "cd"
    assert kept(None, rollouts, 1) == "d"


def test_one_that_was_rolled_out_often_counts_once() -> None:
    assert kept(None, [good("c"), good("b"), good("c"), good("a")]) == "bc"


@pytest.mark.parametrize("verdict", ["failed", "rolled back"])
def test_what_did_not_succeed_is_not_kept(verdict: str) -> None:
    bad = {"verdict": verdict, "digest": REAL["b"]}
    assert kept(None, [bad, good("a")]) == "a"


@pytest.mark.parametrize(
    "named",
    [
        {"digest": REAL["b"]},
        {"release": f"1.b+x.{REAL['b'][:6]}"},
        {"plan": {"to": [REAL["b"][:12]]}},
    ],
)
def test_what_an_unfinished_rollout_names_is_kept_however_old_it_is(named: dict[str, Any]) -> None:
    started = {"verdict": "unfinished", **named}
    assert kept(None, [good("d"), good("c"), started]) == "bcd"
    assert kept(None, [good("d"), good("c"), named]) == "bcd"


@pytest.mark.parametrize("verdict", ["needs a person", "unknown", "interrupted"])
def test_a_rollout_that_somebody_may_go_on_with_is_open_until_the_next(verdict: str) -> None:
    held = {"verdict": verdict, "digest": REAL["b"], "before": f"1.a+x.{REAL['a'][:6]}"}
    assert kept(None, [held, good("d")]) == "abd"
    assert kept(None, [good("d"), held]) == "d"


def test_each_environment_keeps_its_own() -> None:
    found = kept_releases(RELEASES, [(None, [good("a")]), ({"x": REAL["b"]}, [good("c")])], 1)
    assert found == {REAL["a"], REAL["b"], REAL["c"]}


def test_what_is_not_on_record_is_not_counted() -> None:
    gone = {"verdict": "passed", "digest": "f" * 64}
    assert kept(None, [gone, good("b"), good("a")]) == "ab"
    assert kept_releases([], [({"current": {"digest": "f" * 64}}, [gone])], 5) == set()


keys = st.sampled_from(sorted(REAL))
verdicts = st.sampled_from(["passed", "failed", "rolled back", "unfinished", "needs a person"])
rollouts_ = st.lists(
    st.builds(lambda key, verdict: {**good(key), "verdict": verdict}, keys, verdicts)
)
states = st.dictionaries(st.text(max_size=3), st.lists(keys.map(REAL.get)), max_size=3)


@given(states, rollouts_, st.integers(1, 6))
def test_whatever_runs_or_is_under_way_stays(
    state: dict[str, list[str]], rollouts: list[dict[str, Any]], count: int
) -> None:
    found = kept_releases(RELEASES, [(state, rollouts)], count)
    assert found >= {digest for digests in state.values() for digest in digests}
    assert found >= {one["digest"] for one in rollouts if one["verdict"] == "unfinished"}
    assert found <= kept_releases(RELEASES, [(state, rollouts)], count + 1)
