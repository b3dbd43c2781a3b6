"""Faults as words."""

from __future__ import annotations

import pytest

from shipway.errors import ConfigError
from shipway.rehearsal.faults import FORMS, Fault, FaultKind, parse_fault


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("error=5%", Fault(FaultKind.ERROR, 0.05)),
        ("error=0.5%", Fault(FaultKind.ERROR, 0.005)),
        ("slow=2x", Fault(FaultKind.SLOW, 2.0)),
        ("slow=1.5x", Fault(FaultKind.SLOW, 1.5)),
        ("slow=300ms", Fault(FaultKind.SLOW, extra=0.3)),
        ("slow=2s", Fault(FaultKind.SLOW, extra=2)),
        ("crash-at=40%", Fault(FaultKind.CRASH_AT, 0.4)),
        (" hang ", Fault(FaultKind.HANG)),
    ],
)
def test_a_word_is_a_fault(word: str, fault: Fault) -> None:
    assert parse_fault(word) == fault


def test_every_accepted_form_is_accepted_and_every_kind_has_one() -> None:
    assert {parse_fault(form).kind for form in FORMS.split(", ")} == set(FaultKind)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("", "no such fault"),
        ("errors=5%", "no such fault"),
        ("error=5 %", "no such fault"),
        ("error", "takes a value in %"),
        ("error=5", "takes a value in %"),
        ("error=5x", "takes a value in %"),
        ("slow=2%", "takes a value in x or ms or s"),
        ("error=0%", "more than 0 %"),
        ("error=101%", "at most 100 %"),
        ("slow=1x", "more than 1x"),
        ("slow=0.5x", "more than 1x"),
        ("slow=0ms", "more than 0 s"),
        ("slow=61s", "at most 60 s"),
        ("hang=3", "hang takes no value"),
        ("kill-proxy=1x", "kill-proxy takes no value"),
        ("error=-5%", "no such fault"),
        ("HANG", "no such fault"),
    ],
)
def test_what_is_no_fault_is_answered_with_the_accepted_forms(word: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as raised:
        parse_fault(word)
    assert FORMS in raised.value.remedy


def test_a_fault_is_inside_the_candidate_or_kills_or_is_its_migration() -> None:
    for kind in FaultKind:
        assert kind.inside + kind.kills + (kind is FaultKind.BAD_MIGRATION) == 1
