"""Documents: what is written is read again, whatever it is; what is damaged is named."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.codec import DocumentFormat, JsonObject, Mismatch, from_plain, renamed, to_plain
from shipway.errors import RecordError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Row(TypedDict):
    at: float
    text: NotRequired[str]


@dataclass(frozen=True)
class Part:
    colour: Colour
    pair: tuple[str, int] = ("", 0)
    edges: dict[float, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    count: int = 0
    share: float = 0.0
    on: bool = True
    day: date | None = None
    parts: tuple[Part, ...] = ()
    rows: list[Row] = field(default_factory=list)
    inner: Whole | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("a count is negative")


WHOLE = DocumentFormat(
    Whole,
    "the whole",
    (lambda old: renamed(old, {"title": "name", "gone": ""}), lambda old: {"count": 7, **old}),
)

floats = st.floats(allow_nan=False)
parts = st.builds(
    Part,
    st.sampled_from(Colour),
    st.tuples(st.text(), st.integers()),
    st.dictionaries(floats, st.integers()),
)
rows = st.fixed_dictionaries({"at": floats}, optional={"text": st.text()})
wholes = st.recursive(
    st.none(),
    lambda inner: st.builds(
        Whole,
        name=st.text(),
        count=st.integers(0),
        share=floats,
        on=st.booleans(),
        day=st.none() | st.dates(),
        parts=st.lists(parts, max_size=3).map(tuple),
        rows=st.lists(rows, max_size=3),
        inner=inner,
    ),
    max_leaves=3,
).filter(bool)


@given(wholes)
def test_what_is_written_is_read_again(whole: Whole) -> None:
    text = WHOLE.write(whole)
    assert WHOLE.read(text, "here") == whole
    assert from_plain(Whole, to_plain(whole)) == whole


@given(wholes)
def test_a_document_is_json_that_any_program_reads_and_has_its_version(whole: Whole) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert json.loads(WHOLE.write(whole), parse_constant=refuse)["schema"] == 3


def test_what_holds_its_default_is_not_written_but_numbers_are() -> None:
    fields = json.loads(WHOLE.write(Whole(name="a")))
    assert fields == {"schema": 3, "name": "a", "count": 0, "share": 0.0, "on": True}


def test_older_documents_are_migrated_from_the_version_that_they_have() -> None:
    assert WHOLE.read('{"title": "a", "gone": 1}', "here") == Whole(name="a", count=7)
    assert WHOLE.read('{"schema": 2, "name": "a", "count": 2}', "here") == Whole(name="a", count=2)
    assert WHOLE.read('{"schema": 3, "name": "a"}', "here") == Whole(name="a")


def test_a_document_of_a_newer_shipway_is_refused() -> None:
    with pytest.raises(RecordError, match=r"a\.json: the whole was written by a newer Shipway"):
        WHOLE.read('{"schema": 4, "name": "a"}', "a.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is a list and no object"),
        ('{"schema": true}', "schema is True and no version"),
        ('{"schema": 3}', "name: the field is missing"),
        ('{"schema": 3, "name": 1}', "name: expected a text, found a number"),
        (
            '{"schema": 3, "name": "a", "count": "b"}',
            "count: expected a whole number, found a text",
        ),
        ('{"schema": 3, "name": "a", "on": 1}', "on: expected true or false, found a number"),
        ('{"schema": 3, "name": "a", "count": -1}', "a count is negative"),
        ('{"schema": 3, "name": "a", "day": "x"}', "day: expected a date, found 'x'"),
        (
            '{"schema": 3, "name": "a", "parts": [{"colour": "red"}, {"colour": "green"}]}',
            "parts[1].colour: expected one of 'red', 'blue', found 'green'",
        ),
        (
            '{"schema": 3, "name": "a", "parts": [{"colour": "red", "edges": {"x": 1}}]}',
            "parts[0].edges.x: could not convert string to float",
        ),
        (
            '{"schema": 3, "name": "a", "inner": {"name": "b", "inner": {}}}',
            "inner.inner.name: the field is missing",
        ),
    ],
)
def test_a_damaged_document_is_named_with_its_file_and_field(text: str, problem: str) -> None:
    with pytest.raises(RecordError) as caught:
        WHOLE.read(text, "shop/state.json")
    assert caught.value.message.startswith("shop/state.json: the whole is damaged: ")
    assert problem in caught.value.message
    assert caught.value.remedy


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.dictionaries(
        st.sampled_from(["schema", "name", "count", "day", "parts", "rows", "inner", "title"]),
        json_values,
    )
)
def test_whatever_a_document_holds_it_is_read_or_refused(document: JsonObject) -> None:
    try:
        assert isinstance(WHOLE.from_object(document, "here"), Whole)
    except RecordError as problem:
        assert problem.message.startswith("here: the whole ")


def test_a_type_that_cannot_be_read_is_a_defect() -> None:
    with pytest.raises(TypeError, match="knows no way to read"):
        from_plain(complex, 1)
    with pytest.raises(Mismatch, match="expected a text"):
        from_plain(str, 1)
