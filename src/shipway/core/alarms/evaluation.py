"""What CloudWatch makes of datapoints: an alarm's state, by the documented rules.

Sources, in the CloudWatch user guide: "Evaluating an alarm" (M of N), "Configuring how CloudWatch
alarms treat missing data" (the evaluation range, the two tables, premature transitions) and
"Percentile-based CloudWatch alarms and low data samples".

CloudWatch looks at more periods than an alarm has, and does not say at how many; the tables show
five for an alarm of three. `EXTRA` is that difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from shipway.core.alarms import math
from shipway.core.alarms.rule import Missing, Rule

EXTRA = 2

Series = Mapping[str, Sequence[float | None]]  # metric's id → a value a period, oldest first


class State(StrEnum):
    """An alarm's state, by CloudWatch's names."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT = "INSUFFICIENT_DATA"


def play(
    rule: Rule, series: Series, *, samples: Sequence[int] = (), extra: int = EXTRA
) -> tuple[State, ...]:
    """The state after each period of a series, from a new alarm on.

    samples: of a percentile, how many measurements each period has; empty for enough.
    extra: periods that CloudWatch looks at beyond the alarm's own. Raises ValueError where the
    series lack one of the rule's metrics or differ in length.
    """
    points = datapoints(rule, series)
    state = State.INSUFFICIENT
    states = []
    for end in range(1, len(points) + 1):
        if not (samples and too_few(rule, samples[end - 1])):
            window = points[max(0, end - rule.of - extra) : end]
            state = evaluate(rule, window, state)
        states.append(state)
    return tuple(states)


def datapoints(rule: Rule, series: Series) -> list[float | None]:
    """What the alarm looks at: the metric, or the expression over several. Raises as `play`."""
    columns = [series[metric.id] for metric in rule.metrics if metric.id in series]
    if len(columns) != len(rule.metrics) or len({len(column) for column in columns}) != 1:
        raise ValueError(f"{rule.name}: a series of one length for each metric is needed")
    if not rule.expression:
        return list(columns[0])
    ids = [metric.id for metric in rule.metrics]
    return [
        math.value(rule.expression, dict(zip(ids, row, strict=True)))
        for row in zip(*columns, strict=True)
    ]


def evaluate(rule: Rule, window: Sequence[float | None], state: State) -> State:
    """The state after the evaluation range `window` (oldest first, None for no data)."""
    real = [
        (age, rule.breaching(value))
        for age, value in enumerate(reversed(window), 1)
        if value is not None
    ]
    if len(real) >= rule.of:  # enough: how missing data counts does not matter
        return _over(sum(bad for _, bad in real[: rule.of]) >= rule.datapoints)
    bad = sum(breaching for _, breaching in real)
    if bad >= rule.datapoints:
        return State.ALARM
    match rule.missing:
        case Missing.NOT_BREACHING:
            return State.OK
        case Missing.BREACHING:
            return _over(bad + rule.of - len(real) >= rule.datapoints)
        case Missing.IGNORE:
            return state if bad == len(real) else State.OK
        case Missing.MISSING:
            return _without(rule, real, bad)


def _without(rule: Rule, real: Sequence[tuple[int, bool]], bad: int) -> State:
    """Missing data are just that: nothing at all is not enough; only bad ones, old enough, are."""
    if not real:
        return State.INSUFFICIENT
    oldest = real[-1][0]
    return _over(bad == len(real) and oldest >= rule.datapoints)


def _over(alarm: bool) -> State:
    return State.ALARM if alarm else State.OK


def too_few(rule: Rule, samples: int) -> bool:
    """Whether a percentile of so many measurements says too little, and the alarm then waits.

    Too few are less than 10/(1-p) for percentiles p from 0.5 on, and less than 10/p below.
    """
    statistic = rule.metrics[0].statistic
    if rule.low_samples != "ignore" or not statistic.startswith("p"):
        return False
    share = float(statistic[1:]) / 100
    rare = 1 - share if share >= 0.5 else share
    return samples * rare < 10 * (1 - 1e-9)  # 1 - 0.99 is a little more than 0.01
