"""What the pages are told of a real project: its record, its environments, its runs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.cli.in_process import project, shipway
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE, until
from tests.reports.sample_runs import HOSTILE

from shipway.cli.project import Project, open_project
from shipway.cli.ui_workspace import ProjectWorkspace
from shipway.errors import ConfigError, RecordError
from shipway.pipeline.codec import run_to_json
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.result import RunResult
from shipway.reports.environment_view import environment_view
from shipway.rollouts.event_log import EVENTS_FILE, RolloutEventLog
from shipway.rollouts.events import NullListener
from shipway.rollouts.report import UNFINISHED
from shipway.ui.workspace import UnfinishedRun

TOWN = (
    '[application]\nname = "town"\nserve = "serve {bind}"\n[environments.local]\n'
    '[environments.production]\nplatform = "ecs"\n[steps.a]\nrun = "true"\ninputs = []\n'
)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return project(tmp_path / "town", TOWN)


@pytest.fixture
def opened(town: Path) -> Project:
    return open_project(str(town))


def workspace(town: Path) -> ProjectWorkspace:
    return ProjectWorkspace(str(town), VirtualClock(time.time()))


def put_run(project: Project, name: str, branch: str = "main") -> None:
    run = RunResult(
        run=name,
        application="town",
        verdict=Verdict.PASSED,
        started=1_790_000_000.0,
        seconds=1.0,
        steps=(),
        branch=branch,
    )
    project.record.start_run(name, run.started)
    project.record.finish_run(name, run_to_json(run))


def test_environments_come_in_the_order_of_the_configuration_then_those_on_record(
    town: Path, opened: Project
) -> None:
    opened.record.put_state(HOSTILE.encode("utf-8", "replace").decode(), {})
    names = [place.name for place in workspace(town).environments()]
    assert names[:2] == ["local", "production"] and len(names) == 3
    gone = workspace(town).environments()[2]
    assert "shipway.toml does not have it any more" in gone.trouble[0]


def test_one_on_aws_is_one_true_sentence_where_no_credentials_answer(town: Path) -> None:
    place = workspace(town).environment("production")
    assert place.status is None
    assert place.trouble == (
        "no AWS region is known",
        'Say it in shipway.toml (aws.region = "eu-west-1") or in AWS_REGION.',
    )


@dataclass
class Aws:
    """A server in AWS's place. answering: it takes requests, and answers them while this is set.
    answer: to every request; None for a refusal."""

    answering: threading.Event = field(default_factory=threading.Event)
    answer: object = None
    asked: int = 0


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws = Aws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            aws.asked += 1
            aws.answering.wait(PATIENCE)
            body = json.dumps(aws.answer or {"__type": "AccessDeniedException"}).encode()
            self.send_response(200 if aws.answer else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # nobody waits any more
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }.items():
            monkeypatch.setenv(name, value)
        yield aws
        aws.answering.set()
        server.shutdown()


def test_an_old_answer_of_aws_is_not_shown_as_the_present(
    town: Path, opened: Project, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(time.time())
    look = ProjectWorkspace(str(town), clock, patience=0.2)
    opened.record.add_rollout(
        "production", {"release": "1.0", "started": clock.now() - 5, "verdict": UNFINISHED}
    )
    until(lambda: look.environment("production").trouble[0] == "no AWS region is known")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")  # from now on AWS is asked, and is silent
    clock.sleep(29)
    assert look.environment("production").trouble[0] == "no AWS region is known"
    clock.sleep(36)
    late = look.environment("production")
    assert late.trouble[0] == "AWS has not answered: what it said last is 65 s old."
    assert late.status is None and late.rollouts
    assert environment_view(late, clock.now()).actions == ()


def test_the_page_waits_for_a_new_answer_where_the_last_one_is_old(town: Path) -> None:
    clock = VirtualClock(time.time())
    look = ProjectWorkspace(str(town), clock, patience=PATIENCE)
    assert look.environment("production").trouble[0] == "no AWS region is known"
    file = town / "shipway.toml"
    file.write_text(file.read_text() + '[aws]\nprofile = "none-of-this-name"\n')
    clock.sleep(31)
    assert "none-of-this-name" in look.environment("production").trouble[0]


def test_the_logs_of_aws_are_read_once_for_all_pages_that_are_open(
    town: Path, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    events = [
        {"eventId": f"{number:04}", "timestamp": 1000 + number, "message": f"line {number}"}
        for number in range(700)
    ]
    aws.answer = {"events": events}
    aws.answering.set()
    clock = VirtualClock(time.time())
    look = ProjectWorkspace(str(town), clock)
    for _ in range(3):
        ((_, text),) = look.logs("production")
        clock.sleep(1)
    assert aws.asked == 1
    lines = text.splitlines()
    assert len(lines) == 500 and lines[-1].endswith("line 699")
    clock.sleep(15)
    aws.answer = {"events": events[:1]}
    assert look.logs("production")[0][1].endswith("line 0")
    assert aws.asked == 2


def test_why_the_logs_of_aws_are_not_read_is_asked_as_seldom(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(time.time())
    look = ProjectWorkspace(str(town), clock)
    for region in ("", "eu-west-1"):  # the second time, it is not looked at
        monkeypatch.setenv("AWS_REGION", region)
        with pytest.raises(ConfigError, match="no AWS region"):
            look.logs("production")


def test_one_whose_state_is_damaged_hides_no_other(town: Path, opened: Project) -> None:
    opened.record.put_state("local", {"schema": 3, "instances": "none"})
    local, production = workspace(town).environments()
    assert local.status is None and "state" in local.trouble[0]
    assert production.name == "production"


def test_nothing_runs_where_nothing_was_deployed(town: Path) -> None:
    place = workspace(town).environment("local")
    assert place.status is not None
    assert (place.status["release"], place.ongoing, place.earlier) == ("", None, "")
    assert workspace(town).logs("local") == []


RECORDED = Path(__file__).parents[1] / "recorded" / "state" / "41d922e" / "local-killed-9.json"


def test_a_rollout_that_goes_on_is_told_by_the_record_and_then_by_its_command(
    town: Path, opened: Project
) -> None:
    left = json.loads(RECORDED.read_text())
    ((name, state),) = left["states"]
    opened.record.put_state(name, state)
    for _, environment, rollout in left["rollouts"]:
        opened.record.add_rollout(environment, rollout)
    before = workspace(town).environment("local")
    assert before.status is not None and before.ongoing is not None
    assert before.status["rollout"] is not None
    assert before.ongoing.record.release == before.status["rollout"]["release"]
    last = max(float(entry["at"]) for entry in before.ongoing.timeline)  # type: ignore[arg-type]
    log = RolloutEventLog(
        NullListener(),
        str(town / ".shipway" / "environments" / "local" / EVENTS_FILE),
        VirtualClock(last),
    )
    log.on_stage(last, "SCALE_UP", "the record has this")
    log.on_stage(last + 1, "BAKE_TIME", "watch")
    log.on_judgement({"at": last + 2, "decision": "promote", "sentence": "as good"})
    after = workspace(town).environment("local").ongoing
    assert after is not None
    assert [*after.timeline] == [
        *before.ongoing.timeline,
        {"at": last + 1, "stage": "BAKE_TIME", "text": "watch"},
    ]
    assert after.evidence[-1]["sentence"] == "as good"
    assert after.remaining is not None


def test_what_there_is_not_is_a_key_error(town: Path) -> None:
    look = workspace(town)
    for ask in (
        lambda: look.environment("none"),
        lambda: look.logs("none"),
        lambda: look.run("none"),
        lambda: look.rollout_page("local", 1, {}),
        lambda: look.run("\ud800"),  # half a surrogate pair: no record can hold it
        lambda: look.rollout_page("\ud800", 1, {}),
    ):
        with pytest.raises(KeyError):
            ask()


def test_runs_are_listed_by_branch_and_from_some_place_on(town: Path, opened: Project) -> None:
    for number in range(6):
        put_run(opened, f"r{number}", "main" if number % 2 else HOSTILE)
    look = workspace(town)
    listed = look.runs("", 1, 3)
    assert [run.run for run in listed.runs] == ["r4", "r3", "r2"]
    assert listed.total == 6 and "main" in listed.branches
    assert [run.run for run in look.runs("main", 0, 9).runs] == ["r5", "r3", "r1"]
    assert isinstance(look.run("r1"), RunResult)


def test_a_run_that_another_process_makes_goes_on_until_that_ends(
    town: Path, opened: Project
) -> None:
    now = time.time()
    living, dead = f"{now:.3f}-{os.getpid()}", f"{now:.3f}-{2**22 + 1}"
    elsewhere = f"{now:.3f}-7-g123"
    reused = f"1000.000-{os.getpid()}"  # this process is younger than that run
    for name, started in ((living, now), (dead, now), (elsewhere, now), (reused, 1000.0)):
        opened.record.start_run(name, started, "c0ffee")
    runs = {run.run: run for run in workspace(town).unfinished_runs()}
    states = {name: runs[name].alive for name in (living, dead, elsewhere, reused)}
    assert states == {living: True, dead: False, elsewhere: None, reused: False}
    found = workspace(town).run(living)
    assert isinstance(found, UnfinishedRun) and found.commit == "c0ffee"


def test_the_page_of_a_run_is_its_report(town: Path) -> None:
    shipway(town, "run", "a")
    look = workspace(town)
    run = look.run(look.runs("", 0, 1).runs[0].run)
    assert isinstance(run, RunResult)
    page = look.run_page(run, {"Environments": "/"})
    assert "Shipway report" in page and '<a href="/">Environments</a>' in page
    assert "a" in [step.name for step in look.steps()]


def test_a_record_that_is_damaged_meanwhile_is_told(town: Path) -> None:
    look = workspace(town)
    for file in (town / ".shipway").glob("record.sqlite3*"):
        file.unlink()
    (town / ".shipway" / "record.sqlite3").write_bytes(b"no database at all" * 500)
    with pytest.raises(RecordError, match="damaged"):
        look.environments()


def test_a_record_that_is_gone_begins_anew(town: Path, opened: Project) -> None:
    put_run(opened, "r1")
    look = workspace(town)
    assert look.runs("", 0, 9).total == 1
    for file in (town / ".shipway").glob("record.sqlite3*"):
        file.unlink()
    assert look.runs("", 0, 9).total == 0
