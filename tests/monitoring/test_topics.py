"""Who is told, and what is said where nobody is."""

from __future__ import annotations

import pytest

from shipway.config.aws import Monitoring
from shipway.errors import ConfigError
from shipway.monitoring.alarm import AlarmSeverity
from shipway.monitoring.topics import recipient_lines, recipients

BOTH = Monitoring(
    mail=("a@example.org", "b@example.org"),
    slack_workspace="T1",
    slack_channel="C1",
    warning=("slack",),
)


def test_each_severity_takes_its_ways() -> None:
    assert recipients(AlarmSeverity.CRITICAL, BOTH) == (
        "a@example.org",
        "b@example.org",
        "Slack C1",
    )
    assert recipients(AlarmSeverity.WARNING, BOTH) == ("Slack C1",)
    assert recipient_lines(BOTH)[1] == "warning: Slack C1"


def test_that_nobody_is_told_is_said_aloud() -> None:
    for settings in (Monitoring(), Monitoring(mail=("a@example.org",), critical=("slack",))):
        assert "critical: NOBODY IS TOLD" in recipient_lines(settings)[0]


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (Monitoring(slack_workspace="T1"), "slack_channel"),
        (Monitoring(slack_channel="C1"), "slack_workspace"),
    ],
)
def test_slack_needs_both_ids(settings: Monitoring, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"monitoring.{missing} is not set"):
        recipients(AlarmSeverity.CRITICAL, settings)
