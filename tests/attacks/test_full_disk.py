"""The disk of a project is full: what only reads works, the rest says so, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from tests.attacks.instances import running
from tests.cli.in_process import alive, project, shipway, sound, step
from tests.small_disk import fill

CONFIGURATION = step("unit", "echo hello") + "[environments.local]\nport = 0\n"
READING = (
    (),
    ("status",),
    ("status", "local"),
    ("status", "local", "--history"),
    ("logs", "local"),
    ("history",),
    ("plan",),
    ("clean", "--dry-run"),
)
WRITING = (("run",), ("run", "--no-cache"), ("report",), ("hold", "local", "--reason", "full"))


def test_a_full_disk_is_told_as_what_it_is_and_what_reads_goes_on(small_disk: Path) -> None:
    web = project(small_disk / "web", CONFIGURATION)
    assert shipway(web, "run").returncode == 0
    filler = fill(small_disk)
    for words in READING:
        done = shipway(web, *words)
        assert done.returncode == 0, (words, done.stderr)
    for words in WRITING:
        done = shipway(web, *words)
        assert done.returncode == 2, (words, done.stdout)
        assert "the disk is full: " in done.stderr, (words, done.stderr)
        assert "next: Free some space" in done.stderr
    filler.unlink()
    again = shipway(web, "run")
    assert again.returncode == 0
    assert "1 cached" in again.stdout  # what was proved is known
    assert sound(web)


def test_down_ends_what_runs_on_a_full_disk(small_disk: Path) -> None:
    web = project(small_disk / "web", CONFIGURATION)
    assert shipway(web, "run").returncode == 0
    pid = running(web)
    fill(small_disk)
    done = shipway(web, "down", "local")
    assert not alive(pid)
    assert "the disk is full" in done.stderr
    assert done.returncode == 2  # it is ended, and that is not on record


def test_a_step_that_fills_the_disk_ends_the_run_with_the_cause(small_disk: Path) -> None:
    fills = "head -c 9000000 /dev/zero > filler; echo filled"
    web = project(small_disk / "web", step("quick", "true") + step("fills", fills))
    assert shipway(web, "run", "quick").returncode == 0
    done = shipway(web, "run")
    assert done.returncode == 2
    assert "the disk is full: " in done.stderr
    (web / "filler").unlink()
    assert "cached       test      quick" in shipway(web, "run", "quick").stdout
    assert sound(web)
