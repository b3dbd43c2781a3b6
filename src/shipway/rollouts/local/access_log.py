"""What users felt, counted from Envoy's access log: each request once, whatever became of it.

Envoy's counters are what the judge needs, second by second. They do not know of an answer that was
cut off after its status, of a request for which nobody was there, or of what was in flight when
Envoy itself was killed, and they begin at zero when it is started again.

Envoy writes a line when it has read a request, and another one when that has ended. Of what is
open where an Envoy was started, Shipway writes a line in between (`mark_start`), nothing came back.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate

from shipway.errors import ConfigError
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.rollout_analysis import counts_summary
from shipway.rollouts.analysis.window import RequestCounts
from shipway.rollouts.report import ReleaseFigures
from shipway.source_text import open_regular_file, parse_json

BEGUN, ENDED, STARTED = "DownstreamStart", "DownstreamEnd", "ProxyStart"
NO_RELEASE = ""  # the cluster of a request that no release answered
_SWITCHING = 101  # after it, a connection ends as either side likes (WebSockets)
# Response flags of Envoy's for an answer that broke off: the instance closed or reset the
# connection, spoke no HTTP, or took too long; Envoy reset it itself.
_BROKEN_OFF = frozenset({"UC", "UR", "UPE", "UT", "DT", "LR"})
_CLIENT_LEFT = "DC"
_CHUNK = 1 << 20  # bytes read at a time
_LONGEST_LINE = 4 << 20  # bytes: headers, and so a path, have 1 MiB at most


@dataclass
class UserTraffic:
    """What became of the requests that went to one release.

    failed: answered with a server's error, cut off, or not at all. aborted: whoever asked left
    before there was an answer. durations: how many were in each bucket of `EDGES`.
    """

    requests: int = 0
    failed: int = 0
    aborted: int = 0
    durations: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))

    def figures(self) -> ReleaseFigures:
        """As receipts have them."""
        edges = (*EDGES, float("inf"))
        counts = dict(zip(edges, accumulate(self.durations), strict=True))
        figures = counts_summary(RequestCounts(self.requests, self.failed, counts))
        if self.aborted:
            figures["aborted"] = self.aborted
        return figures


class AccessLog:
    """Follows a log from a place in it, in bytes. traffic: by cluster, of what was read so far."""

    def __init__(self, path: str, offset: int) -> None:
        self.traffic: dict[str, UserTraffic] = {}
        self._exists = False
        self._damaged = False
        self._path = path
        self._offset = offset
        self._rest = b""
        self._open: dict[str, str] = {}  # request → the cluster that it was sent to

    @property
    def complete(self) -> bool:
        """Whether all of it could be read: it was not removed, emptied, or never there."""
        return self._exists and not self._damaged

    def read(self) -> None:
        """Count what was written since the last time."""
        try:
            with open_regular_file(self._path) as file:
                self._exists = True
                if os.fstat(file.fileno()).st_size < self._offset:
                    self._damaged = True
                    return
                file.seek(self._offset)
                while data := file.read(_CHUNK):
                    self._offset += len(data)
                    *lines, self._rest = (self._rest + data).split(b"\n")
                    for line in lines:
                        self._count(line)
                    if len(self._rest) > _LONGEST_LINE:
                        self._rest = b""
        except (OSError, ConfigError):  # before the first start of an Envoy, there is none
            self._damaged = self._exists or self._offset > 0

    def lose_open_requests(self) -> None:
        """The Envoy that was at them is gone: nothing came back."""
        for cluster in self._open.values():
            traffic = self.traffic.setdefault(cluster, UserTraffic())
            traffic.requests += 1
            traffic.failed += 1
        self._open.clear()

    def _count(self, line: bytes) -> None:
        try:
            entry = parse_json(line)
        except ValueError:  # cut off where an Envoy was killed, or not Envoy's
            return
        if not isinstance(entry, dict) or entry.get("synthetic"):
            return
        kind, request = entry.get("type"), str(entry.get("id"))
        if kind == BEGUN:
            self._open[request] = str(entry.get("cluster") or NO_RELEASE)
        elif kind == STARTED:
            self.lose_open_requests()
        elif kind == ENDED:
            self._open.pop(request, None)
            self._count_ended(entry)

    def _count_ended(self, entry: Mapping[str, object]) -> None:
        status, milliseconds = entry.get("status"), entry.get("milliseconds")
        if not isinstance(status, int) or not isinstance(milliseconds, int | float):
            return
        flags = set(str(entry.get("flags")).split(","))
        traffic = self.traffic.setdefault(str(entry.get("cluster") or NO_RELEASE), UserTraffic())
        traffic.requests += 1
        if not status and _CLIENT_LEFT in flags:
            traffic.aborted += 1
            return
        broken_off = status != _SWITCHING and not flags.isdisjoint(_BROKEN_OFF)
        traffic.failed += not status or status >= 500 or broken_off
        traffic.durations[bisect_left(EDGES, milliseconds)] += 1


def log_size(path: str) -> int:
    """Bytes of a log as it is now; 0 where there is none."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def mark_start(path: str, now: float) -> None:
    """Note that an Envoy is started. now: seconds since the epoch. Where that cannot be written, as
    on a full disk, Envoy can write nothing either."""
    line = json.dumps({"type": STARTED, "time": now}) + "\n"
    with suppress(OSError):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(handle, b"\n" + line.encode())  # the line before may have no end
        finally:
            os.close(handle)
