"""Environments from a manifest of Copilot's, alone and with what runs."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.running_services import FakeRegion
from tests.scaffold import ecs_services

from shipway.aws.errors import AwsApiError
from shipway.config.validation import validate
from shipway.errors import ConfigError
from shipway.scaffold.from_copilot import (
    CopilotService,
    find_copilot_services,
    manifest_remarks,
    propose_from_manifest,
    read_copilot,
)
from shipway.scaffold.generated_files import tables_text

MANIFEST = """
name: api
type: Load Balanced Web Service
platform: linux/arm64
image:
  build: ./Dockerfile
  port: 5000
http:
  path: "/"
  alias: [{name: api.isles.example}, www.isles.example]
  healthcheck: {path: /ready, success_codes: "200"}
cpu: 300
memory: 600
count: {range: 1-10, cpu_percentage: 70}
exec: true
variables:
  LOG_LEVEL: info
secrets:
  TOKEN: /copilot/isles/test/t
sidecars:
  nginx: {port: 8080, image: nginx}
publish: {topics: [{name: orders}]}
environments:
  test:
    cpu: 512
  prod:
    image: {port: 6000}
    memory: 4096
    deployment: {rolling: recreate}
"""


def repository(folder: Path, manifest: str = MANIFEST) -> Path:
    service = folder / "copilot" / "api"
    (service / "addons").mkdir(parents=True)
    (service / "manifest.yml").write_text(manifest)
    (folder / "copilot" / ".workspace").write_text("application: isles\n")
    for name in ("test", "staging"):
        (folder / "copilot" / "environments" / name).mkdir(parents=True)
    return folder


@pytest.mark.parametrize("path", ["", "copilot", "copilot/api", "copilot/api/manifest.yml"])
def test_the_manifest_is_read_wherever_it_is_named(tmp_path: Path, path: str) -> None:
    service = read_copilot(str(repository(tmp_path) / path))
    assert (service.application, service.name) == ("isles", "api")
    assert list(service.manifests) == ["test", "prod", "staging"]
    assert service.folders == ("addons",)


def test_an_environment_has_what_it_overrides_and_everything_else(tmp_path: Path) -> None:
    service = read_copilot(str(repository(tmp_path)))
    test = propose_from_manifest(service, "test").tables["ecs"]
    prod = propose_from_manifest(service, "prod")
    assert (test["container_port"], test["cpu"], test["memory"]) == (5000, 512, 1024)
    assert (prod.tables["ecs"]["container_port"], prod.tables["ecs"]["memory"]) == (6000, 4096)
    assert prod.tables[""] == {"platform": "ecs", "strategy": "rolling", "minimum_healthy": 0}
    assert test["family"] == "isles-test-api" and test["container"] == "api"
    assert test["log_group"] == "/copilot/isles-test-api"
    assert test["architecture"] == "arm64"
    assert prod.image == {"registry": "ecr", "repository": "isles/api"}


def test_what_is_written_is_valid_and_what_the_manifest_cannot_say_comes_first(
    tmp_path: Path,
) -> None:
    service = read_copilot(str(repository(tmp_path)))
    for name in service.manifests:
        proposal = propose_from_manifest(service, name)
        validate(tomllib.loads(tables_text(proposal.settings())), "shipway.toml")
        [first] = [row.sentence for row in proposal.remarks if row.level == "first"]
        assert "cluster, service, execution_role" in first


def test_what_stays_and_what_is_not_carried_on_is_named(tmp_path: Path) -> None:
    service = read_copilot(str(repository(tmp_path)))
    rows = list(manifest_remarks(service, "test"))
    stays = {row.sentence for row in rows if row.level == "stays"}
    assert stays == {"variables", "secrets", "sidecars", "count and autoscaling", "exec"}
    without = " ".join(row.sentence for row in rows if row.level == "without")
    assert "topics (publish)" in without and "addons/" in without
    assert "copilot svc deploy" in without
    told = " ".join(row.sentence for row in rows if row.level == "is")
    assert "api.isles.example, www.isles.example" in told and "/ready" in told


def test_the_service_is_found_by_what_its_name_begins_with(tmp_path: Path) -> None:
    service = read_copilot(str(repository(tmp_path)))
    region = FakeRegion((ecs_services.terraform(), ecs_services.copilot()))
    assert find_copilot_services(region, service, ["test", "prod"]) == {
        "test": "isles-test-Cluster-AbC123/isles-test-api-Service-Xx1Yy2Zz3",
        "prod": "",
    }
    assert region.asked.count("list_clusters") == 1  # however many environments there are
    with pytest.raises(AwsApiError):
        find_copilot_services(
            FakeRegion(region.samples, frozenset({"list_clusters"})), service, ["test"]
        )


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("name: a\ntype: Request-Driven Web Service\n", "no manifest of a Load Balanced"),
        ("name: a\ntype: Scheduled Job\n", "no manifest of a Load Balanced"),
        ("- a list\n", "no manifest of a Load Balanced"),
        ("{{ broken", "no manifest of a Load Balanced"),
    ],
)
def test_what_is_no_service_on_ecs_is_refused(tmp_path: Path, manifest: str, message: str) -> None:
    repository(tmp_path, manifest)
    with pytest.raises(ConfigError, match=message):
        read_copilot(str(tmp_path))
    with pytest.raises(ConfigError, match="is no service that gets requests"):
        read_copilot(str(tmp_path / "copilot" / "api" / "manifest.yml"))


def test_of_several_services_one_has_to_be_named(tmp_path: Path) -> None:
    repository(tmp_path)
    other = tmp_path / "copilot" / "web"
    other.mkdir()
    (other / "manifest.yml").write_text(MANIFEST.replace("name: api", "name: web"))
    with pytest.raises(ConfigError, match="has several services"):
        read_copilot(str(tmp_path))
    assert read_copilot(str(other)).name == "web"


def test_without_the_applications_name_nothing_is_guessed(tmp_path: Path) -> None:
    (repository(tmp_path) / "copilot" / ".workspace").unlink()
    with pytest.raises(ConfigError, match="does not name the application"):
        read_copilot(str(tmp_path))


_YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    ("image", "http", "cpu", "memory", "platform", "deployment", "secrets", "publish", "count")
)


@given(st.dictionaries(_KEYS, _YAML))
def test_a_manifest_of_any_form_is_valid_settings(manifest: dict[str, object]) -> None:
    service = CopilotService("isles", "api", "Backend Service", {"test": manifest})
    proposal = propose_from_manifest(service, "test")
    text = tables_text({**proposal.settings(), "image": {}})
    validate(tomllib.loads(text), "shipway.toml")
