"""The image in its registry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rollouts.ecs.environment import Standing

from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.subject import ProblemKind

OTHER = "sha256:" + "0" * 64


def of(standing: Standing, image: str) -> None:
    standing.release = replace(standing.release, image=image)


def test_a_digest_that_ecr_does_not_have_is_to_be_pushed(standing: Standing) -> None:
    of(standing, standing.image.partition("@")[0] + "@" + OTHER)
    (found,) = run_preflight(standing.subject())
    assert found.description == f"images: ECR's web has no image {OTHER}"
    assert "shipway image push" in found.remedy


def test_a_repository_that_does_not_exist_is_to_be_made(standing: Standing) -> None:
    of(standing, standing.image.replace("/web@", "/shop@"))
    (found,) = run_preflight(standing.subject())
    assert "no repository shop" in found.message


def test_ecr_in_another_region_could_not_be_looked_at(standing: Standing) -> None:
    of(standing, standing.image.replace("eu-west-1", "us-east-1"))
    (found,) = run_preflight(standing.subject())
    assert (found.kind, "us-east-1" in found.message) == (ProblemKind.NOT_CHECKED, True)


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        ("ghcr.io", "https://ghcr.io/v2/team/web/manifests/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/team/web/manifests/"),
        ("docker.io", "https://registry-1.docker.io/v2/team/web/manifests/"),
    ],
)
def test_another_registry_is_asked_for_the_manifest(
    registry: str, url: str, standing: Standing
) -> None:
    of(standing, f"{registry}/team/web@{OTHER}")
    assert run_preflight(standing.subject()) == ()
    assert standing.http.asked == [url + OTHER]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, ProblemKind.WRONG),
        (401, ProblemKind.NOT_CHECKED),
        (500, ProblemKind.NOT_CHECKED),
        (0, ProblemKind.NOT_CHECKED),
    ],
)
def test_only_a_registry_that_says_so_lacks_the_image(
    status: int, kind: ProblemKind, standing: Standing
) -> None:
    standing.http.status = status
    of(standing, f"ghcr.io/team/web@{OTHER}")
    assert [one.kind for one in run_preflight(standing.subject())] == [kind]


def test_a_sidecar_by_tag_is_left_alone_the_application_is_not(standing: Standing) -> None:
    subject = standing.subject()
    containers = [
        {"name": "proxy", "image": "envoy:v1"},
        *subject.task_definition["containerDefinitions"],
    ]
    definition = {**subject.task_definition, "containerDefinitions": containers}
    assert run_preflight(replace(subject, task_definition=definition)) == ()
    containers[1]["image"] = "web:latest"
    (found,) = run_preflight(replace(subject, task_definition=definition))
    assert found.message == "web:latest has no digest"
