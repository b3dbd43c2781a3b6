"""What may be typed: every command, argument and option, and what they mean.

commands.json was recorded from the parsers of 3fabc6d (Typer), and changes only where a text or an
option is meant to change: `commands` has their parameters, `lines` what they made of command lines.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shipway.cli.app import parse, shipway
from shipway.cli.commands import COMMANDS
from shipway.cli.parser import Parser

RECORDED = json.loads((Path(__file__).parent / "commands.json").read_text())


def parsers(parser: Parser) -> Iterator[Parser]:
    yield parser
    for name in list(parser.commands):
        yield from parsers(parser.command(name))


PARSERS = {parser.prog: parser for parser in parsers(shipway())}


def parameter(action: Any) -> dict[str, Any]:
    """An argument or option, as it was recorded."""
    many = action.nargs in ("*", "...") or type(action).__name__ == "_AppendAction"
    if action.nargs == 0:
        kind = "flag"
    elif action.type:
        kind = type(action.type("1")).__name__
    else:
        kind = "choice" if action.choices else "list[str]" if many else "str"
    default = False if action.default == "==SUPPRESS==" else action.default  # --version
    return {
        "names": list(action.option_strings),
        "kind": kind,
        "many": many,
        "required": bool(action.required),
        "default": default,
        "metavar": action.metavar,
        "help": action.help,
    }


def as_recorded(recorded: dict[str, Any], action: Any) -> dict[str, Any]:
    """What was recorded, in argparse's terms."""
    metavar = {"[ENV]": "ENV", "[DIGEST]": "DIGEST"}.get(recorded["metavar"], recorded["metavar"])
    if recorded["kind"] == "choice":
        default: Any = ""
    else:
        optional = recorded["many"] and not recorded["required"]
        default = [] if optional else recorded["default"]
    return {**recorded, "default": default, "metavar": metavar or action.metavar}


@pytest.mark.parametrize("path", RECORDED["commands"])
def test_every_argument_and_option_is_as_it_was(path: str) -> None:
    parser, recorded = PARSERS[path], RECORDED["commands"][path]
    assert " ".join((parser.description or "").split()) == " ".join(recorded["help"].split())
    new = ("help", "install_completion", "show_completion")  # Typer's own were not recorded
    actions = [action for action in (*parser.arguments, *parser.options) if action.dest not in new]
    assert len(actions) == len(recorded["parameters"])
    for action, expected in zip(actions, recorded["parameters"], strict=True):
        assert parameter(action) == as_recorded(expected, action)


def test_no_command_is_new_or_lost() -> None:
    assert list(PARSERS) == list(RECORDED["commands"])


@pytest.mark.parametrize("line", RECORDED["lines"], ids=lambda line: " ".join(line["arguments"]))
def test_a_command_line_means_what_it_meant(line: dict[str, Any]) -> None:
    if "options" in line:
        assert parse(line["arguments"])[1] == line["options"]
        return
    with pytest.raises(SystemExit) as exited:
        parse(line["arguments"])
    assert (exited.value.code or 0) == line["exit_code"]


@pytest.mark.parametrize("path", [path for path, parser in PARSERS.items() if parser.run])
def test_what_carries_a_command_out_takes_exactly_its_options(path: str) -> None:
    parser = PARSERS[path]
    assert parser.run is not None
    taken = inspect.signature(parser.run).parameters
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in taken.values())
    dests = {action.dest for action in (*parser.arguments, *parser.options)} - {"help"}
    assert set(taken) == {"directory", *dests, *filter(None, [parser.handed_on])}


def test_the_table_of_commands_says_what_each_says_of_itself() -> None:
    parser = shipway()
    before = {name: command.summary for name, command in parser.commands.items()}
    for name in COMMANDS:
        parser.command(name)
    assert {name: command.summary for name, command in parser.commands.items()} == before
