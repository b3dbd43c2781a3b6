"""Answers that browsers and proxies may keep: ETag, Cache-Control, 304."""

from flask import Response, request

SECONDS = 60
FOREVER = 31_536_000


def kept_briefly(response: Response) -> Response:
    """Let anybody keep this answer for a minute and ask afterwards whether it changed."""
    response.add_etag()
    return _keep(response, SECONDS)


def kept_forever(response: Response) -> Response:
    """For an address that carries a digest of its content: it can never go stale."""
    response.cache_control.immutable = True
    return _keep(response, FOREVER)


def _keep(response: Response, seconds: int) -> Response:
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    response.make_conditional(request)  # changes the response itself
    return response
