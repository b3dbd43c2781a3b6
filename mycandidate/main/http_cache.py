"""HTTP caching of responses: ETag, Cache-Control and 304."""

from flask import Response, request

MAX_AGE_SECONDS = 60
MAX_AGE_IMMUTABLE_SECONDS = 31_536_000


def cacheable(response: Response) -> Response:
    """Let browsers and proxies cache the response for a minute, then revalidate it by ETag."""
    response.add_etag()
    return _with_max_age(response, MAX_AGE_SECONDS)


def immutable(response: Response) -> Response:
    """Let browsers and proxies cache the response for a year: its URL has a digest of it."""
    response.cache_control.immutable = True
    return _with_max_age(response, MAX_AGE_IMMUTABLE_SECONDS)


def _with_max_age(response: Response, seconds: int) -> Response:
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    response.make_conditional(request)  # modifies the response in place
    return response
