"""The application's files: real folders, real git, names that nobody would choose."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.patience import until

from shipway.errors import CannotRun
from shipway.system.files import BlobFolder, FileTree, write_atomic
from shipway.system.record import SqliteRecord

HOSTILE = [
    "a\nb.py",
    "-rf.py",
    " leading.py",
    "trailing .py",
    'quo"te.py',
    "$(id).py",
    "ünï.py",
    "back\\slash.py",
    "*.py",
    "[x].py",
    "fol\nder/in.py",
    "a\tb.py",
]
NOT_UTF8 = os.fsdecode(b"caf\xe9.py")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8", errors="surrogateescape")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def tree(root: Path) -> FileTree:
    return FileTree(str(root), {})


# -- what is listed ------------------------------------------------------------------------


def test_git_says_what_belongs_to_the_application(repository: Path) -> None:
    files(repository, "tracked.py", "new.py", "out/made.py", "debug.log", ".shipway/record")
    (repository / ".gitignore").write_text("out/\n*.log\n")
    git(repository, "add", "tracked.py")
    assert tree(repository).listing() == [".gitignore", "new.py", "tracked.py"]


def test_what_was_deleted_but_is_still_in_the_index_is_not_listed(repository: Path) -> None:
    files(repository, "gone.py", "here.py")
    git(repository, "add", ".")
    (repository / "gone.py").unlink()
    assert tree(repository).listing() == ["here.py"]


def test_without_git_everything_is_listed_but_what_tools_made(tmp_path: Path) -> None:
    files(tmp_path, "a.py", "b/c.py", "b/__pycache__/c.pyc", ".venv/bin/x", "node_modules/y.js")
    assert tree(tmp_path).listing() == ["a.py", "b/c.py"]


def test_without_a_git_program_the_folder_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path, "a.py")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tree(tmp_path).listing() == ["a.py"]


def test_without_git_what_a_gitignore_names_is_left_out(tmp_path: Path) -> None:
    files(tmp_path, "a.py", "out/made.py", "out/kept.txt", "lib/x.log", "lib/keep.log", "lib/sub/y")
    (tmp_path / ".gitignore").write_text("/out/\n*.log\n")
    (tmp_path / "lib" / ".gitignore").write_text("!keep.log\nsub\n")
    without = tree(tmp_path).listing()
    assert without == [".gitignore", "a.py", "lib/.gitignore", "lib/keep.log"]
    git(tmp_path, "init", "--quiet")
    assert tree(tmp_path).listing() == without


@given(
    st.lists(
        st.sampled_from(
            ["*.py", "!a.py", "/a.py", "b", "b/", "/b/", "!b/", "b/*", "!b/a.py", "**/a.py", "b/**"]
        ),
        max_size=4,
    ),
    st.lists(st.sampled_from(["*.py", "!a.py", "/a.py", "!*", "*", "c/", "!c/"]), max_size=3),
)
@settings(max_examples=25)
def test_without_git_the_same_is_ignored_as_with_git(top: list[str], below: list[str]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        files(root, "a.py", "x.txt", "b/a.py", "b/x.txt", "b/c/a.py", "b/c/x.txt")
        (root / ".gitignore").write_text("\n".join(top))
        (root / "b" / ".gitignore").write_text("\n".join(below))
        without = tree(root).listing()
        git(root, "init", "--quiet")
        assert tree(root).listing() == without


def test_without_git_a_file_of_variables_does_not_belong_to_the_application(
    tmp_path: Path,
) -> None:
    files(tmp_path, "a.py", ".env", ".env.local", ".envrc", ".env.example", "deep/.env")
    assert tree(tmp_path).listing() == [".env.example", "a.py"]


def test_a_folder_that_the_repository_above_ignores_is_listed_as_one_without(
    repository: Path,
) -> None:
    (repository / ".gitignore").write_text("scratch/\n")
    files(repository, "scratch/a.py", "scratch/.env")
    assert tree(repository / "scratch").listing() == ["a.py"]


def test_a_repository_in_which_all_is_ignored_lists_nothing(repository: Path) -> None:
    (repository / ".gitignore").write_text("*\n")
    files(repository, "a.py", "below/b.py")
    assert tree(repository).listing() == []


def test_a_pointer_of_git_lfs_is_not_the_file(tmp_path: Path) -> None:
    files(tmp_path, "a.py", "logo.png")
    tree(tmp_path).require_whole(("**",))
    (tmp_path / "logo.png").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    )
    tree(tmp_path).require_whole(("*.py",))
    with pytest.raises(CannotRun, match=r"logo\.png is a pointer of Git LFS") as caught:
        tree(tmp_path).require_whole(("**",))
    assert "git lfs pull" in caught.value.remedy


def test_a_file_that_the_sparse_checkout_leaves_out_is_missed(repository: Path) -> None:
    files(repository, "app/a.py", "assets/logo.svg")
    git(repository, "add", ".")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x")
    git(repository, "sparse-checkout", "set", "app")
    tree(repository).require_whole(("app/**",))
    with pytest.raises(CannotRun, match=r"assets/logo\.svg is left out"):
        tree(repository).require_whole(("**",))


def test_a_repository_within_is_listed_file_by_file(repository: Path) -> None:
    files(repository, "a.py", "vendored/b.py")
    git(repository / "vendored", "init", "--quiet")
    assert tree(repository).listing() == ["a.py", "vendored/b.py"]


@pytest.mark.parametrize("with_git", [True, False])
def test_hostile_names_are_listed_matched_and_fingerprinted(tmp_path: Path, with_git: bool) -> None:
    if with_git:
        git(tmp_path, "init", "--quiet")
    files(tmp_path, *HOSTILE, NOT_UTF8)
    wanted = sorted([*HOSTILE, NOT_UTF8])
    for patterns in (("**",), ("*.py",), ("*", "!*.txt")):
        found = tree(tmp_path).fingerprints(patterns)
        assert list(found) == wanted
        assert len(set(found.values())) == len(wanted)  # each has its own content


def test_a_name_that_is_no_text_does_not_keep_others_from_being_remembered(tmp_path: Path) -> None:
    files(tmp_path, "a.py", "ünï.py", NOT_UTF8)
    first = tree(tmp_path)
    before = first.fingerprints(("*.py",))
    record = SqliteRecord(str(tmp_path / ".shipway" / "record.sqlite3"))
    record.put_files((path, *known) for path, known in first.learned.items())
    second = FileTree(str(tmp_path), record.file_index())
    assert second.fingerprints(("*.py",)) == before
    assert list(second.learned) == [NOT_UTF8]


# -- what patterns name --------------------------------------------------------------------


def test_patterns_are_those_of_gitignore(tmp_path: Path) -> None:
    files(tmp_path, "a.py", "lib/b.py", "lib/c.txt", "tests/d.py")
    look = tree(tmp_path)
    assert look.match(("*.py", "!tests/**")) == ["a.py", "lib/b.py"]
    assert look.match(("lib/*",)) == ["lib/b.py", "lib/c.txt"]
    assert look.match(("nothing*",)) == []


def test_a_literal_path_counts_even_if_git_ignores_it(repository: Path) -> None:
    files(repository, "a.py", "secret.env")
    (repository / ".gitignore").write_text("*.env\n")
    assert tree(repository).match(("secret.env",)) == ["secret.env"]
    assert tree(repository).match(("*.py", "secret.env")) == ["a.py", "secret.env"]
    assert tree(repository).match(("absent.env",)) == []


def test_a_folder_stands_for_all_that_is_below_it(tmp_path: Path) -> None:
    files(tmp_path, "data/a.csv", "data/deep/b.csv", "data/__pycache__/x", "other.csv")
    assert tree(tmp_path).match(("data",)) == ["data/a.csv", "data/deep/b.csv"]
    assert tree(tmp_path).match(("data/",)) == ["data/a.csv", "data/deep/b.csv"]


# -- what a fingerprint sees ---------------------------------------------------------------


def test_a_fingerprint_is_of_content_mode_and_kind(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one")
    seen = [tree(tmp_path).fingerprint("f")]
    (tmp_path / "f").write_text("two")
    seen.append(tree(tmp_path).fingerprint("f"))
    (tmp_path / "f").chmod(0o755)
    seen.append(tree(tmp_path).fingerprint("f"))
    (tmp_path / "f").unlink()
    seen.append(tree(tmp_path).fingerprint("f"))
    (tmp_path / "f").symlink_to("elsewhere")
    seen.append(tree(tmp_path).fingerprint("f"))
    (tmp_path / "f").unlink()
    (tmp_path / "f").symlink_to("somewhere")
    seen.append(tree(tmp_path).fingerprint("f"))
    assert len(set(seen)) == len(seen)
    assert seen[3] == "missing"


def test_a_link_is_known_by_where_it_points_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("one")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "circle").symlink_to(".")
    (tmp_path / "broken").symlink_to("nowhere")
    before = tree(tmp_path).fingerprints(("**",))
    (tmp_path / "target").write_text("two")
    after = tree(tmp_path).fingerprints(("**",))
    assert list(before) == ["broken", "circle", "link", "target"]
    assert {name for name in before if before[name] != after[name]} == {"target"}


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    files(tmp_path, "a.py")
    assert tree(tmp_path).fingerprint("pipe") == "special"
    assert tree(tmp_path).match(("pipe",)) == ["pipe"]
    assert tree(tmp_path).listing() == ["a.py"]  # git passes it over, too


def test_a_file_that_cannot_be_read_has_a_fingerprint_that_says_so() -> None:
    # Address 0 of a process's memory: a regular file to lstat, and nobody may read it.
    assert FileTree("/proc/self", {}).fingerprint("mem").startswith("unreadable ")


def test_a_folder_that_may_not_be_entered_stops_nothing(tmp_path: Path) -> None:
    files(tmp_path, "data/a.csv", "data/closed/b.csv")
    tmp_path.chmod(0o755)
    (tmp_path / "data" / "closed").chmod(0)
    code = (
        "import os\n"
        "from shipway.system.files import FileTree\n"
        "if os.geteuid() == 0:\n"
        "    os.seteuid(65534)\n"
        "print(FileTree('.', {}).match(('data',)))\n"
        "if os.getuid() == 0:\n"
        "    os.seteuid(0)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (tmp_path / "data" / "closed").chmod(0o755)
    assert (done.stdout, done.stderr) == ("['data/a.csv']\n", "")


def test_what_is_known_is_not_read_again_and_what_changed_is(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one")
    first = tree(tmp_path)
    digest = first.fingerprint("f")
    again = first.reread()
    assert again.fingerprint("f") == digest
    assert again.learned == {}
    status = (tmp_path / "f").stat()
    (tmp_path / "f").write_text("two")  # the same size
    os.utime(tmp_path / "f", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert again.reread().fingerprint("f") != digest


# -- writing -------------------------------------------------------------------------------


def test_a_file_is_written_with_its_folders_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomic(str(path), b"content", 0o600)
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == ["file"]


def test_a_write_that_fails_leaves_the_old_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_atomic(str(path), "not bytes")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    (tmp_path / "occupied" / "by").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomic(str(tmp_path / "occupied"), b"new")
    assert sorted(os.listdir(tmp_path)) == ["file", "occupied"]


def test_a_relative_path_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomic("file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_reader_sees_the_old_or_the_new_even_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = (
        "import itertools, sys\n"
        "from shipway.system.files import write_atomic\n"
        "for n in itertools.count():\n"
        "    write_atomic(sys.argv[1], bytes([65 + n % 2]) * 300_000)\n"
    )
    for _ in range(3):
        path.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
        until(path.exists)
        for _ in range(50):
            assert path.read_bytes() in (b"A" * 300_000, b"B" * 300_000)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert path.read_bytes() in (b"A" * 300_000, b"B" * 300_000)


# -- blobs ---------------------------------------------------------------------------------


def test_a_content_comes_back_by_its_digest(tmp_path: Path) -> None:
    blobs = BlobFolder(str(tmp_path))
    name = blobs.put(b"content")
    assert blobs.get(name) == b"content"
    assert blobs.put(b"content") == name
    assert blobs.put(b"other") != name
    assert blobs.get(blobs.put(b"")) == b""


def test_a_missing_or_damaged_content_is_none_and_can_be_put_again(tmp_path: Path) -> None:
    blobs = BlobFolder(str(tmp_path))
    assert blobs.get("0" * 64) is None
    name = blobs.put(b"content")
    for damage in (b"", b"contend"):
        (tmp_path / name[:2] / name).write_bytes(damage)
        assert blobs.get(name) is None
        assert blobs.put(b"content") == name
        assert blobs.get(name) == b"content"
