"""The environment's tag follows what serves there, so that the registry never takes it away."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.cloudwatch import Traffic
from tests.fakes.ecr_lifecycle import FakeImage, expired
from tests.rollouts.ecs.fake_environment import STRATEGIES, Place

from shipway.errors import CannotRun
from shipway.images.repository import lifecycle_policy
from shipway.pipeline.outcome import Verdict

ENVIRONMENTS = ("development", "staging", "production")
KEPT = 3


class Tagged(Place):
    """tagged: images that the environment's tag was given, in order."""

    refused = False

    def __init__(self, folder: Path, strategy: str = "canary") -> None:
        self.tagged: list[str] = []
        super().__init__(folder, strategy)

    def tag_image(self, image: str) -> None:
        if self.refused:
            raise CannotRun("the registry does not answer", "")
        self.tagged.append(image)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_deployment_moves_it_and_a_rollback_moves_it_back(tmp_path: Path, strategy: str) -> None:
    place = Tagged(tmp_path, strategy)
    place.deploy()
    place.platform().rollback("", place.listener)
    assert place.tagged == [place.new.image, place.old.image]


def test_a_release_that_is_rolled_back_gets_no_tag(tmp_path: Path) -> None:
    place = Tagged(tmp_path)
    place.cloudwatch.traffic = Traffic(errors={place.new.name: 0.2})
    assert place.deploy().verdict is Verdict.ROLLED_BACK
    assert place.tagged == []


def test_a_tag_that_cannot_be_moved_is_told_and_fails_nothing(tmp_path: Path) -> None:
    place = Tagged(tmp_path)
    place.refused = True
    assert place.deploy().verdict is Verdict.PASSED
    assert "the tag production does not name this image: the registry does not answer" in place.text


@given(
    story=st.lists(
        st.one_of(
            st.just(("push", "")),
            st.tuples(st.just("deploy"), st.sampled_from(ENVIRONMENTS)),
            st.tuples(st.just("roll back"), st.sampled_from(ENVIRONMENTS)),
        ),
        max_size=60,
    ),
    days=st.floats(0, 40),
)
def test_what_runs_is_never_taken_whatever_is_pushed_after_it(
    story: list[tuple[str, str]], days: float
) -> None:
    policy = lifecycle_policy(ENVIRONMENTS, KEPT)
    images: list[FakeImage] = []
    ran: dict[str, list[FakeImage]] = {name: [] for name in ENVIRONMENTS}
    for number, (act, name) in enumerate(story):
        now = number * days * 86_400.0
        if act == "push":
            images.append(FakeImage(f"sha256:{number}", now, {f"1.{number}", f"sha-{number}"}))
        elif act == "deploy" and images:
            ran[name].append(images[-1])
        elif act == "roll back" and len(ran[name]) > 1 and ran[name][-2] in images:
            ran[name].pop()
        for image in images:
            image.tags -= set(ENVIRONMENTS)
        for where, history in ran.items():
            if history:
                history[-1].tags.add(where)
        gone = expired(policy, images, now)
        assert not [where for where, rows in ran.items() if rows and rows[-1].digest in gone]
        images = [image for image in images if image.digest not in gone]


def test_the_oldest_of_what_nobody_runs_goes() -> None:
    images = [FakeImage(str(number), float(number), {f"1.{number}"}) for number in range(5)]
    assert expired(lifecycle_policy(("production",), KEPT), images, 10.0) == {"0", "1"}
    images[0].tags.add("production")
    assert expired(lifecycle_policy(("production",), KEPT), images, 10.0) == {"1"}
