"""`shipway workflows`, as a person and a pipeline use it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.cli.in_process import git, only, project, shipway
from tests.github.api_server import token_server

SETTINGS = (
    '[application]\nname = "town"\n[environments.production]\nplatform = "ecs"\n'
    '[environments.staging]\nplatform = "ecs"\n' + only()
)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A project in a folder of a repository."""
    top = tmp_path / "repository"
    folder = project(top / "town", SETTINGS)
    git(top, "init", "--quiet")
    return folder


def files(town: Path) -> dict[str, str]:
    folder = town.parent / ".github" / "workflows"
    return {path.name: path.read_text() for path in folder.glob("*")}


def test_they_are_written_to_the_repositorys_top_and_then_nothing_differs(town: Path) -> None:
    done = shipway(town, "workflows", "write")
    assert done.returncode == 0, done.stderr
    assert set(files(town)) >= {"ci-cd.yml", "deploy.yml", "deploy-staging.yml", "security.yml"}
    assert "-C town run" in files(town)["ci-cd.yml"]
    assert ".github/workflows/ci-cd.yml is written" in done.stdout
    checked = shipway(town, "workflows", "check")
    assert checked.returncode == 0
    assert "as shipway.toml wants" in checked.stdout
    assert "nothing changes" in shipway(town, "workflows", "write").stdout
    assert shipway(town, "workflows", "diff").stdout == ""


def test_what_is_left_out_is_said(town: Path) -> None:
    (town / "shipway.toml").write_text('[application]\nname = "town"\n' + only())
    done = shipway(town, "workflows", "write")
    assert "left out  deploy.yml: no environment is on ecs" in done.stdout


def test_a_difference_is_named_by_its_line(town: Path) -> None:
    shipway(town, "workflows", "write")
    path = town.parent / ".github" / "workflows" / "ci-cd.yml"
    path.write_text(path.read_text().replace("timeout-minutes: 30", "timeout-minutes: 300", 1))
    line = path.read_text().splitlines().index("    timeout-minutes: 300") + 1
    done = shipway(town, "workflows", "check")
    assert done.returncode == 1
    assert f"ci-cd.yml:{line}: found 'timeout-minutes: 300', wanted 'timeout-minutes: 30'" in (
        done.stdout
    )
    assert "-    timeout-minutes: 300\n+    timeout-minutes: 30\n" in (
        shipway(town, "workflows", "diff").stdout
    )
    data = json.loads(shipway(town, "workflows", "check", "--json").stdout)
    assert data["differs"][0]["file"] == "ci-cd.yml"
    assert data["written"] is False


def test_a_changed_configuration_differs_and_is_written_again(town: Path) -> None:
    shipway(town, "workflows", "write")
    (town / "shipway.toml").write_text(SETTINGS.replace("staging", "development"))
    done = shipway(town, "workflows", "check")
    assert done.returncode == 1
    assert "deploy-dev.yml: is missing" in done.stdout
    assert "deploy-staging.yml: is not wanted any more" in done.stdout
    shown = shipway(town, "workflows", "write", "--dry-run").stdout
    assert "deploy-staging.yml would be removed" in shown
    assert "deploy-staging.yml" in files(town)
    shipway(town, "workflows", "write")
    assert "deploy-staging.yml" not in files(town)
    assert "deploy-dev.yml" in files(town)


def test_a_file_of_somebody_else_is_not_replaced(town: Path) -> None:
    folder = town.parent / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci-cd.yml").write_text("name: mine\n")
    (folder / "other.yml").write_text("name: other\n")
    done = shipway(town, "workflows", "write")
    assert done.returncode == 2
    assert "did not write ci-cd.yml" in done.stderr
    assert "--force" in done.stderr
    assert set(files(town)) == {"ci-cd.yml", "other.yml"}
    assert files(town)["ci-cd.yml"] == "name: mine\n"
    assert shipway(town, "workflows", "check").returncode == 1
    assert shipway(town, "workflows", "write", "--force").returncode == 0
    assert files(town)["ci-cd.yml"] != "name: mine\n"
    assert files(town)["other.yml"] == "name: other\n"


def test_without_a_repository_it_says_what_to_do(tmp_path: Path) -> None:
    done = shipway(project(tmp_path / "town", SETTINGS), "workflows", "write")
    assert done.returncode == 2
    assert "git init" in done.stderr


def test_the_pipeline_checks_what_shipway_wrote_and_nothing_else(town: Path) -> None:
    folder = town.parent / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci.yml").write_text("name: mine\n")
    (town / "shipway.toml").write_text(SETTINGS + '[steps.x]\nrun = "true"\nstage = "quality"\n')
    before = json.loads(shipway(town, "plan", "quality", "--json").stdout)
    assert [one["step"] for one in before] == ["x"]
    shipway(town, "workflows", "write")
    assert shipway(town, "run", "quality").returncode == 0
    again = json.loads(shipway(town, "plan", "quality", "--json").stdout)
    assert [(one["step"], one["runs"]) for one in again] == [("workflows", False), ("x", False)]
    path = folder / "security.yml"
    path.write_text(path.read_text() + "# mine\n")
    line = len(path.read_text().splitlines())
    place = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(town.parent)}
    done = shipway(town, "run", "quality", **place)
    assert done.returncode == 1
    assert f"::warning file=.github/workflows/security.yml,line={line}," in done.stdout
    assert "shipway workflows write" in done.stdout


def test_another_applications_workflows_are_never_replaced(town: Path) -> None:
    shipway(town, "workflows", "write")
    before = files(town)
    other = project(town.parent / "village", SETTINGS.replace("town", "village"))
    for force in ((), ("--force",)):
        done = shipway(other, "workflows", "write", *force)
        assert done.returncode == 2
        assert "is the workflow of the application in town" in done.stderr
        assert '[github] name = "village"' in done.stderr
    assert files(town) == before
    (other / "shipway.toml").write_text(
        SETTINGS.replace("town", "village") + '\n[github]\nname = "village"\n'
    )
    assert shipway(other, "workflows", "write").returncode == 0
    assert {name: files(town)[name] for name in before} == before
    assert "village-ci-cd.yml" in files(town)
    assert shipway(town, "workflows", "check").returncode == 0


@pytest.mark.parametrize("main", ["master", "trunk"])
def test_a_repository_whose_main_branch_is_called_otherwise_is_told_and_not_left_unchecked(
    town: Path, main: str
) -> None:
    git(town.parent, "checkout", "--quiet", "-b", main)
    git(town.parent, "commit", "--quiet", "--allow-empty", "-m", "first")
    for command in ("write", "check", "diff"):
        done = shipway(town, "workflows", command)
        assert done.returncode == 2
        assert f"the default branch is {main}" in done.stderr
        assert f'[github] main = "{main}"' in done.stderr
    assert files(town) == {}
    (town / "shipway.toml").write_text(f'{SETTINGS}\n[github]\nmain = "{main}"\n')
    done = shipway(town, "workflows", "write")
    assert done.returncode == 0, done.stderr
    assert f'branches: ["{main}"]' in files(town)["ci-cd.yml"]


def test_what_a_person_should_know_is_said(town: Path) -> None:
    done = shipway(town, "workflows", "write")
    assert "note      written for a public repository" in done.stdout
    (town / "shipway.toml").write_text(SETTINGS + '\n[github]\nvisibility = "private"\n')
    done = shipway(town, "workflows", "write")
    assert "left out  attest: a private repository needs Enterprise Cloud" in done.stdout
    assert "codeql-action" not in "".join(files(town).values())
    assert json.loads(shipway(town, "workflows", "check", "--json").stdout)["notes"]


def test_whom_a_role_is_to_trust_is_printed(town: Path) -> None:
    unset = {"ACTIONS_ID_TOKEN_REQUEST_URL": "", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""}
    done = shipway(town, "workflows", "subject", "staging", **unset)
    assert (done.returncode, "not configured" in done.stdout) == (0, True)
    github = '\n[github]\nrepository = "ann/town"\nowner_id = "1"\nrepository_id = "2"\n'
    (town / "shipway.toml").write_text(SETTINGS + github)
    done = shipway(town, "workflows", "subject", "staging", **unset)
    assert "repo:ann@1/town@2:environment:staging" in done.stdout


def test_a_job_that_a_role_does_not_trust_is_told_why(town: Path) -> None:
    claims = base64.urlsafe_b64encode(b'{"sub": "repo:ann/town:environment:staging"}').decode()
    github = '\n[github]\nrepository = "ann/town"\nowner_id = "1"\nrepository_id = "2"\n'
    (town / "shipway.toml").write_text(SETTINGS + github)
    with token_server(f"head.{claims}.signature") as address:
        job = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": address,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
        }
        done = shipway(town, "workflows", "subject", "staging", **job)
        assert done.returncode == 1
        assert "this job is       repo:ann/town:environment:staging" in done.stdout
        assert 'oidc_subject = "name"' in done.stdout
        assert claims not in done.stdout + done.stderr
        settings = f'{SETTINGS}{github}oidc_subject = "name"\n'
        (town / "shipway.toml").write_text(settings)
        done = shipway(town, "workflows", "subject", "staging", **job)
        assert (done.returncode, "They agree" in done.stdout) == (0, True)
