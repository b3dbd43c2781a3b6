"""All alarms of one environment, as its settings want them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from shipway.core.alarms.database import database
from shipway.core.alarms.lines import lines
from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Group, Rule, Severity
from shipway.core.alarms.tasks import tasks
from shipway.core.alarms.traffic import traffic
from shipway.core.errors import ConfigError
from shipway.core.settings.monitoring import AlarmSettings, Monitoring

_LONGEST = 86_400  # seconds that the periods of an alarm may take together (PutMetricAlarm)


def catalogue(
    place: Place, settings: Monitoring, *, with_database: bool = True
) -> tuple[Rule, ...]:
    """The alarms that are on.

    Raises ConfigError when the settings name an alarm that does not exist, or ask for more
    datapoints than periods.
    """
    on = settings.always_on
    rules = [
        *traffic(always_on=on, least_traffic=settings.least_traffic),
        *tasks(place, always_on=on),
        *(database(always_on=on) if with_database else ()),
        *lines(place),
    ]
    _known(settings.alarms, names())
    return tuple(
        _changed(rule, settings.alarms.get(rule.name, AlarmSettings()))
        for rule in rules
        if not settings.alarms.get(rule.name, AlarmSettings()).off
    )


def names() -> tuple[str, ...]:
    """The name of every alarm there may be; each has a runbook of this name."""
    anywhere = Place("", "", "", "", "")
    rules = (
        *traffic(always_on=True, least_traffic=1),
        *tasks(anywhere, always_on=True),
        *database(always_on=True),
        *lines(anywhere),
    )
    return tuple(rule.name for rule in rules)


def _known(wanted: Iterable[str], known: tuple[str, ...]) -> None:
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"monitoring.alarms.{name}: there is no such alarm.{hint}",
                f"Name one of {', '.join(known)}.",
            )


def _changed(rule: Rule, settings: AlarmSettings) -> Rule:
    severity = Severity(settings.severity) if settings.severity else rule.severity
    changed = replace(
        rule,
        severity=severity,
        # Its composite has the severity of the others: what differs rings by itself.
        group=rule.group if severity is rule.severity else Group.ALONE,
        threshold=rule.threshold if settings.threshold is None else settings.threshold,
        period=settings.period or rule.period,
        of=settings.of or rule.of,
        datapoints=settings.datapoints or min(rule.datapoints, settings.of or rule.of),
    )
    if changed.datapoints > changed.of:
        raise ConfigError(
            f"monitoring.alarms.{rule.name}: {changed.datapoints} of {changed.of} periods"
            " can never be",
            f"Set datapoints to {changed.of} or less, or of to {changed.datapoints} or more.",
        )
    if changed.of * changed.period > _LONGEST:
        raise ConfigError(
            f"monitoring.alarms.{rule.name}: {changed.of} periods of {changed.period} s"
            " are too long",
            "CloudWatch looks back one day at the most: fewer periods, or shorter ones.",
        )
    return changed
