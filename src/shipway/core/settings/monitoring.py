"""`[environments.NAME.monitoring]`: who is told of what, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, MultipleOf

from shipway.core.settings.closed import Closed, Count

Way = Literal["mail", "slack"]


@dataclass(frozen=True)
class AlarmSettings(Closed):
    """What is different about one alarm; what is not set stays as core/alarms has it.

    threshold: in the alarm's own unit (`shipway monitor show` names it). It rings when
    `datapoints` of the last `of` periods, of `period` seconds each, are beyond it.
    """

    threshold: float | None = None
    period: Annotated[int, Ge(60), MultipleOf(60)] | None = None
    datapoints: Annotated[int, Ge(1)] | None = None
    of: Annotated[int, Ge(1)] | None = None
    severity: Literal["critical", "warning"] | None = None
    off: bool = False


@dataclass(frozen=True)
class Monitoring(Closed):
    """The alarms and the dashboard of one environment.

    mail: addresses; each gets a message once that it has to confirm. slack_workspace and
    slack_channel: Slack's ids (T…, C…). critical, warning: the ways that messages of this
    severity take. always_on: tasks and database run day and night, so that no data is an alarm.
    least_traffic: fewer requests an hour than this are an alarm; 0 for none. runbooks: the address
    that the names of runbooks are appended to. encrypted: messages are encrypted with a key of
    their own ($1 a month). dashboard: $3 a month beyond an account's first three. business:
    metrics of the application's own to draw, each with its dimensions. alarms: name → settings.
    """

    mail: tuple[str, ...] = ()
    slack_workspace: str = ""
    slack_channel: str = ""
    critical: tuple[Way, ...] = ("mail", "slack")
    warning: tuple[Way, ...] = ("mail", "slack")
    always_on: bool = True
    least_traffic: Count = 0
    runbooks: str = ""
    encrypted: bool = True
    dashboard: bool = True
    business: dict[str, tuple[str, ...]] = field(default_factory=dict)
    alarms: dict[str, AlarmSettings] = field(default_factory=dict)
