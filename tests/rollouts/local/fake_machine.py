"""A machine on which starting, stopping and asking take no time: Envoy included.

Envoy's own words are read from the files that it would read; the shapes of its answers are
those that the real one gave (its administration interface, 1.40).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from shipway.errors import Unreachable
from shipway.ports import Command, Completed, OnOutput, Response, Server

_ADMIN = ("/ready", "/clusters", "/stats", "/stats/prometheus")


class Machine:
    """Processes and HTTP (core.ports) of one environment. sick: releases that answer 500."""

    def __init__(self, folder: str) -> None:
        self.envoy = os.path.join(folder, "environments", "local", "envoy")
        self.running: dict[int, str] = {}  # pid → what it is: "envoy", or an address
        self.sick: set[str] = set()
        self._logs: dict[str, int] = {}
        self._release: dict[str, str] = {}
        self._next = 1000

    # -- processes ------------------------------------------------------------------------

    def run(self, command: Command, on_output: OnOutput | None = None) -> Completed:
        """Every command does well."""
        return Completed(0, "", "", 0.0)

    def spawn(self, command: Command, log: str) -> Server:
        """It runs until it is stopped."""
        self._next += 1
        name = "envoy" if command.argv[0].endswith("envoy") else command.env["BIND"]
        self.running[self._next] = name
        self._logs[log] = self._next
        self._release[name] = command.env.get("RELEASE", "")
        return Server(self._next, "born")

    def orphans(self, log: str) -> Server | None:
        """What was started with this log last."""
        pid = self._logs.get(log, 0)
        return Server(pid, "born") if pid in self.running else None

    def alive(self, server: Server) -> bool:
        """Whether it was not stopped."""
        return server.pid in self.running

    def stop(self, server: Server, grace: float) -> None:
        """At once."""
        self.running.pop(server.pid, None)

    def kill(self, release: str) -> None:
        """One instance of a release ends by itself."""
        of = [pid for pid, name in self.running.items() if self._release.get(name) == release]
        self.running.pop(of[0])

    # -- http -----------------------------------------------------------------------------

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """What Envoy or an instance answers."""
        parts = urlsplit(url)
        # By the path: where nobody really listens, the same free port can be found twice.
        if parts.path not in _ADMIN and parts.netloc in self.running.values():
            return Response(500 if self._release[parts.netloc] in self.sick else 200, {}, b"")
        if "envoy" not in self.running.values():
            raise Unreachable(f"{url} does not answer")
        return Response(200, {}, self._admin(parts.path).encode())

    def _admin(self, path: str) -> str:
        if path == "/ready":
            return "LIVE\n"
        if path == "/clusters":
            return "\n".join(f"{name}::{one}::weight::1" for name, one in self.known())
        if path == "/stats":
            return "\n".join(
                f'http.{name}.rds.{name}.version_text: "{self._file(f"rds-{name}.json")[0]}"'
                for name in ("front", "test")
            )
        return ""

    def known(self) -> set[tuple[str, str]]:
        """The instances that Envoy knows, as (cluster, address)."""
        found = set()
        for cluster in self._file("cds.json")[1]:
            source = cluster["eds_cluster_config"]["eds_config"]["path_config_source"]
            for loads in self._file(os.path.basename(source["path"]))[1]:
                for one in loads["endpoints"][0]["lb_endpoints"]:
                    address = one["endpoint"]["address"]["socket_address"]
                    found.add((cluster["name"], f"{address['address']}:{address['port_value']}"))
        return found

    def shares(self) -> dict[str, float]:
        """Cluster → percent of what people send."""
        routes = self._file("rds-front.json")[1][0]["virtual_hosts"][0]["routes"]
        target = routes[-1].get("route", {}).get("weighted_clusters", {"clusters": []})
        return {one["name"]: one["weight"] / 10 for one in target["clusters"]}

    def unserved(self) -> str:
        """What somebody who asks now would suffer; nothing when all is well."""
        shares = self.shares()
        if round(sum(shares.values())) != 100:
            return f"the shares make {shares}"
        for name in shares:
            there = [one for cluster, one in self.known() if cluster == name]
            if not any(one in self.running.values() for one in there):
                return f"{name} has a share and nobody there"
        return ""

    def _file(self, name: str) -> tuple[str, list[dict[str, Any]]]:
        with open(os.path.join(self.envoy, name), encoding="utf-8") as file:
            data = json.load(file)
        return re.sub(r"\D", "", data["version_info"]), data["resources"]
