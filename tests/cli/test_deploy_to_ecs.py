"""A deploy to AWS as it is asked for, before anything there is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import only, project, shipway

from shipway.cli.platforms import on_ecs, platform
from shipway.cli.project import open_project
from shipway.cli.vouching import vouched
from shipway.core.codec import run_to_json, step_to_json
from shipway.core.errors import ConfigError
from shipway.core.outcome import Outcome, Verdict
from shipway.core.ports import EndedStep
from shipway.core.release import Release
from shipway.core.result import RunResult, StepResult
from shipway.platforms.ecs.platform import EcsPlatform
from shipway.platforms.local.platform import LocalPlatform

TOML = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    '[aws]\nregion = "eu-west-1"\n[environments.local]\nport = 0\n'
    '[environments.production]\nplatform = "ecs"\n' + only()
    + '[steps.lint]\nrun = "true"\nstage = "quality"\n'
)  # fmt: skip
DIGEST = "ab" * 32
RELEASE = Release(
    "web", "1.0", "c", DIGEST, "lock", (), "/x", "python", image=f"r/w@sha256:{DIGEST}"
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", TOML, {"requirements.txt": ""})


def run(folder: Path, verdict: Verdict, *steps: str, digest: str = DIGEST) -> None:
    """A run that packaged a release, and in which these steps passed."""
    record = open_project(str(folder)).record
    facts = {"release": {"digest": digest}}
    ended = [StepResult("package", "build", Outcome.PASSED, facts=facts)]
    ended += [StepResult(step, "quality", Outcome.CACHED) for step in steps]
    record.start_run("r1", 1.0)
    record.finish_steps("r1", [EndedStep(one.step, step_to_json(one)) for one in ended])
    record.finish_run("r1", run_to_json(RunResult("r1", "web", verdict, 1.0, 1.0, ())))


def wanted(folder: Path) -> list[str]:
    found = open_project(str(folder)).steps
    return [step.name for step in found if step.stage in ("quality", "security", "test", "build")]


def test_the_environment_says_which_platform(web: Path) -> None:
    opened = open_project(str(web))
    assert isinstance(platform(opened, "production"), EcsPlatform)
    assert isinstance(platform(opened, "local"), LocalPlatform)
    assert not on_ecs(opened, "nowhere")
    with pytest.raises(ConfigError, match="no environment is named 'nowhere'"):
        platform(opened, "nowhere")


def test_a_run_that_passed_everything_of_this_release_vouches_for_it(web: Path) -> None:
    run(web, Verdict.PASSED, *wanted(web))
    assert vouched(open_project(str(web)), "production", RELEASE, "") == {"verdict_of_run": "r1"}


def test_what_lacks_is_said(web: Path) -> None:
    opened = open_project(str(web))
    with pytest.raises(ConfigError, match="no run on record packaged it"):
        vouched(opened, "production", RELEASE, "")
    run(web, Verdict.INCOMPLETE, *wanted(web))
    with pytest.raises(ConfigError, match="run that packaged it ended incomplete") as caught:
        vouched(opened, "production", RELEASE, "")
    assert "--without-verdict REASON" in caught.value.remedy


def test_a_run_of_a_part_or_of_another_release_does_not_count(web: Path) -> None:
    run(web, Verdict.PASSED, digest="cd" * 32)
    with pytest.raises(ConfigError, match="no run on record packaged it"):
        vouched(open_project(str(web)), "production", RELEASE, "")


def test_a_run_that_left_steps_out_does_not_count(web: Path) -> None:
    run(web, Verdict.PASSED)
    with pytest.raises(ConfigError, match="only a part of the pipeline ran for it"):
        vouched(open_project(str(web)), "production", RELEASE, "")


def test_a_reason_is_recorded_instead(web: Path) -> None:
    remarks = vouched(open_project(str(web)), "production", RELEASE, "the pipeline is down")
    assert remarks == {"without_verdict": "the pipeline is down"}


def test_a_release_without_an_image_is_refused(web: Path) -> None:
    bare = Release("web", "1.0", "c", DIGEST, "lock", (), "/x", "python", image="web:latest")
    with pytest.raises(ConfigError, match="no image that is published by its digest"):
        vouched(open_project(str(web)), "production", bare, "whatever")


def test_help_teaches_it(web: Path) -> None:
    said = shipway(web, "deploy", "--help").stdout
    assert "--without-verdict" in said
    assert "Example: shipway deploy production" in said
