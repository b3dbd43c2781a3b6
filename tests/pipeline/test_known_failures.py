"""The file that lists tests which failed before Shipway came."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.cli.initial_baseline import known_failures_text, with_failures
from shipway.errors import ConfigError
from shipway.pipeline.known_failures import (
    KnownFailures,
    parse_known_failures,
    read_known_failures,
)

FILE = "shipway-known-failures.toml"
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
tables = st.dictionaries(
    st.sampled_from(["unit", "integration", "browser"]),
    st.dictionaries(names, st.sampled_from(["", 'OSError: "no route"', "a # b"])),
)


@given(tables, st.none() | st.dates())
def test_what_is_written_is_read_whatever_a_test_is_called(
    tests: dict[str, dict[str, str]], recorded: date | None
) -> None:
    known = KnownFailures(recorded, tests)
    assert parse_known_failures(known_failures_text(known), FILE) == known


def test_a_line_that_is_taken_out_is_no_known_failure_any_more() -> None:
    known = KnownFailures(date(2026, 11, 28), {"unit": {"a::x": "E", "a::y": "F"}})
    lines = known_failures_text(known).splitlines()
    left = "\n".join(line for line in lines if "a::x" not in line)
    assert parse_known_failures(left, FILE).of("unit") == {"a::y": "F"}


def test_of_two_lists_both_tests_are_known_with_the_later_reason() -> None:
    known = with_failures(
        KnownFailures(None, {"unit": {"a": "first", "b": "first"}}),
        {"unit": {"b": "second"}, "browser": {"c": "second"}},
    )
    assert known.names == {("unit", "a"), ("unit", "b"), ("browser", "c")}
    assert known.of("unit") == {"a": "first", "b": "second"}


def test_without_a_file_every_failure_counts(tmp_path: Path) -> None:
    assert read_known_failures(str(tmp_path), "") == KnownFailures()
    assert read_known_failures(str(tmp_path), FILE).of("unit") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[unit", "it is not TOML"),
        ('recorded = "yesterday"', "recorded is 'yesterday' and no date"),
        ("recorded = 2026-11-28T10:00:00", "and no date"),
        ("unit = 3", "unit is no table of tests"),
        ("[unit]\na = 3", "the reason of unit, a is no text"),
        ("[unit]\na.b = 'x'", "the reason of unit, a is no text"),
    ],
)
def test_what_is_no_list_of_tests_is_refused_and_named(
    text: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_known_failures(str(tmp_path), FILE)
    assert raised.value.message.startswith(f"{FILE} cannot be read: ")
    assert problem in raised.value.message
    assert raised.value.code == "invalid-setting"
