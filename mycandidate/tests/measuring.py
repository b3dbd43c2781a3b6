"""Applications whose measurements are read."""

import json
import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

from flask import Flask

from main import logs, metrics
from main.settings import Settings

NAMESPACE = "mycandidate/production"
Lines = Callable[[], list[dict[str, Any]]]


def measure(app: Flask, release: str = "1.2.3") -> Lines:
    """Turn the application's measurements on; reads those written since one last looked."""
    metrics.init_app(app, Settings(metrics_namespace=NAMESPACE, release=release))
    logs.configure_logging(Settings())
    (handler,) = logging.getLogger("main").handlers
    assert isinstance(handler, logging.StreamHandler)
    stream = handler.stream = StringIO()

    def read() -> list[dict[str, Any]]:
        written = [json.loads(line) for line in stream.getvalue().splitlines()]
        stream.seek(0)
        stream.truncate()
        return [line for line in written if line["kind"] == "metrics"]

    return read
