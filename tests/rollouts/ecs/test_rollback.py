"""Rollback to what was good, from this machine or another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.fakes.load_balancer import DNS
from tests.rollouts.ecs.fake_environment import STRATEGIES, Place, release

from shipway.errors import ConfigError
from shipway.pipeline.outcome import Verdict


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_back_to_the_last_good_one_by_its_own_task_definition(
    tmp_path: Path, strategy: str
) -> None:
    place = Place(tmp_path, strategy)
    assert place.deploy().verdict is Verdict.PASSED
    assert place.platform().serves == place.new
    receipt = place.platform().rollback("", place.listener)
    assert (receipt.verdict, receipt.release) == (Verdict.PASSED, place.old.name)
    assert place.asked("update_service")[-1]["taskDefinition"] == place.first
    assert place.serving == place.old.name
    assert len(place.asked("register_task_definition")) == 1


def test_what_was_rolled_back_is_not_gone_back_to(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(errors={place.new.name: 0.2})
    assert place.deploy().verdict is Verdict.ROLLED_BACK
    third = release("3.0")
    assert place.deploy(new=third).verdict is Verdict.PASSED
    assert place.platform().earlier("") == place.old
    assert place.platform().since(place.old) == [third, place.new]


def test_on_the_way_back_no_pause_waits_for_anybody(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.deploy().verdict is Verdict.PASSED
    place.platform().rollback("", place.listener)
    asked = place.asked("update_service")[-1]["deploymentConfiguration"]
    assert (asked["strategy"], asked["lifecycleHooks"]) == ("BLUE_GREEN", [])
    assert not asked["alarms"]["enable"]


def test_a_rollout_under_way_is_undone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(rate=0.0)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    receipt = place.platform().rollback("", place.listener)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert place.serving == place.old.name
    assert len(place.ecs.deployments) == 1


def test_a_name_that_is_not_on_record_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with pytest.raises(ConfigError, match=r"no good release named '9\.9' is on record"):
        place.platform().rollback("9.9", place.listener)
    with pytest.raises(ConfigError, match="no earlier good release"):
        place.platform().earlier("")


def test_another_machine_goes_back_by_what_is_in_the_bucket(tmp_path: Path) -> None:
    place = Place(tmp_path)
    third = release("3.0")
    assert place.deploy().verdict is Verdict.PASSED
    assert place.deploy(new=third).verdict is Verdict.PASSED
    keys = list(place.account.s3.objects)
    assert len(keys) == 2
    assert all(key.startswith("shop/production/rollouts/2023") for key in keys)
    (put, *_) = place.asked("put_object")
    assert put["Bucket"] == "shop-shipway-123456789012-af-south-1"
    assert put["IfNoneMatch"] == "*"
    other = place.platform(place.open("elsewhere"))
    assert other.serves is not None
    assert (other.serves.digest, other.serves.path) == (third.digest, "")
    assert [rollout.release for rollout in other.rollouts(print)] == [third.name, place.new.name]
    receipt = other.rollback("", place.listener)
    assert (receipt.verdict, receipt.release) == (Verdict.PASSED, place.new.name)
    assert place.serving == place.new.name


def test_without_a_bucket_it_deploys_says_so_and_writes_later(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.account.s3.missing = True
    assert place.deploy().verdict is Verdict.PASSED
    assert place.text.count("rollouts are not kept in S3, only here") == 1
    assert "NoSuchBucket" in place.text
    told: list[str] = []
    assert place.platform().rollouts(told.append)[0].release == place.new.name
    assert "rollouts are not kept in S3, only here" in told[0]
    place.account.s3.missing = False
    assert place.deploy(new=release("3.0")).verdict is Verdict.PASSED
    kept = [json.loads(body)["release"] for body in place.account.s3.objects.values()]
    assert sorted(kept) == sorted([place.new.name, release("3.0").name])


def test_what_is_no_rollout_in_the_bucket_is_passed_over(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.account.s3.objects["shop/production/rollouts/9"] = b"no JSON"
    place.account.s3.objects["shop/production/rollouts/8"] = b'{"started": 1}'
    assert place.deploy().verdict is Verdict.PASSED
    assert place.platform().rollback("", place.listener).verdict is Verdict.PASSED


def test_the_same_rollout_is_kept_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.deploy().verdict is Verdict.PASSED
    platform = place.platform()
    rollout = platform.rollouts(print)[0]
    assert platform._bucket.put(rollout)
    assert len(place.account.s3.objects) == 1


def test_a_receipt_has_what_both_releases_got(tmp_path: Path) -> None:
    place = Place(tmp_path)
    receipt = place.deploy()
    figures = receipt.releases[place.new.name]
    assert figures["requests"] > 1000
    assert figures["failed"] == 0
    assert 75.0 < figures["p50"] < 85.0
    assert {sample["weight"] for sample in receipt.samples} >= {0.0, 10.0}
    assert [one["decision"] for one in receipt.evidence][-1] == "promote"
    kept = place.record.rollouts("production")[0]
    assert kept["verdict"] == "passed"
    assert kept["deployment"].endswith("deployment0001")
    assert kept["by"]


def test_status_shows_what_ecs_says(tmp_path: Path) -> None:
    place = Place(tmp_path)
    status = place.platform().status()
    assert (status["release"], status["proxy"], status["rollout"]) == (place.old.name, True, None)
    assert status["address"] == f"http://{DNS}"
    assert {one["health"] for one in status["instances"]} == {"ok"}


def test_it_is_taken_down_with_its_stack(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to its stack"):
        Place(tmp_path).platform().down()
