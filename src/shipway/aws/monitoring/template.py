"""The monitoring stack's whole template, as data.

It is made from core/alarms and not written by hand: two dozen alarms of one shape are read more
easily as their list (`shipway monitor show ENV`) than as 900 lines of YAML, and the list is what
the evaluation in tests plays. `shipway monitor show ENV --template` prints it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from shipway.aws.monitoring import dashboard, events, filters, queries, topics
from shipway.aws.monitoring.alarms import alarm_name, alarms
from shipway.aws.monitoring.naming import Resource
from shipway.aws.template import LIMIT
from shipway.core.alarms.catalogue import catalogue
from shipway.core.alarms.composite import Composite, composites
from shipway.core.alarms.place import Place, place
from shipway.core.alarms.rule import Rule
from shipway.core.config import Environment
from shipway.core.errors import ConfigError
from shipway.core.naming import Names


@dataclass(frozen=True)
class Watch:
    """Everything that is watched in one environment, without AWS.

    with_database: whether it has one to watch.
    """

    names: Names
    environment: Environment
    with_database: bool = True

    @property
    def place(self) -> Place:
        """Where its metrics are."""
        return place(self.names, self.environment.ecs)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The alarms. Raises ConfigError for settings that name none.

        Where a schedule stops everything at night, silence is no alarm.
        """
        settings = self.environment.monitoring
        if self.environment.infrastructure.schedule.stop:
            settings = replace(settings, always_on=False)
        return catalogue(self.place, settings, with_database=self.with_database)

    @property
    def composites(self) -> tuple[Composite, ...]:
        """What rings for several."""
        return composites(self.rules)


def template(watch: Watch) -> dict[str, Any]:
    """The template. Its parameters are what only the account knows (core/alarms/place.py)."""
    settings, where = watch.environment.monitoring, watch.place
    resources: dict[str, Resource] = {
        **topics.topics(where.prefix, settings, watch.names.slack_role),
        **events.events(where, watch.names.secret("")),
        **filters.filters(where),
        **alarms(where, watch.rules, watch.composites, settings.runbooks),
        **queries.queries(where),
    }
    if settings.dashboard:
        names = [*(one.name for one in watch.composites), *(rule.name for rule in watch.rules)]
        shown = [alarm_name(where, name) for name in names]
        resources["Dashboard"] = dashboard.dashboard(
            where, shown, settings.business, database=watch.with_database
        )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Monitoring of {where.prefix}. Made by Shipway: shipway monitor apply.",
        "Parameters": _parameters(watch),
        "Resources": resources,
    }


def text(watch: Watch) -> str:
    """The template as it is sent. Raises ConfigError where it is too large for that."""
    made = json.dumps(template(watch), separators=(",", ":"))
    size = len(made.encode())
    if size > LIMIT:
        raise ConfigError(
            f"the monitoring stack's template has {size} bytes, the most is {LIMIT}",
            "Draw fewer metrics (monitoring.business), or set monitoring.dashboard to false.",
        )
    return made


def _parameters(watch: Watch) -> dict[str, Resource]:
    described = {
        "LoadBalancer": "The load balancer, as metrics name it: app/NAME/ID",
        "Blue": "The first target group, as metrics name it: targetgroup/NAME/ID",
        "Green": "The other target group",
    }
    if watch.with_database:
        described["Database"] = "The database's identifier in RDS"
    return {name: {"Type": "String", "Description": words} for name, words in described.items()}
