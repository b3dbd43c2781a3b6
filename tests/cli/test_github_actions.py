"""What a run and its parts leave in a job of GitHub's, by themselves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import git, only, project, shipway, step
from tests.github.api_server import GitHub, github
from tests.notifications.webhook_server import Answer, hook

from shipway.cli.github_actions import publish_rollout, publish_run
from shipway.cli.project import open_project
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.rollouts.report import RolloutReport

SETTINGS = (
    '[application]\nname = "town"\n'
    + only()
    + step("lint", "echo linted", 'inputs = ["a.txt"]\nstage = "quality"')
    + step("unit", "echo tested", 'inputs = ["a.txt"]\nstage = "test"')
)


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as state:
        yield state


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = project(tmp_path / "town", SETTINGS, {"a.txt": "a"})
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def variables(hub: GitHub, folder: Path, **more: str) -> dict[str, str]:
    """Those of a pull request's job."""
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 5}}))
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "ann/town",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SHA": "c0ffee",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_API_URL": hub.address,
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
        **more,
    }


def clones(town: Path, *names: str) -> Iterator[Path]:
    for name in names:
        target = town.parent / name
        git(town.parent, "clone", "--quiet", str(town), str(target))
        yield target


def jobs(town: Path, given: dict[str, str]) -> Path:
    """Two jobs, each with its stage in a clone; the folder of their artifacts."""
    artifacts = town.parent / "stages"
    for stage, clone in zip(("quality", "test"), clones(town, "one", "two"), strict=True):
        done = shipway(clone, "run", stage, **given)
        assert done.returncode == 0, done.stdout + done.stderr
        state = artifacts / f"stage-{stage}"
        state.mkdir(parents=True)
        shutil.copy(clone / ".shipway" / "record.sqlite3", state)
        shutil.copytree(clone / ".shipway" / "blobs", state / "blobs")
    return artifacts


def test_the_log_is_folded_and_the_summary_told(town: Path, hub: GitHub, tmp_path: Path) -> None:
    given = variables(hub, tmp_path)
    done = shipway(town, "run", **given)
    assert done.returncode == 0
    assert any(line.startswith("::group::passed") for line in done.stdout.splitlines())
    summary = (tmp_path / "summary.md").read_text()
    assert "## town: passed" in summary
    assert "<details><summary>Timeline of 2 steps</summary>" in summary
    assert "ann/town/actions/runs/42" in summary
    assert "verdict=passed\n" in (tmp_path / "output").read_text()
    assert hub.asked == []  # it was given no token
    again = shipway(town, "run", **given)
    assert "2 cached" in again.stdout
    assert (town / ".shipway" / "report.html").exists()


def test_jobs_become_one_run_with_one_comment(town: Path, hub: GitHub, tmp_path: Path) -> None:
    given = variables(hub, tmp_path, GITHUB_TOKEN="made-up")
    artifacts = jobs(town, variables(hub, tmp_path))
    for _ in range(2):
        done = shipway(town, "report", "--from", str(artifacts), **given)
        assert done.returncode == 0, done.stdout + done.stderr
    (comment,) = hub.comments
    assert "## town: passed" in comment["body"]
    assert "2 steps: 2 passed" in comment["body"]
    assert f"github: comment: {hub.address}/comment/1" in done.stderr
    assert "made-up" not in done.stdout + done.stderr
    plan = json.loads(shipway(town, "plan", "--json").stdout)
    assert [one["runs"] for one in plan] == [False, False]  # what the jobs did is known here


def test_a_job_that_left_nothing_makes_it_incomplete(
    town: Path, hub: GitHub, tmp_path: Path
) -> None:
    given = variables(hub, tmp_path)
    artifacts = jobs(town, given)
    shutil.rmtree(artifacts / "stage-test")
    done = shipway(town, "report", "--from", str(artifacts), **given)
    assert done.returncode == 5
    assert "unit: no job brought its outcome" in done.stdout


def test_the_run_that_jobs_become_is_told_of_and_no_job_by_itself(
    town: Path, hub: GitHub, tmp_path: Path
) -> None:
    with (town / "shipway.toml").open("a") as file:
        file.write('[notify]\nwebhook = "HOOK"\ntimeout = 2\n')
    git(town, "commit", "--quiet", "--all", "--message", "notify")
    with hook(Answer()) as there:
        given = variables(hub, tmp_path, HOOK=there.url, GITHUB_SERVER_URL="https://github.example")
        artifacts = jobs(town, given)
        shutil.rmtree(artifacts / "stage-test")
        assert there.got == []
        for _ in range(2):
            shipway(town, "report", "--from", str(artifacts), **given)
    ((_, body, _),) = there.got
    message = json.loads(body)
    assert (message["event"], message["branch"]) == ("run failed", "main")
    assert message["headline"] == "town, main: the run failed: 1 not run"
    assert list(message["links"]) == ["run"]


def test_a_record_that_a_job_was_given_is_not_its_run(
    town: Path, hub: GitHub, tmp_path: Path
) -> None:
    artifacts = jobs(town, variables(hub, tmp_path))
    later = variables(hub, tmp_path, GITHUB_RUN_ID="43")
    done = shipway(town, "report", "--from", str(artifacts), **later)
    assert done.returncode == 2
    assert "no run of" in done.stderr
    (town / "a.txt").write_text("b")
    git(town, "commit", "--quiet", "--all", "--message", "second")
    done = shipway(town, "report", "--from", str(artifacts), **variables(hub, tmp_path))
    assert done.returncode == 2
    assert shipway(town, "report", "--from", "nowhere").returncode == 2


@pytest.mark.parametrize("broken", [0, 403, 500])
def test_an_interface_that_is_down_fails_nothing_and_is_said(
    town: Path, hub: GitHub, tmp_path: Path, broken: int
) -> None:
    hub.broken = broken
    given = variables(hub, tmp_path, GITHUB_TOKEN="made-up")
    done = shipway(town, "run", **given)
    assert done.returncode == 0
    assert "github: no comment: GitHub" in done.stderr
    assert "next: " in done.stderr


def test_elsewhere_nothing_of_it_happens(town: Path, hub: GitHub, tmp_path: Path) -> None:
    given = variables(hub, tmp_path, GITHUB_TOKEN="made-up", GITHUB_ACTIONS="")
    done = shipway(town, "run", **given)
    assert "::" not in done.stdout
    assert not (tmp_path / "summary.md").exists()
    assert hub.asked == []


def told(path: Path) -> dict[str, str]:
    pairs = [line.partition("=") for line in path.read_text().splitlines()]
    return {name: value for name, _, value in pairs}


@pytest.fixture
def inside(hub: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This process is a job; the folder of the runner's files."""
    for name, value in variables(hub, tmp_path, GITHUB_TOKEN="made-up").items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_rollout_tells_its_address_and_gives_the_deployment_a_status(
    inside: Path, hub: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.deployments.append({"id": 7})
    address = "https://staging.example.org"
    publish_rollout(
        RolloutReport(
            environment="staging",
            release="1.0+a.b",
            before="",
            verdict=Verdict.PASSED,
            started=1.0,
            seconds=2.0,
            address=address,
        )
    )
    assert told(inside / "output") == {
        "address": address,
        "verdict": "passed",
        "release": "1.0+a.b",
    }
    assert hub.statuses[0]["environment_url"] == address
    assert hub.statuses[0]["log_url"].endswith("/ann/town/actions/runs/42")
    assert f"github: deployment status: {address}" in capsys.readouterr().err


def test_an_answer_of_another_form_is_said_too(
    inside: Path, hub: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.deployments.append({"name": "no number"})
    publish_rollout(
        RolloutReport(
            environment="staging",
            release="1.0+a.b",
            before="",
            verdict=Verdict.PASSED,
            started=1.0,
            seconds=2.0,
            address="",
        )
    )
    assert "no deployment status: its answer is not understood" in capsys.readouterr().err


def test_a_release_and_its_image_are_outputs(inside: Path, town: Path) -> None:
    image = "registry.example.org/town@sha256:5"
    packaged = StepResult(
        step="publish",
        stage="publish",
        outcome=Outcome.PASSED,
        facts={"release": {"digest": "c0ffee", "image": image}},
    )
    run = RunResult(
        run="1",
        application="town",
        verdict=Verdict.PASSED,
        started=1.0,
        seconds=2.0,
        steps=(packaged,),
    )
    publish_run(run, open_project(str(town)))
    assert told(inside / "output") == {
        "verdict": "passed",
        "address": "",
        "digest": "c0ffee",
        "image": "registry.example.org/town",
        "image_digest": "sha256:5",
    }


def test_elsewhere_a_rollout_tells_nobody(
    inside: Path, hub: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")
    publish_rollout(
        RolloutReport(
            environment="staging",
            release="1.0+a.b",
            before="",
            verdict=Verdict.PASSED,
            started=1.0,
            seconds=2.0,
            address="",
        )
    )
    assert hub.asked == []
    assert not (inside / "output").exists()
