"""A receipt, told to a listener as it happened."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from shipway.core.receipt import Receipt
from shipway.core.watching import RolloutListener
from shipway.outputs.rollout_plain import PlainRollout


def tell(listener: RolloutListener, receipt: Receipt) -> None:
    """Everything that a receipt keeps, in the order in which it happened."""
    happened: list[tuple[float, int, Mapping[str, Any]]] = [
        (one["at"], kind, one)
        for kind, ones in enumerate((receipt.samples, receipt.evidence, receipt.timeline))
        for one in ones
    ]
    for at, kind, one in sorted(happened, key=lambda told: told[:2]):
        if kind == 2:
            listener.staged(at, one["stage"], one["text"])
        else:
            (listener.sampled, listener.judged)[kind](one)


def lines(receipt: Receipt) -> list[str]:
    stream = io.StringIO()
    tell(PlainRollout(stream), receipt)
    return stream.getvalue().splitlines()
