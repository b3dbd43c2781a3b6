"""CI and a laptop with one cache: commands as a person and a job type them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import git, only, project, shipway, step
from tests.fakes.outcome_server import OutcomeServer, outcome_server

from shipway.system.signature import PrivateKey, new_private_key

KEY = new_private_key()
CI = {"CI": "true", "GITHUB_REF_NAME": "main", "SHIPWAY_CACHE_KEY": KEY}
SHARED = 'inputs = ["*.txt"]\nshared = true\nstage = "quality"\n'
# A step that needs the application's environment, in which there is no package.
LOCKED = '[application]\nname = "town"\nlock = "requirements.txt"\n'
NEEDS = step("look", "ls .shipway/venvs", 'inputs = ["*.md"]\nneeds = ["install"]\n')


def settings(remote: str) -> str:
    public = PrivateKey(KEY).public_key
    return f'[cache]\nremote = "{remote}"\ntrust = {{ CI = "{public}" }}\n'


@dataclass
class Clones:
    """The origin's clone in CI, and one on a laptop with another user's files."""

    folder: Path
    store: OutcomeServer

    def ci(self, *words: str, **variables: str) -> Any:
        return shipway(self.folder / "ci", *words, **{**CI, **variables})

    def laptop(self, *words: str, **variables: str) -> Any:
        home = str(self.folder / "home")
        return shipway(self.folder / "far" / "laptop", *words, XDG_STATE_HOME=home, **variables)

    def clone(self) -> None:
        git(self.folder, "clone", "--quiet", "ci", "far/laptop")


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[Clones]:
    with outcome_server() as store:
        text = only() + LOCKED + step("greet", "echo hello >> ran", SHARED) + NEEDS
        files = {"a.txt": "a", "b.md": "b", "requirements.txt": "", ".gitignore": "ran\n"}
        ci = project(tmp_path / "ci", text + settings(store.url), files)
        git(ci, "init", "--quiet", "--initial-branch", "main")
        git(ci, "add", ".")
        git(ci, "commit", "--quiet", "-m", "first")
        clones = Clones(tmp_path, store)
        clones.clone()
        yield clones


def events(done: Any) -> dict[str, dict[str, Any]]:
    """Step → how it ended; and the run, by its event."""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        one.get("step", one["event"]): one for one in lines if "outcome" in one or "verdict" in one
    }


def test_a_new_clone_takes_what_ci_has_proved_and_says_so_everywhere(clones: Clones) -> None:
    proved = clones.ci("run")
    assert proved.returncode == 0, proved.stdout + proved.stderr
    commit = git(clones.folder / "ci", "rev-parse", "HEAD")
    plan = {one["step"]: one["runs"] for one in json.loads(clones.laptop("plan", "--json").stdout)}
    assert plan == {"install": False, "greet": False, "look": True}
    done = clones.laptop("run", "quality")
    assert done.returncode == 0
    assert f"from CI, commit {commit[:7]}, just now" in done.stdout
    laptop = clones.folder / "far" / "laptop"
    assert not (laptop / "ran").exists()
    assert f"from CI, commit {commit[:7]}" in (laptop / ".shipway" / "report.html").read_text()
    greet = events(clones.laptop("run", "quality", "--json"))["greet"]
    assert greet["outcome"] == "cached"
    assert (greet["origin"]["writer"], greet["origin"]["commit"]) == ("CI", commit)
    status = json.loads(clones.laptop("cache", "status", "--json").stdout)
    assert (status["taken"], status["answers"], status["writes"]) == ({"CI": 1}, True, False)
    assert status["why"] == "the variable SHIPWAY_CACHE_KEY with a private key is not set"


def test_the_first_step_that_needs_the_environment_makes_it(clones: Clones) -> None:
    clones.ci("run")
    run = events(clones.laptop("run", "--json"))
    assert run["install"]["outcome"] == "cached" and run["install"]["origin"]["writer"] == "CI"
    assert run["look"]["outcome"] == "passed"
    venvs = clones.folder / "far" / "laptop" / ".shipway" / "venvs"
    assert [path.name for path in venvs.glob("*-dev/bin/python")] == ["python"]
    # It is there now, and made no second time.
    (clones.folder / "far" / "laptop" / "b.md").write_text("c")
    assert events(clones.laptop("run", "--json"))["look"]["outcome"] == "passed"


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"SHIPWAY_CACHE_KEY": ""}, "the variable SHIPWAY_CACHE_KEY with a private key is not set"),
        ({"CI": ""}, "this is not CI: the variable CI is not set"),
        ({"GITHUB_EVENT_NAME": "pull_request"}, "this run is of a pull request"),
        ({"GITHUB_REF_NAME": "7/merge"}, "the branch 7/merge is not main"),
        ({"GITHUB_REF_PROTECTED": "false"}, "the branch main is not protected"),
        ({"GITHUB_REF_PROTECTED": "true"}, ""),
    ],
)
def test_only_ci_of_a_protected_branch_writes(
    clones: Clones, variables: dict[str, str], why: str
) -> None:
    clones.ci("run", "quality", **variables)
    assert bool(clones.store.files) is not bool(why)
    shown = clones.ci("cache", "status", **variables).stdout
    assert (f"writes   no: {why}" if why else "writes   yes: this is CI on main") in shown


def test_no_cache_takes_nothing(clones: Clones) -> None:
    clones.ci("run", "quality")
    assert events(clones.laptop("run", "quality", "--no-cache", "--json"))["greet"]["outcome"] == (
        "passed"
    )


def test_a_store_that_refuses_is_told_in_the_verdict_and_in_json(clones: Clones) -> None:
    clones.store.fault = "status"
    problem = f"the shared cache {clones.store.url} is not used: it refuses these credentials (403)"
    done = clones.laptop("run", "quality")
    assert done.returncode == 0
    assert [
        line.split(maxsplit=1)[1] for line in done.stdout.splitlines() if line.startswith("cache ")
    ] == [problem]
    (clones.folder / "far" / "laptop" / "a.txt").write_text("other")
    assert events(clones.laptop("run", "quality", "--json"))["run_finished"]["cache"] == [problem]
    assert clones.laptop("cache", "status").returncode == 5
    doctor = clones.laptop("doctor").stdout
    assert f"absent   cache        {clones.store.url}: it refuses these credentials (403)" in doctor


def test_credentials_come_from_the_variable_that_is_named(clones: Clones) -> None:
    for name in ("ci", "far/laptop"):
        path = clones.folder / name / "shipway.toml"
        path.write_text(path.read_text() + 'credentials = "TOWN_CACHE"\n')
    clones.laptop("run", "quality", TOWN_CACHE="t0ken-of-ours")
    assert {header for *_, header in clones.store.asked} == {"Bearer t0ken-of-ours"}


def test_a_private_key_that_is_none_is_an_error_that_does_not_show_it(clones: Clones) -> None:
    done = clones.ci("run", "quality", SHIPWAY_CACHE_KEY="n0t-a-key-at-all")
    assert done.returncode == 2
    assert "the private key of [cache] is no key" in done.stderr
    assert "n0t-a-key" not in done.stdout + done.stderr


def test_a_pair_of_keys_is_made_and_what_to_put_where_is_said(clones: Clones) -> None:
    ci, file = clones.folder / "ci", clones.folder / "ci.key"
    done = shipway(ci, "cache", "key", "../ci.key")
    private = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert private.strip() not in done.stdout
    assert f'trust = {{ CI = "{PrivateKey(private).public_key}" }}' in done.stdout
    assert "gh secret set SHIPWAY_CACHE_KEY < ../ci.key" in done.stdout
    again = shipway(ci, "cache", "key", "../ci.key")
    assert again.returncode == 2 and "ci.key cannot be made: File exists" in again.stderr
    assert file.read_text() == private
    other = json.loads(shipway(ci, "cache", "key", "../other.key", "--json").stdout)
    assert other["public_key"] not in done.stdout


def test_status_of_a_project_that_shares_nothing_says_so(tmp_path: Path) -> None:
    town = project(tmp_path / "town", step("greet", "echo hello", SHARED))
    shipway(town, "run", "quality")
    lines = shipway(town, "cache", "status").stdout.splitlines()
    assert lines == [
        "here     1 outcomes, 0.0 MB of logs and reports",
        "shared   nothing: cache.remote is not set in shipway.toml",
    ]
