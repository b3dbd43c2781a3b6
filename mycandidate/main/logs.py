"""Logs as JSON lines on standard output, of five kinds: app, access, error, security, metrics.

JSON escapes line breaks, so that nothing a client sends can forge a line. Query strings and
addresses of clients are personal: they are not logged.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from main.settings import Settings

_access = logging.getLogger("main.access")
_security = logging.getLogger("main.security")
_metrics = logging.getLogger("main.metrics")
_QUIET = "/health/"


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "kind": _kind(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "release": self._release,
        }
        # Measurements are nobody's: no request is to be found by them.
        if record.name != _metrics.name and has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(app: Flask, settings: Settings) -> None:
    """Send everything below `main` to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(settings.release))
    logger = logging.getLogger("main")
    logger.handlers = [handler]
    logger.setLevel(settings.log_level)
    logger.propagate = False
    _metrics.setLevel(logging.INFO)  # figures are no chatter: they come whatever the level is


def register(app: Flask) -> None:
    """Log each request's end. Exceptions that nobody handled Flask itself logs, to `main`."""
    app.before_request(_start)
    app.after_request(_log_access)


def security(message: str, **fields: Any) -> None:
    """Something that whoever guards the application should know."""
    _security.warning(message, extra={"fields": fields})


def measured(line: dict[str, Any]) -> None:
    """Measurements, in CloudWatch's embedded metric format (main.metrics)."""
    _metrics.info("measured", extra={"fields": line})


def _kind(record: logging.LogRecord) -> str:
    if record.name in (_access.name, _security.name, _metrics.name):
        return record.name.rpartition(".")[2]
    return "error" if record.levelno >= logging.ERROR else "app"


def _start() -> None:
    g.started = time.perf_counter()


def _log_access(response: Response) -> Response:
    level = logging.DEBUG if request.path.startswith(_QUIET) else logging.INFO
    if _access.isEnabledFor(level):
        started = g.get("started", time.perf_counter())
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
        }
        _access.log(level, "request", extra={"fields": fields})
    return response
