"""What has to stay, whatever it costs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shipway.cleanup.retention import (
    ResourcesInUse,
    image_digest,
    referenced_resources,
    rollback_targets,
)

ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web-staging"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def rollout(number: int, verdict: str = "passed") -> dict[str, Any]:
    return {
        "digest": f"{number:064x}",
        "verdict": verdict,
        "task_definition": f"{ARN}:{number}",
        "release_data": {"image": f"registry/web@{digest(number)}"},
    }


def test_the_last_good_releases_stay_each_counted_once() -> None:
    found = rollback_targets([rollout(one) for one in (5, 5, 4, 5, 3, 2)], 3)
    assert found.images == {digest(5), digest(4), digest(3)}
    assert found.definitions == {f"{ARN}:5", f"{ARN}:4", f"{ARN}:3"}


def test_what_failed_is_no_rollback_target_unless_it_is_the_newest() -> None:
    rows = [rollout(9, "failed"), rollout(8, "rolled back"), rollout(7)]
    assert rollback_targets(rows, 1).images == {digest(9), digest(7)}


def test_a_rollout_that_has_not_ended_needs_everything_it_names() -> None:
    rows = [rollout(9), rollout(8, "unfinished"), rollout(7, "needs a person")]
    assert rollback_targets(rows, 1).images == {digest(9), digest(8), digest(7)}


def test_nothing_rolled_out_needs_nothing() -> None:
    assert rollback_targets([], 5) == ResourcesInUse()


def test_an_image_is_named_by_digest_or_else_by_tag() -> None:
    assert image_digest(f"1234.dkr.ecr.eu-west-1.amazonaws.com/web@{digest(1)}").images == {
        digest(1)
    }
    assert image_digest("localhost:5000/web:1.2").tags == {"1.2"}
    assert image_digest(f"web:1.2@{digest(1)}") == ResourcesInUse(images=frozenset({digest(1)}))
    assert image_digest("localhost:5000/web") == ResourcesInUse()


def test_what_is_named_is_found_however_deep_it_lies() -> None:
    found = referenced_resources([{"a": [{"b": f"x {digest(1)} y"}], "c": {f"{ARN}:7": 1}}])
    assert found == ResourcesInUse(frozenset({digest(1)}), frozenset(), frozenset({f"{ARN}:7"}))


verdicts = st.sampled_from(["passed", "failed", "rolled back", "unfinished", "needs a person"])
rows = st.lists(st.builds(rollout, st.integers(1, 6), verdicts), max_size=12)


@given(rows, st.integers(1, 6))
def test_keeping_more_releases_never_frees_anything(found: list[dict[str, Any]], good: int) -> None:
    fewer, more = rollback_targets(found, good), rollback_targets(found, good + 1)
    assert fewer.images <= more.images
    assert fewer.definitions <= more.definitions
