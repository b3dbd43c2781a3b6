"""`shipway clean --aws`. moto answers for AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from tests.cleanup.aws.account import (
    BUCKET,
    HERE,
    REGION,
    defined,
    premises,
    pushed,
    repository,
    serving,
)
from tests.cli.in_process import only, project, shipway

from shipway.cli.clean import clean_account, clean_aws
from shipway.cli.project import Project, open_project
from shipway.errors import ConfigError

SETTINGS = (
    f'[application]\nname = "web"\n[aws]\nregion = "{REGION}"\n[retention]\nreleases = 1\n'
    '[environments.staging]\nplatform = "ecs"\n' + only()
)


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """An account with an image that runs, one to go back to, in the bucket, and an idle one."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    folder = project(tmp_path / "web", SETTINGS)
    with mock_aws():
        repository()
        serving(defined(f"r/web@{pushed('running', '3.0')}"))
        boto3.client("s3", REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        kept("production", pushed("earlier", "2.0"))  # which this shipway.toml does not name
        pushed("idle", "1.0")
        opened = open_project(str(folder))
        yield opened
        opened.record.close()


def release_data(digest: str) -> dict[str, object]:
    """A release as a rollout keeps it."""
    names = ("application", "version", "commit", "lock", "path", "python")
    return {
        **dict.fromkeys(names, ""),
        "digest": "a" * 64,
        "migrations": [],
        "image": f"r/web@{digest}",
    }


def kept(environment: str, digest: str) -> None:
    """A good rollout that some machine kept."""
    rollout = {
        "started": 1.0,
        "digest": "a" * 64,
        "verdict": "passed",
        "task_definition": "x",
        "release_data": release_data(digest),
    }
    boto3.client("s3", REGION).put_object(
        Bucket=BUCKET, Key=f"web/{environment}/rollouts/1-x.json", Body=json.dumps(rollout).encode()
    )


def clean(web: Project, *, yes: bool = False, dry_run: bool = False, json: bool = False) -> int:
    return clean_account(web, premises(web.config), HERE, yes=yes, dry_run=dry_run, json=json)


def tags() -> set[str]:
    found = boto3.client("ecr", REGION).describe_images(repositoryName="web")["imageDetails"]
    return {tag for one in found for tag in one["imageTags"]}


def test_a_dry_run_shows_what_can_go_with_its_cost_and_touches_nothing(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(web, dry_run=True, yes=True) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2
    assert shown[0].startswith("image ")
    assert "  $0.00  sha256:" in shown[0]
    assert shown[0].endswith("1.0: nothing runs it, no rollback needs it")
    assert shown[1].split() == ["in", "all", "$0.00", "a", "month,", "1", "things"]
    assert tags() == {"1.0", "2.0", "3.0"}


def test_a_script_that_does_not_agree_removes_nothing(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(web) == 0
    again = f"shipway -C {web.root} clean --aws --yes"
    assert f"nothing is removed; {again} removes it" in capsys.readouterr().out
    assert tags() == {"1.0", "2.0", "3.0"}


def test_what_runs_and_what_a_rollback_goes_back_to_stays(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(web, yes=True) == 0
    assert tags() == {"2.0", "3.0"}
    assert "1 of 1 done: $0.00 a month less" in capsys.readouterr().out
    assert clean(web, yes=True) == 0
    assert capsys.readouterr().out == "nothing can go\n"


def test_json_says_what_was_removed(web: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean(web, json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["agreed"], found["unseen"]) == (False, {})
    (row,) = found["found"]
    assert (row["kind"], row["action"], row["removed"]) == ("image", "removed", False)
    clean(web, yes=True, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["agreed"]
    assert [one["removed"] for one in found["found"]] == [True]


def test_without_the_bucket_no_image_is_taken_for_idle(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = boto3.client("s3", REGION)
    s3.delete_object(Bucket=BUCKET, Key="web/production/rollouts/1-x.json")
    s3.delete_bucket(Bucket=BUCKET)
    assert clean(web, yes=True) == 5
    shown = capsys.readouterr().out
    assert "images and task definitions: could not be looked at: AWS:" in shown
    assert "nothing can go of what could be looked at" in shown
    assert tags() == {"1.0", "2.0", "3.0"}


def test_while_a_rollout_in_the_bucket_is_damaged_nothing_goes(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("s3", REGION).put_object(
        Bucket=BUCKET, Key="web/production/rollouts/2-x.json", Body=b'{"schema": 2, "digest": 1}'
    )
    clean(web, yes=True)
    assert "2-x.json: the rollout is damaged: digest: expected a text" in capsys.readouterr().out
    assert tags() == {"1.0", "2.0", "3.0"}


def test_a_release_of_this_machines_record_stays(
    web: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = pushed("of this machine", "1.5")
    web.record.add_rollout(
        "staging",
        {
            "digest": "b" * 64,
            "verdict": "passed",
            "started": 2.0,
            "release_data": release_data(digest),
        },
    )
    assert clean(web, yes=True) == 0
    assert tags() == {"1.5", "2.0", "3.0"}
    assert "1 of 1 done" in capsys.readouterr().out


def test_many_of_a_kind_are_counted(web: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(25):
        pushed(f"image {number}", f"0.{number}")
    assert clean(web, dry_run=True) == 0
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 22
    assert shown[-2].split()[-2:] == ["6", "more"]


def test_the_account_is_found_out(web: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is young here, and stays."""
    assert clean_aws(directory=web.root, yes=True, dry_run=False, json=False) == 0
    assert capsys.readouterr().out == "nothing can go\n"


def test_without_an_environment_on_aws_there_is_nothing_to_look_at(
    web: Project, tmp_path: Path
) -> None:
    folder = project(tmp_path / "other", '[application]\nname = "web"\n[aws]\nregion = "x"\n')
    with pytest.raises(ConfigError, match="no environment is on AWS"):
        clean_aws(directory=str(folder), yes=True, dry_run=False, json=False)


def test_a_dry_run_on_this_machine_removes_nothing(tmp_path: Path) -> None:
    folder = project(tmp_path / "web", SETTINGS)
    done = shipway(folder, "clean", "--dry-run", "--yes")
    assert (done.returncode, done.stdout) == (0, "nothing can go\n")
