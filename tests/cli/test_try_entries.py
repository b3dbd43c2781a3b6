"""What a trial of an entry leaves in the repository: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pipeline.contexts import workshop

from shipway.cli.try_entries import apart
from shipway.config.schema import Application, Config
from shipway.pipeline.step import Step, StepKind

INSTALL = Step(name="install", stage="build", kind=StepKind.ACTION, work={"action": "install"})


@pytest.mark.parametrize("command", ["migrate", "seed"])
def test_what_prepares_a_database_runs_in_a_copy(command: str, tmp_path: Path) -> None:
    (tmp_path / "manage.py").write_text("pass\n")
    config = Config(application=Application(name="shop", **{command: "python manage.py migrate"}))
    context, complaint = apart(INSTALL, workshop(tmp_path, config=config), "")
    assert complaint == ""
    assert context.root != str(tmp_path)
    (Path(context.root) / "db.sqlite3").write_text("")
    assert (Path(context.root) / "manage.py").read_text() == "pass\n"
    assert not (tmp_path / "db.sqlite3").exists()


def test_without_such_a_command_it_runs_where_it_is(tmp_path: Path) -> None:
    config = Config(application=Application(name="shop"))
    assert apart(INSTALL, workshop(tmp_path, config=config), "")[0].root == str(tmp_path)
