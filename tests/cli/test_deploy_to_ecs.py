"""A deploy to AWS as it is asked for, before anything there is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

from shipway.cli.attestation import require_passing_run
from shipway.cli.platforms import ecs_platform, open_platform
from shipway.cli.project import open_project
from shipway.errors import ConfigError
from shipway.pipeline.codec import run_to_json, step_to_json
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.ports import EndedStep
from shipway.releases.release import Release
from shipway.rollouts.ecs.platform import EcsPlatform
from shipway.rollouts.local.platform import LocalPlatform

TOML = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    '[aws]\nregion = "eu-west-1"\n[environments.local]\nport = 0\n'
    '[environments.production]\nplatform = "ecs"\n'
    + only()
    + '[steps.lint]\nrun = "true"\nstage = "quality"\n'
)
DIGEST = "ab" * 32
RELEASE = Release(
    application="web",
    version="1.0",
    commit="c",
    digest=DIGEST,
    lock="lock",
    migrations=(),
    path="/x",
    python="python",
    image=f"r/w@sha256:{DIGEST}",
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", TOML, {"requirements.txt": ""})


def run(folder: Path, verdict: Verdict, *steps: str, digest: str = DIGEST) -> None:
    """A run that packaged a release, and in which these steps passed."""
    record = open_project(str(folder)).record
    facts = {"release": {"digest": digest}}
    ended = [StepResult(step="package", stage="build", outcome=Outcome.PASSED, facts=facts)]
    ended += [StepResult(step=step, stage="quality", outcome=Outcome.CACHED) for step in steps]
    record.start_run("r1", 1.0)
    record.finish_steps("r1", [EndedStep(one.step, step_to_json(one)) for one in ended])
    record.finish_run(
        "r1",
        run_to_json(
            RunResult(
                run="r1", application="web", verdict=verdict, started=1.0, seconds=1.0, steps=()
            )
        ),
    )


def wanted(folder: Path) -> list[str]:
    found = open_project(str(folder)).steps
    return [step.name for step in found if step.stage in ("quality", "security", "test", "build")]


def test_the_environment_says_which_platform(web: Path) -> None:
    opened = open_project(str(web))
    assert isinstance(open_platform(opened, "production"), EcsPlatform)
    assert isinstance(open_platform(opened, "local"), LocalPlatform)
    assert not ecs_platform(opened, "nowhere")
    with pytest.raises(ConfigError, match="no environment is named 'nowhere'"):
        open_platform(opened, "nowhere")


def test_a_run_that_passed_everything_of_this_release_vouches_for_it(web: Path) -> None:
    run(web, Verdict.PASSED, *wanted(web))
    assert require_passing_run(open_project(str(web)), "production", RELEASE, "") == {
        "verdict_of_run": "r1"
    }


def test_what_lacks_is_said(web: Path) -> None:
    opened = open_project(str(web))
    with pytest.raises(ConfigError, match="no run on record packaged it"):
        require_passing_run(opened, "production", RELEASE, "")
    run(web, Verdict.INCOMPLETE, *wanted(web))
    with pytest.raises(ConfigError, match="run that packaged it ended incomplete") as caught:
        require_passing_run(opened, "production", RELEASE, "")
    assert "--without-verdict REASON" in caught.value.remedy


def test_a_run_of_a_part_or_of_another_release_does_not_count(web: Path) -> None:
    run(web, Verdict.PASSED, digest="cd" * 32)
    with pytest.raises(ConfigError, match="no run on record packaged it"):
        require_passing_run(open_project(str(web)), "production", RELEASE, "")


def test_a_run_that_left_steps_out_does_not_count(web: Path) -> None:
    run(web, Verdict.PASSED)
    with pytest.raises(ConfigError, match="only a part of the pipeline ran for it"):
        require_passing_run(open_project(str(web)), "production", RELEASE, "")


def test_a_reason_is_recorded_instead(web: Path) -> None:
    remarks = require_passing_run(
        open_project(str(web)), "production", RELEASE, "the pipeline is down"
    )
    assert remarks == {"without_verdict": "the pipeline is down"}


def test_a_release_without_an_image_is_refused(web: Path) -> None:
    bare = Release(
        application="web",
        version="1.0",
        commit="c",
        digest=DIGEST,
        lock="lock",
        migrations=(),
        path="/x",
        python="python",
        image="web:latest",
    )
    with pytest.raises(ConfigError, match="no image that is published by its digest"):
        require_passing_run(open_project(str(web)), "production", bare, "whatever")


def test_help_teaches_it(web: Path) -> None:
    said = shipway(web, "deploy", "--help").stdout
    assert "--without-verdict" in said
    assert "Example: shipway deploy production" in said
