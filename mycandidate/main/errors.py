"""Error responses: problem details (RFC 9457) from the API, an HTML page elsewhere."""

from typing import NotRequired, TypedDict

from flask import Flask, Response, json, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from main.languages import gettext, lazy_gettext
from main.query_parameters import InvalidQuery

API_PREFIX = "/api/v1"

# A title, and what the visitor can do next.
ADVICE = {
    400: (
        lazy_gettext("We cannot use this address"),
        lazy_gettext("Something in the address is not valid."),
    ),
    404: (
        lazy_gettext("This page does not exist"),
        lazy_gettext("Check the address, or search for your ward."),
    ),
    405: (
        lazy_gettext("This cannot be done here"),
        lazy_gettext("The page exists, but not for this kind of request."),
    ),
    429: (lazy_gettext("Too many requests"), lazy_gettext("Wait a minute, then try again.")),
    500: (
        lazy_gettext("Something went wrong on our side"),
        lazy_gettext("Try again in a moment. We have a note of it."),
    ),
}


class ParameterError(TypedDict):
    """An invalid query parameter."""

    parameter: str
    detail: str


class ProblemDetails(TypedDict):
    """The body of an error response of the API."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: NotRequired[list[ParameterError]]


def init_app(app: Flask) -> None:
    """Handle all HTTP errors of `app`, including those outside of a blueprint."""
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(InvalidQuery, _handle_invalid_query)


def _handle_http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    detail = _detail(error)
    if _is_api_request():
        response = _problem_response(_problem_details(status, detail))
    else:
        response = _error_page(status, detail)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _handle_invalid_query(error: InvalidQuery) -> Response:
    problem = _problem_details(400, str(error))
    problem["errors"] = [
        {"parameter": invalid.parameter, "detail": invalid.detail} for invalid in error.errors
    ]
    return _problem_response(problem)


def _is_api_request() -> bool:
    return request.path == API_PREFIX or request.path.startswith(f"{API_PREFIX}/")


def _detail(error: HTTPException) -> str:
    """The explanation for the visitor: the application's own description, or else the advice."""
    status = error.code or 500
    advice = str(ADVICE.get(status, ("", ""))[1])
    if isinstance(error, RateLimitExceeded):
        limit = gettext("At most %(limit)s are answered.", limit=error.description)
        return f"{limit} {advice}"
    # The description of a server error can contain internal details. A default description is
    # Werkzeug's, not ours.
    has_own_description = error.description not in (None, type(error).description)
    return str(error.description) if status < 500 and has_own_description else advice


def _problem_details(status: int, detail: str) -> ProblemDetails:
    title = HTTP_STATUS_CODES.get(status, "Error")
    return {
        # RFC 9457: the problem has no more meaning than its status code.
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": request.path,
    }


def _problem_response(problem: ProblemDetails) -> Response:
    response = Response(
        json.dumps(problem), status=problem["status"], mimetype="application/problem+json"
    )
    return _without_caching(response)


def _error_page(status: int, detail: str) -> Response:
    title = ADVICE.get(status, (HTTP_STATUS_CODES.get(status, "Error"), ""))[0]
    html = render_template("error.html", status=status, title=str(title), detail=detail)
    return _without_caching(make_response(html, status))


def _without_caching(response: Response) -> Response:
    response.cache_control.no_store = True
    return response
