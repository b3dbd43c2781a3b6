"""Runs in real git repositories: what changed since, and which branch it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import git, project, shipway, step

AREAS = step("lib", "true", 'inputs = ["lib/**"]') + step("docs", "true", 'inputs = ["*.md"]')
ON_MAIN = step("released", "true", 'inputs = []\nbranches = ["main"]')


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return committed(tmp_path / "repository")


def committed(folder: Path, within: str = "") -> Path:
    """A repository with one commit; the project is in its folder `within`."""
    files = {"lib/a.py": "a = 1\n" * 20, "lib/b.py": "", "README.md": "", ".gitignore": "*.log\n"}
    project(folder / within, AREAS + ON_MAIN, {**files, "lib/sub/c.py": "", "ünï codé.md": ""})
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder / within


def ran(folder: Path, *words: str) -> set[str]:
    """The steps that were not skipped."""
    done = shipway(folder, "run", "--no-cache", "--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["step"] for one in events if one.get("outcome") == "passed"} - {"released"}


def since(folder: Path, ref: str = "HEAD") -> set[str]:
    return ran(folder, "--changed-since", ref)


def test_steps_none_of_whose_inputs_changed_are_skipped(repository: Path) -> None:
    assert since(repository) == set()
    (repository / "lib" / "a.py").write_text("a = 2\n")
    git(repository, "commit", "--quiet", "-am", "second")
    assert since(repository, "main") == set()
    git(repository, "tag", "v1", "HEAD~1")
    assert since(repository, "v1") == {"lib"}


def test_a_new_file_has_changed_and_an_ignored_one_has_not(repository: Path) -> None:
    (repository / "lib" / "new.py").touch()
    (repository / "new.log").touch()
    assert since(repository) == {"lib"}


def test_a_deleted_file_has_changed(repository: Path) -> None:
    (repository / "lib" / "b.py").unlink()
    assert since(repository) == {"lib"}


def test_a_file_that_was_moved_has_changed_where_it_was_and_where_it_is(repository: Path) -> None:
    git(repository, "mv", "lib/a.py", "moved.md")
    assert since(repository) == {"lib", "docs"}


def test_names_that_git_would_quote_are_taken_as_they_are(repository: Path) -> None:
    (repository / "ünï codé.md").write_text("changed")
    assert since(repository) == {"docs"}


def test_a_project_within_a_repository_sees_its_own_changes(tmp_path: Path) -> None:
    within = committed(tmp_path / "repository", "apps/web")
    (tmp_path / "repository" / "other.md").touch()
    (within / "lib" / "b.py").write_text("changed")
    assert since(within) == {"lib"}


def test_a_ref_that_git_does_not_know_is_refused(repository: Path) -> None:
    done = shipway(repository, "run", "--changed-since", "no-such-branch")
    assert done.returncode == 2
    assert "git cannot compare with 'no-such-branch'" in done.stderr
    assert "Name a commit, branch or tag" in done.stderr


def test_a_step_of_one_branch_is_skipped_on_others_and_says_so(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "<script>alert(1)</script>")
    done = shipway(repository, "run")
    assert done.returncode == 0
    assert "it runs on main only" in done.stdout
    page = (repository / ".shipway" / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
