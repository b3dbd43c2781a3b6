from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult
from shipway.reports.console import PlainConsole
from shipway.reports.live_console import MOST_ROWS, LiveConsole, wrap_words

from .sample_runs import HOSTILE, failed_run, passed_run, result, run, step

TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "200"}


def shown(finished: RunResult, env: dict[str, str], started: bool = True) -> str:
    stream = io.StringIO()
    console = LiveConsole(stream, env=env, monotonic=VirtualClock().monotonic)
    console.run_started(finished.run, finished.application, [])
    for each in finished.steps:
        if started:
            console.step_started(step(each.step))
        console.step_finished(each)
    console.run_finished(finished)
    return stream.getvalue()


def without_escapes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")


def test_the_region_shows_elapsed_time_last_line_and_counts() -> None:
    clock = VirtualClock()
    console = LiveConsole(io.StringIO(), env=TERMINAL, monotonic=clock.monotonic)
    console.run_started("42", "mycandidate", [step("ruff"), step("unit")])
    console.step_finished(result("ruff", Outcome.CACHED))
    console.step_started(step("unit"))
    console.step_output("unit", "\x1b[32mtest_ward PASSED\x1b[0m")
    console.step_output("unit", "  ")
    clock.sleep(3.25)
    rows = console.rows()
    console.close()
    assert rows[0].split() == ["running", "unit", "3.2", "s", "test_ward", "PASSED"]
    assert rows[1:] == ["1 of 2 done: 1 cached"]


def test_more_running_steps_than_fit_are_counted() -> None:
    console = LiveConsole(io.StringIO(), env=TERMINAL, monotonic=VirtualClock().monotonic)
    for number in range(MOST_ROWS + 3):
        console.step_started(step(f"step-{number}"))
    rows = console.rows()
    console.close()
    assert rows[MOST_ROWS].strip() == "and 3 more"


def test_the_verdict_block_is_the_same_as_elsewhere_and_coloured() -> None:
    plain = io.StringIO()
    PlainConsole(plain).run_finished(failed_run())
    text = shown(failed_run(), TERMINAL)
    assert without_escapes(text).endswith(plain.getvalue())
    last = text.rstrip("\n").splitlines()[-1]
    assert last.startswith("\x1b[31mrolled back: deploy")


def test_no_color_leaves_no_colour_anywhere() -> None:
    text = shown(failed_run(), TERMINAL | {"NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    assert "\x1b[31m" in shown(failed_run(), TERMINAL)


def test_no_empty_lines_come_between_the_lines_of_steps() -> None:
    text = without_escapes(shown(run(result("ruff"), result("mypy")), TERMINAL))
    above = text[: text.rindex("\n\n")]
    assert "\n\n" not in above
    assert above.index("ruff  ") < above.index("mypy  ")


def test_the_cursor_is_given_back() -> None:
    text = shown(passed_run(), TERMINAL)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_closing_twice_is_harmless() -> None:
    console = LiveConsole(io.StringIO(), env=TERMINAL)
    console.step_started(step("unit"))
    console.close()
    console.close()
    console.run_finished(run(result("unit")))


def test_a_run_of_cached_steps_has_no_live_region() -> None:
    cached = run(result("ruff", Outcome.CACHED), result("mypy", Outcome.CACHED))
    assert "\x1b[?25l" not in shown(cached, TERMINAL, started=False)


def test_rich_is_imported_only_when_a_step_starts() -> None:
    program = (
        "import sys, io\n"
        "from shipway.pipeline.step import StepKind, Step\n"
        "from shipway.reports.live_console import LiveConsole\n"
        "console = LiveConsole(io.StringIO())\n"
        "console.run_started('1', 'a', [])\n"
        "print('rich' in sys.modules)\n"
        "console.step_started(Step(name='s', stage='test', kind=StepKind.COMMAND, work={}))\n"
        "console.close()\n"
        "print('rich' in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout.split() == ["False", "True"]


def test_hostile_text_brings_no_escape_sequence_of_its_own() -> None:
    bad = replace(result("unit", Outcome.FAILED), reason=HOSTILE, remedy=HOSTILE)
    text = shown(run(replace(bad, step=HOSTILE)), TERMINAL)
    assert "alert(1)" in text
    assert "\x1b]" not in text
    assert "\u202e" not in text
    assert without_escapes(text).replace("\n", "").isprintable()


@given(st.lists(st.text("abcdefgh./_-:", min_size=1, max_size=30), min_size=1, max_size=40))
def test_a_long_line_is_broken_between_words_and_loses_none(words: list[str]) -> None:
    text = " ".join(words)
    lines = wrap_words(text, 40).split("\n")
    assert " ".join(lines).split() == words
    assert all(len(line) <= 40 or len(line.split()) <= 2 for line in lines)


def test_what_follows_a_label_stands_below_it() -> None:
    text = f"failed test    {'tests/a.py:41: expected 200, got 404 ' * 3}"
    first, *others = wrap_words(text, 60).split("\n")
    assert first.startswith("failed test    tests/a.py:41:")
    assert others and all(line.startswith(" " * 15) and line[15] != " " for line in others)


def test_where_the_width_is_not_known_nothing_is_broken() -> None:
    assert wrap_words("a b " * 100, 0) == "a b " * 100
