"""Services for tests: started, handed over, and gone whatever happens."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import until
from tests.pipeline.contexts import Probe, probing, workshop
from tests.pipeline.redis_service import REDIS, host_of, left, program, serviced, shop_for

from shipway.config.schema import Config
from shipway.config.tables import Service
from shipway.errors import CannotRun
from shipway.pipeline.execution import execute_step
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.service_kinds import (
    KINDS,
    ProvidedService,
    ServiceAddress,
    ServiceNote,
)
from shipway.pipeline.services import (
    ServiceBackend,
    find_backends,
    read_note,
    remove_service,
    remove_stale_services,
    resume_service,
    run_container,
    start_service,
    start_services,
    stop_service,
)
from shipway.ports import Server
from shipway.system.network import service_answers
from shipway.system.process import SystemProcesses, this_process

# A container engine that runs that Redis instead of an image.
DOCKER = """#!/bin/sh
echo "$@" >>"$0.log"
case "$1" in
  info) exit 0 ;;
  run) {run} ;;
  rm) kill "$(cat "$0.pid")" ;;
esac
"""
ASK = "import os; print('' if os.environ['REDIS_URL'].startswith('redis://127') else 'no address')"
KILLED = """
import sys, time
from pathlib import Path
from tests.pipeline.redis_service import serviced, shop_for
with serviced(shop_for(Path(sys.argv[1])), print):
    print("runs", flush=True)
    time.sleep(60)
"""


def port_of(provided: ProvidedService) -> int:
    return int(provided.variables["REDIS_URL"].rpartition(":")[2].split("/")[0])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_service_answers_while_it_is_needed_and_is_gone_afterwards(tmp_path: Path) -> None:
    said: list[str] = []
    with serviced(shop_for(tmp_path), said.append) as provided:
        assert service_answers("redis", "127.0.0.1", port_of(provided))
        assert len(left(tmp_path)) == 1
    assert not listens(port_of(provided))
    assert left(tmp_path) == []
    assert "redis: Redis server v=7.2.4 sha=0, by " in said[0]
    assert not any("warning" in line for line in said)


def test_another_version_than_the_one_asked_for_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with serviced(shop_for(tmp_path, Service("5")), said.append):
        pass
    assert "warning: redis 5 was asked for, and what runs is 7" in said


def test_the_database_is_migrated_and_seeded_once(tmp_path: Path) -> None:
    write = f"{sys.executable} -c \"import os; open('{{}}', 'a').write(os.environ['REDIS_URL'])\""
    context = shop_for(tmp_path, migrate=write.format("migrated"), seed=write.format("seeded"))
    with serviced(context) as provided:
        assert (tmp_path / "migrated").read_text() == provided.variables["REDIS_URL"]
        assert (tmp_path / "seeded").read_text() == provided.variables["REDIS_URL"]


@pytest.mark.parametrize("command", ["migrate", "seed"])
def test_a_migration_or_a_seed_that_fails_fails_the_tests_and_leaves_nothing(
    tmp_path: Path, command: str
) -> None:
    script = "sh -c 'echo no such table: wards >&2; exit 3'"
    check = Probe(code="raise AssertionError('no test may run')", serviced=True, stage="test")
    context = shop_for(tmp_path, **{command: script})
    context = workshop(
        tmp_path,
        config=context.config,
        environment=context.environment,
        checks=lambda name: check,
        serviced=serviced,
    )
    result = execute_step(probing(check), context, lambda line: None)
    assert result.outcome is Outcome.FAILED
    assert result.reason == "sh ended with 3: no such table: wards"
    assert script in result.remedy
    assert context.blobs.get(result.log) == b"no such table: wards\n"
    assert left(tmp_path) == []


def test_tests_find_the_address_and_their_result_says_what_was_different(tmp_path: Path) -> None:
    check = Probe(code=ASK, serviced=True, stage="test")
    context = shop_for(tmp_path, Service("5"))
    context = workshop(
        tmp_path,
        config=context.config,
        environment=context.environment,
        checks=lambda name: check,
        serviced=serviced,
    )
    result = execute_step(probing(check), context, lambda line: None)
    assert result.outcome is Outcome.PASSED, result.reason
    assert result.facts["warnings"] == ["redis 5 was asked for, and what runs is 7"]
    assert b"redis: Redis server v=7.2.4" in (context.blobs.get(result.log) or b"")


def test_a_service_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    bad = REDIS.replace("server = ", "sys.exit('no memory')\nserver = ")
    program(tmp_path / "bin" / "redis-server", bad)
    context = shop_for(tmp_path)
    program(tmp_path / "bin" / "uv", "#!/bin/sh\necho no network; exit 1\n")
    context = workshop(
        tmp_path,
        config=context.config,
        environment=context.environment,
        uv=str(tmp_path / "bin" / "uv"),
    )
    with (
        pytest.raises(CannotRun) as raised,
        serviced(context),
    ):
        pass
    assert "no memory" in raised.value.message
    assert "no network" in raised.value.message
    assert left(tmp_path) == []


def test_a_service_that_never_answers_is_given_up(tmp_path: Path) -> None:
    context = shop_for(tmp_path, Service("7", timeout=0.3))
    context = workshop(
        tmp_path, config=context.config, environment=context.environment, uv="/bin/false"
    )
    silent = host_of(context, lambda *_: False)
    late = pytest.raises(CannotRun, match=r"did not answer within 0\.3 s")
    with late, start_services(context, print, silent, this_process(), {}):
        raise AssertionError("it must not come to the tests")
    assert left(tmp_path) == []


def test_a_container_is_taken_where_an_engine_works_and_removed_by_its_name(
    tmp_path: Path,
) -> None:
    context = shop_for(tmp_path, Service("7", image="mirror/redis:7"))
    docker = tmp_path / "bin" / "docker"
    # It ends when the Redis has a session of its own: what is left of this one's is killed then.
    own = 'echo $$ >"$0.pid"; exec "$1" --port "$2"'
    start = (
        'port=$(echo "$6" | cut -d: -f2); '
        f'setsid sh -c \'{own}\' "$0" {tmp_path}/bin/redis-server "$port" >/dev/null 2>&1 & '
        'while [ ! -s "$0.pid" ]; do sleep 0.01; done'
    )
    program(docker, DOCKER.format(run=start))
    said: list[str] = []
    with serviced(context, said.append) as provided:
        assert service_answers("redis", "127.0.0.1", port_of(provided))
        [note] = left(tmp_path)
    log = Path(f"{docker}.log").read_text()
    assert f"rm --force --volumes {note.removesuffix('.json')}" in log
    assert "mirror/redis:7" in said[0]
    until(lambda: not listens(port_of(provided)))


@pytest.mark.parametrize(
    ("name", "image", "port", "variables"),
    [
        ("postgres", "postgres:15", 5432, ["POSTGRES_PASSWORD"]),
        ("redis", "redis:7", 6379, []),
        ("mysql", "mariadb@sha256:abc", 3306, ["MYSQL_ROOT_PASSWORD", "MYSQL_DATABASE"]),
        ("mongodb", "mongo:8", 27017, []),
        ("rabbitmq", "rabbitmq:4", 5672, ["RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"]),
        ("memcached", "memcached:1", 11211, []),
        ("s3", "motoserver/moto:5", 5000, []),
    ],
)
def test_a_container_is_published_here_alone_and_its_password_is_no_argument(
    name: str, image: str, port: int, variables: list[str]
) -> None:
    address = ServiceAddress(KINDS[name], 4321, "secret")
    argv, environment = run_container(ServiceBackend("", "/usr/bin/docker", image), "x", address)
    options = [word for variable in variables for word in ("--env", variable)]
    start = ["/usr/bin/docker", "run", "--detach", "--name", "x", "--publish"]
    assert argv == (*start, f"127.0.0.1:4321:{port}", *options, image)
    assert list(environment) == variables
    assert "secret" not in " ".join(argv)


@pytest.mark.parametrize("name", ["elasticsearch", "opensearch"])
def test_a_search_engine_is_one_node_without_security(name: str) -> None:
    way = ServiceBackend("", "docker", "x")
    _, environment = run_container(way, "x", ServiceAddress(KINDS[name], 1))
    assert environment["discovery.type"] == "single-node"
    assert {"xpack.security.enabled": "false", "DISABLE_SECURITY_PLUGIN": "true"}.items() & (
        environment.items()
    )


def test_with_tls_no_container_and_no_package_is_tried(tmp_path: Path) -> None:
    context = shop_for(tmp_path)
    program(tmp_path / "bin" / "docker", "#!/bin/sh\nexit 0\n")
    plain = list(find_backends(KINDS["postgres"], Service("16"), host_of(context)))
    secured = list(find_backends(KINDS["postgres"], Service("16", tls=True), host_of(context)))
    assert plain[0].engine
    assert plain[-1].program or plain[-2].program
    assert all(way.program.startswith("/") for way in secured)


def test_what_cannot_be_had_here_is_one_sentence_with_what_would_give_it(tmp_path: Path) -> None:
    config = Config(services={"elasticsearch": Service("8.19.0")})
    context = workshop(tmp_path, config=config, environment={"PATH": "/nowhere"})
    with pytest.raises(CannotRun) as raised, serviced(context):
        pass
    assert raised.value.message == "elasticsearch could not be started: nothing here has it"
    assert raised.value.remedy == (
        "Install docker or podman. Or set ELASTICSEARCH_URL yourself, to one that runs elsewhere."
    )


def test_one_that_stays_is_stopped_resumed_and_removed(
    tmp_path: Path,
) -> None:
    context = shop_for(tmp_path)
    host, notes = host_of(context), str(tmp_path / "notes")
    path, note = start_service(KINDS["redis"], Service("7"), host, notes, print, folder=notes)
    assert note.ready
    assert read_note(path) == note
    stop_service(note, context.processes)
    assert not listens(note.port)
    assert Path(note.folder).is_dir()
    resume_service(note, Service("7"), host)
    assert listens(note.port)
    remove_service(path, note, context.processes)
    assert not listens(note.port)
    assert not Path(note.folder).exists()
    assert read_note(path) is None


def test_where_an_engine_cannot_start_it_the_next_way_is_taken(tmp_path: Path) -> None:
    context = shop_for(tmp_path)
    program(tmp_path / "bin" / "docker", DOCKER.format(run="echo no such image >&2; exit 125"))
    said: list[str] = []
    with serviced(context, said.append):
        assert "by " in said[0]


def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    while process.stdout.readline() != "runs\n":
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    [note] = left(tmp_path)
    processes = SystemProcesses()
    log = Path("/tmp") / note.removesuffix(".json") / "redis.log"
    server = processes.orphans(str(log))
    assert server and processes.alive(server)
    assert remove_stale_services(str(tmp_path / ".shipway"), processes) == 1
    assert not processes.alive(server)
    assert left(tmp_path) == []
    assert not log.parent.exists()


def test_what_a_run_that_goes_on_uses_is_left_to_it(tmp_path: Path) -> None:
    with serviced(shop_for(tmp_path)) as provided:
        assert remove_stale_services(str(tmp_path / ".shipway"), SystemProcesses()) == 0
        assert listens(port_of(provided))


def test_a_note_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / ".shipway" / "services"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text('{"name": "red')
    gone = ServiceNote(name="redis", owner=Server(1, "never"), folder=str(tmp_path / "nowhere"))
    (folder / "y.json").write_text(gone.to_json())
    assert remove_stale_services(str(tmp_path / ".shipway"), SystemProcesses()) == 2
    assert left(tmp_path) == []
