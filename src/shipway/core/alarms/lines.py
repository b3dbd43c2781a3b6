"""What the application's log tells: errors, and who tries what they may not."""

from __future__ import annotations

from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Group, Metric, Rule, Severity

ERRORS = "LogErrors"
SECRET_DENIED = "SecretAccessDenied"
REFUSED = {401: "Refused401", 403: "Refused403", 429: "Refused429"}
_MEANT = {
    401: ("Many requests without valid credentials: somebody may be guessing them.", 50.0),
    403: ("Many requests for what is forbidden: somebody may be looking for a way in.", 50.0),
    429: ("Many requests beyond the rate limit: somebody scrapes us, or wants us down.", 200.0),
}


def lines(place: Place) -> tuple[Rule, ...]:
    """The rules."""
    return (
        Rule(
            "log-errors", Severity.WARNING, Group.DEGRADED,
            "The application logs errors that nobody handled.",
            "lines", (_counted(place, ERRORS),), 5.0, period=300, datapoints=1, of=1,
        ),
        *(_burst(place, status) for status in REFUSED),
        Rule(
            "secret-denied", Severity.CRITICAL, Group.ALONE,
            "Somebody without permission asked for one of this environment's secrets.",
            "attempts", (_counted(place, SECRET_DENIED),), 1.0, period=300, datapoints=1, of=1,
        ),
    )  # fmt: skip


def _burst(place: Place, status: int) -> Rule:
    meaning, threshold = _MEANT[status]
    return Rule(
        f"burst-of-{status}", Severity.WARNING, Group.SECURITY, meaning,
        "requests", (_counted(place, REFUSED[status]),), threshold,
        period=300, datapoints=1, of=1,
    )  # fmt: skip


def _counted(place: Place, name: str) -> Metric:
    return Metric("counted", place.namespace, name, (), "Sum")
