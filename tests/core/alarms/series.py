"""Rules and metric series to play, minute by minute."""

from __future__ import annotations

from dataclasses import replace

from shipway.core.alarms.catalogue import catalogue
from shipway.core.alarms.place import Place
from shipway.core.alarms.rule import Comparison, Group, Metric, Missing, Rule, Severity
from shipway.core.settings.monitoring import Monitoring

PLACE = Place("web-production", "web-production", "web", "/web/production/web", "web/production")
EVERYTHING = Monitoring(least_traffic=100)
RULES = {rule.name: rule for rule in catalogue(PLACE, EVERYTHING)}


def plain(datapoints: int, of: int, missing: Missing, **more: object) -> Rule:
    """A rule over one metric that rings from 1 on."""
    rule = Rule(
        "plain", Severity.WARNING, Group.ALONE, "", "", (Metric("m", "N", "M", (), "Sum"),), 1.0,
        Comparison.AT_LEAST, datapoints=datapoints, of=of, missing=missing,
    )  # fmt: skip
    return replace(rule, **more)  # type: ignore[arg-type]  # each is a field of Rule


def points(drawn: str) -> list[float | None]:
    """`0 - X`: good, missing, bad; oldest first, as the user guide draws them."""
    values: dict[str, float | None] = {"0": 0.0, "-": None, "X": 1.0}
    return [values[one] for one in drawn.split()]
