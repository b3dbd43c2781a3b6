"""Adds a request ID to every request, and the request ID and the release to every response."""

import re
import uuid

from flask import Flask, Response, current_app, g, request

from main import logs

# Any other character could be used to inject text into logs and headers.
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def init_app(app: Flask) -> None:
    """Set `g.request_id`, and add the X-Request-Id and X-Release headers to responses."""
    app.before_request(_set_request_id)
    app.after_request(_add_headers)


def _set_request_id() -> None:
    """Accept the client's request ID if it is valid, otherwise generate one."""
    client_id = request.headers.get("X-Request-Id", "")
    is_valid = _VALID_ID.fullmatch(client_id) is not None
    g.request_id = client_id if is_valid else uuid.uuid4().hex
    if client_id and not is_valid:
        logs.log_security_event("request id refused", length=len(client_id))


def _add_headers(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id") or uuid.uuid4().hex
    response.headers["X-Release"] = current_app.config["RELEASE"]
    return response
