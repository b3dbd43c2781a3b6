"""What several jobs left, brought together."""

from __future__ import annotations

from pathlib import Path

from shipway.pipeline.codec import run_to_json, step_to_json
from shipway.pipeline.merge_runs import merge_parts
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.ports import EndedStep
from shipway.system.files import BlobFolder
from shipway.system.record import SqliteRecord

STAGES = {"unit": "test", "ruff": "test"}


def opened(state: str) -> tuple[SqliteRecord, BlobFolder]:
    return SqliteRecord(f"{state}/record.sqlite3"), BlobFolder(f"{state}/blobs")


def job(folder: Path, step: str, *, ended: bool = True) -> str:
    """The state folder that a job leaves; the digest of its step's log."""
    record, blobs = opened(str(folder))
    log = blobs.put(f"log of {step}".encode())
    result = StepResult(
        step=step, stage="test", outcome=Outcome.PASSED, started=1.0, seconds=2.0, log=log
    )
    record.start_run("1", 1.0)
    text = step_to_json(result)
    record.finish_steps("1", [EndedStep(step, text, 2.0, f"key of {step}", "{}", 5.0)])
    if ended:
        run = RunResult(
            run="1",
            application="town",
            verdict=Verdict.PASSED,
            started=1.0,
            seconds=2.0,
            steps=(result,),
        )
        record.finish_run("1", run_to_json(run))
    record.close()
    return log


def test_runs_and_reusable_outcomes_of_all_jobs_come_together(tmp_path: Path) -> None:
    logs = [job(tmp_path / "jobs" / f"stage-test/{name}", name) for name in ("unit", "ruff")]
    record, blobs = opened(str(tmp_path / "here"))
    runs = merge_parts(str(tmp_path / "jobs"), record, blobs, opened, STAGES)
    assert [one.step for run in runs for one in run.steps] == ["ruff", "unit"]
    assert set(record.cached()) == {"key of unit", "key of ruff"}
    assert [blobs.get(log) for log in logs] == [b"log of unit", b"log of ruff"]


def test_of_a_run_that_did_not_end_there_is_no_run(tmp_path: Path) -> None:
    job(tmp_path / "jobs" / "stage-test", "unit", ended=False)
    record, blobs = opened(str(tmp_path / "here"))
    assert merge_parts(str(tmp_path / "jobs"), record, blobs, opened, STAGES) == []
    assert "key of unit" in record.cached()


def test_a_content_that_is_not_what_its_name_says_does_not_come(tmp_path: Path) -> None:
    log = job(tmp_path / "jobs" / "stage-test", "unit")
    (tmp_path / "jobs" / "stage-test" / "blobs" / log[:2] / log).write_bytes(b"something else")
    record, blobs = opened(str(tmp_path / "here"))
    merge_parts(str(tmp_path / "jobs"), record, blobs, opened, STAGES)
    assert blobs.get(log) is None


def test_what_is_known_here_stays(tmp_path: Path) -> None:
    job(tmp_path / "jobs" / "stage-test", "unit")
    record, blobs = opened(str(tmp_path / "here"))
    part, _ = opened(str(tmp_path / "other"))
    part.finish_steps("1", [EndedStep("unit", "{}", 2.0, "key of unit", "{}", 9.0)])
    record.adopt(part.stored())
    merge_parts(str(tmp_path / "jobs"), record, blobs, opened, STAGES)
    assert record.cached()["key of unit"] == (9.0, "{}")
