from __future__ import annotations

from shipway.rollouts.events import NullListener, RolloutListener


def test_silent_is_a_listener_that_takes_everything() -> None:
    listener: RolloutListener = NullListener()
    listener.on_stage(1.0, "SCALE_UP", "start new")
    listener.on_sample({"at": 1.0})
    listener.on_judgement({"decision": "hold"})
    listener.on_message("the migration ran")
    assert vars(listener) == {}
