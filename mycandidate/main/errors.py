"""Errors: problem+json (RFC 9457) for programs below /api/v1, a page for people elsewhere."""

from typing import Any

from flask import Flask, Response, json, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from main.ward_query import BadQuery

API_PREFIX = "/api/v1"

# What to do next, for people; the status alone helps nobody.
ADVICE = {
    400: ("We cannot use this address", "Something in the address is not valid."),
    404: ("This page does not exist", "Check the address, or search for your ward."),
    405: ("This cannot be done here", "The page exists, but not for this kind of request."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: ("Something went wrong on our side", "Try again in a moment. We have a note of it."),
}


def register(app: Flask) -> None:
    """Answer every error of `app`, also the ones outside any blueprint."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(BadQuery, _answer_bad_query)


def _answer(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    detail = _detail(error)
    response = _problem(status, detail) if _for_programs() else _page(status, detail)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _answer_bad_query(error: BadQuery) -> Response:
    problems = [
        {"parameter": problem.parameter, "detail": problem.detail} for problem in error.problems
    ]
    return _problem(400, str(error), errors=problems)


def _for_programs() -> bool:
    return request.path == API_PREFIX or request.path.startswith(f"{API_PREFIX}/")


def _detail(error: HTTPException) -> str:
    """What the visitor is told. Only messages written by us for this very error pass through."""
    status = error.code or 500
    advice = ADVICE.get(status, ("", ""))[1]
    if isinstance(error, RateLimitExceeded):
        return f"At most {error.description} are answered. {advice}"
    written_by_us = status < 500 and error.description not in (None, type(error).description)
    return str(error.description) if written_by_us else advice


def _problem(status: int, detail: str, **more: Any) -> Response:
    problem = {
        # The status says it all; RFC 9457 has this type for exactly that.
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(status, "Error"),
        "status": status,
        "detail": detail or HTTP_STATUS_CODES.get(status, "Error"),
        "instance": request.path,
    }
    response = Response(
        json.dumps(problem | more), status=status, mimetype="application/problem+json"
    )
    return _not_kept(response)


def _page(status: int, detail: str) -> Response:
    title = ADVICE.get(status, (HTTP_STATUS_CODES.get(status, "Error"), ""))[0]
    html = render_template("error.html", status=status, title=title, detail=detail)
    return _not_kept(make_response(html, status))


def _not_kept(response: Response) -> Response:
    response.cache_control.no_store = True
    return response
