"""`[notify]`: who is told of rollouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Gt, Le

from shipway.core.settings.closed import Closed

EventName = Literal["started", "deployed", "rolled back", "held", "failed"]


@dataclass(frozen=True)
class Notify(Closed):
    """Messages about rollouts, to Slack and to any webhook. Addresses and secrets stay outside:
    the settings name the variables that hold them.

    slack: variable with the address of an incoming webhook. slack_token: variable with a bot
    token (scope chat:write), which posts to slack_channel. slack_channel: a channel's name or id.
    webhook: variable with the address that gets every message as JSON. webhook_secret: variable
    with the secret that signs them (header webhook-signature, as Standard Webhooks has it).
    events: which events are told. environments: environment → its events, instead of those.
    timeout: seconds that telling may take, all attempts together.
    """

    slack: str = ""
    slack_token: str = ""
    slack_channel: str = ""
    webhook: str = ""
    webhook_secret: str = ""
    events: tuple[EventName, ...] = ("started", "deployed", "rolled back", "held", "failed")
    environments: dict[str, tuple[EventName, ...]] = field(default_factory=dict)
    timeout: Annotated[float, Gt(0), Le(300)] = 30.0

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that hold something secret."""
        named = (self.slack, self.slack_token, self.webhook, self.webhook_secret)
        return tuple(name for name in named if name)
