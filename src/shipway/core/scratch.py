"""The scratch environment of a rehearsal, made from a real one's settings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from shipway.core.config import Config, Environment
from shipway.core.drill import SLOW_PATH, STREAM_PATH, failing_migration, ordered, wrap
from shipway.core.errors import ConfigError
from shipway.core.fault import Fault, FaultKind
from shipway.core.load import SLOW, STREAM, Target
from shipway.core.release import Release

NAME = "rehearsal"
_RARE = 0.002  # share of slow requests, and of streamed ones: a small server has few threads
_MARK = b"the candidate of a rehearsal"


@dataclass(frozen=True)
class Place:
    """What a rehearsal is given on this machine.

    port, test_port: free ones. inside: the folder of the wrapper's module. trigger: the path of
    the file at whose coming a crash happens.
    """

    port: int
    test_port: int
    inside: str
    trigger: str


def candidate(release: Release) -> Release:
    """The same release under another name and digest."""
    digest = hashlib.sha256(_MARK + release.digest.encode()).hexdigest()
    return replace(release, version=f"{release.version or '0'}.candidate", digest=digest)


def strategies() -> tuple[str, ...]:
    """The strategies that an environment may have."""
    return tuple(get_args(get_type_hints(Environment)["strategy"]))


def settings(config: Config, environment: str) -> Environment:
    """The environment whose settings are rehearsed; defaults where none is configured."""
    if environment in config.environments:
        return config.environments[environment]
    if config.environments:
        raise ConfigError(
            f"no environment is named {environment!r}",
            f"Configured: {', '.join(config.environments)}. See shipway.toml.",
        )
    return Environment()


def rehearsed(
    config: Config, environment: str, strategy: str, fault: Fault | None, place: Place,
    release: Release,
) -> Config:  # fmt: skip
    """A configuration with one environment, `rehearsal`, on ports and data of its own.

    It has what the application sets for its load test, so that limits of rate are off and no
    data of the real environment are named; it waits for nobody. release: the candidate, which
    has the fault. Raises ConfigError.
    """
    real = settings(config, environment)
    if strategy and strategy not in strategies():
        raise ConfigError(
            f"there is no strategy {strategy!r}", f"Accepted: {', '.join(strategies())}."
        )
    chosen: Any = strategy or real.strategy  # one of them, as was just seen
    application = config.application
    drill = wrap(
        application.serve, application.health, place.inside, real.env.get("PYTHONPATH", "")
    )
    order = ordered(fault, release.name, place.trigger) if fault and fault.kind.inside else {}
    scratch = replace(
        real, host="127.0.0.1", port=place.port,
        test_port=place.test_port if real.test_port else 0,
        strategy=chosen,
        env={**real.env, **application.env, **drill.env, **order},
        secrets=tuple(name for name in real.secrets if name not in application.env), pauses={},
    )  # fmt: skip
    wrapped = replace(application, serve=drill.serve)
    return replace(config, application=wrapped, environments={NAME: scratch})


def with_fault(config: Config, fault: Fault | None) -> Config:
    """The configuration that the candidate is rolled out with."""
    if fault is None or fault.kind is not FaultKind.BAD_MIGRATION:
        return config
    application = replace(config.application, migrate=failing_migration())
    return replace(config, application=application)


def targets(paths: tuple[str, ...], environment: Environment, health: str) -> tuple[Target, ...]:
    """What the load asks for: `paths`, or what the smoke tests ask, or the health check.

    A few requests are slow and a few are streamed, which the wrapper answers.
    """
    asked = paths or tuple(one.path for one in environment.smoke if one.status == 200) or (health,)
    share = (1 - 2 * _RARE) / len(asked)
    return (
        *(Target(path, share) for path in dict.fromkeys(asked)),
        Target(SLOW_PATH, _RARE, SLOW), Target(STREAM_PATH, _RARE, STREAM),
    )  # fmt: skip
