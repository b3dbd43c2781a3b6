"""Who gets messages of which severity."""

from __future__ import annotations

from shipway.core.alarms.rule import Severity
from shipway.core.errors import ConfigError
from shipway.core.settings.monitoring import Monitoring


def told(severity: Severity, settings: Monitoring) -> tuple[str, ...]:
    """The addresses and the Slack channel that messages of this severity reach.

    Raises ConfigError where Slack's workspace or channel is missing.
    """
    if bool(settings.slack_workspace) != bool(settings.slack_channel):
        missing = "slack_channel" if settings.slack_workspace else "slack_workspace"
        raise ConfigError(
            f"monitoring.{missing} is not set: Slack needs both ids",
            "Set it (Slack shows the ids in a channel's link), or take the other one out.",
        )
    ways = settings.critical if severity is Severity.CRITICAL else settings.warning
    mail = settings.mail if "mail" in ways else ()
    slack = "slack" in ways and settings.slack_channel
    return (*mail, slack_channel(settings)) if slack else mail


def slack_channel(settings: Monitoring) -> str:
    """What Slack's channel is called here."""
    return f"Slack {settings.slack_channel}"


def telling(settings: Monitoring) -> list[str]:
    """The same in words, a line a severity."""
    lines = []
    for severity in Severity:
        reached = ", ".join(told(severity, settings))
        lines.append(
            f"{severity}: {reached}" if reached
            else f"{severity}: NOBODY IS TOLD; set monitoring.mail, or Slack's ids"
        )  # fmt: skip
    return lines
