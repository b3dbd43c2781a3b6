"""A step's program reaches for what is Shipway's: state, key, process; or it stays alive."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import pytest
from tests.cli.in_process import alive, begun, project, shipway, shipway_process, step
from tests.patience import PATIENCE, until
from tests.sandboxes import need_sandbox

from shipway.system.seal import VARIABLE

QUIET = 'inputs = ["a.txt"]'


def attack(folder: Path, script: str, more: str = "inputs = []") -> str:
    """What a step printed that does this in a project that has run before."""
    web = project(folder / "web", step("first", "echo ok", QUIET), {"a.txt": "1"})
    assert shipway(web, "run").returncode == 0
    (web / "attack.sh").write_text(script)
    text = step("first", "echo ok", QUIET) + step("attack", "sh attack.sh > out 2>&1", more)
    (web / "shipway.toml").write_text(text)
    shipway(web, "run", "attack")
    return (web / "out").read_text()


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# -- the state -----------------------------------------------------------------------------

ON_STATE = {
    "a new file": "touch .shipway/new",
    "a new folder": "mkdir .shipway/new",
    "the record": "echo x > .shipway/record.sqlite3",
    "the end of the record": "echo x >> .shipway/record.sqlite3 && touch .shipway/new",
    "the record's journal": "echo x > .shipway/record.sqlite3-journal && touch .shipway/new",
    "the record is removed": "rm -f .shipway/record.sqlite3",
    "the record is replaced": "cp a.txt x; mv -f x .shipway/record.sqlite3",
    "all blobs are removed": "rm -rf .shipway/blobs",
    "a blob is changed": "for f in $(find .shipway/blobs -type f); do echo x > $f; done",
    "the folder is moved": "mv .shipway elsewhere",
    "the folder is removed": "rm -rf .shipway",
    "a link in its place": "rm -rf .shipway; ln -s /tmp .shipway",
    "place.json": "echo x > .shipway/place.json",
    "its mode": "chmod 777 .shipway/record.sqlite3 && touch .shipway/new",
    "another run's folder": "mkdir -p .shipway/runs/other; touch .shipway/runs/other/x",
    "a note of a service": "mkdir -p .shipway/services; echo {} > .shipway/services/x.json",
    "through its absolute path": "touch $PWD/.shipway/new",
    "through /proc": "touch /proc/self/cwd/.shipway/new",
    "through its parent's root": "touch /proc/$PPID/root$PWD/.shipway/new",
    "unmounted": "umount .shipway; umount -l .shipway; touch .shipway/new",
    "mounted anew": "mount -o remount,rw,bind .shipway; touch .shipway/new",
    "in a namespace of its own": "unshare -rm sh -c 'umount .shipway; touch .shipway/new'",
    "in its parent's namespace": "nsenter --target $PPID --mount touch $PWD/.shipway/new",
    "in Shipway's namespace": "for p in /proc/[0-9]*; do nsenter --mount=$p/ns/mnt "
    "touch $PWD/.shipway/new; done",
}


@pytest.mark.parametrize("how", ON_STATE)
def test_a_step_cannot_change_the_state(how: str, tmp_path: Path) -> None:
    need_sandbox()
    web = project(tmp_path / "web", step("first", "echo ok", QUIET), {"a.txt": "1"})
    assert shipway(web, "run").returncode == 0
    before = listing(web / ".shipway")
    (web / "attack.sh").write_text(ON_STATE[how])
    text = step("first", "echo ok", QUIET) + step("attack", "sh attack.sh; ls -a .shipway")
    (web / "shipway.toml").write_text(text)
    shipway(web, "run", "attack")
    more = {path for path in listing(web / ".shipway") - before if not path.startswith("blobs")}
    assert not {path for path in more if "new" in path or "other" in path or "x" in path[-6:]}
    assert before <= listing(web / ".shipway")
    assert not (web / ".shipway").is_symlink()
    done = shipway(web, "run", "first")
    assert (done.returncode, "1 cached" in done.stdout) == (0, True)


# -- the key, and Shipway's own process ------------------------------------------------------


def key_of(folder: Path) -> Path:
    return folder / "state" / "shipway" / "key"


FOR_THE_KEY = {
    "by its path": "od -An -tx1 {key}",
    "in its folder": "grep -r . {folder} | od -An -tx1; ls -A {folder}",
    "through its parent's root": "od -An -tx1 /proc/$PPID/root{key}",
    "through anybody's root": "for p in /proc/[0-9]*; do od -An -tx1 $p/root{key}; done",
    "by a link": "ln -s {key} link; od -An -tx1 link",
    "by a second name": "ln {key} second; od -An -tx1 second",
    "unmounted": "umount {folder}; umount -l {folder}; od -An -tx1 {key}",
    "in a namespace of its own": "unshare -rm sh -c 'umount {folder}; od -An -tx1 {key}'",
    "bound elsewhere": "mkdir there; unshare -rm sh -c 'mount --bind {above} there; "
    "od -An -tx1 there/shipway/key'",
}


@pytest.mark.parametrize("how", FOR_THE_KEY)
def test_a_step_cannot_read_the_key(how: str, tmp_path: Path) -> None:
    need_sandbox()
    key = key_of(tmp_path)
    script = FOR_THE_KEY[how].format(key=key, folder=key.parent, above=key.parent.parent)
    output = attack(tmp_path, f"timeout 20 sh -c {shlex.quote(script)}")
    data = key.read_bytes()
    printed = output.replace(" ", "").replace("\n", "")
    assert data.hex() not in printed
    assert data[:16].hex() not in printed
    assert "key" not in output.split()


def test_a_step_cannot_plant_a_key(tmp_path: Path) -> None:
    need_sandbox()
    key = key_of(tmp_path)
    attack(tmp_path, f"echo known-to-whoever-wrote-the-commit > {key}; rm -f {key}")
    assert b"known" not in key.read_bytes()


def test_a_shared_key_in_shipways_environment_cannot_be_read(tmp_path: Path) -> None:
    """Not by namespaces only: a Landlock domain is enough."""
    web = project(tmp_path / "web", step("spy", "cat /proc/[0-9]*/environ > out 2>/dev/null; :"))
    shared = "a key of at least sixteen bytes"
    assert shipway_process(web, "run", **{VARIABLE: shared}).returncode == 0
    assert shared not in (web / "out").read_text(errors="replace")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_a_step_cannot_signal_shipway(number: int, tmp_path: Path) -> None:
    need_sandbox()
    script = f"kill -{int(number)} $PPID; kill -{int(number)} $(cat pid); echo went on"
    web = project(tmp_path / "web", step("attack", f"sleep 0.5; {script}"))
    process = begun(web, "run")
    (web / "pid").write_text(str(process.pid))
    output, _ = process.communicate(timeout=5 * PATIENCE)
    assert process.returncode == 0
    assert "1 passed" in output


def test_a_step_sees_no_process_but_its_own(tmp_path: Path) -> None:
    need_sandbox()
    output = attack(tmp_path, "cat /proc/[0-9]*/comm")
    assert 0 < len(output.splitlines()) < 8
    assert "kthreadd" not in output


# -- what stays alive ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["exit 0", "exit 1", "kill -9 $$", "sleep 60"])
def test_nothing_of_a_step_survives_it(ending: str, tmp_path: Path) -> None:
    """What would write an outcome later, or listen on a port."""
    script = f"(setsid sleep 8741 </dev/null >/dev/null 2>&1 &); sleep 0.3; {ending}"
    web = project(tmp_path / "web", step("unit", script, "inputs = []\ntimeout = 1"))
    done = shipway(web, "run")
    assert done.returncode == (0 if ending == "exit 0" else 1)
    assert not running("sleep\08741")


def test_nothing_of_a_step_survives_a_shipway_that_is_killed(tmp_path: Path) -> None:
    web = project(
        tmp_path / "web",
        step("unit", "setsid sleep 8731 & setsid sleep 8732 </dev/null >&0 2>&0 & sleep 8733"),
    )
    process = begun(web, "run")
    until(lambda: len(running("sleep\0873")) == 3)
    process.kill()
    process.communicate(timeout=PATIENCE)
    until(lambda: not running("sleep\0873"))


def running(mark: str) -> list[int]:
    """Processes with a text in their command line."""
    return [
        pid
        for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
        if alive(pid) and Path(f"/proc/{pid}/cmdline").read_bytes().startswith(mark.encode())
    ]


# -- limits ----------------------------------------------------------------------------------

TOO_MUCH = {
    "memory_gb = 0.05": (
        "exec python3 -c 'x = bytearray(300000000); import time; time.sleep(60)'",
        "it used more than 0.05 GB of memory and was ended",
    ),
    "processes = 20": (
        "for i in $(seq 40); do setsid sleep 60 & done; wait",
        "it had more than 20 processes at once and was ended",
    ),
    "output_mb = 1": ("yes", "it printed more than 1 MB and was ended"),
}


@pytest.mark.parametrize("limit", TOO_MUCH)
def test_what_takes_too_much_has_failed_and_says_of_what(limit: str, tmp_path: Path) -> None:
    script, reason = TOO_MUCH[limit]
    web = project(tmp_path / "web", f"[limits]\n{limit}\n" + step("greedy", script))
    done = shipway(web, "run")
    assert done.returncode == 1
    assert reason in done.stdout
    assert "[limits] in shipway.toml" in done.stdout


# -- said, where it does not hold ------------------------------------------------------------


def test_a_step_without_the_sandbox_is_as_before(tmp_path: Path) -> None:
    more = "inputs = []\nsandbox = false"
    web = project(tmp_path / "web", step("sudo", "touch .shipway/new", more))
    assert shipway(web, "run").returncode == 0
    assert (web / ".shipway" / "new").exists()


def test_what_a_step_writes_elsewhere_is_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    script = "echo x > built; mkdir -p ~/.cache/tool; echo y > ~/.cache/tool/z; echo w > ~/.new"
    web = project(tmp_path / "web", step("build", script))
    assert shipway(web, "run", HOME=str(home)).returncode == 0
    assert (web / "built").read_text() == "x\n"
    assert (home / ".cache" / "tool" / "z").read_text() == "y\n"
    assert (home / ".new").read_text() == "w\n"
