"""Every help page teaches: whole sentences, and an example that is a command of ours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest

from shipway.cli.app import shipway
from shipway.cli.parser import Parser


def parsers(parser: Parser) -> Iterator[Parser]:
    yield parser
    for name in list(parser.commands):
        yield from parsers(parser.command(name))


PARSERS = list(parsers(shipway()))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_page_has_everything_and_fits(
    parser: Parser, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    page = parser.format_help()
    text = " ".join(page.split())
    assert f"Example: {parser.prog}" in " ".join((parser.description or "").split())
    assert " ".join((parser.description or "").split()) in text
    for action in (*parser.arguments, *parser.options):
        assert action.help and " ".join(action.help.split()) in text
        assert all(name in page for name in action.option_strings)
    for name, command in parser.commands.items():
        assert f"{name} {command.summary}" in text
    assert max(map(len, page.splitlines()[1:])) <= min(columns, 100)


def test_colour_is_for_terminals_and_for_those_who_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(stream: io.StringIO) -> str:
        shipway().print_help(stream)
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    plain = shown(io.StringIO())
    assert "\x1b" not in plain
    coloured = shown(Terminal())
    assert "\x1b[1mrun\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Terminal()) == plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert shown(Terminal()) == plain
