"""Who is told of a rollout, of what, and that it never stands in a rollout's way."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import git, only, project, shipway
from tests.fakes.notifier import RecordingNotifier
from tests.notifications.webhook_server import Answer, hook
from tests.patience import PATIENCE

from shipway.cli.project import Project, open_project
from shipway.cli.rollout_notifier import RolloutNotifier, notifying_rollout
from shipway.errors import Busy, CannotRun, ConfigError, ShipwayError
from shipway.pipeline.outcome import Verdict
from shipway.ports import Delivery, WebhookRequest
from shipway.rollouts.events import NullListener
from shipway.rollouts.report import RolloutReport

TELLS = '[notify]\nwebhook = "HOOK"\ntimeout = 5\n'
REST = f'[application]\nname = "web"\n[environments.staging]\n[environments.local]\n{only()}'


def opened(folder: Path, notify: str = TELLS) -> Project:
    found = open_project(str(project(folder / "web", notify + REST)))
    found.record.add_rollout("staging", {"release": "2"})
    return found


def ended(verdict: Verdict = Verdict.PASSED, last: str = "", cause: str = "") -> RolloutReport:
    timeline = ({"at": 1.0, "stage": "SCALE_UP", "text": last},)
    return RolloutReport(
        environment="staging",
        release="2",
        before="1",
        verdict=verdict,
        started=1.0,
        seconds=2.0,
        address="http://127.0.0.1:8080",
        cause=cause,
        remedy="mend it" if cause else "",
        timeline=timeline,
    )


def told(fake: RecordingNotifier) -> list[dict[str, Any]]:
    return [json.loads(letter.body) for letter in fake.letters]


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hook")


def test_start_and_end_are_told_in_their_order(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path), "staging", fake)
    listener = news.wrap(NullListener(), "2")
    for _ in range(3):
        listener.on_stage(1.0, "SCALE_UP", "start new")
    listener.on_sample({})
    listener.on_judgement({})
    listener.on_message("hello")
    assert news.finish(ended()) == ended()
    news.close(print)
    assert [one["event"] for one in told(fake)] == ["started", "deployed"]
    last = told(fake)[1]
    assert last["figures"]["requests"] == "0 seen, 0 failed"
    assert last["links"]["staging"] == "http://127.0.0.1:8080"
    assert last["links"]["receipt"].endswith("/environments/staging/rollout.html")


def test_cause_and_remedy_of_what_failed_are_told(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path), "staging", fake)
    news.finish(ended(Verdict.ROLLED_BACK, cause="it fails"))
    news.finish(ended(Verdict.ACTION_REQUIRED, "held", "the judge holds it"))
    news.close(print)
    said = [(one["event"], one["cause"], one["remedy"]) for one in told(fake)]
    assert said == [
        ("rolled back", "it fails", "mend it"),
        ("held", "the judge holds it", "mend it"),
    ]


def test_what_runs_already_is_no_news(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path), "staging", fake)
    news.finish(
        RolloutReport(
            environment="staging",
            release="2",
            before="2",
            verdict=Verdict.PASSED,
            started=1.0,
            seconds=0.0,
            address="",
        )
    )
    news.close(print)
    assert fake.letters == []


@pytest.mark.parametrize(
    ("problem", "moved", "events"),
    [
        (CannotRun("Envoy ended at once", "read"), False, ["failed"]),
        (ConfigError("no environment", "x"), False, []),
        (Busy("another command", "x"), False, []),
        (Busy("a port is taken", "x"), True, ["failed"]),
    ],
)
def test_what_broke_is_told_unless_the_command_was_refused(
    tmp_path: Path, problem: ShipwayError, moved: bool, events: list[str]
) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path), "staging", fake)
    news.moved = moved
    news.fail(problem)
    news.close(print)
    assert [one["event"] for one in told(fake)] == events
    assert [one["cause"] for one in told(fake)] == [problem.message] * len(events)


@pytest.mark.parametrize(
    ("settings", "events"),
    [
        ('events = ["held", "failed"]\n', []),
        ('[notify.environments]\nstaging = ["deployed"]\nlocal = []\n', ["deployed"]),
        ("[notify.environments]\nstaging = []\n", []),
        ("[notify.environments]\nlocal = []\n", ["started", "deployed"]),
    ],
)
def test_which_events_are_told_is_settled_by_environment(
    tmp_path: Path, settings: str, events: list[str]
) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path, TELLS + settings), "staging", fake)
    news.wrap(NullListener(), "2").on_stage(1.0, "SCALE_UP", "")
    news.finish(ended())
    news.close(print)
    assert [one["event"] for one in told(fake)] == events


def test_without_a_place_nobody_is_told(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = RolloutNotifier(opened(tmp_path, "[notify]\n"), "staging", fake)
    news.finish(ended())
    news.close(print)
    assert fake.letters == []


def test_what_did_not_arrive_is_said_and_on_record_and_stays_there(tmp_path: Path) -> None:
    here, said = opened(tmp_path), list[str]()
    for problem in ("down", ""):
        news = RolloutNotifier(here, "staging", RecordingNotifier(problem))
        news.finish(ended())
        news.close(said.append)
    assert said == ["not told of 'deployed': webhook: down"]
    (rollout,) = here.record.rollouts("staging")
    here.record.update_rollout(rollout["number"], {"verdict": "passed"})
    (rollout,) = here.record.rollouts("staging")
    assert [one["problem"] for one in rollout["notices"]] == ["down", ""]
    history = shipway(Path(here.root), "status", "staging", "--history")
    assert "not told of 'deployed': webhook: down" in history.stdout


class Broken:
    """A notifier with a defect."""

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        raise ZeroDivisionError("a defect")


def test_even_a_defect_of_the_notifier_fails_nothing(tmp_path: Path) -> None:
    said = list[str]()
    news = RolloutNotifier(opened(tmp_path), "staging", Broken())
    news.finish(ended())
    news.close(said.append)
    assert said == ["not told of 'deployed': message: it could not be written: a defect"]


class Slow:
    """Sends nothing before it may; late: it was waited for."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.late = list[bool]()

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        self.late.append(not self.released.wait(PATIENCE))
        return Delivery(letter.channel, "", 1, 0.0)


def test_a_rollout_goes_on_while_a_letter_is_on_its_way(tmp_path: Path) -> None:
    slow = Slow()
    news = RolloutNotifier(opened(tmp_path), "staging", slow)
    news.wrap(NullListener(), "2").on_stage(1.0, "SCALE_UP", "")
    slow.released.set()
    news.finish(ended())
    news.close(pytest.fail)
    assert slow.late and not any(slow.late)


def test_a_server_that_hangs_holds_a_rollout_up_no_longer_than_the_timeout(tmp_path: Path) -> None:
    here = opened(tmp_path, TELLS.replace("5", "0.5"))
    said = list[str]()
    with hook(Answer(delay=PATIENCE)) as there, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", there.url)
        with notifying_rollout(here, "staging", say=said.append) as news:
            listener = news.wrap(NullListener(), "2")
            listener.on_stage(1.0, "SCALE_UP", "")
            news.finish(ended())
    assert len(said) == 2  # waited for, both would have been good


def test_an_error_goes_on_after_it_was_told(tmp_path: Path) -> None:
    with hook(Answer()) as there, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", there.url)
        with pytest.raises(CannotRun), notifying_rollout(opened(tmp_path), "staging") as news:
            news.wrap(NullListener(), "2")
            raise CannotRun("Envoy ended at once", "Read its log.")
    ((_, body, _),) = there.got
    assert json.loads(body)["cause"] == "Envoy ended at once"


def test_whoever_told_another_command_to_go_on_has_not_failed(tmp_path: Path) -> None:
    with hook(Answer()) as there, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", there.url)
        with pytest.raises(Busy), notifying_rollout(opened(tmp_path), "staging", begins=False):
            raise Busy("the deploy that waits has been told to continue", "Look there.")
    assert there.got == []


def test_commits_and_githubs_pages_are_in_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = opened(tmp_path)
    root = Path(here.root)
    git(root, "init", "--quiet")
    for subject in ("first", "Wards <b> are found"):
        (root / "a.py").write_text(subject)
        git(root, "add", "a.py")
        git(root, "commit", "--quiet", "-m", subject)
    old, new = git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD")
    for name, commit in (("1", old), ("2", new)):
        here.record.add_release({"digest": name * 64, "name": name, "commit": commit})
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/b")
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    fake = RecordingNotifier()
    news = RolloutNotifier(here, "staging", fake)
    news.finish(ended())
    news.close(print)
    (message,) = told(fake)
    commits = [(one["subject"], one["author"]) for one in message["changes"]["commits"]]
    assert commits == [("Wards <b> are found", "A")]
    assert message["links"] == {
        "staging": "http://127.0.0.1:8080",
        "run": "https://github.com/a/b/actions/runs/7",
        "compare": f"https://github.com/a/b/compare/{old}...{new}",
    }
