"""How long to wait before another attempt. Pure: chance and time are given."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256

from shipway.config.tables import Notify
from shipway.notifications.notice import Notice
from shipway.notifications.slack import slack_message
from shipway.ports import Delivery, WebhookRequest

# Signs what a webhook gets, so that its receiver knows who sent it and that nobody changed it.

_PREFIX = "whsec_"


def signed_headers(body: bytes, secret: str, at: float) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0 (standardwebhooks.com, "Signature scheme").

    secret: `whsec_` and base64, as that has it; anything else is taken as it stands (UTF-8).
    at: seconds since the epoch; receivers refuse what is old. The id is the body's digest: an
    attempt that is made again has the same one, so that a receiver can leave out the second.
    """
    name, moment = f"msg_{sha256(body).hexdigest()[:32]}", str(int(at))
    return {
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": webhook_signature(name, moment, body, secret),
    }


def webhook_signature(name: str, moment: str, body: bytes, secret: str) -> str:
    """The signature of version 1: HMAC-SHA256 over `id.timestamp.body`."""
    content = b".".join((name.encode(), moment.encode(), body))
    return "v1," + b64encode(hmac.digest(_key(secret), content, "sha256")).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            pass  # no base64: somebody's own words
    return secret.encode()


# A notice as letters: one for each place that `[notify]` names.

_POST = "https://slack.com/api/chat.postMessage"
_JSON = {"content-type": "application/json; charset=utf-8", "user-agent": "shipway"}


def webhook_requests(
    notice: Notice, settings: Notify, environment: Mapping[str, str]
) -> Iterator[WebhookRequest | Delivery]:
    """A letter for each place; a delivery that failed where a variable is not set."""
    for channel, variable in (
        ("slack", settings.slack),
        ("slack token", settings.slack_token),
        ("webhook", settings.webhook),
    ):
        if not variable:
            continue
        value = environment.get(variable, "").strip()
        if not value:
            yield Delivery(channel, f"the variable {variable} is not set")
        elif channel == "slack":
            yield WebhookRequest(channel, value, slack_message(notice), _JSON)
        elif channel == "slack token":
            head = {**_JSON, "authorization": f"Bearer {value}"}
            body = slack_message(notice, settings.slack_channel)
            yield WebhookRequest(channel, _POST, body, head, expects_ok=True)
        else:
            yield _signed(notice, value, settings.webhook_secret, environment)


def _signed(
    notice: Notice, url: str, variable: str, environment: Mapping[str, str]
) -> WebhookRequest | Delivery:
    body = json.dumps(notice.to_dict(), separators=(",", ":")).encode()
    if not variable:
        return WebhookRequest("webhook", url, body, _JSON)
    secret = environment.get(variable, "").strip()
    if not secret:  # unsigned, its receiver could not tell it from a forgery
        return Delivery("webhook", f"the variable {variable} is not set")
    return WebhookRequest(
        "webhook", url, body, {**_JSON, **signed_headers(body, secret, notice.at)}
    )
