"""What a rollout on ECS is wired from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import Account, AwsResourceNames
from shipway.cli.image_registry import configured_registry, image_registry
from shipway.cli.project import Project
from shipway.config.schema import Config, Environment
from shipway.images.publish import environment_tag, promote_image
from shipway.ports import Clients
from shipway.releases.release import Release
from shipway.rollouts.ecs.one_off_task import run_task
from shipway.rollouts.ecs.platform import EcsPlatform
from shipway.rollouts.ecs.ports import TaskDefinitionOps
from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.subject import PreflightSubject, Problem
from shipway.rollouts.ecs.preview import read_template
from shipway.rollouts.ecs.task_definition import render_task_definition
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        RegisterTaskDefinitionRequestTypeDef,
        TaskDefinitionTypeDef,
    )


def open_ecs_platform(project: Project, environment: str) -> EcsPlatform:
    """Amazon ECS, as configured; nothing is asked yet."""
    clients = AwsClients(project.config.aws)
    return EcsPlatform(
        project.config,
        environment,
        clients,
        SystemClock(),
        RealHttp(),
        project.record,
        replace(
            task_definition_ops(project, clients),
            tag_image=lambda image: tag_image(project.config, environment, image),
        ),
    )


def tag_image(config: Config, environment: str, image: str) -> None:
    """Let an environment's tag name an image by digest, where it is in the project's own registry.

    Raises ConfigError, CannotRun and Unreachable.
    """
    if not (configured_registry(config) and "@" in image):
        return
    registry = image_registry(config).registry
    name, _, digest = image.partition("@")
    if name == f"{registry.place.registry}/{registry.place.repository}":
        promote_image(registry, digest, environment_tag(environment, config.application.version))


def task_definition_ops(project: Project, clients: AwsClients) -> TaskDefinitionOps:
    """The parts that make, look at and run task definitions."""
    application = project.config.application

    def account() -> Account:
        with translate_aws_errors():
            return identify_account(clients, project.config.aws)

    def rendered(
        settings: Environment,
        names: AwsResourceNames,
        release: Release,
        base: TaskDefinitionTypeDef | None,
    ) -> RegisterTaskDefinitionRequestTypeDef:
        where = f"environments.{names.environment}.ecs.template"
        if settings.ecs.template:
            base = read_template(project.root, settings.ecs.template, where)
        return render_task_definition(
            settings, names, release, base, account=account(), health=application.health_check
        )

    def ready(
        asked: Clients,
        settings: Environment,
        names: AwsResourceNames,
        release: Release,
        definition: RegisterTaskDefinitionRequestTypeDef,
    ) -> Sequence[Problem]:
        return run_preflight(
            PreflightSubject(
                clients=asked,
                http=RealHttp(),
                account=account(),
                application=application,
                settings=settings,
                names=names,
                release=release,
                task_definition=definition,
            )
        )

    return TaskDefinitionOps(rendered, ready, run_task)
