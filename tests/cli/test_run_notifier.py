"""Who is told of a failed run of the main branch, and how often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import git, only, project, shipway, step
from tests.notifications.webhook_server import Answer, Hook, hook

NOTIFY = '[notify]\nwebhook = "HOOK"\ntimeout = 2\n'
BROKEN = step("unit", "test ! -e broken", 'inputs = ["broken"]\nstage = "test"')
ALSO = step("lint", "test ! -e ugly", 'inputs = ["ugly"]\nstage = "quality"')
REST = f'[application]\nname = "web"\n{only()}{BROKEN}{ALSO}'


def repository(folder: Path, notify: str = NOTIFY) -> Path:
    web = project(folder / "web", notify + REST, {".gitignore": ".shipway\n", "broken": ""})
    git(web, "init", "--quiet")
    git(web, "add", ".")
    git(web, "commit", "--quiet", "-m", "first")
    return web


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return repository(tmp_path)


def run(folder: Path, there: Hook, *words: str, **variables: str) -> str:
    return shipway(folder, "run", *words, HOOK=there.url, **{"CI": "true", **variables}).stderr


def told(there: Hook) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body, _ in there.got]


def test_a_failure_is_told_once_again_when_it_changes_and_when_it_is_over(web: Path) -> None:
    with hook(Answer()) as there:
        assert run(web, there) == ""
        run(web, there)
        (web / "ugly").touch()
        run(web, there)
        run(web, there)
        (web / "ugly").unlink()
        (web / "broken").unlink()
        run(web, there)
        run(web, there)
    first, second, third = told(there)
    assert (first["event"], first["branch"]) == ("run failed", "main")
    assert first["headline"] == "web, main: the run failed: 1 failed test"
    assert [problem["sentence"].partition(":")[0] for problem in first["problems"]] == ["unit"]
    assert first["commit"] == git(web, "rev-parse", "HEAD")
    assert second["event"] == "run failed"
    new = {p["sentence"].partition(":")[0]: p["new"] for p in second["problems"]}
    assert new == {"unit": False, "lint": True}
    assert third["event"] == "run recovered"
    assert third["problems"] == []


def test_in_a_workflow_the_message_links_to_the_run(web: Path) -> None:
    with hook(Answer()) as there:
        run(
            web,
            there,
            GITHUB_SERVER_URL="https://github.example",
            GITHUB_REPOSITORY="a/web",
            GITHUB_RUN_ID="7",
        )
    (message,) = told(there)
    assert message["links"] == {"run": "https://github.example/a/web/actions/runs/7"}


def test_what_did_not_arrive_is_said_and_told_by_the_next_run(web: Path) -> None:
    with hook(Answer(404)) as refusing:
        assert "not told of 'run failed': webhook: it answered 404" in run(web, refusing)
    with hook(Answer()) as there:
        run(web, there)
    assert [message["event"] for message in told(there)] == ["run failed"]


@pytest.mark.parametrize("words", [("unit",), ("--skip", "lint")])
def test_a_part_of_the_pipeline_is_no_news(web: Path, words: tuple[str, ...]) -> None:
    with hook(Answer()) as there:
        assert run(web, there, *words) == ""
    assert told(there) == []


def test_a_run_outside_of_a_ci_or_of_another_branch_is_no_news(web: Path) -> None:
    with hook(Answer()) as there:
        run(web, there, CI="")
        git(web, "checkout", "--quiet", "-b", "topic")
        run(web, there)
    assert told(there) == []


@pytest.mark.parametrize("notify", ["", NOTIFY + "runs = []\n", NOTIFY + 'runs = ["recovered"]\n'])
def test_nobody_is_told_of_what_they_do_not_ask_for(tmp_path: Path, notify: str) -> None:
    folder = repository(tmp_path, notify)
    with hook(Answer()) as there:
        run(folder, there)
        assert told(there) == []
        (folder / "broken").unlink()
        run(folder, there)
    assert [message["event"] for message in told(there)] == (
        ["run recovered"] if "recovered" in notify else []
    )


def test_notify_shows_the_message_about_the_last_run(web: Path) -> None:
    example = shipway(web, "notify", "--event", "run failed", HOOK="x").stdout
    assert example.splitlines()[:2] == [
        "no run has ended yet: this is an example",
        "web, main: the run failed: 1 failed test",
    ]
    shipway(web, "run")
    with hook(Answer()) as there:
        done = shipway(web, "notify", "--event", "run failed", "--send", HOOK=there.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("web, main: the run failed: 1 failed test\n")
    assert "webhook: sent in " in done.stdout
    (message,) = told(there)
    assert message["test"] is True
    assert message["headline"].startswith("test: web, main: the run failed")
    facts = json.loads(shipway(web, "notify", "--event", "run recovered", "--json").stdout)
    assert (facts["told"], facts["message"]["headline"]) == (
        True,
        "web, main: the run passes again",
    )
