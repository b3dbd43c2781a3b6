"""What a rollout on ECS is wired from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shipway.cli.project import Project
from shipway.core.account import Account
from shipway.core.config import Environment
from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.core.release import Release
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words
from shipway.effects.http import RealHttp
from shipway.platforms.ecs.oneoff import run_task
from shipway.platforms.ecs.preflight import Problem, Subject, preflight
from shipway.platforms.ecs.taskdef import render
from shipway.platforms.ecs.template import read_template
from shipway.platforms.ecs.tools import Tools


def tools(project: Project, clients: AwsClients) -> Tools:
    """The parts that make, look at and run task definitions."""
    application = project.config.application

    def account() -> Account:
        with in_words():
            return identify(clients, project.config.aws)

    def rendered(
        settings: Environment, names: Names, release: Release, base: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        where = f"environments.{names.environment}.ecs.template"
        if settings.ecs.template:
            base = read_template(project.root, settings.ecs.template, where)
        return render(
            settings, names, release, base, account=account(), health=application.health
        )  # fmt: skip

    def ready(
        asked: Clients, settings: Environment, names: Names, release: Release,
        definition: Mapping[str, Any],
    ) -> Sequence[Problem]:  # fmt: skip
        return preflight(
            Subject(asked, RealHttp(), account(), application, settings, names, release, definition)
        )

    return Tools(rendered, ready, run_task)
