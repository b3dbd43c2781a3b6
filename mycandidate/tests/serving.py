"""The application as it is deployed: migrated, filled with the sample, served by gunicorn."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample" / "candidates.csv"


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Return once somebody listens on this port."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def fill(variables: Mapping[str, str], *files: Path) -> None:
    """Make the tables and import these files, by the commands that a deployment runs."""
    _flask(variables, "db", "upgrade")
    for file in files:
        bring(variables, file)


def bring(variables: Mapping[str, str], file: Path) -> None:
    """Import this file, by the command that a deployment runs; the tables are there."""
    _flask(variables, "import-candidates", str(file), "--quiet")


def _flask(variables: Mapping[str, str], *command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "main", *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        check=True,
        capture_output=True,
    )


@contextmanager
def served(
    application: str, port: int, variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a gunicorn with one worker that answers on `port`."""
    surroundings = {"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1", "API_RATE_LIMIT": "off"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), application],
        cwd=ROOT,
        env={**surroundings, "BIND": f"127.0.0.1:{port}", **variables},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        # The master listens before its worker can answer.
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=30) as answer:
            assert answer.status == 200
        yield process
    finally:
        process.kill()
        process.wait()
