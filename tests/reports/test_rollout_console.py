from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from tests.reports.retold import lines, tell

from shipway.reports.rollout_console import PlainRollout

from .any_report import MOMENTS, SAID, SAMPLES
from .sample_rollouts import BEGAN, evidence, promoted, rolled_back, sample
from .sample_runs import HOSTILE


def test_a_rollout_is_a_line_a_stage_with_its_time_and_what_was_counted() -> None:
    assert lines(promoted()) == [
        "   +0.0 s  SCALE_UP                  start new",
        "   +4.0 s  PRODUCTION_TRAFFIC_SHIFT  10 %  (200 requests, 0 failed)",
        "   +5.0 s  judge: keep watching: candidate fails 0 % of 5 requests: too few to say",
        "  +24.0 s  PRODUCTION_TRAFFIC_SHIFT  50 %  (1,200 requests, 0 failed)",
        "  +43.0 s  judge: promote: candidate fails 0 % of 600 requests, baseline 0 % of 1,900",
        "  +44.0 s  BAKE_TIME                 100 %  (2,200 requests, 0 failed)",
        "  +54.0 s  SUCCEEDED                   (2,700 requests, 0 failed)",
    ]


def test_failures_are_counted_too() -> None:
    assert lines(rolled_back())[-1].endswith(
        "ROLLED_BACK                 (800 requests, 18 failed)"
    )


def test_what_is_told_again_has_no_second_line() -> None:
    stream = io.StringIO()
    listener = PlainRollout(stream)
    for second in range(5):
        listener.on_stage(BEGAN + second, "BAKE_TIME", "")
        listener.on_judgement(evidence(second, "keep watching", "too few to say"))
    assert len(stream.getvalue().splitlines()) == 2


def test_samples_and_closing_write_nothing() -> None:
    stream = io.StringIO()
    listener = PlainRollout(stream)
    listener.on_sample(sample(1, 10, (5, 0, 30)))
    listener.close()
    assert stream.getvalue() == ""


def test_other_lines_are_set_in() -> None:
    stream = io.StringIO()
    PlainRollout(stream).on_message("the migration: flask db upgrade")
    assert stream.getvalue() == "           the migration: flask db upgrade\n"


def test_hostile_text_stays_one_harmless_line() -> None:
    stream = io.StringIO()
    listener = PlainRollout(stream)
    listener.on_stage(BEGAN, HOSTILE, "::error::" + HOSTILE)
    listener.on_judgement(evidence(1, HOSTILE, HOSTILE + "\n::warning::x"))
    listener.on_message("::stop-commands::x")
    written = stream.getvalue().splitlines()
    assert len(written) == 3
    assert "".join(written).isprintable()
    assert not any(line.lstrip().startswith("::") for line in written)


@given(st.lists(SAMPLES | MOMENTS | SAID), st.text(st.characters()))
def test_whatever_is_told_is_written_as_harmless_lines(
    told: list[dict[str, object]], text: str
) -> None:
    stream = io.StringIO()
    listener = PlainRollout(stream)
    for one in told:
        listener.on_sample(one)
        listener.on_judgement(one)
        listener.on_stage(1.0, text, text)
        listener.on_message(text)
    written = stream.getvalue()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", written)
    assert written.splitlines() == written.split("\n")[:-1]


def test_a_reader_who_has_gone_ends_no_rollout() -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    tell(PlainRollout(Closed()), rolled_back())
