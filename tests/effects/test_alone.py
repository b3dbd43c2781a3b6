"""One process at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from shipway.core.errors import CannotRun
from shipway.effects.alone import alone


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    path, order = str(tmp_path / "below" / "lock"), []

    def second() -> None:
        with alone(path, lambda: False, "worked"):
            order.append("second")

    with alone(path, lambda: False, "worked"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        order.append("first")
    waiting.join(PATIENCE)
    assert order == ["first", "second"]


def test_who_waits_can_be_stopped(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with (
        alone(path, lambda: False, "built"),
        pytest.raises(CannotRun, match="while another run built"),
        alone(path, lambda: True, "built"),
    ):
        pass
