"""A receipt, told to a listener as it happened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from shipway.reports.rollout_console import PlainRollout
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutReport


def tell(listener: RolloutListener, receipt: RolloutReport) -> None:
    """Everything that a receipt keeps, in the order in which it happened."""
    happened: list[tuple[float, int, Mapping[str, Any]]] = [
        (one["at"], kind, one)
        for kind, ones in enumerate((receipt.samples, receipt.evidence, receipt.timeline))
        for one in ones
    ]
    for at, kind, one in sorted(happened, key=lambda told: told[:2]):
        if kind == 2:
            listener.on_stage(at, one["stage"], one["text"])
        else:
            (listener.on_sample, listener.on_judgement)[kind](one)


def lines(receipt: RolloutReport) -> list[str]:
    stream = io.StringIO()
    tell(PlainRollout(stream), receipt)
    return stream.getvalue().splitlines()
