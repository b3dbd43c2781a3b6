"""The search for unreachable circles is put off, and goes on as it was."""

from __future__ import annotations

import gc

import pytest

from shipway.pipeline.findings_step import gc_paused


def test_there_is_no_search_inside_and_one_afterwards() -> None:
    assert gc.isenabled()
    with gc_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failure_leaves_it_on() -> None:
    with pytest.raises(KeyError), gc_paused():
        raise KeyError
    assert gc.isenabled()


def test_who_has_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with gc_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
