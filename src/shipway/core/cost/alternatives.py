"""What would cost less: each lever turned, and the whole estimated anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shipway.core.config import Config, Environment
from shipway.core.cost.estimate import Estimator
from shipway.core.errors import ConfigError
from shipway.core.settings.infrastructure import Schedule

_NIGHT = Schedule("07:00", "19:00")  # of working days; 60 of 168 hours
_LEAST = 0.5  # US dollars a month that are worth a line
_NEVER_ASLEEP = "production"
_KEY = "infrastructure"


@dataclass(frozen=True)
class Alternative:
    """setting: what to write, below `environments.NAME`. price: what it takes instead.

    saves: US dollars a month.
    """

    environment: str
    setting: str
    price: str
    saves: float


def alternatives(found: Estimator, name: str) -> list[Alternative]:
    """What an environment could do without, what saves most first; each by itself."""
    now = sum(one.usd for one in found.all())
    rows = []
    for setting, price, changed in _changes(found.config, name):
        environments = {**found.config.environments, name: changed}
        other = replace(found, config=replace(found.config, environments=environments))
        try:
            saves = now - sum(one.usd for one in other.all())
        except ConfigError:
            continue  # the levers do not allow it
        if saves >= _LEAST:
            rows.append(Alternative(name, setting, price, saves))
    return sorted(rows, key=lambda one: -one.saves)


def _changes(config: Config, name: str) -> Iterator[tuple[str, str, Environment]]:
    """What to write, what it takes, and the environment as it would be."""
    here = config.environments[name]
    levers = here.infrastructure
    if here.ecs.architecture != "arm64":
        arm = replace(here, ecs=replace(here.ecs, architecture="arm64"))
        yield 'ecs.architecture = "arm64"', "the image has to be built for ARM", arm
    for setting, price, changed in (
        ("spot = 100", "a task may be stopped at two minutes' notice", replace(levers, spot=100.0)),
        ("nat = false", "tasks have public addresses, where nobody is let in",
         replace(levers, nat=False)),
        ("multi_az = false", "a zone that fails takes database and Redis with it",
         replace(levers, multi_az=False)),
        ('insights = "disabled"', "no metrics of single tasks",
         replace(levers, insights="disabled")),
    ):  # fmt: skip
        yield f"{_KEY}.{setting}", price, replace(here, infrastructure=changed)
    if name != _NEVER_ASLEEP:
        yield from _asleep(config, name)


def _asleep(config: Config, name: str) -> Iterator[tuple[str, str, Environment]]:
    """For environments that nobody but us asks."""
    here = config.environments[name]
    levers = here.infrastructure
    if not levers.schedule.start:
        night = replace(levers, schedule=_NIGHT)
        yield (f'{_KEY}.schedule = {{start = "{_NIGHT.start}", stop = "{_NIGHT.stop}"}}',
               "nobody is answered at night and on weekends",
               replace(here, infrastructure=night))  # fmt: skip
    if levers.min_tasks > 1:
        one = replace(levers, min_tasks=1)
        yield (f"{_KEY}.min_tasks = 1", "a task that fails is missed until the next one is up",
               replace(here, infrastructure=one))  # fmt: skip
    host = _host(config, name)
    if host:
        shared = replace(levers, shares=host, host=levers.host or f"{name}.example.org")
        yield (f'{_KEY}.shares = "{host}"',
               f"network, load balancer and database are {host}'s; it needs a host, too",
               replace(here, infrastructure=shared))  # fmt: skip


def _host(config: Config, name: str) -> str:
    """Whose load balancer and database it could use; "" where there is none.

    Not production's, and nobody's who shares; one that others use cannot move in with another.
    """
    ours = {key: one for key, one in config.environments.items() if one.platform == "ecs"}
    if any(one.infrastructure.shares == name for one in ours.values()):
        return ""
    return next(
        (key for key, one in ours.items()
         if key not in (name, _NEVER_ASLEEP) and not one.infrastructure.shares), "",
    )  # fmt: skip
