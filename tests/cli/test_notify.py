"""`shipway notify`, as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway
from tests.notifications.webhook_server import Answer, hook

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutReport
from shipway.system.record import SqliteRecord

SETTINGS = (
    '[notify]\nslack = "SLACK_WEBHOOK"\ntimeout = 2\nenvironments = { staging = ["failed"] }\n'
    f'[application]\nname = "web"\n[environments.local]\n[environments.staging]\n{only()}'
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", SETTINGS)


def test_before_the_first_rollout_an_example_is_shown_and_nothing_is_sent(web: Path) -> None:
    with hook(Answer()) as there:
        done = shipway(web, "notify", SLACK_WEBHOOK=there.url)
    assert (done.returncode, done.stderr, there.got) == (0, "", [])
    lines = done.stdout.splitlines()
    assert lines[0] == "nothing was rolled out to local yet: this is an example"
    assert lines[1].startswith("web, local: 1.1.0+2222222.bbbbbb is deployed")
    assert lines[-1] == "to: SLACK_WEBHOOK"


def test_the_last_rollouts_message_is_shown_with_who_would_get_it(web: Path) -> None:
    record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
    receipt = RolloutReport(
        environment="staging",
        release="2.0",
        before="1.0",
        verdict=Verdict.ROLLED_BACK,
        started=1.0,
        seconds=2.0,
        address="",
        cause="it fails",
    )
    record.add_rollout("staging", {**receipt.to_dict(), "by": "ann"})
    record.add_rollout("staging", {"release": "3.0", "verdict": "unfinished"})
    record.close()
    done = shipway(web, "notify", "staging", SLACK_WEBHOOK="")
    assert "web, staging: 2.0 was rolled back\n" in done.stdout
    assert "  why: it fails\n" in done.stdout
    assert "nobody is told of 'rolled back' in staging: see [notify]\n" in done.stdout
    assert done.stdout.endswith("to: SLACK_WEBHOOK, which is not set\n")
    facts = json.loads(shipway(web, "notify", "staging", "--event", "failed", "--json").stdout)
    assert (facts["told"], facts["message"]["event"], facts["sent"]) == (True, "failed", [])
    assert facts["slack"]["blocks"]


def test_a_test_message_is_sent_when_asked_for(web: Path) -> None:
    with hook(Answer()) as there:
        done = shipway(web, "notify", "--send", SLACK_WEBHOOK=there.url)
    assert done.returncode == 0, done.stderr
    assert "slack: sent in " in done.stdout
    ((_, body, _),) = there.got
    assert "test: web, local" in json.loads(body)["text"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(404, body=b"no_service"), "it answered 404 (no_service)"),
        (Answer(500), "it answered 500; given up after"),
        (Answer(429, {"Retry-After": "60"}), "it asks to wait 60 s"),
        (Answer(delay=60), "it did not answer within"),
        (Answer(dropped=True), "it cut the connection"),
    ],
)
def test_a_message_that_does_not_arrive_is_exit_code_1(
    web: Path, answer: Answer, problem: str
) -> None:
    with hook(answer) as there:
        done = shipway(web, "notify", "--send", SLACK_WEBHOOK=there.url)
        assert done.returncode == 1
        assert problem in done.stdout
        assert there.url not in done.stdout + done.stderr


def test_wrong_words_are_refused(web: Path) -> None:
    unknown = shipway(web, "notify", "elsewhere")
    assert (unknown.returncode, "no environment is named" in unknown.stderr) == (2, True)
    (web / "shipway.toml").write_text(SETTINGS.replace('slack = "SLACK_WEBHOOK"', ""))
    nobody = shipway(web, "notify", "--send")
    assert (nobody.returncode, "names nobody to tell" in nobody.stderr) == (2, True)
    assert "nobody is told" in shipway(web, "notify").stdout
