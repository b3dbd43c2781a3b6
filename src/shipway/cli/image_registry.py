"""The registry of a project, wired from its configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.core.errors import ConfigError
from shipway.core.images.reference import parse
from shipway.core.naming import Names
from shipway.core.settings.image import ECR
from shipway.effects.clock import SystemClock
from shipway.effects.exchange import HttpExchange, is_here
from shipway.images.credentials import credentials
from shipway.images.registry import Registry

if TYPE_CHECKING:
    from shipway.core.config import Config
    from shipway.images.ecr import Ecr


@dataclass(frozen=True)
class Home:
    """Where a project's images are. ecr: where that is ECR. made: whether it was made just now."""

    registry: Registry
    ecr: Ecr | None = None
    made: bool = False


def home(config: Config, *, make: bool = False) -> Home:
    """The project's registry. make: make the repository in ECR where it is missing.

    Raises ConfigError where none is configured, or it is not there.
    """
    settings = config.image
    name = settings.repository or Names(config.application.name, "").repository
    if registry_of(config) == ECR:
        return _in_ecr(config, name, make=make)
    if not settings.registry:
        raise ConfigError(
            "there is no registry to push to",
            'Say one in shipway.toml: [image] registry = "registry.example.org" (or "ecr").',
        )
    place = parse(f"{settings.registry}/{name}")
    plain = settings.plain_http or is_here(place.registry)
    who = credentials(place.registry, os.environ)
    return Home(Registry(place, HttpExchange(SystemClock()), who, plain=plain))


def registry_of(config: Config) -> str:
    """What `image.registry` comes to: with an environment of the platform ecs, the account's."""
    on_ecs = any(one.platform == "ecs" for one in config.environments.values())
    return config.image.registry or (ECR if on_ecs else "")


def _in_ecr(config: Config, name: str, *, make: bool) -> Home:
    from shipway.core.images.repository import moving
    from shipway.effects.aws import AwsClients
    from shipway.images.ecr import Ecr

    ecr = Ecr(AwsClients(config.aws), SystemClock())
    made = False
    if make:
        place, plain, made = ecr.ensure(name, moving(config), config.image.kept)
    else:
        found = ecr.place(name)
        if found is None:
            raise ConfigError(
                f"ECR has no repository {name}", "Push once: shipway run publish makes it."
            )
        place, plain = found
    registry = Registry(place, HttpExchange(SystemClock()), ecr.credentials(), plain=plain)
    return Home(registry, ecr, made)
