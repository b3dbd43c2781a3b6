"""What is shown of instances has no secrets in it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE

from shipway.config.schema import Application, Config, Environment
from shipway.errors import CannotRun
from shipway.releases.release import Release
from shipway.rollouts.local.instances import Instances, raise_if_command_failed, unhealthy_remedy
from shipway.rollouts.local.runtime import ProcessRuntime
from shipway.rollouts.local.services import EnvironmentServices
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.process import SystemProcesses
from shipway.system.redaction import BLOT

from .fake_machine import Machine


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    application = Application(serve="sh -c 'echo $MAIL; echo $SECRET_KEY; echo ready; exit 1'")
    return Instances(
        application=application,
        environment=Environment(env={"MAIL": "hunter22"}),
        folder=str(tmp_path / "state"),
        processes=SystemProcesses(),
        http=RealHttp(),
        clock=SystemClock(),
        hosting=ProcessRuntime(application),
        services=EnvironmentServices(Config(), Environment(), str(tmp_path), SystemProcesses()),
        hidden=("hunter22",),
    )


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(
        application="web",
        version="1",
        commit="",
        digest="d" * 64,
        lock="l" * 64,
        migrations=(),
        path=str(tmp_path),
        python=str(tmp_path / "python"),
    )


def test_the_end_of_a_log_is_shown_without_secrets(instances: Instances, release: Release) -> None:
    started = instances.start(release, instances.planned(release))
    end = time.monotonic() + PATIENCE
    while "ready" not in Path(started.log).read_text() and time.monotonic() < end:
        time.sleep(0.02)
    assert "hunter22" in Path(started.log).read_text()  # it is the instance's own file
    assert instances.tail(started) == (BLOT, BLOT, "ready")


def test_a_log_that_is_gone_has_no_lines(instances: Instances, release: Release) -> None:
    started = instances.start(release, instances.planned(release))
    assert instances.tail(replace(started, log="/nowhere/at/all")) == ()


def test_a_migration_that_fails_says_why_without_secrets(
    instances: Instances, release: Release
) -> None:
    with pytest.raises(CannotRun) as raised:
        raise_if_command_failed(
            instances.once(release, instances.application.serve), "the migration"
        )
    assert raised.value.message == f"the migration ended with exit code 1: {BLOT} / {BLOT} / ready"


def test_a_persons_own_command_runs_as_an_instance_would(
    instances: Instances, release: Release
) -> None:
    seen: list[str] = []
    done = instances.task(
        release, ["sh", "-c", "echo $RELEASE; echo $MAIL; pwd; exit 3"], seen.append
    )
    assert done.code == 3
    assert seen == [release.name, BLOT, release.path]


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (
            'Traceback (most recent call last):\n  File "/app/town.py", line 3, in home\n'
            "TypeError: no hunter22\n",
            f": TypeError: no {BLOT} (town.py:3)",
        ),
        ("[2026-01-01] [7] [INFO] Listening\nready\n", ""),  # nothing of it is an error
    ],
)
def test_one_that_answers_with_errors_says_which_its_log_has_last(
    log: str, reason: str, instances: Instances, release: Release, tmp_path: Path
) -> None:
    machine = Machine(str(tmp_path))
    machine.sick = {release.name}
    instances = replace(instances, processes=machine, http=machine, clock=VirtualClock())
    started = instances.start(release, instances.planned(release))
    Path(started.log).write_text(log)
    assert instances.await_health(started) == (
        f"{release.name} did not become healthy within 30 s: /health/ready answers 500{reason}"
    )


def test_a_table_that_a_new_release_lacks_is_explained_by_where_its_database_is() -> None:
    why = "2 did not become healthy within 30 s: / answers 500: OperationalError: no such table: a"
    assert unhealthy_remedy("2 ended while it was starting", "/log") == "Read its log: /log"
    assert "give that {data}/NAME" in unhealthy_remedy(why, "/log")
