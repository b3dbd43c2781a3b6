"""From the configuration to the steps of the pipeline."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from shipway.config.schema import Config, OwnStep
from shipway.errors import ConfigError
from shipway.pipeline.check import Check
from shipway.pipeline.dependency import Role
from shipway.pipeline.step import ALL_CORES, Step, StepKind, StepWork
from shipway.ports import PACKAGE

# What builders see of the caller's environment, beside what every program sees.
BUILDER_ENV = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "BUILDAH_ISOLATION",
    "STORAGE_DRIVER",
    "STORAGE_OPTS",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
INSTALL = "install"
FINDINGS = "findings"
SBOM = "sbom"
IMAGE = "image"
PUBLISH = "publish"
_LOOKS_AT_IMAGE = "image-packages"
DEPLOY = "deploy-local"
_OFFLINE = "unit"  # tests of other kinds have services, outside of their sandbox
_LAST = ("deploy", "verify")


def pipeline_steps(
    config: Config, checks: Sequence[Check], more: Sequence[Step] = ()
) -> list[Step]:
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
    on_ecs = any(environment.platform == "ecs" for environment in config.environments.values())
    return bool(config.image.registry) or on_ecs


def image_step(config: Config) -> Step:
    """Never cached: its base may have changed. The builder itself keeps what did not."""
    return Step(
        name=IMAGE,
        stage="build",
        kind=StepKind.ACTION,
        work={"action": IMAGE, "on_request": True},
        inputs=("**",),
        env=BUILDER_ENV,
        timeout=config.image.timeout,
        max_age=0,
        expected=10,
    )


def _after_image(step: Step) -> Step:
    if step.name != _LOOKS_AT_IMAGE:
        return step
    return replace(step, needs=(*step.needs, IMAGE), products=(*step.products, IMAGE))


def _publish(before: Sequence[Step]) -> Step:
    """It needs all that says something of the release."""
    judges = [step for step in before if step.stage not in ("publish", *_LAST)]
    needed = {need for step in judges for need in step.needs} - {IMAGE, PACKAGE}
    return Step(
        name=PUBLISH,
        stage="publish",
        kind=StepKind.ACTION,
        work={"action": PUBLISH, "on_request": True},
        needs=tuple(step.name for step in judges if step.name not in needed),
        timeout=1800,
        max_age=0,
        expected=10,
        role=Role.PUBLICATION,
        products=(IMAGE, PACKAGE),
    )


def _install(config: Config) -> Step:
    return Step(
        name=INSTALL,
        stage="build",
        kind=StepKind.ACTION,
        work={"action": INSTALL},
        inputs=_lock_inputs(config),
        timeout=900,
        expected=8,
    )


def _lock_inputs(config: Config) -> tuple[str, ...]:
    """The lock, and what a lock that Shipway resolved may have been made from."""
    application = config.application
    local = tuple(f"{folder}/**" for folder in application.local_packages)
    if not application.test_lock:
        return (application.lock, "pyproject.toml", *local)
    return (
        *local,
        application.lock,
        application.test_lock,
        "pyproject.toml",
        "/*requirements*.txt",
        "/requirements/*.txt",
        "/Pipfile*",
        "/*.lock",
        "/setup.*",
        ".python-version",
    )


def _findings(scanners: tuple[str, ...]) -> Step:
    """Never cached: waivers expire, and imports and baselines come from outside."""
    return Step(
        name=FINDINGS,
        stage="security",
        kind=StepKind.ACTION,
        work={"action": FINDINGS},
        needs=scanners,
        max_age=0,
        expected=0.3,
        # What the other scanners found is worth reading whatever became of one of them.
        role=Role.REPORTER,
    )


def _package(config: Config, *, listed: bool) -> Step:
    """listed: whether there is a list of what it holds to go with it; it may be unavailable."""
    return Step(
        name=PACKAGE,
        stage="build",
        kind=StepKind.ACTION,
        work={
            "action": PACKAGE,
            "application": config.application.name,
            "version": config.application.version,
            "files": config.application.release,
        },
        needs=(INSTALL, SBOM) if listed else (INSTALL,),
        inputs=config.application.release or ("**",),
        timeout=900,
        expected=5,
        role=Role.AGGREGATOR,
        products=(INSTALL,),
    )


def _deploy(before: Sequence[Step]) -> Step:
    needed = {need for step in before for need in step.needs} - {PACKAGE}
    return Step(
        name=DEPLOY,
        stage="deploy",
        kind=StepKind.ACTION,
        work={"action": "deploy", "environment": "local"},
        needs=tuple(step.name for step in before if step.name not in needed),
        timeout=1800,
        max_age=0,
        expected=8,
        role=Role.ROLLOUT,
        products=(PACKAGE,),
    )


def _check(check: Check, config: Config) -> Step:
    if check.needs and INSTALL in check.needs and not config.application.lock:
        raise ConfigError(
            f"{check.name} needs the application's environment, and there is no lock file",
            f"Make one with `uv lock`, or switch it off: [checks] {check.name} = false.",
            code="invalid-pipeline",
        )
    gates = [(g.measure, str(g.bound), g.limit, g.subject) for g in check.gates(config)]
    application = config.application
    tool = check.tool
    return Step(
        name=check.name,
        stage=check.stage,
        kind=StepKind.CHECK,
        work={
            "check": check.name,
            "gates": gates,
            "settings": [
                application.packages,
                application.unit_tests,
                application.integration_tests,
                application.browser_tests,
                config.security.licences,
            ],
            "tests": _surroundings(config) if check.stage == "test" or check.served else [],
            "load": [
                application.serve,
                application.migrate,
                application.seed,
                application.env,
                vars(config.performance),
            ]
            if check.served
            else [],
            **_held(check, config),
        },
        needs=check.needs,
        inputs=_inputs(check, config),
        env=config.env,
        cores=check.cores,
        max_age=check.max_age,
        expected=check.expected,
        timeout=config.limits.timeout,
        role=Role.AGGREGATOR,
        products=(INSTALL,) if INSTALL in check.needs else (),
        tool=" ".join((tool.package, tool.version, *tool.extras)),
    )


def _held(check: Check, config: Config) -> StepWork:
    """Only where it is: a step is no other one for what does not hold it."""
    offline = check.name == _OFFLINE and not config.network
    return {"network": False} if offline else {}


def _surroundings(config: Config) -> list[Any]:
    """What tests find around them: their outcome depends on it."""
    application = config.application
    services = {name: asdict(service) for name, service in config.services.items()}
    prepared = [application.migrate, application.seed] if services else []
    return [application.env, application.test_runner, services, prepared]


def _inputs(check: Check, config: Config) -> tuple[str, ...]:
    """A linter's outcome depends on the baseline, too: what that holds does not count."""
    baseline = config.security.baseline if check.stage == "quality" else ""
    return (*check.inputs(config), baseline) if baseline else check.inputs(config)


def _own(name: str, step: OwnStep, config: Config) -> Step:
    work: StepWork = {"argv": _words(f"steps.{name}.run", step.run)}
    if not step.sandbox:
        work["sandbox"] = False
    if step.shared:
        work["shared"] = True
    return Step(
        name=name,
        stage=step.stage,
        kind=StepKind.COMMAND,
        work=work,
        needs=step.needs,
        inputs=step.inputs,
        env=(*config.env, *step.env),
        timeout=step.timeout,
        retries=step.retries,
        cores=ALL_CORES if step.cores == "all" else step.cores,
        max_age=step.max_age,
        branches=step.branches,
    )


def _words(key: str, command: str | Sequence[str]) -> list[str]:
    try:
        arguments = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise ConfigError(
            f"{key}: {error}: {command}", "Close the quotation.", code="invalid-setting"
        ) from None
    if not arguments:
        raise ConfigError(f"{key} is empty", "Say what to run.", code="invalid-pipeline")
    return arguments


def _after_rollout(step: Step, steps: Sequence[Step]) -> Step:
    behind = any(other.name == DEPLOY for other in steps) and DEPLOY not in step.needs
    needs = (*step.needs, DEPLOY) if behind else step.needs
    return replace(step, needs=needs, max_age=0)  # what looks at what runs is never replayed
