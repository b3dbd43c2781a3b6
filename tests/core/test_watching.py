from __future__ import annotations

from shipway.core.watching import RolloutListener, Silent


def test_silent_is_a_listener_that_takes_everything() -> None:
    listener: RolloutListener = Silent()
    listener.staged(1.0, "SCALE_UP", "start new")
    listener.sampled({"at": 1.0})
    listener.judged({"decision": "hold"})
    listener.said("the migration ran")
    assert vars(listener) == {}
