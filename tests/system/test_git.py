"""What git says of a working tree, without Shipway around it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.in_process import git

from shipway.errors import ConfigError
from shipway.ports import Changes
from shipway.system.git import (
    GitRefuses,
    absent_parts,
    changed_files,
    changes_between,
    commit_time,
    commit_times,
    has_changes,
    head_commit,
    known_branches,
    last_change,
    listed_files,
)

HOSTILE = [
    "feature/$(id)",
    "<b>&amp;",
    "a;b&c|d",
    'it\'s"quoted"',
    "ünï-codé",
    "a/b/c/d",
    "refs/heads/x",
    "x/-rf",
    "HEAD",
    "a=b",
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "a.py").touch()
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def commit_of(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def test_commit_and_branch_are_those_of_the_working_tree(repository: Path) -> None:
    commit = commit_of(repository)
    assert head_commit(str(repository)) == (commit, "main")
    (repository / "deep" / "er").mkdir(parents=True)
    assert head_commit(str(repository / "deep" / "er")) == (commit, "main")
    git(repository, "pack-refs", "--all")
    assert head_commit(str(repository)) == (commit, "main")
    git(repository, "checkout", "--quiet", "--detach")
    assert head_commit(str(repository)) == (commit, "")


def test_a_linked_working_tree_has_its_own_branch(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "b.py").touch()
    git(tmp_path / "side", "add", ".")
    git(tmp_path / "side", "commit", "--quiet", "-m", "second")
    assert head_commit(str(tmp_path / "side")) == (commit_of(tmp_path / "side"), "side")
    assert head_commit(str(repository)) == (commit_of(repository), "main")
    git(repository, "pack-refs", "--all")
    assert head_commit(str(tmp_path / "side")) == (commit_of(tmp_path / "side"), "side")


def test_a_repository_without_a_commit_has_a_branch_only(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "trunk")
    assert head_commit(str(tmp_path)) == ("", "trunk")


def test_outside_a_repository_there_is_neither(tmp_path: Path) -> None:
    assert head_commit(str(tmp_path)) == ("", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_branch_name_is_a_name(repository: Path, name: str) -> None:
    git(repository, "update-ref", f"refs/heads/{name}", commit_of(repository))
    git(repository, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    assert head_commit(str(repository)) == (
        git(repository, "rev-parse", f"refs/heads/{name}"),
        name,
    )


@pytest.mark.parametrize(
    "ref",
    ["no-such", "HEAD~9", "--output=pwned", "-p", "$(touch pwned)", "a b", "HEAD --", "a..b..c"],
)
def test_a_ref_that_git_does_not_know_is_refused(repository: Path, ref: str) -> None:
    with pytest.raises(ConfigError) as caught:
        changed_files(str(repository), ref)
    assert caught.value.message.startswith(f"git cannot compare with {ref!r}: ")
    assert not (repository / "pwned").exists()


def test_without_a_repository_or_without_git_nothing_can_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="cannot compare"):
        changed_files(str(tmp_path), "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="cannot compare"):
        changed_files(str(tmp_path), "HEAD")


def test_a_branch_with_the_name_of_a_file_is_the_branch(repository: Path) -> None:
    git(repository, "branch", "a.py")
    (repository / "a.py").write_text("changed")
    (repository / "b\nc.py").touch()
    assert changed_files(str(repository), "a.py") == {"a.py", "b\nc.py"}


def test_commits_between_two_are_the_newest_first_with_how_many_more(repository: Path) -> None:
    old = commit_of(repository)
    for number in range(5):
        (repository / "a.py").write_text(str(number))
        git(repository, "commit", "--quiet", "-am", f"<!here> {number}\x1f`x`")
    new = commit_of(repository)
    found = changes_between(str(repository), old, new, most=2)
    assert [one.subject for one in found.commits] == ["<!here> 4\x1f`x`", "<!here> 3\x1f`x`"]
    assert ({one.author for one in found.commits}, found.more, found.undone) == ({"A"}, 3, False)
    back = changes_between(str(repository), new, old)
    assert (len(back.commits), back.more, back.undone) == (5, 0, True)


@pytest.mark.parametrize("word", ["", "HEAD", "--output=x", "0" * 40, "main"])
def test_what_is_no_commit_here_has_no_changes(repository: Path, word: str) -> None:
    commit = commit_of(repository)
    assert changes_between(str(repository), word, commit) == Changes()
    assert changes_between(str(repository), commit, word) == Changes()
    assert changes_between(str(repository), commit, commit) == Changes()
    assert not (repository / "x").exists()


def test_a_file_was_last_changed_by_the_newest_commit_that_touched_it(tmp_path: Path) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    folder = tmp_path / "app"
    folder.mkdir()
    assert last_change(str(folder), ["a"]) == 0
    subprocess.run(("git", "init", "-q"), cwd=tmp_path, check=True)
    for name, day in (("a", "2021-01-01"), ("b", "2022-01-01"), ("c", "2023-01-01")):
        (folder / name).write_text(name)
        env = {**os.environ, "GIT_COMMITTER_DATE": f"{day}T00:00:00Z"}
        for words in (("add", "."), (*who, "commit", "-qm", "x")):
            subprocess.run(("git", *words), cwd=tmp_path, check=True, env=env)
    assert last_change(str(folder), ["a", "b"]) == 1_640_995_200
    assert last_change(str(folder), ["nowhere"]) == last_change(str(folder), []) == 0
    assert last_change(str(folder), [":!a"]) == 0  # a name, not what git makes of it
    (folder / "b").write_text("changed")
    assert last_change(str(folder), ["a", "b"]) == 0
    assert last_change(str(folder), ["a"]) == 1_609_459_200


def test_a_commit_has_its_moment_and_a_tree_may_differ_from_it(tmp_path: Path) -> None:
    assert (commit_time(str(tmp_path)), has_changes(str(tmp_path))) == (0, False)
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "a").write_text("a")
    (tmp_path / ".gitignore").write_text("ignored\n")
    env = {**os.environ, "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "x")):
        subprocess.run(("git", *words), cwd=tmp_path, check=True, env=env)
    assert commit_time(str(folder)) == 1_767_225_600
    (tmp_path / "other").write_text("beside the application")
    (folder / "ignored").write_text("x")
    assert not has_changes(str(folder))
    (folder / "a").write_text("b")
    assert has_changes(str(folder))


# -- git that does not answer ---------------------------------------------------------------------

OTHER_OWNER = "GIT_TEST_ASSUME_DIFFERENT_OWNER"  # git's own switch for its tests
Question = Callable[[str], object]


@pytest.mark.parametrize("ask", [has_changes, listed_files, absent_parts])
def test_a_repository_of_another_owner_is_not_clean_but_unknown(
    repository: Path, ask: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OTHER_OWNER, "1")
    with pytest.raises(GitRefuses) as caught:
        ask(str(repository))
    assert f"detected dubious ownership in repository at '{repository}'" in caught.value.message
    assert f"git config --global --add safe.directory {repository}" in caught.value.remedy


@pytest.mark.parametrize("ask", [has_changes, listed_files, absent_parts])
def test_without_a_git_program_a_repository_is_unknown(
    repository: Path, ask: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GitRefuses, match="No such file") as caught:
        ask(str(repository))
    assert "Install git" in caught.value.remedy


def test_a_working_tree_whose_repository_moved_says_how_to_mend_it(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "side"))
    assert listed_files(str(tmp_path / "side")) == ["a.py"]
    repository.rename(tmp_path / "moved")
    with pytest.raises(GitRefuses, match="not a git repository: ") as caught:
        listed_files(str(tmp_path / "side"))
    assert "git worktree repair" in caught.value.remedy


def test_a_damaged_repository_is_not_taken_for_none(repository: Path) -> None:
    (repository / ".git" / "HEAD").unlink()
    with pytest.raises(GitRefuses, match="not a git repository"):
        listed_files(str(repository))


def test_outside_of_a_repository_git_is_not_asked(tmp_path: Path) -> None:
    assert listed_files(str(tmp_path)) is None
    assert absent_parts(str(tmp_path)) == []
    assert not has_changes(str(tmp_path))


def test_a_shallow_clone_names_the_command_that_fetches_the_rest(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")
    with pytest.raises(ConfigError, match=r"unknown revision|bad revision") as caught:
        changed_files(str(tmp_path / "shallow"), "HEAD~1")
    assert "git fetch --unshallow" in caught.value.remedy


def test_git_is_asked_in_english_whatever_the_locale(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OTHER_OWNER, "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    with pytest.raises(GitRefuses, match="dubious ownership"):
        listed_files(str(repository))


# -- what git tracks and is not here --------------------------------------------------------------


@pytest.fixture
def with_submodule(repository: Path, tmp_path: Path) -> Path:
    """A clone whose submodule is not checked out yet."""
    theme = tmp_path / "theme"
    theme.mkdir()
    git(theme, "init", "--quiet")
    (theme / ".gitignore").write_text(".env\n")
    (theme / "style.css").touch()
    git(theme, "add", ".")
    git(theme, "commit", "--quiet", "-m", "theme")
    allow = ("-c", "protocol.file.allow=always")
    git(repository, *allow, "submodule", "--quiet", "add", str(theme), "vendored/the theme")
    git(repository, "commit", "--quiet", "-m", "with a theme")
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    return tmp_path / "clone"


def test_a_submodule_that_is_not_checked_out_is_absent(with_submodule: Path) -> None:
    (part,) = absent_parts(str(with_submodule))
    assert part.path == "vendored/the theme"
    assert part.command == "git submodule update --init 'vendored/the theme'"
    allow = ("-c", "protocol.file.allow=always")
    git(with_submodule, *allow, "submodule", "--quiet", "update", "--init")
    assert absent_parts(str(with_submodule)) == []


def test_what_a_submodule_ignores_is_not_listed(with_submodule: Path) -> None:
    allow = ("-c", "protocol.file.allow=always")
    git(with_submodule, *allow, "submodule", "--quiet", "update", "--init")
    theme = with_submodule / "vendored" / "the theme"
    (theme / ".env").write_text("SECRET_KEY=x")
    (theme / "new.css").touch()
    assert sorted(listed_files(str(with_submodule)) or ()) == [
        ".gitmodules",
        "a.py",
        "vendored/the theme/.gitignore",
        "vendored/the theme/new.css",
        "vendored/the theme/style.css",
    ]


def test_what_a_sparse_checkout_leaves_out_is_absent(repository: Path) -> None:
    for name in ("app/a.py", "assets/logo.svg"):
        (repository / name).parent.mkdir()
        (repository / name).touch()
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "more")
    git(repository, "sparse-checkout", "set", "app")
    (part,) = absent_parts(str(repository))
    assert (part.path, part.command) == ("assets/logo.svg", "git sparse-checkout disable")
    assert absent_parts(str(repository / "app")) == []


def _clone(tmp_path: Path, *branches: str, default: str = "") -> Path:
    """A clone of a repository with these branches."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", default or branches[0])
    git(origin, "commit", "-q", "--allow-empty", "-m", "first")
    for branch in branches:
        if branch != (default or branches[0]):
            git(origin, "branch", branch)
    git(tmp_path, "clone", "-q", str(origin), "clone")
    return tmp_path / "clone"


@pytest.mark.parametrize("name", ["master", "trunk", "release/next", "ünï-codé"])
def test_a_clones_default_branch_is_the_remotes(tmp_path: Path, name: str) -> None:
    clone = _clone(tmp_path, "main", name, default=name)
    git(clone, "switch", "-q", "-c", "mine")
    branches = known_branches(str(clone))
    assert branches.default == name
    assert branches.names == {"main", name, "mine"}


def test_before_the_first_commit_the_default_branch_is_the_one_that_is_begun(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q", "-b", "work")
    branches = known_branches(str(tmp_path))
    assert (branches.default, branches.names) == ("work", frozenset())


def test_without_a_remote_a_usual_name_says_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "master")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "switch", "-q", "-c", "feature")
    assert known_branches(str(tmp_path)).default == "master"
    git(tmp_path, "branch", "main")
    assert known_branches(str(tmp_path)).default == ""  # which of the two nobody knows


def test_a_checkout_of_one_branch_says_nothing(tmp_path: Path) -> None:
    """As actions/checkout leaves it: one branch of the remote, and not its HEAD."""
    clone = _clone(tmp_path, "main", "develop")
    job = tmp_path / "job"
    job.mkdir()
    git(job, "init", "-q")
    git(job, "remote", "add", "origin", str(clone.parent / "origin"))
    git(job, "fetch", "-q", "origin", "+refs/heads/develop:refs/remotes/origin/develop")
    git(job, "checkout", "-q", "-B", "develop", "refs/remotes/origin/develop")
    branches = known_branches(str(job))
    assert (branches.default, branches.names) == ("", frozenset({"develop"}))


def test_a_checkout_of_one_usual_branch_does_not_say_that_it_is_the_default(tmp_path: Path) -> None:
    clone = _clone(tmp_path, "trunk", "main")
    job = tmp_path / "job"
    job.mkdir()
    git(job, "init", "-q")
    git(job, "remote", "add", "origin", str(clone.parent / "origin"))
    git(job, "fetch", "-q", "origin", "+refs/heads/main:refs/remotes/origin/main")
    git(job, "checkout", "-q", "-B", "main", "refs/remotes/origin/main")
    assert known_branches(str(job)).default == ""


def test_outside_of_a_repository_there_are_no_branches(tmp_path: Path) -> None:
    assert known_branches(str(tmp_path)).names == frozenset()


def test_the_times_of_commits_are_those_of_the_ones_that_are_here(repository: Path) -> None:
    whole, _ = head_commit(str(repository))
    times = commit_times(str(repository), [whole, whole[:12], "0" * 40, "HEAD", "--all"])
    assert set(times) == {whole, whole[:12]}
    assert times[whole] == times[whole[:12]] > 1e9
    assert commit_times(str(repository), ["HEAD"]) == commit_times(str(repository), []) == {}
