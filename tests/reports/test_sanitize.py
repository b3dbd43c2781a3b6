from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.sanitize import log_line, one_line, plain_text, xml_text


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1bcreset", "reset"),
        ("\x1bPdcs\x1b\\after", "after"),
        ("one\ntwo\r\nthree", "one two three"),
        ("bell\x07", "bell"),
        ("user\u202egnp.exe", "user gnp.exe"),
        ("half \udc80 pair", "half ? pair"),
        ("::error::fake", ": :error::fake"),
        ("##[add-mask]x", "## [add-mask]x"),
        ("tests/a.py::test_b", "tests/a.py::test_b"),
    ],
)
def test_a_line_loses_what_acts_on_a_terminal_or_on_ci(hostile: str, harmless: str) -> None:
    assert one_line(hostile) == harmless


@given(st.text(st.characters(codec=None, categories=None)))
def test_every_text_becomes_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)
    assert "\n" not in line
    assert not line.startswith("::")
    line.encode()


def test_a_line_is_cut_where_it_gets_too_long() -> None:
    assert one_line("x" * 501) == "x" * 499 + "…"


def test_a_log_line_keeps_its_indentation() -> None:
    assert log_line("\tassert 1\x1b[0m == 2  \n") == "    assert 1 == 2"


def test_several_lines_stay_several_lines() -> None:
    assert plain_text("a\r\n\x1b[1mb\x1b[0m\n") == "a\nb\n"
    assert plain_text("plain") == "plain"


def test_xml_loses_controls_and_keeps_lines() -> None:
    assert xml_text("a\x00\x0b\n\tb\x1b[31m\udc80\uffff") == "a\n\tb"
