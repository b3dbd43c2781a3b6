"""Every help page teaches: whole sentences, and an example that is a command of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main
from typer.testing import CliRunner

from shipway.cli.app import app


def _pages(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, group
    for name, command in getattr(group, "commands", {}).items():
        yield from _pages(command, (*words, name))


PAGES = dict(_pages(typer.main.get_group(app), ()))


def test_every_page_has_an_example_that_names_its_own_command() -> None:
    without = [
        words
        for words, command in PAGES.items()
        if f"Example: {' '.join(('shipway', *words))}" not in " ".join((command.help or "").split())
    ]
    assert without == []


def test_lists_of_commands_cut_no_sentence() -> None:
    for words, command in PAGES.items():
        if getattr(command, "commands", None):
            page = CliRunner().invoke(app, [*words, "--help"])
            assert page.exit_code == 0
            assert "..." not in page.output.partition("Commands:")[2], words
