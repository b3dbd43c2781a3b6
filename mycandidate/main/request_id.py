"""Every request has an id, and every response says it with the release."""

import re
import uuid

from flask import Flask, Response, current_app, g, request

from main import logs

# Anything else could smuggle something into logs and headers.
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register(app: Flask) -> None:
    """Give each request an id and each response its headers."""
    app.before_request(_take)
    app.after_request(_tell)


def _take() -> None:
    given = request.headers.get("X-Request-Id", "")
    accepted = _SAFE.fullmatch(given)
    g.request_id = given if accepted else uuid.uuid4().hex
    if given and not accepted:
        logs.security("request id refused", length=len(given))


def _tell(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id") or uuid.uuid4().hex
    response.headers["X-Release"] = current_app.config["RELEASE"]
    return response
