"""Who is told of a rollout, of what, and that it never stands in a rollout's way."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import git, only, project, shipway
from tests.effects.hook import Answer, hook
from tests.patience import PATIENCE

from shipway.cli.news import News, telling
from shipway.cli.project import Project, open_project
from shipway.core.errors import Busy, CannotRun, ConfigError, ShipwayError
from shipway.core.outcome import Verdict
from shipway.core.ports import Delivery, Letter
from shipway.core.receipt import Receipt
from shipway.core.watching import Silent
from shipway.effects.notifier import RecordingNotifier

TELLS = '[notify]\nwebhook = "HOOK"\ntimeout = 5\n'
REST = f'[application]\nname = "web"\n[environments.staging]\n[environments.local]\n{only()}'


def opened(folder: Path, notify: str = TELLS) -> Project:
    found = open_project(str(project(folder / "web", notify + REST)))
    found.record.add_rollout("staging", {"release": "2"})
    return found


def ended(verdict: Verdict = Verdict.PASSED, last: str = "", cause: str = "") -> Receipt:
    timeline = ({"at": 1.0, "stage": "SCALE_UP", "text": last},)
    return Receipt(
        "staging", "2", "1", verdict, 1.0, 2.0, "http://127.0.0.1:8080", cause=cause,
        remedy="mend it" if cause else "", timeline=timeline,
    )  # fmt: skip


def told(fake: RecordingNotifier) -> list[dict[str, Any]]:
    return [json.loads(letter.body) for letter in fake.letters]


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/hook")


def test_start_and_end_are_told_in_their_order(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = News(opened(tmp_path), "staging", fake)
    listener = news.heard(Silent(), "2")
    for _ in range(3):
        listener.staged(1.0, "SCALE_UP", "start new")
    listener.sampled({})
    listener.judged({})
    listener.said("hello")
    assert news.ended(ended()) == ended()
    news.close(print)
    assert [one["event"] for one in told(fake)] == ["started", "deployed"]
    last = told(fake)[1]
    assert last["figures"]["requests"] == "0 seen, 0 failed"
    assert last["links"]["staging"] == "http://127.0.0.1:8080"
    assert last["links"]["receipt"].endswith("/environments/staging/rollout.html")


def test_cause_and_remedy_of_what_failed_are_told(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = News(opened(tmp_path), "staging", fake)
    news.ended(ended(Verdict.ROLLED_BACK, cause="it fails"))
    news.ended(ended(Verdict.NEEDS_PERSON, "held", "the judge holds it"))
    news.close(print)
    said = [(one["event"], one["cause"], one["remedy"]) for one in told(fake)]
    assert said == [
        ("rolled back", "it fails", "mend it"), ("held", "the judge holds it", "mend it"),
    ]  # fmt: skip


def test_what_runs_already_is_no_news(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = News(opened(tmp_path), "staging", fake)
    news.ended(Receipt("staging", "2", "2", Verdict.PASSED, 1.0, 0.0, ""))
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
    news = News(opened(tmp_path), "staging", fake)
    news.moved = moved
    news.broke(problem)
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
    news = News(opened(tmp_path, TELLS + settings), "staging", fake)
    news.heard(Silent(), "2").staged(1.0, "SCALE_UP", "")
    news.ended(ended())
    news.close(print)
    assert [one["event"] for one in told(fake)] == events


def test_without_a_place_nobody_is_told(tmp_path: Path) -> None:
    fake = RecordingNotifier()
    news = News(opened(tmp_path, "[notify]\n"), "staging", fake)
    news.ended(ended())
    news.close(print)
    assert fake.letters == []


def test_what_did_not_arrive_is_said_and_on_record_and_stays_there(tmp_path: Path) -> None:
    here, said = opened(tmp_path), list[str]()
    for problem in ("down", ""):
        news = News(here, "staging", RecordingNotifier(problem))
        news.ended(ended())
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

    def send(self, letter: Letter, limit: float) -> Delivery:
        raise ZeroDivisionError("a defect")


def test_even_a_defect_of_the_notifier_fails_nothing(tmp_path: Path) -> None:
    said = list[str]()
    news = News(opened(tmp_path), "staging", Broken())
    news.ended(ended())
    news.close(said.append)
    assert said == ["not told of 'deployed': message: it could not be written: a defect"]


class Slow:
    """Sends nothing before it may; late: it was waited for."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.late = list[bool]()

    def send(self, letter: Letter, limit: float) -> Delivery:
        self.late.append(not self.released.wait(PATIENCE))
        return Delivery(letter.channel, "", 1, 0.0)


def test_a_rollout_goes_on_while_a_letter_is_on_its_way(tmp_path: Path) -> None:
    slow = Slow()
    news = News(opened(tmp_path), "staging", slow)
    news.heard(Silent(), "2").staged(1.0, "SCALE_UP", "")
    slow.released.set()
    news.ended(ended())
    news.close(pytest.fail)
    assert slow.late and not any(slow.late)


def test_a_server_that_hangs_holds_a_rollout_up_no_longer_than_the_timeout(tmp_path: Path) -> None:
    here = opened(tmp_path, TELLS.replace("5", "0.5"))
    said = list[str]()
    with hook(Answer(delay=PATIENCE)) as there, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", there.url)
        with telling(here, "staging", say=said.append) as news:
            listener = news.heard(Silent(), "2")
            listener.staged(1.0, "SCALE_UP", "")
            news.ended(ended())
    assert len(said) == 2  # waited for, both would have been good


def test_an_error_goes_on_after_it_was_told(tmp_path: Path) -> None:
    with hook(Answer()) as there, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOK", there.url)
        with pytest.raises(CannotRun), telling(opened(tmp_path), "staging") as news:
            news.heard(Silent(), "2")
            raise CannotRun("Envoy ended at once", "Read its log.")
    ((_, body, _),) = there.got
    assert json.loads(body)["cause"] == "Envoy ended at once"


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
    news = News(here, "staging", fake)
    news.ended(ended())
    news.close(print)
    (message,) = told(fake)
    commits = [(one["subject"], one["author"]) for one in message["changes"]["commits"]]
    assert commits == [("Wards <b> are found", "A")]
    assert message["links"] == {
        "staging": "http://127.0.0.1:8080",
        "run": "https://github.com/a/b/actions/runs/7",
        "compare": f"https://github.com/a/b/compare/{old}...{new}",
    }
