"""Whether somebody agrees."""

from __future__ import annotations

import io
import os
import pty

import pytest
from tests.infrastructure.change_set_rows import page, row

from shipway.cli.terminal import Prompt, confirm, confirm_by_name
from shipway.errors import ConfigError
from shipway.infrastructure.change import read_changes

HARMLESS = read_changes([page(row("Add", "Vpc", "EC2::VPC"))])
LOSS = read_changes([page(row("Remove", "Database", "RDS::DBInstance", PolicyAction="Snapshot"))])


def script(text: str = "") -> Prompt:
    return Prompt(io.StringIO(text))


def at_a_terminal(text: str) -> Prompt:
    ours, theirs = pty.openpty()
    os.write(ours, text.encode())
    return Prompt(open(theirs, encoding="utf-8"))


def test_a_script_agrees_beforehand() -> None:
    confirm(script(), "staging", HARMLESS, yes=True, gone=False)
    with pytest.raises(ConfigError, match="nobody is there"):
        confirm(script("y\n"), "staging", HARMLESS, yes=False, gone=False)


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_person_is_asked(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    confirm(at_a_terminal(answer), "staging", HARMLESS, yes=False, gone=False)
    assert "Apply this? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", "\n", "staging\n"])
def test_a_person_may_say_no(answer: str) -> None:
    with pytest.raises(ConfigError, match="nothing is applied"):
        confirm(at_a_terminal(answer), "staging", HARMLESS, yes=False, gone=False)


def test_data_needs_both_the_option_and_the_name_whatever_else_was_agreed() -> None:
    with pytest.raises(ConfigError, match="data would go") as caught:
        confirm(script("staging\n"), "staging", LOSS, yes=True, gone=False)
    assert "database Database is deleted" in caught.value.message
    with pytest.raises(ConfigError, match="not typed"):
        confirm(script(""), "staging", LOSS, yes=True, gone=True)
    confirm(script(" staging \n"), "staging", LOSS, yes=True, gone=True)


@pytest.mark.parametrize("words", ["", "y\n", "production\n", "stagin\n"])
def test_another_name_is_not_the_name(words: str) -> None:
    with pytest.raises(ConfigError, match="not typed"):
        confirm_by_name(at_a_terminal(words or "\n"), "staging")
