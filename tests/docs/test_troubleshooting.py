"""Every failure message has a code, and every code a section in docs/troubleshooting.md."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from shipway.errors import ERROR_CODES, ErrorCode, ShipwayError
from shipway.reports.error_docs import CAUSES, UNCLASSIFIED, cause_code, explanations

DOCS = Path(__file__).parents[2] / "docs"
RUNBOOK = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
# Their words are put together elsewhere than where a cause is made.
ELSEWHERE: dict[str, ErrorCode] = {
    "`flask db upgrade` ended with code 1": "task-failed",
    "an instance of 1.0 ended while it was starting": "instance-not-started",
    "1.0 did not become healthy within 30 s: /health answers 500": "instance-not-started",
    "nobody answered the pause at POST_SCALE_UP within 900 s": "pause-timed-out",
    "nobody answered a pause in time, so ECS went back by itself": "pause-timed-out",
    "Envoy did not take the new shares within 5 s": "envoy-unavailable",
    "the tests did not run to their end: OSError: no; the run ended with 4": "suite-broken",
    "coverage is 71.25 %; at least 80 % is required; worst: a.py": "gate-failed",
    "coverage was not measured; at least 80 % is required": "gate-failed",
    "flake8 found 1 problem; none is allowed; worst: a.py:1": "gate-failed",
    "3 high findings are open; at most 2 are allowed": "gate-failed",
    "coverage is 71.25 %; the limit is at least 80 %; worst: a.py": "gate-failed",  # before 0.1
    "1 of 261 tests failed: test_ward: assert 404 == 200": "test-failed",
    "port 8080 on 127.0.0.1 is taken by another program": "port-taken",
    "AWS does not answer: Connect timeout": "aws-unreachable",
    "AWS refused DescribeServices (AccessDenied): no": "aws-refused",
    "the disk is full: record.sqlite3 cannot be written": "disk-full",
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


def test_every_code_has_a_section_and_every_section_is_of_a_code() -> None:
    assert sorted(anchors()) == sorted(ERROR_CODES)
    assert sorted(explanations(RUNBOOK)) == sorted(ERROR_CODES)


def test_codes_are_short_names_in_kebab_case() -> None:
    assert len(set(ERROR_CODES)) == len(ERROR_CODES)
    assert [code for code in ERROR_CODES if not re.fullmatch(r"[a-z]+(-[a-z]+){0,3}", code)] == []


def test_every_message_in_the_source_has_a_code(maker: ModuleType) -> None:
    messages = maker.messages()
    assert len(messages) > 250
    assert {message.code for message in messages} <= set(ERROR_CODES)


def test_no_code_is_without_a_message(maker: ModuleType) -> None:
    used = {message.code for message in maker.messages()} | set(ELSEWHERE.values())
    used |= {kind.default_code for kind in maker.kinds()}
    assert set(ERROR_CODES) - used == set()


def test_a_message_has_the_same_code_wherever_it_is_raised(maker: ModuleType) -> None:
    codes: dict[str, set[str]] = {}
    for message in maker.messages():
        if len(re.findall(r"[a-z]+", message.text)) > 3:  # it has words of its own
            codes.setdefault(message.text, set()).add(message.code)
    assert {text: names for text, names in codes.items() if len(names) > 1} == {}


@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_section_says_something(code: str) -> None:
    assert len(explanations(RUNBOOK)[code].split()) >= 6


@pytest.mark.parametrize(("message", "code"), ELSEWHERE.items())
def test_causes_that_are_put_together_have_a_code(message: str, code: str) -> None:
    assert cause_code(message) == code


def test_no_pattern_is_without_a_cause(maker: ModuleType) -> None:
    used = {cause_code(message.text) for message in maker.messages()} | set(ELSEWHERE.values())
    assert set(CAUSES) - used == set()


def test_a_cause_that_no_pattern_knows_is_unclassified() -> None:
    assert cause_code("purple") == UNCLASSIFIED


def test_only_the_base_of_all_errors_has_no_code_of_its_own(maker: ModuleType) -> None:
    kinds = maker.kinds()  # of every module, so that it is the same whatever was imported before
    assert {kind.__name__ for kind in kinds} > {
        "AwsApiError",
        "EnvironmentFrozen",
        "PreflightFailed",
    }
    assert [kind for kind in kinds if kind.default_code == UNCLASSIFIED] == [ShipwayError]


def test_an_error_keeps_the_code_that_it_was_raised_with() -> None:
    assert ShipwayError("purple", code="port-taken").code == "port-taken"
    assert ShipwayError("purple").code == UNCLASSIFIED
