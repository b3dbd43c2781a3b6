"""What the tests of stacks share: stacks on MiniStack, and the command that asks it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tests.cli import in_process
from tests.infrastructure.levers import config
from tests.infrastructure.ministack import REGION, Here, without_unknown

from shipway.aws.names import Account, AwsResourceNames
from shipway.cli.infra import StackContext, apply_stack
from shipway.cli.terminal import Prompt
from shipway.config.aws import Infrastructure
from shipway.infrastructure.template import load_template

NAMES = AwsResourceNames("web", "staging")
SETTINGS = f"""
[application]
name = "web"
[aws]
region = "{REGION}"
github_provider = false
owner = "civic"
[environments.staging]
platform = "ecs"
"""


def site(aws: Here, where: str = "staging", typed: str = "", **levers: Any) -> StackContext:
    kind = "bootstrap" if where == "bootstrap" else "environment"
    given = config(Infrastructure(**levers), owner="civic", cost_centre="7")
    return StackContext(
        config=given,
        where=where,
        clients=aws,
        account=Account("000000000000", REGION),
        template=without_unknown(load_template(kind)),
        every=0.05,
        person=Prompt(io.StringIO(typed)),
    )


def apply(given: StackContext, *, allow_destroy: bool = False) -> None:
    apply_stack(given, yes=True, allow_destroy=allow_destroy, json=False)


def shipway(folder: Path, aws: Here, *words: str, given: str = "") -> Any:
    """The command as a script starts it."""
    variables = {
        "AWS_ENDPOINT_URL": aws.address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    return in_process.shipway(folder, *words, stdin=given, **variables)
