"""gunicorn's settings; the surroundings decide the address and the number of workers."""

import json
import os
import time

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
# A load balancer keeps its connections for 60 s: hanging up first would give it a 502.
keepalive = 75
# Requests in flight get this long after SIGTERM.
graceful_timeout = 30
# Heartbeats on a disk can block; memory does not.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  # not a secret
control_socket_disable = True


class JsonLines:
    """The application's own form for what gunicorn itself says (logging.config, "()")."""

    def format(self, record):
        """One JSON object a line."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + "+00:00",
            "kind": "error" if record.levelno >= 40 else "app",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "release": os.environ.get("RELEASE", "dev"),
        }
        if record.exc_info:
            import traceback

            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line)


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": "INFO", "handlers": ["stdout"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": False},
    },
}
