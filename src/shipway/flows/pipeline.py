"""From the configuration to the steps of the pipeline."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from shipway.core.check import Check
from shipway.core.config import Config, OwnStep
from shipway.core.dependency import Role
from shipway.core.errors import ConfigError
from shipway.core.images.job import BUILDER_ENV
from shipway.core.ports import PACKAGE
from shipway.core.step import ALL_CORES, Kind, Step

INSTALL = "install"
FINDINGS = "findings"
SBOM = "sbom"
IMAGE = "image"
PUBLISH = "publish"
_LOOKS_AT_IMAGE = "image-packages"
DEPLOY = "deploy-local"
_LAST = ("deploy", "verify")


def pipeline(config: Config, checks: Sequence[Check], more: Sequence[Step] = ()) -> list[Step]:
    """All steps: the application's environment, the checks, the team's own, and the release.

    more: steps that look at something outside of the application's folder.
    The rollout to `local` needs everything before it; the team's own steps of the stages
    deploy and verify come after it.
    """
    application = config.application
    for key in ("serve", "migrate", "seed"):
        if text := getattr(application, key):
            _words(f"application.{key}", text)
    steps: list[Step] = []
    if config.application.lock:
        steps.append(_install(config))
    steps += [_check(check, config) for check in checks]
    published = _published(config)
    if published:
        steps = [_after_image(step) for step in steps]
        steps.append(image_step(config))
    steps += more
    if scanners := tuple(step.name for step in steps if step.stage == "security"):
        steps.append(_findings(scanners))
    own = {name: _own(name, step, config) for name, step in config.steps.items()}
    steps += [step for step in own.values() if step.stage not in _LAST]
    if config.application.serve and config.application.lock:
        steps.append(_package(config, listed=any(step.name == SBOM for step in steps)))
        if "local" in config.environments:
            steps.append(_deploy([step for step in steps if step.name != IMAGE]))
        if published:
            steps.append(_publish(steps))
    steps += [_after_rollout(step, steps) for step in own.values() if step.stage in _LAST]
    return steps


def _published(config: Config) -> bool:
    """Whether the application's image is to be brought to a registry."""
    on_ecs = any(one.platform == "ecs" for one in config.environments.values())
    return bool(config.image.registry) or on_ecs


def image_step(config: Config) -> Step:
    """Never cached: its base may have changed. The builder itself keeps what did not."""
    return Step(
        IMAGE, "build", Kind.ACTION, {"action": IMAGE, "on_request": True}, inputs=("**",),
        env=BUILDER_ENV, timeout=config.image.timeout, max_age=0, expected=10,
    )  # fmt: skip


def _after_image(step: Step) -> Step:
    if step.name != _LOOKS_AT_IMAGE:
        return step
    return replace(step, needs=(*step.needs, IMAGE), products=(*step.products, IMAGE))


def _publish(before: Sequence[Step]) -> Step:
    """It needs all that says something of the release."""
    judges = [step for step in before if step.stage not in ("publish", *_LAST)]
    needed = {need for step in judges for need in step.needs} - {IMAGE, PACKAGE}
    return Step(
        PUBLISH, "publish", Kind.ACTION, {"action": PUBLISH, "on_request": True},
        needs=tuple(step.name for step in judges if step.name not in needed),
        timeout=1800, max_age=0, expected=10, role=Role.PUBLICATION, products=(IMAGE, PACKAGE),
    )  # fmt: skip


def _install(config: Config) -> Step:
    return Step(
        INSTALL, "build", Kind.ACTION, {"action": INSTALL},
        inputs=_lock_inputs(config), timeout=900, expected=8,
    )  # fmt: skip


def _lock_inputs(config: Config) -> tuple[str, ...]:
    """The lock, and what a lock that Shipway resolved may have been made from."""
    application = config.application
    if not application.test_lock:
        return (application.lock, "pyproject.toml")
    return (
        application.lock, application.test_lock, "pyproject.toml", "/*requirements*.txt",
        "/requirements/*.txt", "/Pipfile*", "/*.lock", "/setup.*", ".python-version",
    )  # fmt: skip


def _findings(scanners: tuple[str, ...]) -> Step:
    """Never cached: waivers expire, and imports and baselines come from outside."""
    return Step(
        FINDINGS, "security", Kind.ACTION, {"action": FINDINGS}, needs=scanners,
        max_age=0, expected=0.3,
        # What the other scanners found is worth reading whatever became of one of them.
        role=Role.REPORTER,
    )  # fmt: skip


def _package(config: Config, *, listed: bool) -> Step:
    """listed: whether there is a list of what it holds to go with it; it may be unavailable."""
    return Step(
        PACKAGE, "build", Kind.ACTION,
        {"action": PACKAGE, "application": config.application.name,
         "version": config.application.version, "files": config.application.release},
        needs=(INSTALL, SBOM) if listed else (INSTALL,),
        inputs=config.application.release or ("**",), timeout=900, expected=5,
        role=Role.AGGREGATOR, products=(INSTALL,),
    )  # fmt: skip


def _deploy(before: Sequence[Step]) -> Step:
    needed = {need for step in before for need in step.needs} - {PACKAGE}
    return Step(
        DEPLOY, "deploy", Kind.ACTION, {"action": "deploy", "environment": "local"},
        needs=tuple(step.name for step in before if step.name not in needed),
        timeout=1800, max_age=0, expected=8, role=Role.ROLLOUT, products=(PACKAGE,),
    )  # fmt: skip


def _check(check: Check, config: Config) -> Step:
    if check.needs and INSTALL in check.needs and not config.application.lock:
        raise ConfigError(
            f"{check.name} needs the application's environment, and there is no lock file",
            f"Make one with `uv lock`, or switch it off: [checks] {check.name} = false.",
        )
    gates = [[g.measure, g.bound, g.limit, g.subject] for g in check.gates(config)]
    application = config.application
    tool = check.tool
    return Step(
        check.name, check.stage, Kind.CHECK,
        {"check": check.name, "gates": gates,
         "settings": [application.packages, application.unit_tests,
                      application.integration_tests, application.browser_tests,
                      config.security.licences],
         "tests": _surroundings(config) if check.stage == "test" else [],
         "load": [application.serve, application.migrate, application.seed, application.env,
                  vars(config.performance)] if check.served else []},
        needs=check.needs, inputs=_inputs(check, config), env=config.env, cores=check.cores,
        max_age=check.max_age, expected=check.expected, timeout=1800,
        role=Role.AGGREGATOR, products=(INSTALL,) if INSTALL in check.needs else (),
        tool=" ".join((tool.package, tool.version, *tool.extras)),
    )  # fmt: skip


def _surroundings(config: Config) -> list[Any]:
    """What tests find around them: their outcome depends on it."""
    application = config.application
    services = {name: asdict(one) for name, one in config.services.items()}
    prepared = [application.migrate, application.seed] if services else []
    return [application.env, application.test_runner, services, prepared]


def _inputs(check: Check, config: Config) -> tuple[str, ...]:
    """A linter's outcome depends on the baseline, too: what that holds does not count."""
    baseline = config.security.baseline if check.stage == "quality" else ""
    return (*check.inputs(config), baseline) if baseline else check.inputs(config)


def _own(name: str, step: OwnStep, config: Config) -> Step:
    argv = _words(f"steps.{name}.run", step.run)
    return Step(
        name, step.stage, Kind.COMMAND, {"argv": argv},
        needs=step.needs, inputs=step.inputs, env=(*config.env, *step.env), timeout=step.timeout,
        retries=step.retries, cores=ALL_CORES if step.cores == "all" else step.cores,
        max_age=step.max_age, branches=step.branches,
    )  # fmt: skip


def _words(key: str, command: str | Sequence[str]) -> list[str]:
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}: {command}", "Close the quotation.") from None
    if not words:
        raise ConfigError(f"{key} is empty", "Say what to run.")
    return words


def _after_rollout(step: Step, steps: Sequence[Step]) -> Step:
    behind = any(other.name == DEPLOY for other in steps) and DEPLOY not in step.needs
    needs = (*step.needs, DEPLOY) if behind else step.needs
    return replace(step, needs=needs, max_age=0)  # what looks at what runs is never replayed
