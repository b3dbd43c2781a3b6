"""Whether somebody agrees."""

from __future__ import annotations

import io
import os
import pty

import pytest
from tests.core.infrastructure.rows import page, row

from shipway.cli.agreeing import Person, agree, typed
from shipway.core.errors import ConfigError
from shipway.core.infrastructure.change import read_changes

HARMLESS = read_changes([page(row("Add", "Vpc", "EC2::VPC"))])
LOSS = read_changes([page(row("Remove", "Database", "RDS::DBInstance", PolicyAction="Snapshot"))])


def script(text: str = "") -> Person:
    return Person(io.StringIO(text))


def at_a_terminal(text: str) -> Person:
    ours, theirs = pty.openpty()
    os.write(ours, text.encode())
    return Person(open(theirs, encoding="utf-8"))


def test_a_script_agrees_beforehand() -> None:
    agree(script(), "staging", HARMLESS, yes=True, gone=False)
    with pytest.raises(ConfigError, match="nobody is there"):
        agree(script("y\n"), "staging", HARMLESS, yes=False, gone=False)


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_person_is_asked(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    agree(at_a_terminal(answer), "staging", HARMLESS, yes=False, gone=False)
    assert "Apply this? [y/N]" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["n\n", "\n", "staging\n"])
def test_a_person_may_say_no(answer: str) -> None:
    with pytest.raises(ConfigError, match="nothing is applied"):
        agree(at_a_terminal(answer), "staging", HARMLESS, yes=False, gone=False)


def test_data_needs_both_the_option_and_the_name_whatever_else_was_agreed() -> None:
    with pytest.raises(ConfigError, match="data would go") as caught:
        agree(script("staging\n"), "staging", LOSS, yes=True, gone=False)
    assert "database Database is deleted" in caught.value.message
    with pytest.raises(ConfigError, match="not typed"):
        agree(script(""), "staging", LOSS, yes=True, gone=True)
    agree(script(" staging \n"), "staging", LOSS, yes=True, gone=True)


@pytest.mark.parametrize("words", ["", "y\n", "production\n", "stagin\n"])
def test_another_name_is_not_the_name(words: str) -> None:
    with pytest.raises(ConfigError, match="not typed"):
        typed(at_a_terminal(words or "\n"), "staging")
