"""Real servers, as this machine or PyPI has them."""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
from pathlib import Path

import pytest
from tests.patience import until
from tests.pipeline.contexts import BESIDE, workshop
from tests.pipeline.redis_service import left, program, serviced

from shipway.config.schema import Application, Config
from shipway.config.tables import Service
from shipway.pipeline.service_kinds import KINDS, ServiceNote
from shipway.pipeline.services import ENGINES, read_note
from shipway.pipeline.step_context import StepContext
from shipway.system.network import service_answers

pytestmark = pytest.mark.e2e


def context_with(
    root: Path, services: dict[str, Service], path: str = "/usr/bin:/bin"
) -> StepContext:
    """With engines that do not work, so that programs are what is tried."""
    for engine in ENGINES:
        program(root / "engines" / engine, "#!/bin/sh\nexit 1\n")
    return workshop(
        root,
        config=Config(application=Application(name="tiny"), services=services),  # type: ignore[arg-type]
        environment={**os.environ, "PATH": f"{root}/engines:{BESIDE}:{path}"},
    )


def note_of(root: Path, name: str) -> ServiceNote:
    [path] = (root / ".shipway" / "services").glob(f"shipway-{name}-*.json")
    note = read_note(str(path))
    assert note
    return note


def group_of(leader: int) -> list[int]:
    """The processes of the group that a service's first process leads."""
    members = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            state, _, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state != "Z":
            members.append(pid)
    return members


@pytest.mark.parametrize("path", ["/usr/bin:/bin", os.environ["PATH"]], ids=["PyPI", "PATH"])
def test_postgresql_and_redis_answer_and_are_gone_afterwards(tmp_path: Path, path: str) -> None:
    services = {"postgres": Service("16"), "redis": Service("9")}
    said: list[str] = []
    with serviced(context_with(tmp_path, services, path), said.append) as provided:
        for name in services:
            [variable] = KINDS[name].variables
            port = int(provided.variables[variable].rpartition(":")[2].split("/")[0])
            assert service_answers(name, "127.0.0.1", port)
        assert provided.hidden[0] in provided.variables["DATABASE_URL"]
    assert left(tmp_path) == []
    assert [line.split(":")[0] for line in said if not line.startswith("warning")] == list(services)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("mysql", marks=pytest.mark.needs("mariadb")),
        pytest.param("memcached", marks=pytest.mark.needs("memcached")),
        pytest.param("rabbitmq", marks=pytest.mark.needs("rabbitmq")),
        "s3",
    ],
)
def test_a_server_answers_and_nothing_of_it_is_left_afterwards(tmp_path: Path, name: str) -> None:
    with serviced(context_with(tmp_path, {name: Service(KINDS[name].version)})):
        note = note_of(tmp_path, name)
        assert service_answers(name, "127.0.0.1", note.port)
        leader = int(Path(f"{note.log}.pid").read_text())
        assert group_of(leader)
    assert left(tmp_path) == []
    assert not os.path.exists(note.folder)
    until(lambda: not group_of(leader))
    assert not service_answers(name, "127.0.0.1", note.port, timeout=0.5)


@pytest.mark.needs("mariadb")
def test_mysql_has_the_account_and_the_database_that_its_address_names(tmp_path: Path) -> None:
    asks = "import pymysql, os, urllib.parse as u; p = u.urlsplit(os.environ['DATABASE_URL']); "
    asks += "c = pymysql.connect(host=p.hostname, port=p.port, user=p.username, "
    asks += "password=p.password, database=p.path[1:]); k = c.cursor(); "
    asks += "k.execute('create table wards (code int)'); open('made', 'w').write(c.db.decode())"
    context = context_with(tmp_path, {"mysql": Service("10")})
    (tmp_path / "ask.py").write_text(asks)
    seeded = Application(name="tiny", seed=f"{context.uv} run --no-project --with pymysql ask.py")
    context = workshop(
        tmp_path,
        config=Config(application=seeded, services=context.config.services),
        environment=context.environment,
    )
    with serviced(context, extra=context.environment):
        assert (tmp_path / "made").read_text() == "application"


def encrypted(port: int) -> str:
    """The version of TLS that PostgreSQL agrees to."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(struct.pack("!ii", 8, 80877103))  # SSLRequest
        assert connection.recv(1) == b"S"
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with context.wrap_socket(connection) as secured:
            return secured.version() or ""


@pytest.mark.needs("postgresql")
def test_postgresql_takes_tls_where_the_application_asks_for_it(tmp_path: Path) -> None:
    services = {"postgres": Service("15", tls=True)}
    with serviced(context_with(tmp_path, services)) as provided:
        url = provided.variables["DATABASE_URL"]
        [port] = re.findall(r":(\d+)/", url)
        assert encrypted(int(port)).startswith("TLSv1.")
