"""A stand-in for Redis as a service of the tests, and what is written down of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType

from tests.pipeline.contexts import BESIDE, workshop

from shipway.config.schema import Application, Config
from shipway.config.tables import Service
from shipway.pipeline.service_kinds import ProvidedService
from shipway.pipeline.services import ServiceHost, start_services
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.system.clock import SystemClock
from shipway.system.network import free_port, service_answers
from shipway.system.process import this_process

# A Redis as far as anybody asks: its version, and PONG.
REDIS = f"""#!{sys.executable}
import socket, sys
if "--version" in sys.argv:
    sys.exit(print("Redis server v=7.2.4 sha=0"))
server = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])))
while True:
    with server.accept()[0] as one:
        one.recv(64)
        one.sendall(b"+PONG\\r\\n")
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def shop_for(root: Path, wanted: Service | None = None, **application: str) -> StepContext:
    """A workshop in which `redis-server` is the one above."""
    bin = root / "bin"
    if not (bin / "redis-server").exists():
        program(bin / "redis-server", REDIS)
    config = Config(
        application=Application(name="tiny", **application),  # type: ignore[arg-type]
        services={"redis": wanted or Service("7")},
    )
    environment = {**os.environ, "PATH": f"{bin}:{BESIDE}:/usr/bin:/bin"}
    return workshop(root, config=config, environment=environment)


def host_of(
    context: StepContext, answers: Callable[[str, str, int], bool] = service_answers
) -> ServiceHost:
    return ServiceHost(
        processes=context.processes,
        environment=context.environment,
        uv=context.uv,
        clock=SystemClock(),
        free_port=free_port,
        answers=answers,
    )


def serviced(
    context: StepContext,
    say: OnOutput = lambda line: None,
    extra: Mapping[str, str] = MappingProxyType({}),
) -> AbstractContextManager[ProvidedService]:
    """As the command wires it up."""
    return start_services(context, say, host_of(context), this_process(), extra)


def left(root: Path) -> list[str]:
    """Notes of services that are still written down."""
    folder = root / ".shipway" / "services"
    return os.listdir(folder) if folder.is_dir() else []
