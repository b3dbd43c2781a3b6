from __future__ import annotations

import io
import re

import pytest
from tests.fakes.clock import VirtualClock
from tests.reports.retold import lines, tell

from shipway.reports.live_console import LiveRollout

from .sample_rollouts import BEGAN, NEW, OLD, evidence, promoted, sample
from .sample_runs import HOSTILE

TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "200"}


def watched(stream: io.StringIO | io.TextIOWrapper, release: str = NEW) -> LiveRollout:
    listener = LiveRollout(stream, release, env=TERMINAL, monotonic=VirtualClock().monotonic)
    listener.on_stage(BEGAN, "PRODUCTION_TRAFFIC_SHIFT", "25 %")
    listener.on_sample(sample(1, 25, (12, 2, 80)))
    listener.on_sample(sample(2, 25, (13, 0, 41.5)))
    listener.on_judgement(evidence(2, "keep watching", "too few to say"))
    return listener


def without_escapes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def test_the_region_shows_stage_traffic_requests_of_each_release_and_the_judge() -> None:
    assert watched(io.StringIO()).rows() == [
        "stage    PRODUCTION_TRAFFIC_SHIFT  25 %  0 s",
        "traffic  " + "█" * 10 + "░" * 30 + "  25 % new",
        f"         {OLD}         75 requests       0 failed  p95 32 ms",
        f"new      {NEW}         25 requests       2 failed  p95 41.5 ms",
        "judge    keep watching: too few to say",
    ]


def test_the_elapsed_time_goes_on_without_samples() -> None:
    clock = VirtualClock()
    listener = LiveRollout(io.StringIO(), env=TERMINAL, monotonic=clock.monotonic)
    assert listener.rows() == []
    listener.on_stage(BEGAN, "SCALE_UP", "start new")
    clock.sleep(7.0)
    assert listener.rows() == ["stage    SCALE_UP  start new  7 s"]


@pytest.mark.parametrize(("share", "full"), [(0, 0), (1, 0), (50, 20), (100, 40), (250, 40)])
def test_the_bar_is_as_full_as_the_share(share: float, full: int) -> None:
    listener = watched(io.StringIO())
    listener.on_sample({"at": 3.0, "weight": share})
    bar = listener.rows()[1].split()[1]
    assert (bar.count("█"), len(bar)) == (full, 40)


def test_a_terminal_without_blocks_gets_a_bar_it_can_show() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert "##########------" in watched(stream).rows()[1]


def test_the_lines_are_those_of_everywhere_and_coloured() -> None:
    stream = io.StringIO()
    with LiveRollout(stream, NEW, env=TERMINAL) as listener:
        tell(listener, promoted())
    text = without_escapes(stream.getvalue())
    places = [text.index(line) for line in lines(promoted())]
    assert places == sorted(places)
    assert "\x1b[32m" in stream.getvalue()


def test_no_color_leaves_no_colour_anywhere() -> None:
    stream = io.StringIO()
    with LiveRollout(stream, NEW, env=TERMINAL | {"NO_COLOR": "1"}) as listener:
        tell(listener, promoted())
    assert not re.search(r"\x1b\[[0-9;]*m", stream.getvalue())


def test_the_cursor_is_given_back_however_it_ends() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), LiveRollout(stream, env=TERMINAL) as listener:
        listener.on_stage(BEGAN, "SCALE_UP", "start new")
        raise KeyboardInterrupt
    text = stream.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    listener.close()
    assert stream.getvalue() == text


def test_hostile_text_brings_no_escape_sequence_of_its_own() -> None:
    stream = io.StringIO()
    with LiveRollout(stream, env=TERMINAL) as listener:
        listener.on_stage(BEGAN, HOSTILE, HOSTILE)
        listener.on_judgement(evidence(1, HOSTILE, HOSTILE))
        listener.on_sample({"at": 1.0, "weight": 10, "releases": {HOSTILE: {"requests": 1}}})
        assert all(row.isprintable() for row in listener.rows())
    text = stream.getvalue()
    assert "alert(1)" in text
    assert "\x1b]" not in text
    assert without_escapes(text).replace("\n", "").isprintable()
