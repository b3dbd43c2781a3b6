"""`init --from-ecs` and `--from-copilot`: what is written into shipway.toml, and what is said."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from tests.cli.in_process import project, shipway
from tests.fakes.running_services import FakeRegion
from tests.scaffold import ecs_services
from tests.scaffold.ecs_services import ALL

from shipway.cli.existing_environment import add_copilot_service, add_running_service
from shipway.errors import ConfigError
from shipway.scaffold.from_ecs import LEVELS

SETTINGS = '# ours\n[application]\nname = "shop"'
MANIFEST = "name: api\ntype: Backend Service\nimage: {build: ., port: 5000}\n"


def added(folder: Path, name: str, environment: str = "", **options: Any) -> list[str]:
    """The environment of a service, added; what was said."""
    service = ALL[name]()
    said: list[str] = []
    add_running_service(
        str(folder),
        service.reference,
        environment,
        FakeRegion((service,)),
        said.append,
        **{"dry_run": False, **options},
    )
    return said


def settings(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "shipway.toml").read_text())


def test_the_environment_goes_to_the_end_and_what_is_there_stays(tmp_path: Path) -> None:
    project(tmp_path, SETTINGS)
    said = added(tmp_path, "terraform")
    text = (tmp_path / "shipway.toml").read_text()
    assert text.startswith(SETTINGS + "\n")
    assert settings(tmp_path)["environments"]["production"]["ecs"]["service"] == "shop"
    assert settings(tmp_path)["aws"]["account"] == "123456789012"
    assert any(line.startswith("stays    autoscaling") for line in said)
    assert any("aws ecs update-service" in line for line in said)
    assert any("AWSTemplateFormatVersion" in line for line in said)
    assert "changed  shipway.toml" in said
    assert shipway(tmp_path, "plan", "--json").returncode == 0


def test_a_second_environment_joins_the_first(tmp_path: Path) -> None:
    project(tmp_path, SETTINGS)
    added(tmp_path, "terraform")
    said = added(tmp_path, "ready")
    assert set(settings(tmp_path)["environments"]) == {"production", "staging"}
    assert any("[image] of shipway.toml says otherwise" in line for line in said)
    assert settings(tmp_path)["image"]["repository"] == "shop/web"
    assert any("ready for blue-green, linear and canary" in line for line in said)


def test_an_environment_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    project(tmp_path, SETTINGS)
    added(tmp_path, "terraform")
    before = (tmp_path / "shipway.toml").read_text()
    with pytest.raises(ConfigError, match="has an environment production already") as caught:
        added(tmp_path, "cdk")
    assert "--environment" in caught.value.remedy
    assert (tmp_path / "shipway.toml").read_text() == before
    added(tmp_path, "cdk", "town")
    assert set(settings(tmp_path)["environments"]) == {"production", "town"}


def test_a_dry_run_shows_the_difference_and_writes_nothing(tmp_path: Path) -> None:
    project(tmp_path, SETTINGS)
    said = added(tmp_path, "terraform", dry_run=True)
    assert "+[environments.production.ecs]" in said
    assert (tmp_path / "shipway.toml").read_text() == SETTINGS


def _copilot(folder: Path) -> Path:
    project(folder, SETTINGS, {"copilot/api/manifest.yml": MANIFEST})
    (folder / "copilot" / ".workspace").write_text("application: isles\n")
    for name in ("test", "prod"):
        (folder / "copilot" / "environments" / name).mkdir(parents=True)
    return folder


def test_copilots_environments_are_written_as_they_run(tmp_path: Path) -> None:
    _copilot(tmp_path)
    said: list[str] = []
    region = FakeRegion((ecs_services.copilot(),))
    data = add_copilot_service(str(tmp_path), "copilot", "", region, said.append, dry_run=False)
    assert [row["environment"] for row in data] == ["prod", "test"]
    environments = settings(tmp_path)["environments"]
    assert environments["test"]["ecs"]["cluster"] == "isles-test-Cluster-AbC123"
    assert "cluster" not in environments["prod"]["ecs"]
    assert any("a look at AWS: there is no service of api in prod" in line for line in said)


@pytest.mark.parametrize("denied", [frozenset[str](), frozenset({"list_clusters"})])
def test_what_is_said_keeps_its_order_whatever_was_added_to_it(
    tmp_path: Path, denied: frozenset[str]
) -> None:
    _copilot(tmp_path)
    region = FakeRegion((ecs_services.copilot(),), denied=denied)
    data = add_copilot_service(str(tmp_path), ".", "test", region, print, dry_run=True)
    (row,) = data
    levels = [remark["level"] for remark in row["remarks"]]
    assert levels == sorted(levels, key=LEVELS.index)


def test_without_aws_the_manifest_is_read_and_that_is_said(tmp_path: Path) -> None:
    _copilot(tmp_path)
    said: list[str] = []
    region = FakeRegion((ecs_services.copilot(),), denied=frozenset({"list_clusters"}))
    add_copilot_service(str(tmp_path), ".", "test", region, said.append, dry_run=False)
    assert settings(tmp_path)["environments"]["test"]["ecs"]["family"] == "isles-test-api"
    assert any("a look at AWS: AWS: these credentials may not" in line for line in said)
    with pytest.raises(ConfigError, match="has no environment qa"):
        add_copilot_service(str(tmp_path), ".", "qa", region, said.append, dry_run=False)


NOBODY = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_REGION": "eu-west-1",
    "AWS_PROFILE": "",
    "AWS_CONFIG_FILE": "/nowhere",
}


def test_the_command_reads_a_manifest_where_aws_does_not_answer(tmp_path: Path) -> None:
    folder = _copilot(tmp_path / "shop")
    variables = {**NOBODY, "AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    variables["AWS_PROFILE"] = "nobody"
    done = shipway(folder, "init", "--from-copilot", "copilot", "--json", **variables)
    assert done.returncode == 0, done.stderr
    assert [row["environment"] for row in json.loads(done.stdout)] == ["prod", "test"]
    assert "a look at AWS: AWS: The config profile (nobody)" in done.stderr
    assert set(settings(folder)["environments"]) == {"prod", "test"}


def test_the_command_says_what_it_cannot_do(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", SETTINGS)
    both = shipway(folder, "init", "--from-ecs", "a/b", "--from-copilot", "copilot", **NOBODY)
    assert (both.returncode, "both given" in both.stderr) == (2, True)
    none = shipway(folder, "init", "--from-ecs", "shop", **NOBODY)
    assert (none.returncode, "CLUSTER/SERVICE is wanted" in none.stderr) == (2, True)
    assert (folder / "shipway.toml").read_text() == SETTINGS


def test_a_repository_without_a_pipeline_gets_one_first(tmp_path: Path) -> None:
    folder = _copilot(tmp_path / "shop")
    (folder / "shipway.toml").unlink()
    variables = {**NOBODY, "AWS_PROFILE": "nobody"}
    done = shipway(
        folder, "init", "--from-copilot", ".", "--no-baseline", "--environment", "prod", **variables
    )
    assert done.returncode == 0, done.stderr
    assert settings(folder)["application"]["name"] == "shop"
    assert set(settings(folder)["environments"]) == {"prod"}


def test_the_command_reads_a_service_by_real_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moto answers boto3; what moto leaves out is named as everything is that cannot be read."""
    folder = project(tmp_path / "shop", SETTINGS)
    for name, value in {**NOBODY, "AWS_ENDPOINT_URL": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE")
    with mock_aws():
        ecs = boto3.client("ecs", region_name="eu-west-1")
        ecs.create_cluster(clusterName="shop-staging")
        ecs.register_task_definition(
            family="shop",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="512",
            memory="1024",
            executionRoleArn="arn:aws:iam::123456789012:role/shop-execution",
            containerDefinitions=[
                {
                    "name": "app",
                    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1",
                    "portMappings": [{"containerPort": 8080}],
                }
            ],
        )
        ecs.create_service(
            cluster="shop-staging",
            serviceName="web",
            taskDefinition="shop",
            desiredCount=1,
            launchType="FARGATE",
        )
        done = shipway(folder, "init", "--from-ecs", "shop-staging/web", AWS_REGION="eu-west-1")
        missing = shipway(folder, "init", "--from-ecs", "shop-staging/api", AWS_REGION="eu-west-1")
    assert done.returncode == 0, done.stderr
    assert settings(folder)["environments"]["staging"]["ecs"]["container_port"] == 8080
    assert "first    it has no load balancer" in done.stdout
    assert missing.returncode == 2
    assert "There are: web." in missing.stderr
