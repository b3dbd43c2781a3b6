"""When an application is healthy: one rule for this machine, the container and the load balancer.

`codes` has the form of an Application Load Balancer's matcher: "200", "200,204" or "200-299"
(Elastic Load Balancing API reference, Matcher). A load balancer follows no redirect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_RANGES = re.compile(r"[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*", re.ASCII)


def is_code_ranges(codes: str) -> bool:
    """Whether a load balancer would take `codes`: statuses 200 to 499, and ranges of them."""
    return _RANGES.fullmatch(codes) is not None


@dataclass(frozen=True)
class HealthCheck:
    """path: what is asked. codes: the statuses of a healthy instance."""

    path: str
    codes: str = "200-299"

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first and the last status of each part of `codes`."""
        parts = [part.partition("-") for part in self.codes.split(",")]
        return [(int(first), int(last or first)) for first, _, last in parts]

    def fault(self, status: int, headers: Mapping[str, str]) -> str:
        """Why an answer is not healthy, in one sentence; "" where it is.

        headers: the answer's; their names may have any case.
        """
        if any(first <= status <= last for first, last in self.ranges):
            return ""
        return _fault(self.path, self.codes, status, headers)


def _fault(path: str, codes: str, status: int, headers: Mapping[str, str]) -> str:
    if 300 <= status < 400:
        names = {name.lower(): value for name, value in headers.items()}
        return _redirect(path, status, names.get("location", ""))
    if status == 404:
        return f"{path} answers 404: the application has no such page; set `health` to one it has"
    if status in (401, 403):
        return f"{path} answers {status}: set `health` to a page that needs no account"
    if status == 400:
        return f"{path} answers 400: health checks ask by address, so let it take every Host"
    if status >= 500:
        return f"{path} answers {status}"
    return f"{path} answers {status}, and a healthy instance answers {codes}"


def _redirect(path: str, status: int, location: str) -> str:
    target = urlsplit(location)
    if target.scheme == "https" and target.path == urlsplit(path).path:
        return (
            f"{path} answers {status} to HTTPS: health checks come by HTTP, from the load balancer"
            " too; exempt this path from the redirect"
        )
    return (
        f"{path} answers {status} to {location or 'nowhere'}: a health check follows no redirect;"
        " set `health` to a page that answers by itself, or allow it in `health_codes`"
    )
