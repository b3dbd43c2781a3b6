"""A notice as letters: one for each place that `[notify]` names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from shipway.core.notice import Notice
from shipway.core.ports import Delivery, Letter
from shipway.core.settings.notify import Notify
from shipway.core.signing import signed
from shipway.outputs.notice_slack import slack_message

_POST = "https://slack.com/api/chat.postMessage"
_JSON = {"content-type": "application/json; charset=utf-8", "user-agent": "shipway"}


def letters(
    notice: Notice, settings: Notify, environment: Mapping[str, str]
) -> Iterator[Letter | Delivery]:
    """A letter for each place; a delivery that failed where a variable is not set."""
    for channel, variable in (("slack", settings.slack), ("slack token", settings.slack_token),
                              ("webhook", settings.webhook)):  # fmt: skip
        if not variable:
            continue
        value = environment.get(variable, "").strip()
        if not value:
            yield Delivery(channel, f"the variable {variable} is not set")
        elif channel == "slack":
            yield Letter(channel, value, slack_message(notice), _JSON)
        elif channel == "slack token":
            head = {**_JSON, "authorization": f"Bearer {value}"}
            body = slack_message(notice, settings.slack_channel)
            yield Letter(channel, _POST, body, head, answers_ok=True)
        else:
            yield _signed(notice, value, settings.webhook_secret, environment)


def _signed(
    notice: Notice, url: str, variable: str, environment: Mapping[str, str]
) -> Letter | Delivery:
    body = json.dumps(notice.to_dict(), separators=(",", ":")).encode()
    if not variable:
        return Letter("webhook", url, body, _JSON)
    secret = environment.get(variable, "").strip()
    if not secret:  # unsigned, its receiver could not tell it from a forgery
        return Delivery("webhook", f"the variable {variable} is not set")
    return Letter("webhook", url, body, {**_JSON, **signed(body, secret, notice.at)})
