"""The pull request's comment and the deployment's status, against a stand-in for GitHub."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shipway.errors import Unreachable
from shipway.github.api import GitHubApi
from shipway.github.pull_request import post_deployment_status, update_comment
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutReport

from .api_server import BOT, PERSON, GitHub, github

RECEIPT = RolloutReport(
    environment="staging",
    release="1.0.0+abc.def",
    before="",
    verdict=Verdict.PASSED,
    started=1.0,
    seconds=2.0,
    address="https://staging.example.org",
)


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as state:
        yield state


def api(hub: GitHub) -> GitHubApi:
    return GitHubApi(hub.address, "ann/town", "made-up")


def test_there_is_one_comment_however_often_it_is_told(hub: GitHub) -> None:
    hub.add_comment("looks good", PERSON)
    first = update_comment(api(hub), 5, "town", "one")
    assert update_comment(api(hub), 5, "town", "two") == first
    assert [one["body"] for one in hub.comments] == ["looks good", "<!-- shipway town -->\ntwo"]


def test_each_application_has_its_own(hub: GitHub) -> None:
    for name in ("town", "harbour"):
        update_comment(api(hub), 5, name, "x")
    assert len(hub.comments) == 2


def test_a_persons_comment_is_never_touched_whatever_its_first_line_says(hub: GitHub) -> None:
    hub.add_comment("<!-- shipway town -->\nmine", PERSON)
    update_comment(api(hub), 5, "town", "x")
    assert hub.comments[0]["body"].endswith("mine")
    assert len(hub.comments) == 2


def test_it_is_found_behind_a_hundred_others(hub: GitHub) -> None:
    for number in range(150):
        hub.add_comment(f"comment {number}", PERSON)
    hub.add_comment("<!-- shipway town -->\nold", BOT)
    update_comment(api(hub), 5, "town", "new")
    assert len(hub.comments) == 151
    assert hub.comments[150]["body"].endswith("new")


def test_an_applications_name_does_not_end_the_mark(hub: GitHub) -> None:
    update_comment(api(hub), 5, "a --> <b>", "x")
    update_comment(api(hub), 5, "a --> <b>", "y")
    assert [one["body"] for one in hub.comments] == ["<!-- shipway a-b- -->\ny"]


def test_the_token_is_in_a_header_and_nowhere_else(hub: GitHub) -> None:
    update_comment(api(hub), 5, "town", "x")
    method, path, headers = hub.asked[0]
    assert headers["Authorization"] == "Bearer made-up"
    assert "made-up" not in f"{method} {path}"
    assert path.startswith("/repos/ann/town/issues/5/comments?")


def test_a_status_has_the_environments_address_and_verdict(hub: GitHub) -> None:
    hub.deployments.append({"id": 7})
    post_deployment_status(api(hub), "c0ffee", RECEIPT, "https://example.org/run")
    (status,) = hub.statuses
    assert status["state"] == "success"
    assert status["environment_url"] == "https://staging.example.org"
    assert status["log_url"] == "https://example.org/run"
    assert "passed: 1.0.0+abc.def" in status["description"]
    assert len(hub.deployments) == 1


def test_where_there_is_no_deployment_one_is_made(hub: GitHub) -> None:
    failed = replace(RECEIPT, verdict=Verdict.ROLLED_BACK, cause="errors: 5 % " * 50)
    post_deployment_status(api(hub), "c0ffee", failed, "")
    assert hub.deployments[0]["ref"] == "c0ffee"
    assert hub.statuses[0]["state"] == "failure"
    assert len(hub.statuses[0]["description"]) <= 140


@pytest.mark.parametrize(("broken", "words"), [(403, "403"), (500, "500"), (0, "does not answer")])
def test_what_is_no_answer_is_said_in_words(hub: GitHub, broken: int, words: str) -> None:
    hub.broken = broken
    with pytest.raises(Unreachable, match=words) as raised:
        update_comment(api(hub), 5, "town", "x")
    assert raised.value.remedy
    assert "made-up" not in str(raised.value)


def test_nobody_there_is_said_too() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        update_comment(GitHubApi("http://127.0.0.1:9", "ann/town", "t"), 5, "town", "x")


def test_a_github_that_is_silent_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match=r"GitHub did not answer for 0\.2 s"):
            GitHubApi(address, "ann/town", "t", limit=0.2).ask("GET", "pulls")
