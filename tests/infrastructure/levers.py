"""Configurations: of one environment's levers, and so few that every pair of levers meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from tests.infrastructure.render import ACCOUNT, REGION

from shipway.aws.names import Account
from shipway.config.aws import Aws, Database, Ecs, Infrastructure, Schedule
from shipway.config.schema import Application, Config, Environment
from shipway.config.tables import GitHub
from shipway.infrastructure.parameters import RunningService, environment_parameters

HERE = Account(ACCOUNT, REGION)
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
DEFINITION = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web-staging:7"
GITHUB = GitHub(repository="acme/web", owner_id="42", repository_id="4242")

# lever → its two positions: what differs in Infrastructure, Ecs, GitHub or Live.
LEVERS: dict[str, tuple[Any, Any]] = {
    "nat": (False, True),
    "multi_az": (False, True),
    "spot": (0.0, 70.0),
    "shares": ("", "hall"),
    "certificate": ("", CERTIFICATE),
    "host": ("", "web.example.org"),
    "schedule": (Schedule(), Schedule("07:00", "19:00", timezone="Africa/Johannesburg")),
    "redis": (False, True),
    "protected": (True, False),
    "architecture": ("x86_64", "arm64"),
    "database": (Database(), Database("db.m7g.large", "16", 100, 500, 35, "web-2", "before")),
    "release": (RunningService(), RunningService(DEFINITION)),
    "github": (GitHub(), GITHUB),
}
_INFRASTRUCTURE = (
    "nat",
    "multi_az",
    "spot",
    "shares",
    "certificate",
    "host",
    "schedule",
    "redis",
    "protected",
    "database",
)


def config(
    levers: Infrastructure | None = None,
    ecs: Ecs | None = None,
    github: GitHub = GITHUB,
    **aws: Any,
) -> Config:
    """Application `web` with `staging` as given and `hall`, which others may share."""
    here = Environment(platform="ecs", infrastructure=levers or Infrastructure(), ecs=ecs or Ecs())
    hall = Environment(platform="ecs", infrastructure=Infrastructure(certificate=CERTIFICATE))
    return Config(
        application=Application(name="web"),
        environments={"staging": here, "hall": hall},
        aws=replace(Aws(region=REGION), **aws),
        github=github,
    )


def parameters(setting: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of `staging` with every lever in the given position."""
    levers = Infrastructure(**{name: setting[name] for name in _INFRASTRUCTURE})
    if levers.shares and not levers.host:  # it asks for a name
        levers = replace(levers, host="staging.example.org")
    given = config(levers, Ecs(architecture=setting["architecture"]), setting["github"])
    return environment_parameters(given, "staging", HERE, setting["release"])


def pairwise() -> list[dict[str, Any]]:
    """Settings in which every two positions of every two levers occur together."""
    names = list(LEVERS)
    open_pairs = {
        (a, i, b, j) for a, b in combinations(names, 2) for i, j in product((0, 1), repeat=2)
    }
    chosen: list[dict[str, Any]] = []
    while open_pairs:
        best = max(_candidates(names, len(chosen)), key=lambda row: len(_pairs(row) & open_pairs))
        open_pairs -= _pairs(best)
        chosen.append({name: LEVERS[name][best[name]] for name in names})
    return chosen


def _pairs(row: Mapping[str, int]) -> set[tuple[str, int, str, int]]:
    return {(a, row[a], b, row[b]) for a, b in combinations(row, 2)}


def _candidates(names: list[str], turn: int) -> list[dict[str, int]]:
    """Many rows, the same every time: the bits of numbers that are far apart."""
    step = 2_654_435_761  # Knuth's multiplicative hash
    rows = ((turn * 4096 + number) * step % 2**32 for number in range(4096))
    some = [{name: row >> (31 - at) & 1 for at, name in enumerate(names)} for row in rows]
    return [dict.fromkeys(names, 0), dict.fromkeys(names, 1), *some]
