"""A real run with a real rollout, and a rollout that goes back, received by a collector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from tests.cli.in_process import shipway, shipway_process
from tests.e2e.tiny_application import tiny_project
from tests.telemetry.collector import collecting, values

pytestmark = pytest.mark.e2e
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SICK = 'raise RuntimeError("this cannot start")\n'


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    folder = tiny_project(tmp_path / "web")
    yield folder
    shipway(folder, "down", "local")


def test_a_run_has_its_rollout_and_a_rollback_is_an_error(web: Path) -> None:
    with collecting() as collector:
        done = shipway_process(
            web, "run", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, TRACEPARENT=PARENT
        )
    assert (done.returncode, "telemetry" in done.stderr) == (0, False), done.stdout
    whole, step = collector.span("RUN tiny"), collector.span("deploy-local")
    rollout = collector.span("rollout local")
    assert whole.parent_span_id.hex() == PARENT.split("-")[2]
    assert (step.parent_span_id, rollout.parent_span_id) == (whole.span_id, step.span_id)
    assert step.start_time_unix_nano <= rollout.start_time_unix_nano
    assert rollout.end_time_unix_nano <= step.end_time_unix_nano
    attributes = values(rollout.attributes)
    assert attributes["deployment.environment.name"] == "local"
    assert attributes["deployment.status"] == "succeeded"
    assert attributes["deployment.id"] == "1"
    weights = [
        values(event.attributes)["shipway.rollout.weight"]
        for event in rollout.events
        if event.name == "shipway.rollout.weight"
    ]
    assert weights[-1] == 100
    ((outcome, number),) = collector.points("shipway.rollouts")
    assert (outcome["shipway.rollout.verdict"], number) == ("passed", 1)

    (web / "tiny" / "__init__.py").write_text(SICK)
    assert shipway(web, "run", "package").returncode == 0
    with collecting() as collector:
        sick = shipway_process(
            web, "deploy", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, TRACEPARENT=PARENT
        )
    assert sick.returncode in (1, 3), sick.stdout
    (rollout,) = collector.spans
    assert rollout.trace_id.hex() == PARENT.split("-")[1]
    assert rollout.status.code == Status.STATUS_CODE_ERROR
    assert rollout.status.message
    attributes = values(rollout.attributes)
    assert attributes["deployment.status"] == "failed"
    assert attributes["deployment.id"] == "2"
    assert attributes["error.type"]
    ((outcome, _),) = collector.points("shipway.rollouts")
    assert outcome["deployment.status"] == "failed"
