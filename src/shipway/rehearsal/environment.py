"""The scratch environment of a rehearsal, made from a real one's settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from shipway.config.names import unknown_environment
from shipway.config.schema import Config, Environment
from shipway.errors import ConfigError
from shipway.rehearsal.faults import (
    SLOW_PATH,
    STREAM_PATH,
    Fault,
    FaultKind,
    failing_migration,
    fault_order,
    wrap_command,
)
from shipway.rehearsal.load import SLOW, STREAM, LoadTarget
from shipway.releases.release import Release

NAME = "rehearsal"
_RARE = 0.002  # share of slow requests, and of streamed ones: a small server has few threads
_MARK = b"the candidate of a rehearsal"


@dataclass(frozen=True)
class RehearsalPorts:
    """What a rehearsal is given on this machine.

    port, test_port: free ones. inside: the folder of the wrapper's module. trigger: the path of
    the file at whose coming a crash happens.
    """

    port: int
    test_port: int
    inside: str
    trigger: str


def candidate_release(release: Release) -> Release:
    """The same release under another name and digest."""
    digest = hashlib.sha256(_MARK + release.digest.encode()).hexdigest()
    return replace(release, version=f"{release.version or '0'}.candidate", digest=digest)


def rehearsable_strategies() -> tuple[str, ...]:
    """The strategies that an environment may have."""
    return tuple(get_args(get_type_hints(Environment)["strategy"]))


def rehearsal_settings(config: Config, environment: str) -> Environment:
    """The environment whose settings are rehearsed; defaults where none is configured."""
    if environment in config.environments:
        return config.environments[environment]
    if config.environments:
        raise unknown_environment(environment, config.environments)
    return Environment()


def rehearsal_config(
    config: Config,
    environment: str,
    strategy: str,
    fault: Fault | None,
    ports: RehearsalPorts,
    release: Release,
) -> Config:
    """A configuration with one environment, `rehearsal`, on ports and data of its own.

    It has what the application sets for its load test, so that limits of rate are off and no
    data of the real environment are named; it waits for nobody. release: the candidate, which
    has the fault. Raises ConfigError.
    """
    real = rehearsal_settings(config, environment)
    if strategy and strategy not in rehearsable_strategies():
        raise ConfigError(
            f"there is no strategy {strategy!r}",
            f"Accepted: {', '.join(rehearsable_strategies())}.",
            code="unknown-name",
        )
    chosen: Any = strategy or real.strategy  # one of them, as was just seen
    application = config.application
    drill = wrap_command(
        application.serve, application.health, ports.inside, real.env.get("PYTHONPATH", "")
    )
    order = fault_order(fault, release.name, ports.trigger) if fault and fault.kind.inside else {}
    scratch = replace(
        real,
        host="127.0.0.1",
        port=ports.port,
        test_port=ports.test_port if real.test_port else 0,
        strategy=chosen,
        env={**real.env, **application.env, **drill.env, **order},
        secrets=tuple(name for name in real.secrets if name not in application.env),
        pauses={},
    )
    wrapped = replace(application, serve=drill.serve)
    return replace(config, application=wrapped, environments={NAME: scratch})


def with_fault(config: Config, fault: Fault | None) -> Config:
    """The configuration that the candidate is rolled out with."""
    if fault is None or fault.kind is not FaultKind.BAD_MIGRATION:
        return config
    application = replace(config.application, migrate=failing_migration())
    return replace(config, application=application)


def load_targets(
    paths: tuple[str, ...], environment: Environment, health: str, mount: str = ""
) -> tuple[LoadTarget, ...]:
    """What the load asks for: `paths`, or what the smoke tests ask, or the health check.

    mount: the path that the application is mounted at. A few requests are slow and a few are
    streamed, which the wrapper answers.
    """
    requested = (
        paths
        or tuple(smoke.path for smoke in environment.smoke if smoke.status == 200)
        or (health,)
    )
    share = (1 - 2 * _RARE) / len(requested)
    return (
        *(LoadTarget(path, share) for path in dict.fromkeys(requested)),
        LoadTarget(mount + SLOW_PATH, _RARE, SLOW),
        LoadTarget(mount + STREAM_PATH, _RARE, STREAM),
    )
