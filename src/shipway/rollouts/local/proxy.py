"""The running Envoy: started, told who serves, asked what it counted."""

from __future__ import annotations

import glob
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from shipway.codec import JsonObject
from shipway.config.schema import Environment
from shipway.errors import Busy, CannotRun, ShipwayError, Unreachable
from shipway.ports import Clock, Command, Http, Processes, Server
from shipway.rollouts.local import envoy
from shipway.rollouts.local.access_log import mark_start
from shipway.rollouts.local.admin_socket import new_socket_path, remove_socket, socket_url
from shipway.rollouts.local.envoy import FILTER, ClusterStats, parse_stats
from shipway.system.files import write_atomic
from shipway.system.network import free_port

# The proxy of a project whose folder was deleted while it ran: nothing knows of it any more.

_LOG = logging.getLogger(__name__)
_LISTENING = "0A"  # proc_pid_net(5): the state of a socket in /proc/net/tcp, in hexadecimal


def orphaned_proxy(port: int) -> tuple[int, str] | None:
    """The pid of a proxy of Shipway's that listens on `port`, and its folder, which is gone.

    None where nobody or anybody else listens, and on systems without Linux's /proc.
    """
    sockets = _sockets(port)
    for path in glob.glob("/proc/[0-9]*/cmdline") if sockets else ():
        folder = _folder(path)
        if folder and not os.path.exists(folder) and sockets & _open(os.path.dirname(path)):
            return int(path.split("/")[2]), folder
    return None


def _folder(path: str) -> str:
    """The folder of the settings that a proxy was started with, empty for any other program."""
    try:
        with open(path, "rb") as file:
            arguments = os.fsdecode(file.read()).split("\0")
    except OSError:  # it has ended meanwhile
        return ""
    settings = next((word for word in arguments if word.endswith("/bootstrap.json")), "")
    return os.path.dirname(settings) if "--use-dynamic-base-id" in arguments else ""


def _sockets(port: int) -> set[str]:
    """What /proc calls the sockets that listen on this port."""
    sockets: set[str] = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
            sockets.update(
                f"socket:[{row[9]}]"
                for row in rows
                if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
            )
    return sockets


def _open(process: str) -> set[str]:
    """What this process has open, as far as we may know."""
    targets: set[str] = set()
    for path in glob.glob(f"{process}/fd/*"):
        try:
            targets.add(os.readlink(path))
        except OSError:  # closed meanwhile, or another user's
            continue
    return targets


START_LIMIT = 15.0
APPLY_LIMIT = 10.0
ANSWER_LIMIT = 2.0
SETTLE_LIMIT = 2.0
_UNSETTLED = r"^cluster\..*\.upstream_rq_active$|^filesystem\.write_total_buffered$"
_ACTIVE = re.compile(r"^cluster\.(.*)\.upstream_rq_active: (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class TrafficSplit:
    """Who serves. serving: cluster → addresses; weights: cluster → percent of the requests;
    tested: the cluster that gets test traffic, "" for the same as everybody."""

    serving: Mapping[str, list[str]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    tested: str = ""


@dataclass(frozen=True, kw_only=True)
class ProxyState:
    """An Envoy as the record keeps it: its process, its ports, and who serves."""

    pid: int = 0
    born: str = ""
    admin: int = 0
    admin_socket: str = ""
    inner: int = 0
    version: int = 0
    shares: TrafficSplit = field(default_factory=TrafficSplit)


@dataclass(kw_only=True)
class EnvoyProxy:
    """One Envoy in front of an environment.

    settings: host, port, test_port and sticky are used. protocol: what instances speak. shares:
    who serves, and how requests are shared. inner: the port for test traffic and probes. The next
    command finds the same proxy again by its `snapshot`.
    """

    folder: str
    settings: Environment
    processes: Processes
    http: Http
    clock: Clock
    protocol: str = "http1"
    pid: int = 0
    born: str = ""
    admin: int = 0
    admin_socket: str = ""
    inner: int = 0
    version: int = 0
    shares: TrafficSplit = field(default_factory=TrafficSplit)

    def snapshot(self) -> ProxyState:
        """What the next command needs to know."""
        return ProxyState(
            pid=self.pid,
            born=self.born,
            admin=self.admin,
            admin_socket=self.admin_socket,
            inner=self.inner,
            version=self.version,
            shares=self.shares,
        )

    def restore(self, known: ProxyState) -> None:
        """What `snapshot` gave."""
        self.pid, self.born = known.pid, known.born
        self.admin, self.admin_socket = known.admin, known.admin_socket
        self.inner, self.version = known.inner, known.version
        self.shares = known.shares

    @property
    def inner_address(self) -> str:
        """Where test traffic and probes are taken."""
        return f"http://127.0.0.1:{self.inner}"

    @property
    def log(self) -> str:
        """What it prints; by it, its process is known."""
        return os.path.join(self.folder, "envoy.log")

    @property
    def access_log(self) -> str:
        """What it writes of each request that people send."""
        return envoy.access_log_path(self.folder)

    def alive(self) -> bool:
        """Whether it runs."""
        return self.processes.alive(Server(self.pid, self.born, self.log))

    def answers(self) -> bool:
        """Whether it takes requests where people come: one that is stopped (SIGSTOP) only runs,
        and its administration may answer while its listener does not."""
        if not self.alive():
            return False
        address = f"http://{self.settings.host}:{self.settings.port}/"
        asking = {envoy.SYNTHETIC_HEADER: envoy.LISTENER}
        try:
            self.http.get(address, timeout=ANSWER_LIMIT, headers=asking)
        except Unreachable:
            return False
        return True

    def settle(self) -> None:
        """Wait until it has answered what it had sent to releases that are gone by now, and has
        written down what it answered; not for long."""
        with suppress(ShipwayError):
            self._wait(self._settled, "Envoy did not settle", SETTLE_LIMIT)

    def _settled(self) -> bool:
        text = self._ask(f"/stats?filter={quote(_UNSETTLED)}")
        waits = any(
            int(count) and not self.shares.serving.get(name.removesuffix(envoy.PROBES))
            for name, count in _ACTIVE.findall(text)
        )
        unwritten = re.search(r"^filesystem\.write_total_buffered: [1-9]", text, re.MULTILINE)
        return not unwritten and not waits

    def raise_if_ports_taken(self) -> None:
        """Before anything is migrated. Raises Busy where it does not run, and could not listen."""
        if not self.alive() and self.processes.orphans(self.log) is None:
            self._refuse_taken_ports()

    def _refuse_taken_ports(self) -> None:
        _refuse_taken(self.settings.host, self.settings.port)
        if self.settings.test_port:
            _refuse_taken("127.0.0.1", self.settings.test_port)

    def start(self) -> None:
        """Start it with what `shares` says. Raises Busy when a port is taken."""
        if (adrift := self.processes.orphans(self.log)) is not None:
            self.processes.stop(adrift, 5.0)  # of a command that was killed as it started it
        self._refuse_taken_ports()
        host, port = self.settings.host, self.settings.port
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.chmod(self.folder, 0o700)
        remove_socket(self.admin_socket, self.folder)
        self.admin, self.admin_socket = 0, new_socket_path(self.folder)
        self.inner = self.settings.test_port or free_port()
        self._renew()
        for name, addresses in self.shares.serving.items():
            self._write_endpoints(name, addresses)
        self._write_clusters(self.shares.serving)
        self._write_routes()
        front = envoy.listener(self.folder, envoy.FRONT, host, port)
        test = envoy.listener(self.folder, envoy.TEST, "127.0.0.1", self.inner)
        self._write(envoy.LDS, [front, test])
        path = os.path.join(self.folder, "bootstrap.json")
        bootstrap = json.dumps(envoy.bootstrap(self.folder, self.admin_socket), indent=1)
        write_atomic(path, bootstrap.encode())
        argv = (
            envoy.envoy_program(),
            "-c",
            path,
            "--use-dynamic-base-id",
            "--log-level",
            "warning",
            "--concurrency",
            "2",
            "--drain-time-s",
            "5",
            # Each line of the access log at once: what Envoy holds back is lost when it is killed.
            "--file-flush-min-size-kb",
            "0",
        )
        env = {"PATH": os.environ.get("PATH", os.defpath)}
        mark_start(self.access_log, self.clock.now())
        server = self.processes.spawn(Command(argv, self.folder, env), self.log)
        self.pid, self.born = server.pid, server.born
        _LOG.info("Envoy %d serves %s:%d; admin: %s", self.pid, host, port, self.admin_socket)
        self._wait(self._ready, "Envoy did not start", START_LIMIT)

    def stop(self) -> None:
        """End it."""
        self.processes.stop(Server(self.pid, self.born, self.log), 5.0)
        remove_socket(self.admin_socket, self.folder)

    def route(self, shares: TrafficSplit, *, anew: bool = False) -> None:
        """Send requests as `shares` says; returns when it is so.

        First Envoy learns the new instances, then the shares change, and only then are the
        old ones taken away: at no moment is a share given to nobody. anew: what Envoy has may
        be another thing than was written down last, by a command that was killed in between.
        """
        if shares == self.shares and not anew:
            return
        before, after = self._has() if anew else self.shares.serving, shares.serving
        both = {
            name: list(dict.fromkeys([*before.get(name, []), *after.get(name, [])]))
            for name in {**before, **after}
        }
        self._renew()
        if anew or both != before:
            for name, addresses in both.items():
                self._write_endpoints(name, addresses)
            self._write_clusters(both)
            expected = _endpoints(both)
            self._wait(lambda: expected <= self._known(), "Envoy did not take new instances")
        self.shares = shares
        _LOG.info("Envoy %d gets the routes %s", self.pid, shares)
        self._write_routes()
        self._wait(self._routed, "Envoy did not take the new shares")
        if both != after:
            for name in both:
                self._write_endpoints(name, after.get(name, []))
            remaining = _endpoints(after)
            self._wait(lambda: self._known() <= remaining, "Envoy did not let go of instances")

    def read(self) -> dict[str, ClusterStats]:
        """What was counted since it started, by cluster. Raises Unreachable."""
        return parse_stats(self._ask(f"/stats/prometheus?filter={quote(FILTER)}"))

    def _write_routes(self) -> None:
        shares = self.shares
        public = envoy.weighted_clusters(shares.weights, sticky=self.settings.sticky)
        by_name = [
            envoy.header_match(name) for name, addresses in shares.serving.items() if addresses
        ]
        weights = {shares.tested: 100.0} if shares.tested else shares.weights
        tested = envoy.weighted_clusters(
            {envoy.probes_of(name): weight for name, weight in weights.items()},
            sticky=self.settings.sticky and not shares.tested,
        )
        for name, entries in ((envoy.FRONT, public), (envoy.TEST, [*by_name, *tested])):
            routes = envoy.routes(name, [envoy.listener_check(), *entries])
            self._write(envoy.rds(name), [routes])

    def _write(self, name: str, items: Sequence[JsonObject]) -> None:
        content = envoy.resources(items, str(self.version))
        write_atomic(os.path.join(self.folder, name), content)

    def _write_clusters(self, names: Iterable[str]) -> None:
        clusters = [
            envoy.cluster(self.folder, name, self.protocol, probes=probes)
            for name in names
            for probes in (False, True)
        ]
        self._write(envoy.CDS, clusters)

    def _write_endpoints(self, name: str, addresses: Sequence[str]) -> None:
        self._write(envoy.eds(name), [envoy.endpoints(name, addresses)])

    def _ask(self, path: str) -> str:
        at = f"http://127.0.0.1:{self.admin}" if self.admin else socket_url(self.admin_socket)
        answer = self.http.get(at + path, timeout=2.0)
        return answer.body.decode("utf-8", "replace")

    def _ready(self) -> bool:
        if not self.alive():
            raise CannotRun(
                "Envoy ended at once", f"Read {self.folder}/envoy.log.", code="envoy-unavailable"
            )
        expected = _endpoints(self.shares.serving)
        live = self._ask("/ready").startswith("LIVE")
        if live and self._refused_listeners():
            self._give_up()
        return live and self._routed() and expected <= self._known()

    def _refused_listeners(self) -> bool:
        """Whether Envoy could not listen: somebody has taken a port since that was looked at."""
        rejected = self._ask("/stats?filter=lds.update_rejected")
        return re.search(r"update_rejected: [1-9]", rejected) is not None

    def _give_up(self) -> None:
        """End an Envoy that nobody can reach. Raises Busy, CannotRun."""
        self.stop()
        _refuse_taken(self.settings.host, self.settings.port)
        _refuse_taken("127.0.0.1", self.inner)
        raise CannotRun(
            "Envoy cannot listen", f"Read {self.folder}/envoy.log.", code="envoy-unavailable"
        )

    def _known(self) -> set[tuple[str, str]]:
        """The instances that Envoy has, as (cluster, address)."""
        lines = self._ask("/clusters").splitlines()
        parts = [line.split("::") for line in lines]
        return {(p[0], p[1]) for p in parts if len(p) > 3 and re.fullmatch(r"[\d.]+:\d+", p[1])}

    def _has(self) -> dict[str, list[str]]:
        """The same, by cluster."""
        self._wait(lambda: bool(self._ask("/ready")), "Envoy did not answer")
        endpoints: dict[str, list[str]] = {}
        for name, address in sorted(self._known()):
            if name.endswith(envoy.PROBES):
                continue
            endpoints.setdefault(name, []).append(address)
        return endpoints

    def _renew(self) -> None:
        """A version that Envoy never had, though a killed command did not write its own down."""
        self.version = max(self.version + 1, int(self.clock.now() * 1000))

    def _routed(self) -> bool:
        """Whether both listeners use the routes written last."""
        text = self._ask("/stats?filter=rds.*version_text")
        return text.count(f'"{self.version}"') >= 2

    def _wait(
        self, condition: Callable[[], bool], message: str, limit: float = APPLY_LIMIT
    ) -> None:
        end = self.clock.monotonic() + limit
        while self.clock.monotonic() < end:
            try:
                if condition():
                    return
            except Unreachable:
                if not self.alive():
                    break
            self.clock.sleep(0.03)
        raise CannotRun(
            f"{message} within {limit:g} s",
            f"Read {self.folder}/envoy.log.",
            code="envoy-unavailable",
        )


def _endpoints(serving: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    """What Envoy is to have, as (cluster, address): for people, and for probes."""
    return {
        (cluster, address)
        for name, addresses in serving.items()
        for address in addresses
        for cluster in (name, envoy.probes_of(name))
    }


def _refuse_taken(host: str, port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if proxy := orphaned_proxy(port):
                raise Busy(
                    f"port {port} on {host} is taken by a proxy of Shipway's, pid {proxy[0]},"
                    f" whose folder is gone: {proxy[1]}",
                    f"End it: kill {proxy[0]}",
                    code="port-taken",
                ) from error
            raise Busy(
                f"port {port} on {host} is taken by another program",
                f"See which: ss -ltnp sport = :{port}. End that program, or set another port: "
                "[environments.local] port = …",
                code="port-taken",
            ) from error
