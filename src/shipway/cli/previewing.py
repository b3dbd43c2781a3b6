"""`plan ENV` carried out, for an environment on ECS."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict

from shipway.cli.deploying import packaged
from shipway.cli.project import Project
from shipway.core.naming import Names
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words
from shipway.outputs.clean import one_line
from shipway.platforms.ecs.preview import Preview, preview
from shipway.platforms.ecs.template import read_template


def show_preview(project: Project, environment: str, *, json: bool) -> int:
    """Print what deploying the packaged release would change; the exit code."""
    config = project.config
    settings = config.environments[environment]
    release = packaged(project)
    clients = AwsClients(config.aws)
    where = f"environments.{environment}.ecs.template"
    template = settings.ecs.template
    base = read_template(project.root, template, where) if template else None
    with in_words():
        found = preview(
            clients, settings, Names(project.name, environment), release, base,
            account=identify(clients, config.aws), health=config.application.health,
        )  # fmt: skip
    if json:
        data = {"environment": environment, "release": release.name, **asdict(found)}
        print(json_module.dumps(data, indent=2))
    else:
        _show(environment, release.name, found)
    return 0


def _show(environment: str, release: str, found: Preview) -> None:
    runs = f"{found.serves} ({found.running})" if found.serves else found.running
    if found.serves == release and not (found.definition or found.deployment):
        print(f"{environment}: {runs} runs already; nothing would change")
        return
    print(f"{environment}: {runs} runs; {release} would replace it")
    for title, changes in (
        ("task definition", found.definition), ("deployment", found.deployment)
    ):  # fmt: skip
        print(f"{title}:" if changes else f"{title}: nothing would change")
        for one in changes:
            print(f"  {one_line(one.words)}")
