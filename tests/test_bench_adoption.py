"""What bench/adoption.py takes for a verdict, for a command to type, and for an answer."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = str(Path(__file__).parent.parent / "bench")


@pytest.fixture(scope="module")
def adoption() -> Any:
    sys.path.insert(0, BENCH)
    try:
        return importlib.import_module("adoption")
    finally:
        sys.path.remove(BENCH)


def test_commands_are_those_that_shipway_printed_without_its_path(adoption: Any) -> None:
    output = "next: /a/b/shipway run\n  next: Run it by hand.\n   next: shipway -C 'my shop' init\n"
    assert adoption.printed_commands(output) == [["-C", "my shop", "init"]]


def test_the_last_verdict_counts_and_without_one_the_last_line_is_the_cause(adoption: Any) -> None:
    output = "failed: unit: 1 of 1\nrolled back: deploy-local: / answers 404\nreport: x\n"
    assert adoption.verdict_of(output) == ("rolled back", "deploy-local: / answers 404")
    assert adoption.verdict_of("shipway: no") == ("none", "shipway: no")


def test_each_repository_has_a_full_commit_and_a_reason_and_the_required_ones_are_there(
    adoption: Any,
) -> None:
    repositories = adoption.REPOSITORIES
    assert len({item.name for item in repositories}) == len(repositories) >= 20
    assert all(len(item.commit) == 40 and item.why for item in repositories)
    assert all(item.cause for item in repositories if not item.live)
    assert {
        "miguelgrinberg/microblog",
        "healthchecks/healthchecks",
        "spiral-project/ihatemoney",
        "nsidnev/fastapi-realworld-example-app",
        "HackSoftware/Django-Styleguide-Example",
        "flaskbb/flaskbb",
    } <= {item.repository for item in repositories}


def test_what_does_not_answer_is_refused(adoption: Any) -> None:
    assert not adoption.answers("http://127.0.0.1:1/")
