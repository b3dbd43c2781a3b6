"""How long `shipway deploy` takes until it asks AWS its first question.

    python bench/startup.py [--repeat 10]

A project with one environment on ECS; AWS_ENDPOINT_URL leads to a socket here, which notes when
the first connection comes. Counted from the start of the process, medians. For comparison: a
Python that imports boto3 and ends; one that makes a client of ECS and asks the same socket.
The wanted limit is 0.6 s, on a machine with nothing else to do: the processor's seconds say how
much of the time was its own.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from shipway.ports import EndedStep
from shipway.releases.release import Release
from shipway.system.record import SqliteRecord

LIMIT = 0.6
PROJECT = """
[application]
name = "shop"
serve = "gunicorn app:app"
lock = "requirements.txt"

[aws]
region = "eu-west-1"

[environments.production]
platform = "ecs"
strategy = "canary"
"""
ASK = (
    "import boto3; from botocore.config import Config;"
    "boto3.client('ecs', config=Config(retries={'total_max_attempts': 1})).describe_services("
    "cluster='shop', services=['web'])"
)


def main() -> int:
    """Print the table; 1 where the limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=10)
    repeat: int = parser.parse_args().repeat
    shipway = os.path.join(os.path.dirname(sys.executable), "shipway")
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        Path(folder, "shipway.toml").write_text(PROJECT)
        Path(folder, "requirements.txt").write_text("")
        env = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
        }
        package(folder)
        reason = "only its start is measured"
        deploy = (shipway, "-C", folder, "deploy", "production", "--without-verdict", reason)
        asked(deploy, env, server)  # the project is compiled, the words are remembered
        rows = {
            "shipway deploy: first question": [asked(deploy, env, server) for _ in range(repeat)],
            "import boto3": [ended("import boto3", env) for _ in range(repeat)],
            "boto3, client, first question": [
                asked((sys.executable, "-c", ASK), env, server) for _ in range(repeat)
            ],
        }
    base = median(busy for _, busy in rows["import boto3"])
    print("| until | s | processor s | ÷ import boto3 |\n| --- | --- | --- | --- |")
    for name, taken in rows.items():
        wall, busy = (median(column) for column in zip(*taken, strict=True))
        print(f"| {name} | {wall:.2f} | {busy:.2f} | {busy / base:.2f} |")
    return 0 if median(wall for wall, _ in rows["shipway deploy: first question"]) < LIMIT else 1


def package(folder: str) -> None:
    """A release on record, as the step package leaves it."""
    digest = "ab" * 32
    image = f"registry.example/shop@sha256:{digest}"
    release = Release(
        application="shop",
        version="1.0",
        commit="abc1234",
        digest=digest,
        lock="",
        migrations=(),
        path=folder,
        python="",
        sbom="",
        image=image,
    )
    facts = json.dumps({"facts": {"release": asdict(release)}})
    record = SqliteRecord(os.path.join(folder, ".shipway", "record.sqlite3"))
    record.finish_steps("1", [EndedStep("package", facts, key="k", parts="{}", now=1.0)])
    record.close()


def asked(argv: Sequence[str], env: dict[str, str], server: socket.socket) -> tuple[float, float]:
    """Seconds from a process's start until it connects, and the processor's; it is killed then."""
    server.settimeout(60.0)
    began = time.monotonic()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        connection, _ = server.accept()
        seconds = time.monotonic() - began
        connection.close()
    finally:
        process.kill()
        busy = _busy(process)
    server.settimeout(0.05)
    try:  # a second connection that it may have made meanwhile belongs to nobody
        while True:
            server.accept()[0].close()
    except TimeoutError:
        return seconds, busy


def ended(code: str, env: dict[str, str]) -> tuple[float, float]:
    """Seconds that a Python takes to do something and end, and the processor's."""
    began = time.monotonic()
    busy = _busy(subprocess.Popen([sys.executable, "-c", code], env=env))
    return time.monotonic() - began, busy


def _busy(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process's end; the processor's seconds that it has used."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
