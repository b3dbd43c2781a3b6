"""Code under test, or whoever can write below the project, writes outcomes for the next run."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.in_process import git, project, shipway, step

from shipway.cli.baseline import baseline_fingerprints
from shipway.cli.project import machine, open_project
from shipway.pipeline.cache import StepCache
from shipway.system.files import FileTree
from shipway.system.record import SqliteRecord
from shipway.system.seal import Seal, own_seal, restored_by_github

FAILING = step("unit", "test -f green", 'inputs = ["**"]')


def execute(web: Path, *statements: str) -> None:
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        for statement in statements:
            db.execute(statement)


def entry(web: Path) -> tuple[str, str]:
    """The key and the result of the step that passed."""
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        (row,) = db.execute("SELECT key, result FROM cache").fetchall()
    return row[0], row[1]


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A project whose one step passed, and is cached."""
    web = project(tmp_path / "web", step("unit", "echo ok", 'inputs = ["a.txt"]'), {"a.txt": "1"})
    assert shipway(web, "run").returncode == 0
    assert "1 cached" in shipway(web, "run").stdout
    return web


# -- outcomes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cache SET seal = ''",
        "UPDATE cache SET seal = 'x'",
        "UPDATE cache SET result = replace(result, '\"unit\"', '\"unit\" ')",
        "UPDATE cache SET stored = stored + 1",
        "UPDATE cache SET step = 'other'",
        "UPDATE cache SET key = key || ' '",
        "DELETE FROM cache",
    ],
)
def test_an_outcome_that_was_changed_is_not_used(web: Path, change: str) -> None:
    execute(web, change)
    done = shipway(web, "run")
    assert done.returncode == 0
    assert "1 passed" in done.stdout
    assert "cached" not in done.stdout


def test_an_outcome_that_was_invented_is_not_used(tmp_path: Path) -> None:
    web = project(tmp_path / "web", FAILING)
    assert shipway(web, "run").returncode == 1
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        (result,) = db.execute("SELECT result FROM steps").fetchone()
    plan = json.loads(shipway(web, "plan", "--json").stdout)
    assert plan[0]["runs"] is True
    forged = json.dumps({**json.loads(result), "outcome": "passed", "reason": ""})
    opened = open_project(str(web))
    with closing(opened.record):
        files = FileTree(opened.root, {})
        cache = StepCache(files, opened.record, opened.blobs, os.environ, machine())
        (unit,) = opened.steps
        cache.look(unit, 0.0)
        own = cache.key(unit)
    for key in ("0" * 32, own):
        with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
            db.execute(
                "INSERT OR REPLACE INTO cache VALUES (?, 'unit', 9e9, ?, ?)",
                (key, forged, "0" * 32),
            )
    assert shipway(web, "run").returncode == 1


def test_the_test_itself_writes_that_it_passed(tmp_path: Path) -> None:
    """It writes rows under many keys; it has no seal for any."""
    forge = (
        "import sqlite3; db = sqlite3.connect('.shipway/record.sqlite3', timeout=30); "
        'db.execute(\\"UPDATE keys SET parts = parts\\"); '
        "[db.execute('INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?, ?)', "
        "(format(n, '032x'), 'unit', 9e9, '{}', '')) for n in range(50)]; db.commit()"
    )
    web = project(tmp_path / "web", step("unit", f'python3 -c "{forge}"; exit 1'))
    for _ in range(3):
        assert shipway(web, "run").returncode == 1


def test_a_seal_of_another_key_is_none(web: Path) -> None:
    """A record that came from another machine."""
    key = web.parent / "state" / "shipway" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_bytes(os.urandom(32))
    assert "1 passed" in shipway(web, "run").stdout


def test_a_record_of_an_older_version_is_believed_in_nothing(web: Path) -> None:
    execute(
        web,
        "UPDATE cache SET seal = ''",
        "UPDATE files SET seal = ''",
        "UPDATE memos SET seal = ''",
    )
    assert "1 passed" in shipway(web, "run").stdout
    assert "1 cached" in shipway(web, "run").stdout


def test_machines_that_share_a_key_share_outcomes(web: Path) -> None:
    shared = {"SHIPWAY_STATE_KEY": "a key of at least sixteen bytes"}
    assert "1 passed" in shipway(web, "run", **shared).stdout
    other = web.parent / "other" / "web"
    shutil.copytree(web, other)
    (other / ".shipway" / "place.json").unlink()
    assert "1 cached" in shipway(other, "run", **shared).stdout
    assert "1 passed" in shipway(other, "run").stdout


def test_a_key_that_is_too_short_is_not_taken(web: Path) -> None:
    assert "1 cached" in shipway(web, "run", SHIPWAY_STATE_KEY="x").stdout


# -- files, the compiled pipeline ----------------------------------------------------------


def test_a_digest_of_a_file_that_was_invented_is_not_used(web: Path) -> None:
    """The file changed, and the index says that it is as it was."""
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        (digest,) = db.execute("SELECT digest FROM files WHERE path = 'a.txt'").fetchone()
    (web / "a.txt").write_text("2")
    status = (web / "a.txt").lstat()
    mark = f"{status.st_mtime_ns} {status.st_size} {status.st_ino} {status.st_mode:o}"
    execute(web, f"UPDATE files SET stat = '{mark}', digest = '{digest}' WHERE path = 'a.txt'")
    assert "1 passed" in shipway(web, "run").stdout


def test_a_pipeline_that_was_compiled_by_somebody_else_is_not_used(web: Path) -> None:
    (web / "shipway.toml").write_text(step("unit", "false", 'inputs = ["a.txt"]'))
    assert shipway(web, "run").returncode == 1
    execute(web, "UPDATE memos SET value = replace(value, '\"false\"', '\"true\"')")
    assert shipway(web, "run").returncode == 1


def test_a_step_that_was_taken_out_of_the_compiled_pipeline_runs(web: Path) -> None:
    with sqlite3.connect(web / ".shipway" / "record.sqlite3") as db:
        (text,) = db.execute("SELECT value FROM memos WHERE name = 'pipeline'").fetchone()
        memo = json.loads(text)
        memo[3] = []
        db.execute("UPDATE memos SET value = ?", (json.dumps(memo),))
    assert "1 cached" in shipway(web, "run").stdout


def test_a_content_that_was_changed_is_none(web: Path) -> None:
    for path in (web / ".shipway" / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(b"forged")
    assert "cached" not in shipway(web, "run").stdout


def test_a_run_that_was_invented_proves_no_release(web: Path) -> None:
    """A deploy to AWS asks for a passed run of the release."""
    path = str(web / ".shipway" / "record.sqlite3")
    key = (web.parent / "state" / "shipway" / "key").read_bytes()
    with closing(SqliteRecord(path, Seal(key))) as record:
        assert len(record.runs_of("unit")) == 2
    execute(
        web, "INSERT INTO runs (id, started, result) SELECT 'x', started, result FROM runs LIMIT 1"
    )
    execute(web, "INSERT INTO steps SELECT 'x', step, result FROM steps LIMIT 1")
    with closing(SqliteRecord(path, Seal(key))) as record:
        assert len(record.runs_of("unit")) == 2


def test_a_step_that_was_added_to_a_run_takes_its_proof_away(web: Path) -> None:
    execute(web, "INSERT INTO steps SELECT run, 'package', result FROM steps")
    with closing(SqliteRecord(str(web / ".shipway" / "record.sqlite3"))) as record:
        assert record.runs_of("package") == []


def test_a_baseline_that_was_invented_is_not_used(web: Path) -> None:
    git(web, "init", "--quiet")
    git(web, "add", "a.txt", "shipway.toml")
    git(web, "commit", "--quiet", "--message", "first")
    commit = git(web, "rev-parse", "HEAD")
    folder = web / ".shipway" / "baselines"
    folder.mkdir()
    (folder / f"{commit}.json").write_text('["everything"]')
    execute(web, f"INSERT INTO memos VALUES ('baseline {commit}', '[\"everything\"]', '')")
    scanned: list[str] = []

    def scan(folder: str) -> str:
        scanned.append(folder)
        raise LookupError

    with pytest.raises(LookupError):
        baseline_fingerprints(open_project(str(web)), "HEAD", scan)
    assert len(scanned) == 1


# -- the key -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_key_that_others_can_read_is_not_used(web: Path, mode: int) -> None:
    (web.parent / "state" / "shipway" / "key").chmod(mode)
    assert "cached" not in shipway(web, "run").stdout


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_is_none_is_not_used(web: Path, content: bytes) -> None:
    (web.parent / "state" / "shipway" / "key").write_bytes(content)
    assert "cached" not in shipway(web, "run").stdout


def test_a_link_in_the_place_of_the_key_is_not_followed(web: Path) -> None:
    key = web.parent / "state" / "shipway" / "key"
    (web / "known").write_bytes(b"known to whoever wrote the commit")
    (web / "known").chmod(0o600)
    key.unlink()
    key.symlink_to(web / "known")
    assert "cached" not in shipway(web, "run").stdout


def test_where_no_key_can_be_kept_a_run_works_and_believes_nothing(web: Path) -> None:
    (web / "file").write_text("")
    for _ in range(2):
        done = shipway(web, "run", XDG_STATE_HOME=str(web / "file"))
        assert done.returncode == 0
        assert "cached" not in done.stdout


def test_the_key_is_not_in_the_state_folder(web: Path) -> None:
    key = (web.parent / "state" / "shipway" / "key").read_bytes()
    assert all(
        key not in path.read_bytes() for path in (web / ".shipway").rglob("*") if path.is_file()
    )


def test_processes_that_begin_at_once_have_one_key(web: Path) -> None:
    (web.parent / "state" / "shipway" / "key").unlink()
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(own_seal().of("x"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(texts)) == 1


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_no_two_lists_of_texts_have_one_seal(some: list[str], others: list[str]) -> None:
    seal = Seal(b"k" * 32)
    assert seal.holds(seal.of(*some), *others) == (some == others)
    assert not Seal(b"l" * 32).holds(seal.of(*some), *some)


# -- GitHub Actions ------------------------------------------------------------------------

JOB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "GITHUB_JOB": "stage"}


def test_what_a_job_restored_is_believed_by_its_first_command_only(web: Path) -> None:
    forge = "UPDATE cache SET seal = ''"
    execute(web, forge)
    assert "1 cached" in shipway(web, "run", **JOB).stdout
    execute(web, forge)
    assert "cached" not in shipway(web, "run", **JOB).stdout
    execute(web, forge)
    assert "1 cached" in shipway(web, "run", **{**JOB, "GITHUB_RUN_ID": "2"}).stdout


def test_outside_of_github_nothing_is_believed_without_a_seal(web: Path) -> None:
    assert not restored_by_github({})
    assert not restored_by_github({"GITHUB_ACTIONS": "false"})
    execute(web, "UPDATE cache SET seal = ''")
    assert "cached" not in shipway(web, "run", CI="true").stdout


# -- what jobs leave: `report --from` ------------------------------------------------------

STAGES = step("lint", "echo ok", 'inputs = []\nstage = "quality"') + step(
    "unit", "echo ok", 'inputs = []\nstage = "test"'
)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A repository with two stages, and what the job of each left."""
    town = project(tmp_path / "town", STAGES, {".gitignore": ".shipway/\n"})
    git(town, "init", "--quiet")
    git(town, "add", "--all")
    git(town, "commit", "--quiet", "--message", "first")
    for stage in ("quality", "test"):
        clone = tmp_path / stage
        git(tmp_path, "clone", "--quiet", str(town), str(clone))
        assert shipway(clone, "run", stage).returncode == 0
        folder = tmp_path / "jobs" / f"stage-{stage}"
        folder.mkdir(parents=True)
        shutil.copy(clone / ".shipway" / "record.sqlite3", folder)
        shutil.copytree(clone / ".shipway" / "blobs", folder / "blobs")
    return town


def add_step(folder: Path, name: str, stage: str, outcome: str = "passed") -> None:
    """A step that the job of another stage says it did."""
    with sqlite3.connect(folder / "record.sqlite3") as db:
        run, text = db.execute("SELECT run, result FROM steps").fetchone()
        result = {**json.loads(text), "step": name, "stage": stage, "outcome": outcome}
        db.execute("INSERT INTO steps VALUES (?, ?, ?)", (run, name, json.dumps(result)))


def test_the_jobs_of_all_stages_make_one_run(town: Path) -> None:
    done = shipway(town, "report", "--from", str(town.parent / "jobs"), CI="true")
    assert done.returncode == 0
    assert "2 steps" in done.stdout


@pytest.mark.parametrize("stage", ["quality", "test"])
def test_a_job_cannot_do_the_steps_of_another_stage(town: Path, stage: str) -> None:
    """The stage's own job was lost, or never ran; a test wrote into the record of its own job."""
    jobs = town.parent / "jobs"
    shutil.rmtree(jobs / "stage-quality")
    add_step(jobs / "stage-test", "lint", stage)
    done = shipway(town, "report", "--from", str(jobs), CI="true")
    assert done.returncode == 5
    assert "lint: no job brought its outcome" in done.stdout


def test_a_job_cannot_better_the_outcome_of_another_stage(town: Path) -> None:
    jobs = town.parent / "jobs"
    with sqlite3.connect(jobs / "stage-quality" / "record.sqlite3") as db:
        db.execute("UPDATE steps SET result = replace(result, '\"passed\"', '\"failed\"')")
    add_step(jobs / "stage-test", "lint", "quality")
    assert shipway(town, "report", "--from", str(jobs), CI="true").returncode == 1


def test_a_job_brings_no_cached_outcome_without_a_seal(town: Path) -> None:
    jobs = town.parent / "jobs"
    with sqlite3.connect(jobs / "stage-test" / "record.sqlite3") as db:
        db.execute("UPDATE cache SET seal = ''")
    assert shipway(town, "report", "--from", str(jobs), CI="true").returncode == 0
    plan = json.loads(shipway(town, "plan", "--json").stdout)
    assert {one["step"]: one["runs"] for one in plan} == {"lint": False, "unit": True}


def test_a_folder_that_names_no_stage_brings_nothing(town: Path) -> None:
    jobs = town.parent / "jobs"
    (jobs / "stage-quality").rename(jobs / "anything")
    assert shipway(town, "report", "--from", str(jobs), CI="true").returncode == 5


def test_a_link_among_the_jobs_is_not_followed(town: Path) -> None:
    jobs = town.parent / "jobs"
    (jobs / "stage-quality").rename(town.parent / "elsewhere")
    (jobs / "stage-quality").symlink_to(town.parent / "elsewhere")
    assert shipway(town, "report", "--from", str(jobs), CI="true").returncode == 5


def test_a_record_is_opened_with_any_seal(tmp_path: Path) -> None:
    record = SqliteRecord(str(tmp_path / "record.sqlite3"), Seal(b"a" * 32))
    record.put_memo("x", "y")
    record.close()
    assert SqliteRecord(str(tmp_path / "record.sqlite3"), Seal(b"b" * 32)).memo("x") is None
