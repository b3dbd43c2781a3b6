"""Images and task definitions: what runs, and what a rollback needs, stays."""

from __future__ import annotations

import boto3
from tests.cleanup.aws.account import (
    LATER,
    REGION,
    defined,
    premises,
    pushed,
    repository,
    said_of,
    serving,
)

from shipway.cleanup.ecs_orphans import (
    RETIRED,
    OrphanImages,
    OrphanTaskDefinitions,
    resources_in_use,
)
from shipway.cleanup.retention import Orphan, ResourcesInUse


def idle(needed: ResourcesInUse | None = None, after: float = LATER) -> dict[str, Orphan]:
    return {
        one.id: one
        for one in OrphanImages(premises(after=after), needed or ResourcesInUse()).find()
    }


def test_an_image_that_nothing_needs_can_go_and_one_that_is_needed_stays() -> None:
    repository()
    needed, other, untagged = pushed("a", "1.0"), pushed("b", "1.1", "sha-abc"), pushed("c")
    found = idle(ResourcesInUse(images=frozenset({needed})))
    assert set(found) == {other, untagged}
    assert found[other].why == "1.1, sha-abc: nothing runs it, no rollback needs it"
    assert found[untagged].why == "no tag names it"
    assert found[other].price == "images"
    assert found[other].quantity > 0


def test_an_image_that_an_environments_tag_or_a_running_tag_names_stays() -> None:
    repository()
    pushed("a", "1.0", "staging")
    pushed("b", "2.0")
    assert not idle(ResourcesInUse(tags=frozenset({"2.0"})))


def test_an_image_of_this_week_stays() -> None:
    repository()
    pushed("a", "1.0")
    assert not idle(after=6 * 86_400)
    assert idle(after=8 * 86_400)


def test_what_an_index_lists_and_what_is_said_about_an_image_stay_with_it() -> None:
    repository()
    part = pushed("linux/arm64")
    whole = pushed("index", "1.0", manifests=[{"digest": part, "mediaType": "x", "size": 1}])
    subject = {"mediaType": "x", "digest": whole, "size": 1}
    statement = pushed("sbom", subject=subject)
    verdict = pushed("verdict", artifactType="x")
    listed = pushed(
        "list", said_of(whole), manifests=[{"digest": verdict, "mediaType": "x", "size": 1}]
    )
    assert not idle(ResourcesInUse(images=frozenset({whole})))
    everything = {part, whole, statement, verdict, listed}
    assert len(everything) == 5
    assert set(idle()) == everything
    assert next(iter(idle())) in (whole, listed)  # or ECR would refuse to delete what they list


def test_without_a_repository_there_are_no_images() -> None:
    assert not idle()


def test_an_idle_image_is_removed() -> None:
    repository()
    other = pushed("a", "1.0")
    images = OrphanImages(premises(), ResourcesInUse())
    (one,) = images.find()
    assert images.remove(one)
    assert one.id == other
    assert not list(images.find())
    assert not images.remove(one)  # it is gone: ECR says that it failed


def test_what_services_of_any_cluster_of_the_application_run_is_needed() -> None:
    digest = "sha256:" + "1" * 64
    here, there = defined(f"r/web@{digest}"), defined("r/web:2.0", "web-old")
    serving(here)
    serving(there, "web-old")  # in no shipway.toml, and running
    serving(defined("r/x:9", "x"), "x")
    found = resources_in_use(premises())
    assert found.images == {digest}
    assert found.tags == {"2.0"}
    assert found.definitions == {here, there}


def test_older_task_definitions_are_deregistered_first_and_deleted_later() -> None:
    one, two, three, newest = (defined(f"r/web:{number}") for number in range(4))
    defined("r/x:1", "web-staging-x")
    defined("r/x:2", "web-staging-x")
    kinds = OrphanTaskDefinitions(premises(), ResourcesInUse(definitions=frozenset({two})))
    found = {leftover.id: leftover for leftover in kinds.find()}
    assert set(found) == {one, three}
    assert {leftover.done for leftover in found.values()} == {RETIRED}
    assert kinds.remove(found[one])
    again = {leftover.id: leftover.done for leftover in kinds.find()}
    assert again == {one: "removed", three: RETIRED}
    assert kinds.remove(Orphan("task definition", one, ""))
    status = boto3.client("ecs", REGION).describe_task_definition(taskDefinition=newest)
    assert status["taskDefinition"]["status"] == "ACTIVE"


def test_task_definitions_of_this_week_stay() -> None:
    defined("r/web:1")
    defined("r/web:2")
    assert not list(OrphanTaskDefinitions(premises(after=0), ResourcesInUse()).find())
