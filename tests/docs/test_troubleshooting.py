"""Every failure message has an entry in docs/troubleshooting.md, and every entry has messages."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from shipway.errors import (
    ApplicationFault,
    Busy,
    CannotRun,
    ConfigError,
    RecordError,
    ShipwayError,
    StackFailed,
    StillGoing,
    Unreachable,
)
from shipway.reports.error_docs import ENTRIES, KINDS, OTHER, PAGE, docs_link, entry_for

DOCS = Path(__file__).parents[2] / "docs"
RUNBOOK = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
# Their words are put together elsewhere than where an error or a cause is made.
ELSEWHERE = {
    "one thing is not ready; nothing was changed:": "something-is-not-ready",
    "`flask db upgrade` ended with code 1": "a-one-off-task-failed",
    "an instance of 1.0 ended while it was starting": "an-instance-does-not-start",
    "1.0 did not become healthy within 30 s: /health answers 500": "an-instance-does-not-start",
    "nobody answered the pause at POST_SCALE_UP within 900 s": "nobody-answered-a-pause",
    "Envoy did not take the new shares within 5 s": "envoy-does-not-answer",
    "the tests did not run to their end: OSError: no; the run ended with 4": "a-suite-broke",
    "coverage is 71.25 %; the limit is at least 80 %; worst: a.py": "a-gate-failed",
    "coverage was not measured; the limit is at least 80 %": "a-gate-failed",
    "shipway.toml: gates.coverrage: there is no such key. Accepted: x.": "the-settings-are-wrong",
    "shipway.toml: gates.coverage: found 'x'. A number is wanted.": "the-settings-are-wrong",
}


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_messages", DOCS / "make_messages.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors() -> list[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^## (.*)$", RUNBOOK, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]


def test_the_list_of_messages_is_as_the_code_makes_it(maker: ModuleType) -> None:
    written = (DOCS / "messages.md").read_text(encoding="utf-8")
    assert maker.page() == written, "docs/messages.md is stale: run python docs/make_messages.py"


def test_every_message_in_the_source_has_an_entry(maker: ModuleType) -> None:
    found = maker.messages()
    assert len(found) > 100
    assert {one.entry for one in found} <= set(anchors())


def test_every_entry_has_a_heading_and_every_heading_is_an_entry() -> None:
    found = anchors()
    assert sorted(found) == sorted((*ENTRIES, *KINDS, OTHER))
    assert len(found) == len(set(found))


def test_no_entry_is_without_a_message(maker: ModuleType) -> None:
    used = {one.entry for one in maker.messages()} | set(ELSEWHERE.values())
    assert set(ENTRIES) - used == set()


@pytest.mark.parametrize("entry", re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:])
def test_every_entry_says_something(entry: str) -> None:
    assert len(entry.partition("\n")[2].split()) >= 6


@pytest.mark.parametrize(("message", "entry"), ELSEWHERE.items())
def test_messages_that_are_put_together_have_theirs(message: str, entry: str) -> None:
    assert entry_for(message) == entry


@pytest.mark.parametrize(
    ("kind", "entry"),
    list(
        zip(
            (
                ConfigError,
                CannotRun,
                ApplicationFault,
                Unreachable,
                Busy,
                RecordError,
                StackFailed,
                StillGoing,
            ),
            KINDS,
            strict=True,
        )
    ),
)
def test_a_message_that_no_pattern_knows_has_the_entry_of_its_kind(
    kind: type[ShipwayError], entry: str
) -> None:
    assert entry_for("purple", kind) == entry
    assert entry_for("purple") == OTHER
    assert docs_link("purple", kind) == f"{PAGE}#{entry}"


def test_an_error_of_a_new_kind_needs_an_entry(maker: ModuleType) -> None:
    found = maker.kinds()  # of every module, so that it is the same whatever was imported before
    assert {kind.__name__ for kind in found} > {
        "AwsApiError",
        "EnvironmentFrozen",
        "PreflightFailed",
    }
    assert [kind for kind in found if entry_for("purple", kind) == OTHER] == [ShipwayError]
