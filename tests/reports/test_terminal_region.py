from __future__ import annotations

import io

import pytest

from shipway.reports.console_lines import Style
from shipway.reports.live_console import TerminalRegion, paint_text

TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "80"}


def test_a_tone_has_a_colour_and_plain_or_empty_text_has_none() -> None:
    assert paint_text("x", Style.BAD) == "\x1b[31mx\x1b[0m"
    assert paint_text("x", Style.PLAIN) == "x"
    assert paint_text("", Style.BAD) == ""


def test_lines_are_written_only_above_an_open_region() -> None:
    stream = io.StringIO()
    region = TerminalRegion(stream, lambda: ["now"], TERMINAL)
    assert not region.put("before\n")
    region.open()
    assert region.put("above\n")
    region.close()
    assert not region.put("after\n")
    assert "above" in stream.getvalue()
    assert not any(word in stream.getvalue() for word in ("before", "after"))


@pytest.mark.parametrize("times", [1, 2])
def test_opening_and_closing_again_is_harmless(times: int) -> None:
    stream = io.StringIO()
    region = TerminalRegion(stream, lambda: ["now"], TERMINAL)
    for _ in range(times):
        region.open()
    for _ in range(times):
        region.close()
    assert stream.getvalue().count("\x1b[?25l") == stream.getvalue().count("\x1b[?25h") == 1


def test_a_long_row_is_cut_at_the_edge() -> None:
    stream = io.StringIO()
    region = TerminalRegion(stream, lambda: ["x" * 500], TERMINAL)
    region.open()
    region.close()
    assert "x" * 79 + "…" in stream.getvalue()
    assert "x" * 80 not in stream.getvalue()
