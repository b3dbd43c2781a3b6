"""A real run, received by a collector: what its trace and its figures say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from tests.cli.in_process import git, only, project, shipway, shipway_process, step
from tests.telemetry.collector import Collector, collecting, values

from shipway.cli.project import Project, open_project
from shipway.cli.rollout_notifier import notifying_rollout
from shipway.cli.run import run_inner
from shipway.errors import CannotRun, ConfigError
from shipway.rollouts.events import NullListener

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SETTINGS = (
    f'[application]\nname = "town"\n{only()}'
    + step("greet", "echo hello", 'inputs = ["a.txt"]\nstage = "quality"')
    + step("fails", "exit 3", 'inputs = []\nneeds = ["greet"]\nstage = "test"')
    + step("waits", "true", 'inputs = []\nneeds = ["fails"]')
)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = project(tmp_path / "town", SETTINGS, {"a.txt": "a", ".gitignore": ".shipway\n"})
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "remote", "add", "origin", "https://user:hunter2hunter2@example.org/a/town.git")
    return folder


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as received:
        yield received


def run(folder: Path, url: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return shipway(folder, "run", *words, OTEL_EXPORTER_OTLP_ENDPOINT=url, **variables)


def test_a_run_is_a_trace_that_continues_the_callers(town: Path, collector: Collector) -> None:
    done = run(town, collector.url, TRACEPARENT=PARENT)
    assert (done.returncode, "telemetry" in done.stderr) == (1, False)

    whole = collector.span("RUN town")
    assert whole.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert whole.parent_span_id.hex() == "b7ad6b7169203331"
    assert whole.kind == Span.SPAN_KIND_SERVER
    assert whole.status.code == Status.STATUS_CODE_ERROR
    attributes = values(whole.attributes)
    assert attributes["cicd.pipeline.name"] == "town"
    assert attributes["cicd.pipeline.action.name"] == "RUN"
    assert attributes["cicd.pipeline.result"] == "failure"
    assert attributes["error.type"] == "failed_test"
    assert attributes["vcs.repository.url.full"] == "https://example.org/a/town"
    assert attributes["vcs.repository.name"] == "town"
    assert attributes["vcs.ref.head.name"] == "main"
    assert attributes["vcs.ref.head.revision"] == git(town, "rev-parse", "HEAD")

    steps = [span for span in collector.spans if span.name != "RUN town"]
    assert {span.name for span in steps} == {"greet", "fails", "waits"}
    for span in steps:
        assert span.parent_span_id == whole.span_id
        assert span.trace_id == whole.trace_id
        assert span.kind == Span.SPAN_KIND_INTERNAL
        assert whole.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= whole.end_time_unix_nano
    assert values(collector.span("greet").attributes)["cicd.pipeline.task.run.result"] == "success"
    failed = collector.span("fails")
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert failed.status.message
    assert values(failed.attributes)["cicd.pipeline.task.type"] == "test"
    assert values(failed.attributes)["cicd.pipeline.task.run.result"] == "failure"
    blocked = collector.span("waits")
    assert values(blocked.attributes)["cicd.pipeline.task.run.result"] == "skip"
    assert blocked.status.code == Status.STATUS_CODE_UNSET
    assert blocked.start_time_unix_nano == blocked.end_time_unix_nano


def test_a_cached_step_is_a_span_of_no_length(town: Path, collector: Collector) -> None:
    run(town, "", "greet")
    done = run(town, collector.url, "greet")
    assert "cached" in done.stdout
    cached = collector.span("greet")
    assert values(cached.attributes)["shipway.step.cached"] is True
    assert values(cached.attributes)["cicd.pipeline.task.run.result"] == "success"
    assert cached.start_time_unix_nano == cached.end_time_unix_nano
    whole = collector.span("RUN town")
    assert values(whole.attributes)["cicd.pipeline.result"] == "success"
    assert whole.status.code == Status.STATUS_CODE_UNSET
    ((lookup, number),) = collector.points("shipway.cache.lookups")
    assert (lookup["shipway.cache.result"], number) == ("hit", 1)


def test_the_figures_of_a_run_have_the_names_and_units_of_the_conventions(
    town: Path, collector: Collector
) -> None:
    run(town, collector.url)
    duration = collector.metrics["cicd.pipeline.run.duration"]
    assert duration.unit == "s"
    ((attributes, seconds),) = collector.points("cicd.pipeline.run.duration")
    assert seconds > 0
    assert attributes == {
        "cicd.pipeline.name": "town",
        "cicd.pipeline.run.state": "executing",
        "cicd.pipeline.result": "failure",
        "error.type": "failed_test",
    }
    assert collector.metrics["cicd.pipeline.run.errors"].unit == "{error}"
    assert collector.points("cicd.pipeline.run.errors") == [
        ({"cicd.pipeline.name": "town", "error.type": "failed_test"}, 1.0)
    ]
    outcomes = {
        str(point["cicd.pipeline.task.name"]): point["shipway.step.outcome"]
        for point, _ in collector.points("shipway.step.results")
    }
    assert outcomes == {"greet": "passed", "fails": "failed", "waits": "blocked"}
    # A run's name in a metric would be a series of its own.
    assert "cicd.pipeline.run.id" in collector.resources["/v1/traces"]
    assert "cicd.pipeline.run.id" not in collector.resources["/v1/metrics"]


def test_in_a_workflow_the_page_of_the_run_is_linked(town: Path, collector: Collector) -> None:
    run(
        town,
        collector.url,
        "greet",
        GITHUB_ACTIONS="true",
        GITHUB_SERVER_URL="https://github.example",
        GITHUB_REPOSITORY="a/town",
        GITHUB_RUN_ID="7",
        GITHUB_HEAD_REF="topic",
        GITHUB_REF_TYPE="branch",
        GITHUB_EVENT_PATH="",
    )
    attributes = values(collector.span("RUN town").attributes)
    page = "https://github.example/a/town/actions/runs/7"
    assert attributes["cicd.pipeline.run.url.full"] == page
    assert attributes["vcs.repository.url.full"] == "https://github.example/a/town"
    assert attributes["vcs.provider.name"] == "github"
    assert attributes["vcs.ref.head.name"] == "topic"
    task = values(collector.span("greet").attributes)
    assert task["cicd.pipeline.task.run.url.full"] == page


def test_no_secret_is_sent(town: Path, collector: Collector) -> None:
    secret = "correct-horse-battery-staple"
    with (town / "shipway.toml").open("a") as file:
        file.write(step("tells", 'echo "$API_TOKEN"; exit 1', 'inputs = []\nenv = ["API_TOKEN"]'))
    run(town, collector.url, API_TOKEN=secret)
    sent = repr(collector.spans) + repr(collector.metrics) + repr(collector.resources)
    assert "tells" in sent
    assert secret not in sent
    assert "hunter2hunter2" not in sent


def test_what_the_variables_say_of_the_service_counts(town: Path, collector: Collector) -> None:
    run(
        town,
        collector.url,
        "greet",
        OTEL_SERVICE_NAME="our-ci",
        OTEL_RESOURCE_ATTRIBUTES="team=web,vcs.repository.name=renamed",
        OTEL_EXPORTER_OTLP_HEADERS="x-api-key=made-up-value,authorization=Basic%20YTpi",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        BAGGAGE="tenant=a",
    )
    assert len(collector.headers) == 2
    for headers in collector.headers:
        assert headers["x-api-key"] == "made-up-value"
        assert headers["authorization"] == "Basic YTpi"
        assert headers["content-encoding"] == "gzip"
    for resource in collector.resources.values():
        assert resource["service.name"] == "our-ci"
        assert resource["team"] == "web"
        assert resource["vcs.repository.name"] == "renamed"


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
)
def test_nothing_is_sent_where_nobody_asks(
    town: Path, collector: Collector, variables: dict[str, str]
) -> None:
    done = shipway(
        town, "run", "greet", **{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **variables}
    )
    assert done.returncode == 0
    assert (collector.headers, "telemetry" in done.stderr) == ([], False)


def test_one_signal_alone_has_its_own_address(town: Path, collector: Collector) -> None:
    shipway(town, "run", "greet", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces")
    assert collector.span("RUN town")
    assert not collector.metrics


def test_a_trace_that_the_caller_does_not_sample_is_not_sent(
    town: Path, collector: Collector
) -> None:
    done = run(town, collector.url, "greet", TRACEPARENT=PARENT[:-1] + "0")
    assert (collector.spans, "telemetry" in done.stderr) == ([], False)
    assert collector.metrics


def test_what_a_collector_refuses_is_said_once_and_fails_nothing(town: Path) -> None:
    with collecting(status=401) as refusing:
        url = refusing.url.replace("//", "//user:made-up-password@")
        # A process of its own: the SDK logs to its standard error.
        done = shipway_process(town, "run", "greet", OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert done.returncode == 0
    assert done.stderr == (
        f"telemetry: traces and metrics did not reach {refusing.url}: it answered 401; "
        "nothing else is affected\n"
    )
    assert "made-up-password" not in done.stdout


def test_a_protocol_that_is_not_spoken_is_said(town: Path, collector: Collector) -> None:
    done = run(town, collector.url, "greet", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert done.returncode == 0
    assert done.stderr == "telemetry: grpc is asked for; Shipway sends http/protobuf only\n"


WITHOUT_SDK = """
import sys
sys.modules["opentelemetry"] = None  # as where it is not installed
from shipway.cli.dispatch import invoke
sys.exit(invoke(sys.argv[1:]))
"""


def test_without_the_sdk_a_run_says_what_to_install_and_goes_on(
    town: Path, collector: Collector
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SDK, "-C", str(town), "run", "greet"],
        env={"PATH": "/usr/bin:/bin", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("telemetry: ")
    assert "opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http" in line
    assert collector.headers == []


@pytest.fixture
def opened(town: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return open_project(str(town))


def test_a_rollout_that_could_not_be_carried_out_is_a_trace_too(
    opened: Project, collector: Collector
) -> None:
    with pytest.raises(CannotRun), notifying_rollout(opened, "local") as news:
        news.wrap(NullListener(), "2", None)
        raise CannotRun("Envoy ended at once", "Read its log.", code="envoy-unavailable")
    (span,) = collector.spans
    assert span.status.message == "Envoy ended at once"
    attributes = values(span.attributes)
    assert attributes["error.type"] == "envoy-unavailable"
    assert attributes["shipway.rollout.release"] == "2"
    assert attributes["vcs.ref.head.name"] == "main"


def test_a_command_that_was_refused_and_a_step_of_a_run_are_no_rollout_of_their_own(
    opened: Project, collector: Collector
) -> None:
    with pytest.raises(ConfigError), notifying_rollout(opened, "local"):
        raise ConfigError("no environment of this name")
    with pytest.raises(CannotRun), notifying_rollout(opened, "local", in_run=True):
        raise CannotRun("Envoy ended at once")
    assert collector.headers == []


def test_a_run_that_is_part_of_another_command_is_not_sent(
    opened: Project, collector: Collector
) -> None:
    run_inner(opened.root, "greet")
    assert collector.headers == []
