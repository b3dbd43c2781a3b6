"""Who is told, and what is said where nobody is."""

from __future__ import annotations

import pytest

from shipway.core.alarms.rule import Severity
from shipway.core.alarms.telling import telling, told
from shipway.core.errors import ConfigError
from shipway.core.settings.monitoring import Monitoring

BOTH = Monitoring(
    mail=("a@example.org", "b@example.org"), slack_workspace="T1", slack_channel="C1",
    warning=("slack",),
)  # fmt: skip


def test_each_severity_takes_its_ways() -> None:
    assert told(Severity.CRITICAL, BOTH) == ("a@example.org", "b@example.org", "Slack C1")
    assert told(Severity.WARNING, BOTH) == ("Slack C1",)
    assert telling(BOTH)[1] == "warning: Slack C1"


def test_that_nobody_is_told_is_said_aloud() -> None:
    for settings in (Monitoring(), Monitoring(mail=("a@example.org",), critical=("slack",))):
        assert "critical: NOBODY IS TOLD" in telling(settings)[0]


@pytest.mark.parametrize(
    ("settings", "missing"),
    [(Monitoring(slack_workspace="T1"), "slack_channel"),
     (Monitoring(slack_channel="C1"), "slack_workspace")],
)  # fmt: skip
def test_slack_needs_both_ids(settings: Monitoring, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"monitoring.{missing} is not set"):
        told(Severity.CRITICAL, settings)
