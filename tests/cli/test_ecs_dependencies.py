"""An environment's tag in a real registry, as a rollout on ECS moves it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.images import registries

from shipway.cli.ecs_dependencies import tag_image
from shipway.config.schema import Application, Config, Environment
from shipway.config.tables import Image
from shipway.errors import ConfigError
from shipway.images import oci


def project(registry: str) -> Config:
    return Config(
        application=Application(name="town", version="1.0"),
        image=Image(registry=registry),
        environments={"production": Environment(platform="ecs")},
    )


def test_the_tag_names_the_image_and_moves_to_the_next_one(tmp_path: Path) -> None:
    with registries.running(tmp_path) as host:
        registry = registries.client(host)
        for text in (b"one", b"two"):
            data = oci.encode_document(
                oci.image_index([]) | {"annotations": {"text": text.decode()}}
            )
            registry.put_manifest(data, oci.INDEX)
            digest = oci.digest_of(data)
            tag_image(project(host), "production", f"{host}/town@{digest}")
            assert registry.digest("production") == digest


@pytest.mark.parametrize("image", ["", "elsewhere.example/town@sha256:0", "r.example/town:1.0"])
def test_an_image_of_another_registry_has_no_tag_of_ours(image: str) -> None:
    tag_image(project("r.example"), "production", image)


def test_an_image_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with registries.running(tmp_path) as host, pytest.raises(ConfigError, match="does not have it"):
        tag_image(project(host), "production", f"{host}/town@sha256:{'0' * 64}")
