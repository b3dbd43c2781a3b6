"""git's hooks, started by git itself in real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cli.in_process import SHIPWAY, git, only, project, shipway, step
from tests.patience import PATIENCE

from shipway.checks.registry import enabled_checks
from shipway.cli.hook import hook_folders, hook_script, skipped_steps
from shipway.config.schema import Application, Config
from shipway.pipeline.definition import pipeline_steps

GOOD, BAD = '"""Town."""\n', "import os\n"
OWN = step("own", "test -e untracked", "inputs = ['*']\nstage = 'quality'")
TEAM = "[application]\npackages = ['town']\n" + only("ruff")


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """What git and its hooks are started with: as from a menu, with hardly a PATH."""
    uv = os.path.join(os.path.dirname(SHIPWAY), "uv")
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True)
    return {
        **os.environ,
        "PATH": os.defpath,
        "UV_CACHE_DIR": cache.stdout.strip(),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "CI": "",
    }


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return repository(tmp_path / "town's")


def repository(folder: Path, more: str = "") -> Path:
    project(folder, TEAM + more, {"town/__init__.py": GOOD})
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "config", "user.name", "A")
    git(folder, "config", "user.email", "a@example.org")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def started(
    folder: Path, variables: dict[str, str], *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )


def installed(folder: Path, variables: dict[str, str], *words: str) -> str:
    done = shipway(folder, "hook", "install", *words, **{**variables, "PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_commit_is_checked_by_what_is_staged_and_not_by_the_work_tree(
    town: Path, variables: dict[str, str]
) -> None:
    installed(town, variables, "pre-commit")
    path = town / "town" / "wards.py"
    path.write_text(BAD)
    git(town, "add", ".")
    path.write_text(GOOD)
    refused = started(town, variables, "commit", "-m", "unstaged repair")
    assert refused.returncode == 1
    assert "'town/wards.py' of the work tree differs" in refused.stderr
    assert "town/wards.py:1: F401" in refused.stderr and "git commit --no-verify" in refused.stderr
    git(town, "add", ".")
    path.write_text(BAD)
    assert started(town, variables, "commit", "-m", "unstaged fault").returncode == 0
    # git commits another index than its own then: both see the fault
    assert started(town, variables, "commit", "-a", "-m", "all").returncode == 1
    assert started(town, variables, "commit", "-m", "named", "town/wards.py").returncode == 1
    assert git(town, "log", "--format=%s") == "unstaged fault\nfirst"


def test_nothing_is_run_again_where_nothing_changed(town: Path, variables: dict[str, str]) -> None:
    installed(town, variables)
    for again, outcome in ((False, "passed"), (True, "cached")):
        done = started(town, variables, "commit", "--allow-empty", "-m", f"{again}")
        assert f"1 step: 1 {outcome}" in done.stderr
    (town / "town" / "new.py").write_text(BAD)  # it is not staged
    for outcome in ("passed", "cached"):
        done = started(town, variables, "commit", "--allow-empty", "-m", "apart")
        assert f"1 step: 1 {outcome}" in done.stderr


def test_commits_of_a_merge_and_of_a_rebase_are_checked(
    town: Path, variables: dict[str, str]
) -> None:
    installed(town, variables, "pre-commit")
    path = town / "town" / "__init__.py"
    git(town, "checkout", "--quiet", "-b", "side")
    path.write_text('"""Side."""\n')
    git(town, "commit", "--quiet", "--no-verify", "-am", "side")
    git(town, "checkout", "--quiet", "main")
    path.write_text('"""Main."""\n')
    git(town, "commit", "--quiet", "--no-verify", "-am", "main")
    for begin, go_on in (
        (("merge", "side"), ("commit", "--no-edit")),
        (("rebase", "side"), ("commit", "-m", "resolved")),
    ):
        assert started(town, variables, *begin).returncode == 1
        unresolved = shipway(town, "hook", "run", "pre-commit", **variables)
        assert unresolved.returncode == 5 and "git write-tree" in unresolved.stderr
        path.write_text(BAD)
        git(town, "add", ".")
        assert started(town, variables, *go_on).returncode == 1
        path.write_text(GOOD)
        git(town, "add", ".")
        gone_on = started(town, variables, *go_on)
        assert gone_on.returncode == 0, gone_on.stderr
        if begin[0] == "merge":
            git(town, "reset", "--quiet", "--hard", "HEAD~1")
    git(town, "rebase", "--continue")
    assert git(town, "log", "-1", "--format=%s", "main") == "resolved"


def test_a_linked_work_tree_has_the_hooks_of_its_repository(
    town: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    installed(town, variables)
    linked = tmp_path / "linked"
    git(town, "worktree", "add", "--quiet", str(linked))
    (linked / "town" / "__init__.py").write_text(BAD)
    assert started(linked, variables, "commit", "-am", "bad").returncode == 1
    (linked / "town" / "__init__.py").write_text('"""Linked."""\n')
    git(linked, "add", ".")
    (linked / "new.py").touch()
    done = started(linked, variables, "commit", "-m", "good")
    assert done.returncode == 0 and "'new.py' of the work tree differs" in done.stderr
    assert git(town, "worktree", "list").count("\n") == 1  # what was checked apart is not listed


def test_a_push_is_checked_by_the_commit_that_is_pushed(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    town = repository(
        tmp_path / "town", step("own", "test -e untracked", "inputs = ['*']\nstage='quality'")
    )
    git(town, "init", "--quiet", "--bare", str(tmp_path / "remote"))
    git(town, "remote", "add", "origin", str(tmp_path / "remote"))
    installed(town, variables)
    refused = started(town, variables, "push", "origin", "main")
    assert refused.returncode == 1 and "own: it ended with exit code 1" in refused.stdout
    (town / "untracked").touch()
    pushed = started(town, variables, "push", "origin", "main")
    assert pushed.returncode == 0, pushed.stderr
    assert "own: checked by shipway run only, in the work tree" in pushed.stdout
    (town / "town" / "__init__.py").write_text(BAD)
    git(town, "commit", "--quiet", "--no-verify", "-am", "bad")
    git(town, "tag", "-a", "v1", "-m", "a tag of it")
    git(town, "checkout", "--quiet", "HEAD~1")
    (town / "untracked").unlink()
    for ref in ("main", "v1"):
        refused = started(town, variables, "push", "origin", ref)
        assert refused.returncode == 1 and "town/__init__.py:1: F401" in refused.stdout
        assert "is checked; the work tree is at another commit" in refused.stdout
    gone = started(town, variables, "push", "origin", ":main")
    assert "step" not in gone.stdout  # nothing is pushed where a branch is deleted
    named = shipway(
        town,
        "hook",
        "run",
        "pre-push",
        **variables,
        PRE_COMMIT_TO_REF=git(town, "rev-parse", "v1^{}"),
    )
    assert named.returncode == 1 and "F401" in named.stdout


def test_where_git_names_nothing_what_is_checked_out_is_checked(
    town: Path, variables: dict[str, str]
) -> None:
    (town / "town" / "__init__.py").write_text(BAD)
    git(town, "commit", "--quiet", "--no-verify", "-am", "bad")
    done = shipway(town, "hook", "run", "pre-push", stdin="", **variables)
    assert done.returncode == 1 and "F401" in done.stdout
    assert "git does not say what is pushed" in done.stdout


def test_a_hook_of_somebody_else_is_never_touched(town: Path, variables: dict[str, str]) -> None:
    foreign = town / ".git" / "hooks" / "pre-push"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("#!/bin/sh\nexit 0\n")
    refused = shipway(town, "hook", "install")
    assert refused.returncode == 2 and "Shipway did not write it" in refused.stderr
    assert "shipway hook run pre-push" in refused.stderr
    assert "explain hook-not-installed" in refused.stderr
    assert not (foreign.parent / "pre-commit").exists()  # all or none
    installed(town, variables, "pre-commit")
    undone = shipway(town, "hook", "uninstall")
    assert "not Shipway's, and stays" in undone.stdout
    assert foreign.read_text() == "#!/bin/sh\nexit 0\n"
    assert not (foreign.parent / "pre-commit").exists()
    link = foreign.parent / "pre-commit"
    link.symlink_to(town / "elsewhere")
    assert shipway(town, "hook", "install", "pre-commit").returncode == 2
    assert link.is_symlink()


def test_hooks_stand_where_git_is_told_to_look(
    town: Path, variables: dict[str, str], tmp_path: Path
) -> None:
    git(town, "config", "core.hooksPath", ".hooks")
    installed(town, variables)
    assert (town / ".hooks" / "pre-commit").exists()
    assert not (town / ".git" / "hooks" / "pre-commit").exists()
    shared = tmp_path / "shared"
    git(town, "config", "core.hooksPath", str(shared))
    refused = shipway(town, "hook", "install")
    assert refused.returncode == 2 and "other repositories" in refused.stderr
    assert not shared.exists()


def test_two_projects_of_a_repository_share_the_hooks(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    top = tmp_path / "both"
    for name in ("it's", "b"):
        project(top / name, TEAM, {"town/__init__.py": GOOD})
    git(top, "init", "--quiet")
    git(top, "config", "user.name", "A")
    git(top, "config", "user.email", "a@example.org")
    for name in ("it's", "b", "b"):
        installed(top / name, variables, "pre-commit")
    git(top, "add", ".")
    assert started(top, variables, "commit", "-m", "good").returncode == 0
    (top / "it's" / "town" / "__init__.py").write_text(BAD)
    (top / "b" / "town" / "__init__.py").write_text(BAD)
    bad = started(top, variables, "commit", "-am", "bad")
    assert bad.stderr.count("failed: town/__init__.py:1") == 2
    assert "-C b run ruff" in bad.stderr  # as it is typed where git commit was
    shipway(top / "b", "hook", "uninstall")
    assert started(top, variables, "commit", "-am", "bad").stderr.count("failed: town") == 1
    shipway(top / "it's", "hook", "uninstall")
    assert list((top / ".git" / "hooks").glob("pre-commit")) == []


def test_a_shipway_that_is_gone_lets_no_commit_pass_in_silence(
    town: Path, variables: dict[str, str]
) -> None:
    installed(town, variables)
    hook = town / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook_script("pre-commit", "/gone/shipway", "/nowhere", ["."]))
    done = started(town, variables, "commit", "--allow-empty", "-m", "unchecked")
    assert done.returncode == 1 and "shipway hook install" in done.stderr


def test_a_repository_is_needed(tmp_path: Path) -> None:
    for words in (("install",), ("run", "pre-commit")):
        done = shipway(project(tmp_path / "town", TEAM), "hook", *words)
        assert done.returncode == 2 and "git init" in done.stderr
    wrong = shipway(tmp_path, "hook", "install", "pre-merge")
    assert wrong.returncode == 2 and "There are: pre-commit and pre-push" in wrong.stderr


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)))
def test_a_hook_says_which_projects_it_checks(folders: list[str]) -> None:
    assert hook_folders(hook_script("pre-push", "/bin/shipway", "/bin", folders)) == folders


def test_what_is_no_hook_of_ours_names_no_project() -> None:
    for text in ("", "#!/bin/sh\nshipway hook run pre-commit -- .\n"):
        assert hook_folders(text) is None


def test_the_quick_part_needs_no_environment_and_finds_secrets() -> None:
    config = Config(application=Application(packages=("town",), lock="uv.lock", unit_tests="tests"))
    steps = pipeline_steps(config, enabled_checks(config))
    left = {step.name for step in steps} - set(skipped_steps(steps, "pre-commit", apart=True))
    assert left == {"ruff", "ruff-format", "flake8", "black", "gitleaks", "findings"}
    assert skipped_steps(steps, "pre-push", apart=True) == []
