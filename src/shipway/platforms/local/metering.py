"""What Envoy counted, release by release. Source: its admin interface, /stats/prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shipway.core.judge import Counts

_LINE = re.compile(r"^envoy_cluster_(\w+)\{(.*)\} ([0-9.eE+-]+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
FILTER = "upstream_rq_(completed|5xx|time)$"


@dataclass(frozen=True)
class Reading:
    """Counters of one release since Envoy started. buckets: upper edge (ms) → requests at or
    below it."""

    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] = field(default_factory=dict)

    def since(self, before: Reading) -> Counts:
        """What came after `before`; all of it, where Envoy has been started anew meanwhile."""
        if self.requests < before.requests:
            before = Reading()
        buckets = {
            edge: max(0, count - before.buckets.get(edge, 0))
            for edge, count in self.buckets.items()
        }
        return Counts(
            max(0, self.requests - before.requests), max(0, self.errors - before.errors), buckets
        )


def readings(text: str) -> dict[str, Reading]:
    """Cluster → its counters, from Prometheus' text format."""
    requests: dict[str, int] = {}
    errors: dict[str, int] = {}
    buckets: dict[str, dict[float, int]] = {}
    for line in text.splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        what, labels, value = found[1], dict(_LABEL.findall(found[2])), int(float(found[3]))
        name = labels.get("envoy_cluster_name", "")
        if what == "upstream_rq_completed":
            requests[name] = value
        elif what == "upstream_rq_xx" and labels.get("envoy_response_code_class") == "5":
            errors[name] = value
        elif what == "upstream_rq_time_bucket":
            buckets.setdefault(name, {})[float(labels["le"].replace("+Inf", "inf"))] = value
    return {
        name: Reading(count, errors.get(name, 0), buckets.get(name, {}))
        for name, count in requests.items()
    }
