"""Headers that tell browsers what these pages never do."""

from flask import Flask, Response, request

from main import logs

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TRANSPORT = "max-age=31536000; includeSubDomains"


def register(app: Flask) -> None:
    """Put the headers on every response."""
    app.after_request(_harden)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _TRANSPORT)
    if response.status_code in (401, 403, 429):
        logs.security("refused", status=response.status_code, path=request.path)
    return response
