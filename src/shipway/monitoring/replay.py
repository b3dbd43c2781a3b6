"""What would have rung over recorded metrics."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from shipway.monitoring.alarm import AlarmRule, AlarmSeverity, MetricGroup, MissingData
from shipway.monitoring.composite_alarms import EXTENSION, WAIT, CompositeAlarm, composite_alarms

# The part of CloudWatch's metric math that the rules use, one period at a time.
#
# Source: "Using math expressions with CloudWatch metrics" in the CloudWatch user guide. What the
# rules use is pointwise: + - * /, comparisons (1 or 0), IF(condition, then, else) and
# FILL(metric, number). What is missing makes the outcome missing, except to FILL; so does a
# division by zero.

Values = Mapping[str, float | None]  # metric's id → its value in this period; None: no data
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def evaluate_expression(expression: str, values: Values) -> float | None:
    """The expression's value in one period; None where there is none.

    Raises ValueError for what the rules do not use, and for a metric that is not in `values`.
    """
    return _value(_parsed(expression), values)


@lru_cache(maxsize=256)
def _parsed(expression: str) -> ast.expr:
    try:
        return ast.parse(expression, mode="eval").body  # its syntax is a part of Python's
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no metric math: {error.msg}") from None


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _both(_ARITHMETIC[type(op)], left, right, values)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _both(_COMPARISONS[type(op)], left, right, values)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            truth = _value(condition, values)
            return None if truth is None else _value(then if truth else otherwise, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, instead]):
            value = _value(metric, values)
            return _value(instead, values) if value is None else value
    raise ValueError(f"metric math: {ast.unparse(node)!r} is not known here")


def _both(
    function: Callable[[float, float], float], left: ast.expr, right: ast.expr, values: Values
) -> float | None:
    value, other = _value(left, values), _value(right, values)
    if value is None or other is None:
        return None
    try:
        return float(function(value, other))
    except ZeroDivisionError:
        return None


# What CloudWatch makes of datapoints: an alarm's state, by the documented rules.
#
# Sources, in the CloudWatch user guide: "Evaluating an alarm" (M of N), "Configuring how CloudWatch
# alarms treat missing data" (the evaluation range, the two tables, premature transitions) and
# "Percentile-based CloudWatch alarms and low data samples".
#
# CloudWatch looks at more periods than an alarm has, and does not say at how many; the tables show
# five for an alarm of three. `EXTRA` is that difference.

EXTRA = 2
Series = Mapping[str, Sequence[float | None]]  # metric's id → a value a period, oldest first


class AlarmState(StrEnum):
    """An alarm's state, by CloudWatch's names."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT = "INSUFFICIENT_DATA"


def alarm_states(
    rule: AlarmRule, series: Series, *, samples: Sequence[int] = (), extra: int = EXTRA
) -> tuple[AlarmState, ...]:
    """The state after each period of a series, from a new alarm on.

    samples: of a percentile, how many measurements each period has; empty for enough.
    extra: periods that CloudWatch looks at beyond the alarm's own. Raises ValueError where the
    series lack one of the rule's metrics or differ in length.
    """
    points = evaluated_datapoints(rule, series)
    state = AlarmState.INSUFFICIENT
    states = []
    for end in range(1, len(points) + 1):
        if not (samples and has_too_few(rule, samples[end - 1])):
            window = points[max(0, end - rule.of - extra) : end]
            state = evaluate_alarm(rule, window, state)
        states.append(state)
    return tuple(states)


def evaluated_datapoints(rule: AlarmRule, series: Series) -> list[float | None]:
    """What the alarm looks at: the metric, or the expression over several. Raises as `play`."""
    columns = [series[metric.id] for metric in rule.metrics if metric.id in series]
    if len(columns) != len(rule.metrics) or len({len(column) for column in columns}) != 1:
        raise ValueError(f"{rule.name}: a series of one length for each metric is needed")
    if not rule.expression:
        return list(columns[0])
    ids = [metric.id for metric in rule.metrics]
    return [
        evaluate_expression(rule.expression, dict(zip(ids, row, strict=True)))
        for row in zip(*columns, strict=True)
    ]


def evaluate_alarm(
    rule: AlarmRule, window: Sequence[float | None], state: AlarmState
) -> AlarmState:
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
        return AlarmState.ALARM
    match rule.missing:
        case MissingData.NOT_BREACHING:
            return AlarmState.OK
        case MissingData.BREACHING:
            return _over(bad + rule.of - len(real) >= rule.datapoints)
        case MissingData.IGNORE:
            return state if bad == len(real) else AlarmState.OK
        case MissingData.MISSING:
            return _without(rule, real, bad)


def _without(rule: AlarmRule, real: Sequence[tuple[int, bool]], bad: int) -> AlarmState:
    """Missing data are just that: nothing at all is not enough; only bad ones, old enough, are."""
    if not real:
        return AlarmState.INSUFFICIENT
    oldest = real[-1][0]
    return _over(bad == len(real) and oldest >= rule.datapoints)


def _over(alarm: bool) -> AlarmState:
    return AlarmState.ALARM if alarm else AlarmState.OK


def has_too_few(rule: AlarmRule, samples: int) -> bool:
    """Whether a percentile of so many measurements says too little, and the alarm then waits.

    Too few are less than 10/(1-p) for percentiles p from 0.5 on, and less than 10/p below.
    """
    statistic = rule.metrics[0].statistic
    if rule.low_samples != "ignore" or not statistic.startswith("p"):
        return False
    share = float(statistic[1:]) / 100
    rare = 1 - share if share >= 0.5 else share
    return samples * rare < 10 * (1 - 1e-9)  # 1 - 0.99 is a little more than 0.01


# Who rings when, of several alarms: composites, and what keeps them quiet.
#
# Source: "Composite alarm action suppression" in the CloudWatch user guide. A composite that goes
# into ALARM while its suppressor is in ALARM does not ring. Otherwise it waits for it up to the
# wait period, then rings. When the suppressor leaves ALARM, it waits up to the extension period,
# then rings if it is still in ALARM.

States = Mapping[str, Sequence[AlarmState]]  # alarm → its state in each minute


@dataclass(frozen=True)
class AlarmMessage:
    """A message: in which minute, counted from 0, and which alarm sends it."""

    minute: int
    alarm: str
    severity: AlarmSeverity


def alarm_messages(
    rules: Sequence[AlarmRule], composites: Sequence[CompositeAlarm], states: States
) -> tuple[AlarmMessage, ...]:
    """The messages that people get, in order. states: of every rule, minute by minute."""
    histories: dict[str, Sequence[AlarmState]] = dict(states)
    for composite in composites:
        histories[composite.name] = _together(composite, histories)
    alerts = [
        AlarmMessage(minute, rule.name, rule.severity)
        for rule in rules
        if rule.group in (MetricGroup.ALONE, MetricGroup.EVENT)
        for minute in _starts(histories[rule.name])
    ]
    for composite in composites:
        quiet = histories.get(composite.suppressor, ()) if composite.suppressor else ()
        if composite.rings:
            alerts += [
                AlarmMessage(at, composite.name, composite.severity)
                for at in _rung(histories[composite.name], quiet)
            ]
    return tuple(sorted(alerts, key=lambda ring: (ring.minute, ring.alarm)))


def _together(composite: CompositeAlarm, states: States) -> list[AlarmState]:
    rows = zip(*(states[name] for name in composite.of), strict=True)
    return [AlarmState.ALARM if AlarmState.ALARM in row else AlarmState.OK for row in rows]


def _starts(states: Sequence[AlarmState]) -> list[int]:
    return [
        minute
        for minute, state in enumerate(states)
        if state is AlarmState.ALARM and (minute == 0 or states[minute - 1] is not AlarmState.ALARM)
    ]


def _rung(states: Sequence[AlarmState], quiet: Sequence[AlarmState]) -> list[int]:
    """The minutes in which a composite with this suppressor rings: once each time it is on."""
    if not quiet:
        return _starts(states)
    minutes = []
    due: int | None = None  # the minute in which it rings unless it is kept quiet until then
    for minute, state in enumerate(states):
        if state is not AlarmState.ALARM:
            due = None
            continue
        if minute == 0 or states[minute - 1] is not AlarmState.ALARM:
            due = minute + WAIT // 60
        if due is None:  # it has rung
            continue
        if quiet[minute] is AlarmState.ALARM:
            due = minute + EXTENSION // 60
        elif minute >= due:
            minutes.append(minute)
            due = None
    return minutes


@dataclass(frozen=True)
class AlarmPeriod:
    """An alarm was on. begin and end: minutes from the first one; end is None while it is on."""

    alarm: str
    begin: int
    end: int | None


@dataclass(frozen=True)
class AlarmReplay:
    """Which alarms were on, and which messages people would have got."""

    spells: tuple[AlarmPeriod, ...]
    rings: tuple[AlarmMessage, ...]


def replay_alarms(rules: Sequence[AlarmRule], recorded: Mapping[str, Series]) -> AlarmReplay:
    """Play every rule over its series, which begin together.

    recorded: rule's name → its metrics' series. Raises ValueError as `evaluation.play` does.
    """
    states = {
        rule.name: _by_minute(rule, alarm_states(rule, recorded[rule.name])) for rule in rules
    }
    length = max((len(row) for row in states.values()), default=0)
    # All begin together; one with long periods has its last state until the next one ends.
    aligned = {name: row + row[-1:] * (length - len(row)) for name, row in states.items()}
    spells = [spell for name, row in aligned.items() for spell in _spells(name, row)]
    return AlarmReplay(
        tuple(sorted(spells, key=lambda spell: (spell.begin, spell.alarm))),
        alarm_messages(rules, composite_alarms(rules), aligned),
    )


def _by_minute(rule: AlarmRule, states: Sequence[AlarmState]) -> list[AlarmState]:
    """The state in each minute: what a period gave is known when it has ended."""
    minutes = rule.period // 60
    return [
        states[at // minutes - 1] if at >= minutes else AlarmState.INSUFFICIENT
        for at in range(1, len(states) * minutes + 1)
    ]


def _spells(name: str, states: Sequence[AlarmState]) -> list[AlarmPeriod]:
    spells: list[AlarmPeriod] = []
    begin: int | None = None
    for minute, state in enumerate(states):
        if state is AlarmState.ALARM and begin is None:
            begin = minute
        elif state is not AlarmState.ALARM and begin is not None:
            spells.append(AlarmPeriod(name, begin, minute))
            begin = None
    return spells if begin is None else [*spells, AlarmPeriod(name, begin, None)]
