"""A job in GitHub Actions as AWS knows it: its token, and new credentials from it.

Sources: GitHub, "OpenID Connect reference"; AWS STS, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from shipway.errors import Unreachable
from shipway.ports import Http

AUDIENCE = "sts.amazonaws.com"
_LIMIT = 10.0  # seconds that GitHub has for a token


@dataclass(frozen=True)
class WebIdentity:
    """Where a job asks for its token. role: the one to take on with it, "" for none."""

    url: str
    bearer: str = field(repr=False)
    role: str = ""


def web_identity(environment: Mapping[str, str]) -> WebIdentity | None:
    """The identity of this job; None where it may not ask for a token (`id-token: write`)."""
    url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not (url and bearer):
        return None
    return WebIdentity(url, bearer, environment.get("AWS_ROLE_ARN", ""))


def identity_token(identity: WebIdentity, http: Http) -> str:
    """A token of the job, which is good for some minutes and is secret. Raises Unreachable."""
    separator = "&" if "?" in identity.url else "?"
    answer = http.get(
        f"{identity.url}{separator}audience={AUDIENCE}",
        timeout=_LIMIT,
        headers={"Authorization": f"bearer {identity.bearer}"},
    )
    try:
        token = json.loads(answer.body)["value"]
    except (ValueError, KeyError, TypeError):
        token = ""
    if answer.status != 200 or not isinstance(token, str) or not token:
        raise Unreachable(
            f"GitHub answered {answer.status} to the question for this job's token",
            "See whether the job has the permission id-token: write.",
            code="github-refused",
        )
    return token


def token_subject(token: str) -> str:
    """The subject (`sub`) that a token claims; "" where it cannot be read. Nothing is verified:
    that is AWS's part."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (IndexError, ValueError, KeyError, TypeError):
        return ""
