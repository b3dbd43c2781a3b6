"""What the tests of stacks share: stacks on MiniStack, and the command that asks it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.infrastructure.levers import config
from tests.infrastructure.ministack import REGION, Here, without_unknown

from shipway.aws.names import Account, AwsResourceNames
from shipway.cli.infra import StackContext, apply_stack
from shipway.cli.terminal import Prompt
from shipway.config.aws import Infrastructure
from shipway.infrastructure.template import load_template

NAMES = AwsResourceNames("web", "staging")
SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
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
    path = os.pathsep.join((os.path.dirname(SHIPWAY), os.environ.get("PATH", os.defpath)))
    env = {
        **os.environ,
        "PATH": path,
        "AWS_ENDPOINT_URL": aws.address,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "CI": "",
    }
    return subprocess.run(
        [SHIPWAY, *words],
        cwd=folder,
        env=env,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
