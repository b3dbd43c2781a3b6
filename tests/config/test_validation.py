"""Configuration and detection: from files to a pipeline."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.sources import MemorySources

from shipway.checks.registry import enabled_checks
from shipway.config.schema import Config, Retention, Smoke
from shipway.config.validation import validate
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, Severity
from shipway.pipeline import codec
from shipway.pipeline.codec import run_from_json, run_to_json, step_from_json, step_to_json
from shipway.pipeline.definition import pipeline_steps
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure, evaluate_gates
from shipway.pipeline.outcome import Outcome, Verdict, verdict_of
from shipway.pipeline.result import RunResult, StepResult, TestTally
from shipway.ports import Response
from shipway.rollouts.smoke_tests import smoke_test_failure
from shipway.scaffold.detection import detect_application


@pytest.mark.parametrize(
    ("files", "serve"),
    [
        ({"app/__init__.py": "def create_app(): ..."}, "gunicorn --bind {bind} app:create_app()"),
        ({"app.py": "app = Flask(__name__)"}, "gunicorn --bind {bind} app:app"),
        (
            {"src/site/__init__.py": "", "src/site/wsgi.py": "application = Flask('x')"},
            "gunicorn --bind {bind} site.wsgi:application",
        ),
        ({"main.py": "app = FastAPI()"}, "uvicorn --host {host} --port {port} main:app"),
        (
            {"manage.py": "import django", "site/__init__.py": "", "site/wsgi.py": ""},
            "gunicorn --bind {bind} site.wsgi:application",
        ),
        ({"library/__init__.py": ""}, ""),
    ],
)
def test_the_entry_point_is_worked_out(files: dict[str, str], serve: str) -> None:
    assert detect_application(Config(), MemorySources(files))[0].application.serve == serve


def test_templates_are_known_by_what_they_say_not_by_their_names() -> None:
    files = {
        "infrastructure/storage.yaml": "AWSTemplateFormatVersion: 2010-09-09\n",
        "infrastructure/queue.yml": "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n",
        "infra/queue.json": '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}',
        "cloudformation/notes.md": "AWSTemplateFormatVersion: 2010-09-09\n",
        "cloudformation/values.yaml": "Resources:\n  - Type: paper\n",
        "templates/types.yaml": "Type: AWS::SQS::Queue\nOther Resources: none\n",
        "templates/page.html": "Resources: Type: AWS::\n",
        "other/storage.yaml": "AWSTemplateFormatVersion: 2010-09-09\n",
        "infrastructure/below/storage.yaml": "AWSTemplateFormatVersion: 2010-09-09\n",
    }
    config, assumed = detect_application(Config(), MemorySources(files))
    assert config.application.templates == (
        "infrastructure/queue.yml",
        "infrastructure/storage.yaml",
        "infra/queue.json",
    )
    assert any(line.startswith("templates: infrastructure/queue.yml, ") for line in assumed)


def test_the_dockerfiles_of_folders_are_found_beside_that_of_the_application() -> None:
    files = {"Dockerfile": "FROM a", "worker/Dockerfile": "FROM b", "worker/a/Dockerfile": "FROM c"}
    application = detect_application(Config(), MemorySources(files))[0].application
    assert application.dockerfile == "Dockerfile"
    assert application.dockerfiles == ("worker/Dockerfile",)


def test_templates_that_are_given_are_kept() -> None:
    given = validate({"application": {"templates": ["stack.yaml"]}}, "shipway.toml")
    files = {"infra/other.yaml": "AWSTemplateFormatVersion: x"}
    assert detect_application(given, MemorySources(files))[0].application.templates == (
        "stack.yaml",
    )


def test_what_is_assumed_is_said_and_what_is_given_is_kept() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"',
        "uv.lock": "",
        "shop/__init__.py": "",
        "tests/unit/test_a.py": "",
    }
    given = validate({"application": {"packages": ["other"]}}, "shipway.toml")
    config, assumed = detect_application(given, MemorySources(files))
    assert config.application.packages == ("other",)
    assert "name: shop" in assumed
    assert "unit tests: tests/unit" in assumed
    assert not any("packages" in line for line in assumed)


WEB = {
    "application": {
        "packages": ["main"],
        "serve": "x",
        "lock": "uv.lock",
        "unit_tests": "tests/unit",
        "integration_tests": "tests/integration",
        "browser_tests": "tests/browser",
        "dockerfile": "Dockerfile",
        "workflows": ".github/workflows",
        "templates": ["stack.yaml"],
    },
    "gates": {"endpoints": {"home": {"p95_ms": 50}}},
    "environments": {"local": {"smoke": [{"path": "/"}]}},
    "steps": {"own": {"run": "make it", "cores": "all"}, "look": {"run": "x", "stage": "verify"}},
}


def test_the_pipeline_of_a_web_application_has_every_stage_in_order() -> None:
    config = validate(WEB, "shipway.toml")
    steps = {step.name: step for step in pipeline_steps(config, enabled_checks(config))}
    assert set(steps) == {check.name for check in enabled_checks(config)} | {
        "install",
        "package",
        "deploy-local",
        "own",
        "look",
        "findings",
    }
    assert {"coverage", "performance", "own", "ruff"} <= set(steps["deploy-local"].needs)
    assert steps["look"].needs == ("deploy-local",)
    assert steps["own"].work == {"argv": ["make", "it"]}


def test_a_compiled_pipeline_is_the_same_after_reading_it_back() -> None:
    config = validate({**WEB, "retention": {"runs": 7}}, "shipway.toml")
    steps = pipeline_steps(config, enabled_checks(config))
    again = codec.load_config(codec.dump_config(config))
    rows = json.loads(json.dumps(codec.dump_steps(steps)))
    read = codec.load_steps(rows)
    assert json.loads(json.dumps(codec.dump_steps(read))) == rows
    assert [step.identity for step in read] == [replace(step).identity for step in steps]
    assert again.environments == config.environments
    assert again.gates == config.gates
    assert again.retention == config.retention == Retention(5, 7, 30)


@pytest.mark.parametrize("key", ["releases", "runs", "logs_days"])
def test_nobody_can_keep_less_than_nothing(key: str) -> None:
    with pytest.raises(ConfigError, match=f"retention.{key}"):
        validate({"retention": {key: -1}}, "shipway.toml")


def test_a_check_that_is_switched_off_is_no_step() -> None:
    config = validate({**WEB, "checks": {"black": False}}, "shipway.toml")
    assert "black" not in {check.name for check in enabled_checks(config)}


def test_a_project_without_python_gets_no_python_checks() -> None:
    assert enabled_checks(Config()) == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"gates": {"coverge": 1}}, "gates.coverge: there is no such key. Did you mean 'coverage'"),
        ({"gates": {"coverage": 180}}, "gates.coverage: found 180"),
        ({"steps": {"a": {"run": "x", "stage": "tst"}}}, "steps.a.stage: found 'tst'"),
        ({"environments": {"e": {"smoke": [{"pth": "/"}]}}}, "Did you mean 'path'"),
    ],
)
def test_a_wrong_key_or_value_is_named_by_its_path(data: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(data, "shipway.toml")
    assert words in caught.value.message


texts = st.text(max_size=20)
figures = st.floats(allow_nan=False, allow_infinity=False)
findings = st.builds(
    Finding,
    tool=texts,
    rule=texts,
    severity=st.sampled_from(Severity),
    path=texts,
    line=st.integers(0),
    message=texts,
)
measures = st.builds(Measure, texts, figures, texts, texts)
gates = st.builds(Gate, texts, st.sampled_from(Bound), figures, texts)
results = st.builds(
    StepResult,
    step=texts,
    stage=texts,
    outcome=st.sampled_from(Outcome),
    started=figures,
    reason=texts,
    findings=st.lists(findings, max_size=3).map(tuple),
    measures=st.lists(measures, max_size=3).map(tuple),
    gates=st.lists(
        st.builds(GateResult, gates, texts, figures | st.none(), texts, st.booleans()), max_size=3
    ).map(tuple),
    tests=st.none() | st.builds(TestTally, st.integers(0), st.integers(0), st.integers(0)),
    reports=st.dictionaries(texts, texts, max_size=2),
    rollout=st.none() | st.sampled_from(Verdict),
    needs=st.lists(texts, max_size=2).map(tuple),
)


@given(results)
def test_a_result_is_the_same_after_the_record(result: StepResult) -> None:
    assert step_from_json(step_to_json(result)) == result


@given(results)
def test_a_run_is_the_same_after_the_record(result: StepResult) -> None:
    run = RunResult(
        run="r", application="", verdict=Verdict.FAILED, started=1.0, seconds=2.0, steps=(result,)
    )
    assert run_from_json(run_to_json(run), (result,)) == run


def test_the_worst_verdict_wins_and_nothing_at_all_is_no_pass() -> None:
    passed, failed, missing = Outcome.PASSED, Outcome.FAILED, Outcome.ERROR
    assert verdict_of([passed, missing, failed]) is Verdict.FAILED
    assert verdict_of([passed, missing]) is Verdict.INCOMPLETE
    assert verdict_of([passed], [Verdict.ROLLED_BACK]) is Verdict.ROLLED_BACK
    assert verdict_of([]) is Verdict.INCOMPLETE
    assert [Verdict.INCOMPLETE.exit_code(strict=strict) for strict in (True, False)] == [5, 0]


def test_a_gate_without_a_figure_does_not_pass() -> None:
    gate = Gate("coverage", Bound.AT_LEAST, 80)
    assert not evaluate_gates([gate], [])[0].passed
    assert "was not measured" in evaluate_gates([gate], [])[0].sentence
    low = evaluate_gates([gate], [Measure("coverage", 79.9, "%")], ("a", "b", "c", "d"))[0]
    assert low.sentence == "coverage is 79.9 %; at least 80 % is required; worst: a, b, c"
    assert evaluate_gates([gate], [Measure("coverage", 80, "%")])[0].passed
    every = evaluate_gates([Gate("p95", Bound.AT_MOST, 5, "*")], [Measure("p95", 4, "ms", "x")])
    assert every[0].subject == "x"


@pytest.mark.parametrize(
    ("smoke", "status", "body", "words"),
    [
        (Smoke("/"), 200, b"", ""),
        (Smoke("/"), 500, b"", "answered 500 instead of 200"),
        (Smoke("/", contains="hello"), 200, b"bye", "does not contain 'hello'"),
        (Smoke("/", json={"a": 1}), 200, b"<html>", "did not answer with JSON"),
        (Smoke("/", json={"a.0.b": "*"}), 200, b'{"a": [{"b": 0}]}', ""),
        (Smoke("/", json={"a.1.b": "*"}), 200, b'{"a": [{"b": 0}]}', "has nothing at a.1.b"),
        (Smoke("/", json={"a": 1}), 200, b'{"a": 2}', "has 2 at a instead of 1"),
    ],
)
def test_a_smoke_test_says_what_is_wrong(
    smoke: Smoke, status: int, body: bytes, words: str
) -> None:
    found = smoke_test_failure(smoke, Response(status, {}, body))
    assert (found == "") == (words == "")
    assert words in found


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.txt": "flask\n-e ./libs/acme\n../beside\n."},
        {"uv.lock": '[[package]]\nname = "acme"\nsource = { editable = "libs/acme" }\n'},
    ],
)
def test_the_folders_that_the_lock_installs_from_are_worked_out(files: dict[str, str]) -> None:
    application = detect_application(Config(), MemorySources(files))[0].application
    assert application.local_packages == ("libs/acme",)
