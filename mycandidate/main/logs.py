"""Logging as JSON lines to standard output, of five kinds: app, access, error, security, metrics.

JSON escapes line breaks, so a client cannot inject a line. Query strings and the addresses of
clients are personal data and are not logged.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

from main.settings import Settings

_access = logging.getLogger("main.access")
_security = logging.getLogger("main.security")
_metrics = logging.getLogger("main.metrics")
_HEALTH_PREFIX = "/health/"


class JsonFormatter(logging.Formatter):
    """Formats a record as one line with a JSON object."""

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record. The `fields` of the record are added to the object."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "kind": _kind(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "release": self._release,
        }
        # Metrics are anonymous: they must not lead to a request.
        if record.name != _metrics.name and has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(settings: Settings) -> None:
    """Send the logs of `main` and the loggers below it to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(settings.release))
    logger = logging.getLogger("main")
    logger.handlers = [handler]
    logger.setLevel(settings.log_level)
    logger.propagate = False
    _metrics.setLevel(logging.INFO)  # metrics are written at every LOG_LEVEL


def init_app(app: Flask) -> None:
    """Log every request of `app`. Flask itself logs unhandled exceptions, to `main`."""
    app.before_request(_start_timer)
    app.after_request(_log_access)


def log_security_event(message: str, **fields: str | int) -> None:
    """Log an event that matters to the security of the application."""
    _security.warning(message, extra={"fields": fields})


def log_metrics(document: Mapping[str, object]) -> None:
    """Log metrics in CloudWatch's embedded metric format (see main.metrics)."""
    _metrics.info("measured", extra={"fields": document})


def _kind(record: logging.LogRecord) -> str:
    if record.name in (_access.name, _security.name, _metrics.name):
        return record.name.rpartition(".")[2]
    return "error" if record.levelno >= logging.ERROR else "app"


def _start_timer() -> None:
    g.started = time.perf_counter()


def _log_access(response: Response) -> Response:
    level = logging.DEBUG if request.path.startswith(_HEALTH_PREFIX) else logging.INFO
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
