"""The running Envoy: started, told who serves, asked what it counted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipway.core.errors import Busy, CannotRun, Unreachable
from shipway.core.ports import Clock, Command, Http, Processes, Server
from shipway.effects.address import free_port
from shipway.effects.files import write_atomic
from shipway.platforms.local import envoy
from shipway.platforms.local.left_behind import left_behind

START_LIMIT = 15.0
APPLY_LIMIT = 10.0


@dataclass
class Proxy:
    """One Envoy in front of an environment.

    serving: cluster name → addresses that get requests. All of it is JSON-able through
    `to_dict`, so that the next command finds the same proxy again.
    """

    folder: str
    host: str
    port: int
    processes: Processes
    http: Http
    clock: Clock
    pid: int = 0
    born: str = ""
    admin: int = 0
    version: int = 0
    serving: dict[str, list[str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What the next command needs to know."""
        return {
            "pid": self.pid, "born": self.born, "admin": self.admin,
            "version": self.version, "serving": self.serving,
        }  # fmt: skip

    def alive(self) -> bool:
        """Whether it runs."""
        return self.processes.alive(Server(self.pid, self.born))

    def start(self) -> None:
        """Start it with what `serving` says. Raises Busy when its port is taken."""
        _refuse_taken(self.host, self.port)
        os.makedirs(self.folder, exist_ok=True)
        self.admin = free_port()
        self.version += 1
        for name, addresses in self.serving.items():
            self._write_endpoints(name, addresses)
        self._write(envoy.CDS, [envoy.cluster(self.folder, name) for name in self.serving])
        self._write(envoy.RDS, [envoy.route(self._weights())])
        self._write(envoy.LDS, [envoy.listener(self.folder, self.host, self.port)])
        path = os.path.join(self.folder, "bootstrap.json")
        bootstrap = json.dumps(envoy.bootstrap(self.folder, self.admin), indent=1)
        write_atomic(path, bootstrap.encode())
        argv = (envoy.program(), "-c", path, "--use-dynamic-base-id", "--log-level", "warning",
                "--concurrency", "2", "--drain-time-s", "5")  # fmt: skip
        env = {"PATH": os.environ.get("PATH", os.defpath)}
        log = os.path.join(self.folder, "envoy.log")
        server = self.processes.spawn(Command(argv, self.folder, env), log)
        self.pid, self.born = server.pid, server.born
        self._wait(self._ready, START_LIMIT, "Envoy did not start")

    def stop(self) -> None:
        """End it."""
        self.processes.stop(Server(self.pid, self.born), 5.0)

    def serve(self, serving: Mapping[str, Sequence[str]]) -> None:
        """Send requests to these instances and no others; returns when it is so.

        First Envoy learns the new instances, then the shares change, and only then are the
        old ones taken away: at no moment is a share given to nobody.
        """
        after = {name: list(addresses) for name, addresses in serving.items()}
        both = {
            name: list(dict.fromkeys([*self.serving.get(name, []), *after.get(name, [])]))
            for name in {**self.serving, **after}
        }
        self.version += 1
        for name, addresses in both.items():
            self._write_endpoints(name, addresses)
        self._write(envoy.CDS, [envoy.cluster(self.folder, name) for name in both])
        wanted = {(n, a) for n, addresses in both.items() for a in addresses}
        self._wait(lambda: wanted <= self._known(), APPLY_LIMIT, "Envoy did not take new instances")
        self.serving = after
        self._write(envoy.RDS, [envoy.route(self._weights())])
        self._wait(self._routed, APPLY_LIMIT, "Envoy did not take the new shares")
        for name in both:
            self._write_endpoints(name, after.get(name, []))
        kept = {(n, a) for n, addresses in after.items() for a in addresses}
        self._wait(lambda: self._known() <= kept, APPLY_LIMIT, "Envoy did not let go of instances")

    def counts(self) -> dict[str, dict[str, float]]:
        """What was counted since it started: cluster → requests, failed, p50, p95, p99 (ms)."""
        try:
            stats = json.loads(self._ask("/stats?format=json&filter=upstream_rq"))["stats"]
        except (Unreachable, ValueError, KeyError):
            return {}
        found: dict[str, dict[str, float]] = {}
        for one in stats:
            name, _, what = str(one.get("name", "")).removeprefix("cluster.").rpartition(".")
            key = {"upstream_rq_completed": "requests", "upstream_rq_5xx": "failed"}.get(what)
            if key and name in self.serving:
                found.setdefault(name, {})[key] = float(one["value"])
        for one in stats:
            if "histograms" in one:
                _add_percentiles(one["histograms"], found)
        return found

    def _weights(self) -> dict[str, int]:
        return {name: len(addresses) for name, addresses in self.serving.items() if addresses}

    def _write(self, name: str, items: list[dict[str, Any]]) -> None:
        content = envoy.resources(items, str(self.version))
        write_atomic(os.path.join(self.folder, name), content)

    def _write_endpoints(self, name: str, addresses: Sequence[str]) -> None:
        self._write(envoy.eds(name), [envoy.endpoints(name, addresses)])

    def _ask(self, path: str) -> str:
        answer = self.http.get(f"http://127.0.0.1:{self.admin}{path}", timeout=2.0)
        return answer.body.decode("utf-8", "replace")

    def _ready(self) -> bool:
        if not self.alive():
            raise CannotRun("Envoy ended at once", f"Read {self.folder}/envoy.log.")
        return self._ask("/ready").startswith("LIVE") and self._routed()

    def _known(self) -> set[tuple[str, str]]:
        """The instances that Envoy has, as (cluster, address)."""
        lines = self._ask("/clusters").splitlines()
        parts = [line.split("::") for line in lines]
        return {(p[0], p[1]) for p in parts if len(p) > 3 and re.fullmatch(r"[\d.]+:\d+", p[1])}

    def _routed(self) -> bool:
        text = self._ask("/stats?filter=rds.front.version_text")
        return f'"{self.version}"' in text

    def _wait(self, condition: Any, limit: float, words: str) -> None:
        end = self.clock.monotonic() + limit
        while self.clock.monotonic() < end:
            try:
                if condition():
                    return
            except Unreachable:
                pass
            self.clock.sleep(0.03)
        raise CannotRun(f"{words} within {limit:g} s", f"Read {self.folder}/envoy.log.")


def _refuse_taken(host: str, port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if found := left_behind(port):
                raise Busy(
                    f"port {port} on {host} is taken by a proxy of Shipway's, pid {found[0]},"
                    f" whose folder is gone: {found[1]}",
                    f"End it: kill {found[0]}",
                ) from error
            raise Busy(
                f"port {port} on {host} is taken by another program",
                "End that program, or set another port: [environments.local] port = …",
            ) from error


def _add_percentiles(histograms: Mapping[str, Any], found: dict[str, dict[str, float]]) -> None:
    """Envoy's JSON: quantiles once for all, and each histogram's values in the same order."""
    quantiles = histograms.get("supported_quantiles", [])
    for one in histograms.get("computed_quantiles", []):
        name, _, what = str(one["name"]).removeprefix("cluster.").rpartition(".")
        if what != "upstream_rq_time" or name not in found:
            continue
        for quantile, value in zip(quantiles, one["values"], strict=False):
            if quantile in (50, 95, 99) and value["cumulative"] is not None:
                found[name][f"p{quantile:.0f}"] = float(value["cumulative"])
