"""What the tests of stacks share: stacks on MiniStack, and the command that asks it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.aws.levers import config
from tests.aws.ministack import REGION, Here, without_unknown

from shipway.aws.template import template
from shipway.cli.agreeing import Person
from shipway.cli.stack_site import StackSite
from shipway.cli.stacking import apply_site
from shipway.core.account import Account
from shipway.core.naming import Names
from shipway.core.settings.infrastructure import Infrastructure

NAMES = Names("web", "staging")
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


def site(aws: Here, where: str = "staging", typed: str = "", **levers: Any) -> StackSite:
    kind = "bootstrap" if where == "bootstrap" else "environment"
    given = config(Infrastructure(**levers), owner="civic", cost_centre="7")
    return StackSite(given, where, aws, Account("000000000000", REGION),
                     without_unknown(template(kind)), every=0.05,
                     person=Person(io.StringIO(typed)))  # fmt: skip


def apply(given: StackSite, *, allow_destroy: bool = False) -> None:
    apply_site(given, yes=True, allow_destroy=allow_destroy, json=False)


def shipway(folder: Path, aws: Here, *words: str, given: str = "") -> Any:
    """The command as a script starts it."""
    path = os.pathsep.join((os.path.dirname(SHIPWAY), os.environ.get("PATH", os.defpath)))
    env = {
        **os.environ, "PATH": path, "AWS_ENDPOINT_URL": aws.address, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "XDG_CACHE_HOME": str(folder / "cache"), "CI": "",
    }  # fmt: skip
    return subprocess.run(
        [SHIPWAY, *words], cwd=folder, env=env, input=given, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
