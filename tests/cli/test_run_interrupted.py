"""Runs that are stopped, killed, started twice, or talk to nobody."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from tests.cli.in_process import (
    SHIPWAY,
    alive,
    begun,
    environment,
    only,
    project,
    shipway,
    sound,
    step,
)
from tests.patience import PATIENCE, until

# Each writes the ids of its shell and of a child of that.
LONG = step("long", "sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait")
STUBBORN = step("long", "trap '' TERM; sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait")


def pids(folder: Path) -> list[int]:
    """The processes of the step that is running: all that work in the folder, but Shipway.

    What a step itself knows of its ids may be those of a namespace of its own; and the folder
    is compared, not its name, which another namespace of mounts may spell from another root.
    """
    until((folder / "pids").exists)
    until(lambda: bool(_working(folder)))
    return _working(folder)


def _working(folder: Path) -> list[int]:
    known = map(int, filter(str.isdigit, os.listdir("/proc")))
    return [pid for pid in known if _works_in(folder, pid)]


def _works_in(folder: Path, pid: int) -> bool:
    try:
        program = Path(f"/proc/{pid}/cmdline").read_bytes()
        here = os.path.samefile(f"/proc/{pid}/cwd", folder)
        return here and b"shipway\0run" not in program
    except OSError:
        return False


def outcomes(folder: Path) -> dict[str, str]:
    """What the record says about every step of the last run."""
    done = shipway(folder, "report", "--json")
    assert done.returncode == 0, done.stderr
    return {one["step"]: one["outcome"] for one in json.loads(done.stdout)["steps"]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_and_the_record_says_so(
    tmp_path: Path, number: signal.Signals
) -> None:
    waiting = step("waiting", "touch ran", 'inputs = []\nneeds = ["long"]')
    web = project(tmp_path / "web", LONG + waiting)
    run = begun(web, "run")
    children = pids(web)
    run.send_signal(number)
    output, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, errors) == (130, "")
    assert "interrupted" in output
    assert not any(map(alive, children))
    assert outcomes(web) == {"long": "cancelled", "waiting": "cancelled"}
    assert not (web / "ran").exists()
    page = shipway(web, "report")
    assert page.returncode == 0
    assert "interrupted" in (web / ".shipway" / "report.html").read_text()


def test_a_program_that_heeds_no_signal_is_killed(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STUBBORN)
    run = begun(web, "run")
    children = pids(web)
    run.terminate()
    run.communicate(timeout=PATIENCE)
    assert run.returncode == 130
    assert not any(map(alive, children))


def test_signals_that_go_on_coming_do_no_harm(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STUBBORN)
    run = begun(web, "run")
    children = pids(web)
    while run.poll() is None:
        run.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert run.communicate(timeout=PATIENCE)[1] == ""
    assert run.returncode == 130
    assert not any(map(alive, children))


def test_an_application_that_hangs_at_its_start_does_not_hold_up_the_end(tmp_path: Path) -> None:
    script = "echo $$ $$ > pids.new; mv pids.new pids; exec sleep 600"
    web = project(
        tmp_path / "web",
        f"[application]\nserve = \"sh -c '{script}'\"\n{only('performance')}performance = true\n",
        {"requirements.txt": "", "load/locustfile.py": ""},
    )
    run = begun(web, "run", "performance")
    children = pids(web)
    run.terminate()
    run.communicate(timeout=PATIENCE)
    assert run.returncode == 130
    assert not any(map(alive, children))
    assert outcomes(web)["performance"] == "cancelled"  # waited for, it would have failed


def test_preparation_that_is_cut_off_is_an_interruption(tmp_path: Path) -> None:
    script = "sleep 600 & echo $$ $! > pids.new; mv pids.new pids; wait"
    web = project(
        tmp_path / "web",
        f'[application]\nserve = "true"\nmigrate = "sh -c \'{script}\'"\n'
        f"{only('performance')}performance = true\n",
        {"requirements.txt": "", "load/locustfile.py": ""},
    )
    run = begun(web, "run", "performance")
    children = pids(web)
    run.terminate()
    assert run.communicate(timeout=PATIENCE)[1] == ""
    assert run.returncode == 130
    assert not any(map(alive, children))
    assert outcomes(web)["performance"] == "cancelled"  # waited for, it would have failed


# -- SIGKILL -------------------------------------------------------------------------------


def test_after_sigkill_what_had_passed_is_cached_and_what_ran_runs_again(tmp_path: Path) -> None:
    slow = "echo x >> slow; echo $$ $$ > pids.new; mv pids.new pids; test -e go || sleep 600"
    needs = 'inputs = []\nneeds = ["quick"]'
    web = project(tmp_path / "web", step("quick", "echo x >> quick") + step("slow", slow, needs))
    run = begun(web, "run")
    orphans = pids(web)
    assert orphans
    until(lambda: _stored(web) == 1)
    run.kill()
    run.communicate()
    until(lambda: not any(map(alive, orphans)))
    assert sound(web)
    interrupted = shipway(web, "report")
    assert interrupted.returncode == 2
    assert "the last run is not at its end" in interrupted.stderr
    (web / "go").touch()
    again = shipway(web, "run")
    assert again.returncode == 0, again.stdout
    assert outcomes(web) == {"quick": "cached", "slow": "passed"}
    assert (web / "quick").read_text() == "x\n"
    assert (web / "slow").read_text() == "x\nx\n"


def _stored(web: Path) -> int:
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        return int(db.execute("SELECT count(*) FROM cache").fetchone()[0])


def test_killed_at_any_moment_the_next_run_is_whole(tmp_path: Path) -> None:
    steps = "".join(step(f"s{n}", f"echo {n}") for n in range(20))
    web = project(tmp_path / "web", steps)
    for attempt in range(6):
        run = begun(web, "run")
        time.sleep(0.1 + 0.07 * attempt)
        run.kill()
        run.communicate()
    assert shipway(web, "run").returncode == 0
    assert sound(web)
    assert set(outcomes(web)) == {f"s{n}" for n in range(20)}
    assert "20 cached" in shipway(web, "run").stdout


# -- two at once ---------------------------------------------------------------------------


def test_two_runs_of_one_project_at_once_both_end_well(tmp_path: Path) -> None:
    packaged = '[application]\nname = "web"\nserve = "gunicorn app:x"\n' + only()
    files = {f"app/m{n}.py": f"m = {n}\n" for n in range(50)} | {"requirements.txt": ""}
    for attempt in range(2):
        steps = "".join(step(f"s{n}", f"echo {n}") for n in range(5))
        web = project(tmp_path / str(attempt) / "web", packaged + steps, files)
        runs = [begun(web, "run") for _ in range(3)]
        ends = [(run.communicate(timeout=PATIENCE), run.returncode) for run in runs]
        assert [code for _, code in ends] == [0, 0, 0], ends
        assert sound(web)
        with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
            ended = db.execute("SELECT result IS NOT NULL FROM runs").fetchall()
        assert ended == [(1,), (1,), (1,)]
        assert set(outcomes(web).values()) <= {"passed", "cached"}
        assert "7 cached" in shipway(web, "run").stdout
        left = os.listdir(web / ".shipway" / "releases")
        assert len(left) == 1


# -- nobody listens ------------------------------------------------------------------------


def test_a_run_whose_reader_has_gone_is_no_success_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    web = project(tmp_path / "web", LONG + step("says", "while [ ! -e go ]; do sleep 0.1; done"))
    run = begun(web, "run", "--jobs", "2", "--no-cache")
    assert run.stdout is not None
    children = pids(web)
    run.stdout.close()
    (web / "go").touch()
    assert run.wait(timeout=PATIENCE) == 1
    assert run.stderr is not None
    assert run.stderr.read() == ""
    assert not any(map(alive, children))


def test_a_run_that_cannot_be_recorded_any_more_leaves_nothing_running(tmp_path: Path) -> None:
    web = project(tmp_path / "web", LONG + step("ends", "while [ ! -e go ]; do sleep 0.1; done"))
    run = begun(web, "run", "--jobs", "2")
    children = pids(web)
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        db.execute("DROP TABLE steps")
    (web / "go").touch()
    output, errors = run.communicate(timeout=PATIENCE)
    assert run.returncode == 2, output + errors
    assert "record.sqlite3 cannot be used: no such table: steps" in errors
    assert "next: " in errors
    assert not any(map(alive, children))


def test_a_plan_whose_reader_has_gone_is_quiet(tmp_path: Path) -> None:
    steps = "".join(step(f"s{n}", "true") for n in range(500))
    web = project(tmp_path / "web", steps)
    done = subprocess.run(
        ["sh", "-c", f"{SHIPWAY} plan | head -1"],
        cwd=web,
        env=environment(web),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
