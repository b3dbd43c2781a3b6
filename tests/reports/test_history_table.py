from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.rollout_console import history_table

from .any_report import RECEIPTS
from .sample_rollouts import promoted, rolled_back
from .sample_runs import HOSTILE


def kept(number: int, receipt: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**receipt, "number": number, **more}


def test_who_what_when_strategy_verdict_and_requests_are_a_table_with_causes_below() -> None:
    rollouts = [
        kept(12, rolled_back("1.3.9", "1.4.0").to_dict(), by="ann"),
        kept(3, promoted("1.3.8", "1.3.9").to_dict()),
    ]
    assert history_table(rollouts) == [
        "No.  who  what   when (UTC)          took  strategy  verdict      requests  failed",
        "#12  ann  1.4.0  2026-09-21 14:14  16.0 s  canary    rolled back       800      18",
        "     why: the new release fails 40 % of its requests",
        " #3  –    1.3.9  2026-09-21 14:14  54.0 s  canary    passed          2,700       0",
    ]


def test_what_is_not_known_of_an_unfinished_rollout_is_a_dash() -> None:
    unfinished = {"number": 1, "release": "1.4.0", "started": 1.79e9, "verdict": "unfinished"}
    words = history_table([unfinished])[1].split()
    assert words == ["#1", "–", "1.4.0", "2026-09-21", "14:13", "–", "–", "unfinished", "–", "–"]


def test_without_rollouts_there_is_no_table() -> None:
    assert history_table([]) == []


def test_a_long_name_is_cut_so_that_a_line_fits_a_terminal() -> None:
    receipt = rolled_back(new="b" * 90).to_dict()
    assert max(len(line) for line in history_table([kept(1, receipt, by="a" * 12)])) <= 120


@pytest.mark.parametrize("started", [1e300, -1e300, float("nan"), "noon", None, 10**400])
def test_a_time_that_is_none_is_a_dash(started: object) -> None:
    assert history_table([{"started": started}])[1].split() == ["–"] * 9


def test_hostile_names_and_causes_stay_one_harmless_line_each() -> None:
    hostile = rolled_back(HOSTILE, HOSTILE, HOSTILE + "\n::error::x").to_dict()
    lines = history_table([kept(1, {**hostile, "strategy": HOSTILE, "by": "::error::" + HOSTILE})])
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)


@given(st.lists(RECEIPTS, max_size=3))
def test_whatever_the_record_holds_is_a_line_each_and_a_cause_one_more(
    rollouts: list[dict[str, object]],
) -> None:
    lines = history_table(rollouts)
    causes = sum(bool(one.get("cause")) for one in rollouts)
    assert len(lines) == (len(rollouts) + causes + 1 if rollouts else 0)
    assert all(len(line.splitlines()) == 1 for line in lines)
