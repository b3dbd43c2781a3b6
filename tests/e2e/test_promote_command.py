"""`shipway promote` with a real Envoy and a real gunicorn, told to a real webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import git, only, project, shipway, shipway_process
from tests.e2e.tiny_application import APP
from tests.notifications.webhook_server import Answer, hook

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    places = "".join(
        f"[environments.{name}]\nport = {free_port()}\ninstances = 1\nhealth_timeout = 15\n"
        "bake = 0\n"
        for name in ("staging", "production")
    )
    configuration = (
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} tiny:app"\nhealth = "/"\n'
        f'[notify]\nwebhook = "HOOK"\ntimeout = 2\n{only()}{places}'
    )
    files = {"tiny/__init__.py": APP, "requirements.txt": "gunicorn\n", ".gitignore": ".shipway\n"}
    folder = project(tmp_path / "web", configuration, files)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "the first")
    yield folder
    for name in ("staging", "production"):
        shipway_process(folder, "down", name)


def test_the_same_digest_goes_on_with_what_changes_and_never_without_a_verdict(web: Path) -> None:
    assert shipway(web, "run").returncode == 0
    with hook(Answer(dropped=True)) as down:  # a notifier that is down fails nothing
        deployed = shipway_process(web, "deploy", "staging", "--json", HOOK=down.url)
    assert deployed.returncode == 0, deployed.stderr
    assert "not told of 'deployed': webhook: it cut the connection; given up" in deployed.stderr
    assert down.got
    first = json.loads(deployed.stdout)["release"]

    with hook(Answer()) as up:
        promoted = shipway_process(web, "promote", "staging", "production", HOOK=up.url)
    assert promoted.returncode == 0, promoted.stderr
    assert promoted.stdout.startswith(f"{first} is the first release there\n")
    assert [json.loads(body)["event"] for _, body, _ in up.got] == ["started", "deployed"]
    found = json.loads(shipway(web, "status", "production", "--json", "--history").stdout)
    assert (found["release"], found["history"][0]["promoted"]) == (first, "staging")
    assert RealHttp().get(found["address"]).body == b"hello"

    configuration = (web / "shipway.toml").read_text()
    checked = configuration + '[steps.q]\nrun = "true"\nstage = "quality"\n'
    (web / "shipway.toml").write_text(checked)
    (web / "tiny" / "__init__.py").write_text(APP.replace("hello", "hello again"))
    git(web, "commit", "--quiet", "-am", "says more")
    assert shipway(web, "run", "package").returncode == 0
    second = shipway_process(web, "deploy", "staging", HOOK="")
    assert second.returncode == 0, second.stdout
    refused = shipway_process(web, "promote", "staging", "production", HOOK="")
    assert refused.returncode == 2
    assert "has not passed: only a part of the pipeline ran for it" in refused.stderr
    assert RealHttp().get(found["address"]).body == b"hello"
    insisted = shipway_process(
        web, "promote", "staging", "production", "--without-verdict", "a hotfix", HOOK=""
    )
    assert insisted.returncode == 0, insisted.stderr
    assert "says more (A)\n" in insisted.stdout
    assert "  migrations: the same\n  lock file: the same\n" in insisted.stdout
    assert "not told of 'deployed': webhook: the variable HOOK is not set" in insisted.stderr
    assert RealHttp().get(found["address"]).body == b"hello again"
    assert shipway(web, "report").returncode == 0
    report = (web / ".shipway" / "report.html").read_text()
    assert '<a href="environments/production/rollout.html">production</a>' in report
    history = shipway(web, "status", "production", "--history").stdout
    assert "without a verdict: a hotfix" in history
