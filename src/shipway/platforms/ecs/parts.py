"""What following a deployment takes."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.ports import Clock, Http
from shipway.platforms.ecs.balancer import Balancer
from shipway.platforms.ecs.calls import Calls
from shipway.platforms.ecs.log_lines import LogLines
from shipway.platforms.ecs.service import Service


@dataclass(frozen=True)
class Parts:
    """The service, what is in front of it, its log; how they are asked."""

    calls: Calls
    service: Service
    balancer: Balancer
    logs: LogLines
    clock: Clock
    http: Http
