"""`shipway cost`, as a person and as a script use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

from shipway.pipeline.codec import run_to_json, step_to_json
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.ports import EndedStep
from shipway.system.files import BlobFolder
from shipway.system.record import SqliteRecord

SETTINGS = '[application]\nname = "web"\n' + only()
ON_AWS = (
    SETTINGS
    + """
[aws]
budget = {budget}
[environments.staging]
platform = "ecs"
[environments.production]
platform = "ecs"
infrastructure.nat = true
[cost.limits]
production = {limit}
"""
)
DAY = 86_400.0


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", ON_AWS.format(budget=200, limit=500))


def test_a_table_an_environment_the_sum_limits_and_what_would_cost_less(web: Path) -> None:
    done = shipway(web, "cost")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["staging", "$75.14"]
    assert any(one.split()[:2] == ["NAT", "gateway"] and "$32.85 [" in one for one in lines)
    assert any(one.startswith(" ~log: written ") for one in lines)
    assert any(one.startswith("in all ") for one in lines)
    assert any(one.startswith("production: $") and "is within the limit" in one for one in lines)
    assert any("production: infrastructure.nat = false" in one for one in lines)
    assert any(one.startswith("[1] 2026-03-10 https://") for one in lines)
    assert any(one.startswith("careful: ") and "older than 180 days" in one for one in lines)


def test_one_environment_alone_has_no_sum(web: Path) -> None:
    done = shipway(web, "cost", "staging")
    assert done.returncode == 0
    assert "in all" not in done.stdout
    assert "production" not in done.stdout


def test_check_fails_above_a_limit_and_only_then(web: Path) -> None:
    assert shipway(web, "cost", "--check").returncode == 0
    project(web, ON_AWS.format(budget=200, limit=50))
    assert shipway(web, "cost").returncode == 0
    done = shipway(web, "cost", "--check")
    assert done.returncode == 1
    assert "exceeds the limit of $50.00" in done.stdout


def test_check_is_incomplete_where_a_price_is_not_known(tmp_path: Path) -> None:
    text = ON_AWS.format(budget=0, limit=500) + "[environments.staging.infrastructure.database]\n"
    folder = project(tmp_path / "web", text + 'instance = "db.x9.huge"\n')
    done = shipway(folder, "cost", "staging", "--check")
    assert done.returncode == 5
    assert "no price is known: cost.prices.rds-db.x9.huge" in done.stdout
    assert "at least $" in done.stdout.splitlines()[0]


def test_prices_of_a_file_come_before_those_of_the_project(web: Path) -> None:
    text = (web / "shipway.toml").read_text()
    own = '[cost.prices.nat]\nusd = 1\ndate = 2026-11-01\nsource = "us"\n'
    (web / "shipway.toml").write_text(text + own)
    newer = web / "newer.toml"
    newer.write_text(own.replace("cost.", "").replace("usd = 1", "usd = 2"))

    def nat(*words: str) -> dict[str, object]:
        found = json.loads(shipway(web, "cost", "production", "--json", *words).stdout)
        return {one["name"]: one for one in found["estimates"][0]["lines"]}["nat"]  # type: ignore[no-any-return]

    known = {"quantity": 730, "unit": "hour", "source": "us", "date": "2026-11-01"}
    assert nat().items() >= {"price": 1, "usd": 730, **known}.items()
    assert nat("--prices", str(newer)).items() >= {"price": 2, "usd": 1460, **known}.items()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[x]\n", "only tables [prices.NAME] are wanted, found x"),
        ("x = ", "cannot be read"),
        (
            '[prices.nat]\nusd = -1\ndate = 2026-11-01\nsource = "us"\n',
            "cost.prices.nat.usd: found -1",
        ),
        ("[prices.nat]\nusd = 1\ndate = 2026-11-01\n", "cost.prices.nat.source"),
        ('[prices.nut]\nusd = 1\ndate = 2026-11-01\nsource = "us"\n', "Did you mean 'nat'"),
    ],
)
def test_a_file_of_prices_that_is_wrong_is_refused(web: Path, text: str, said: str) -> None:
    (web / "prices.toml").write_text(text)
    done = shipway(web, "cost", "--prices", "prices.toml")
    assert done.returncode == 2
    assert said in done.stderr


def test_without_an_environment_on_aws_there_is_nothing_to_estimate(tmp_path: Path) -> None:
    folder = project(tmp_path / "web", SETTINGS)
    done = shipway(folder, "cost")
    assert done.returncode == 2
    assert "no environment is on AWS" in done.stderr


def test_runs_on_record_say_what_ci_takes(web: Path) -> None:
    state = web / ".shipway"
    state.mkdir()
    blob = BlobFolder(str(state / "blobs")).put(b"x" * 1_000_000)
    record = SqliteRecord(str(state / "record.sqlite3"))
    for day in range(3):
        run = RunResult(
            run=f"r{day}",
            application="web",
            verdict=Verdict.PASSED,
            started=DAY * day,
            seconds=90.0,
            steps=(),
        )
        step = StepResult(
            step="unit",
            stage="test",
            outcome=Outcome.PASSED,
            started=DAY * day,
            seconds=90.0,
            log=blob,
        )
        record.start_run(run.run, run.started)
        record.finish_steps(run.run, [EndedStep("unit", step_to_json(step))])
        record.finish_run(run.run, run_to_json(run))
    record.start_run("interrupted", DAY * 9)
    record.close()
    done = shipway(web, "cost")
    assert "CI, from 3 runs on record: 2.0 minutes and 1.0 MB a run" in done.stdout
    assert "about 30 runs a month: 61 minutes" in done.stdout
    found = json.loads(shipway(web, "cost", "--json").stdout)["ci"]
    assert found["runs"] == 3
    assert found["minutes"] == 2


def test_runs_of_one_day_do_not_say_how_often_they_come(web: Path) -> None:
    (web / ".shipway").mkdir()
    record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
    record.start_run("r", 0.0)
    record.finish_run(
        "r",
        run_to_json(
            RunResult(
                run="r",
                application="web",
                verdict=Verdict.PASSED,
                started=0.0,
                seconds=1.0,
                steps=(),
            )
        ),
    )
    record.close()
    assert "how often they come cannot be told yet" in shipway(web, "cost").stdout
