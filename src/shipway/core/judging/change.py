"""The release may have become worse at any time, by any factor: a bet on each, added up.

    S_r ← min(L_r^λ, e^cap)·(S_r + h),  h = w_r·(1 − START)·seconds/horizon,  S_r(0) = w_r·START

The sum of all S_r and of what is not yet spent is a nonnegative supermartingale that starts at 1
(Shiryaev 1963; Shin, Ramdas and Rinaldo 2022, "E-detectors"), so it reaches 1/α with a chance of
at most α, whenever one looks (Ville 1939). Smaller L keep that: the cap, which is there
so that one second cannot decide alone, and λ ≤ 1 (Jensen), which is there for bursts.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

ODDS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0)
WEIGHTS = (0.06, 0.09, 0.13, 0.16, 0.16, 0.16, 0.12, 0.07, 0.05)
START = 0.7  # of the stake is bet on "from the beginning"
CAP = 2.0  # nats a second
_LARGEST = 1e200

Bets = tuple[float, ...]


def first_bets() -> Bets:
    """The stakes at the start, in the order of ODDS."""
    return tuple(weight * START for weight in WEIGHTS)


def bet(bets: Bets, logs: Sequence[float], *, seconds: float, spent: float, power: float) -> Bets:
    """The bets after a window with these log likelihood ratios.

    spent: the share of later stakes, 0 to 1, that this window spends. power: λ.
    """
    cap = CAP * max(1.0, seconds)
    stake = (1.0 - START) * spent
    return tuple(
        min(exp(min(power * one, cap)) * (held + weight * stake), _LARGEST)
        for held, one, weight in zip(bets, logs, WEIGHTS, strict=True)
    )


def wealth(bets: Bets, spent: float) -> float:
    """The e-value: all bets and what is not spent; spent: of all windows so far, 0 to 1."""
    return sum(bets) + (1.0 - START) * (1.0 - spent)
