from __future__ import annotations

import io

from shipway.reports.console import can_write, write_text


def test_a_character_that_the_stream_lacks_becomes_its_code() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_text(stream, "█ 10 %\n")
    assert raw.getvalue() == b"\\u2588 10 %\n"


def test_whether_a_stream_has_a_character_is_known_before() -> None:
    assert can_write(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), "█")
    assert not can_write(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), "█")
    assert can_write(io.StringIO(), "█")
