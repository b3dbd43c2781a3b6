"""One process at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from shipway.errors import CannotRun
from shipway.system.files import file_lock


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    path, order = str(tmp_path / "below" / "lock"), []

    def second() -> None:
        with file_lock(path, lambda: False, "worked"):
            order.append("second")

    with file_lock(path, lambda: False, "worked"):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        order.append("first")
    waiting.join(PATIENCE)
    assert order == ["first", "second"]


def test_who_waits_can_be_stopped(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with (
        file_lock(path, lambda: False, "built"),
        pytest.raises(CannotRun, match="while another run built"),
        file_lock(path, lambda: True, "built"),
    ):
        pass
