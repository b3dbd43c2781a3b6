"""Plan, hold, task and logs, as a person asks for them; tasks are real containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from tests.cli.in_process import environment, only, project, shipway
from tests.e2e import engine
from tests.e2e.cloud import Cloud, cloud

from shipway.ports import EndedStep
from shipway.releases.release import Release
from shipway.system.record import SqliteRecord

pytestmark = pytest.mark.e2e
GROUP = "/web/production/web"
IMAGE = "registry.example.org/web@sha256:" + "a" * 64
WEB = (
    '[application]\nname = "web"\nserve = "gunicorn main:app"\nlock = "requirements.txt"\n'
    '[aws]\nregion = "af-south-1"\n[environments.production]\nplatform = "ecs"\n'
    '[environments.production.env]\nLEVEL = "INFO"\n' + only()
)


@pytest.fixture
def here(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("cloud")) as made:
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def web(here: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a packaged release, and a service that stands."""
    folder = project(tmp_path / "web", WEB, {"requirements.txt": ""})
    own = environment(folder)["XDG_STATE_HOME"]  # the key of its seals is there
    monkeypatch.setenv("XDG_STATE_HOME", own)
    record = SqliteRecord(str(folder / ".shipway" / "record.sqlite3"))
    release = Release(
        application="web",
        version="2.0",
        commit="abc1234",
        digest="d" * 64,
        lock="",
        migrations=(),
        path=str(folder),
        python="",
    )
    result = json.dumps({"facts": {"release": asdict(release)}})
    record.finish_steps("1", [EndedStep("package", result, key="k", parts="{}", now=1.0)])
    record.put_memo(f"image {release.digest}", IMAGE)  # as the step publish does
    record.close()
    stand(here)
    return folder


def stand(here: Cloud) -> None:
    ecs = here.client("ecs")
    here.client("logs").create_log_group(logGroupName=GROUP)
    ecs.create_cluster(clusterName="web-production")
    options = {
        "awslogs-group": GROUP,
        "awslogs-region": "af-south-1",
        "awslogs-stream-prefix": "web",
    }
    container = {
        "name": "web",
        "image": engine.base(),
        "essential": True,
        "environment": [{"name": "COLOUR", "value": "red"}],
        "portMappings": [{"containerPort": 8000}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ecs.register_task_definition(
        family="web-production",
        containerDefinitions=[container],
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
    )
    ecs.create_service(
        cluster="web-production",
        serviceName="web",
        taskDefinition="web-production",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )


def test_a_day_on_ecs(here: Cloud, web: Path) -> None:
    plan = shipway(web, "plan", "production")
    assert plan.returncode == 0, plan.stderr
    lines = plan.stdout.splitlines()
    assert lines[0].startswith("production: web-production:1 runs; 2.0+abc1234.dddddd would")
    assert "  + web.env.LEVEL: INFO" in lines
    assert f"  ~ web.image: {engine.BASE} → {IMAGE}" in lines
    assert not [line for line in lines if "COLOUR" in line]  # another one's variable stays
    assert any(line.startswith("  + strategy: ROLLING") for line in lines), plan.stdout

    code = "import os; print('hello', os.environ['COLOUR']); raise SystemExit(3)"
    task = shipway(web, "task", "production", "--", "python3", "-c", code)
    assert task.returncode == 1, task.stderr
    assert "hello red" in task.stdout.splitlines()
    assert "the command failed: exit code 3" in task.stderr
    logs = shipway(web, "logs", "production")
    assert logs.stdout.splitlines()[-1].endswith("hello red")
    said = shipway(web, "logs", "production", "--json").stdout.splitlines()
    assert json.loads(said[-1])["line"] == "hello red"

    hold = shipway(web, "hold", "production", "--reason", "not today")
    assert hold.returncode == 0, hold.stderr
    (web / ".shipway" / "record.sqlite3").rename(web / "elsewhere")  # another machine
    refused = shipway(web, "deploy", "production")
    assert refused.returncode == 6
    assert "production is held by" in refused.stderr and ": not today" in refused.stderr
    assert shipway(web, "hold", "production", "--release").returncode == 0
    assert "is not held" in shipway(web, "hold", "production").stdout
