"""The registry of a project, wired from its configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass

from shipway.aws.clients import AwsClients
from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Config
from shipway.config.tables import ECR
from shipway.errors import ConfigError
from shipway.images.ecr import EcrRegistry
from shipway.images.reference import parse_reference
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import find_credentials
from shipway.images.repository import moving_tags
from shipway.system.clock import SystemClock
from shipway.system.http import HttpRegistryTransport, is_this_machine


@dataclass(frozen=True)
class ImageRegistry:
    """Where a project's images are. ecr: where that is ECR. made: whether it was made just now."""

    registry: RegistryClient
    ecr: EcrRegistry | None = None
    made: bool = False


def image_registry(config: Config, *, make: bool = False) -> ImageRegistry:
    """The project's registry. make: make the repository in ECR where it is missing.

    Raises ConfigError where none is configured, or it is not there.
    """
    settings = config.image
    name = settings.repository or AwsResourceNames(config.application.name, "").repository
    if configured_registry(config) == ECR:
        return _in_ecr(config, name, make=make)
    if not settings.registry:
        raise ConfigError(
            "there is no registry to push to",
            'Say one in shipway.toml: [image] registry = "registry.example.org" (or "ecr").',
            code="no-registry",
        )
    reference = parse_reference(f"{settings.registry}/{name}")
    plain = settings.plain_http or is_this_machine(reference.registry)
    who = find_credentials(reference.registry, os.environ)
    return ImageRegistry(
        RegistryClient(reference, HttpRegistryTransport(SystemClock()), who, plain=plain)
    )


def configured_registry(config: Config) -> str:
    """What `image.registry` comes to: with an environment of the platform ecs, the account's."""
    on_ecs = any(environment.platform == "ecs" for environment in config.environments.values())
    return config.image.registry or (ECR if on_ecs else "")


def _in_ecr(config: Config, name: str, *, make: bool) -> ImageRegistry:
    ecr = EcrRegistry(AwsClients(config.aws), SystemClock())
    created = False
    if make:
        reference, plain, created = ecr.ensure(name, moving_tags(config), config.image.kept)
    else:
        existing = ecr.place(name)
        if existing is None:
            raise ConfigError(
                f"ECR has no repository {name}",
                "Push once: shipway run publish makes it.",
                code="no-registry",
            )
        reference, plain = existing
    registry = RegistryClient(
        reference,
        HttpRegistryTransport(SystemClock()),
        ecr.credentials(),
        plain=plain,
        renew=ecr.credentials,
    )
    return ImageRegistry(registry, ecr, created)
