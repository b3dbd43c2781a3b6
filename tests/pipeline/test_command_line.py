"""Commands in messages are typed as they are printed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import shipway
from shipway.cli.app import shipway as parser_of_all
from shipway.cli.commands import COMMANDS as TABLE
from shipway.pipeline.command_line import COMMANDS, Invocation, command_line
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult

WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NAME = WORD.filter(bool)
HERE = Invocation((".venv/bin/shipway",), "my candidate", "production")
SOURCE = Path(shipway.__file__).parent


@given(st.sampled_from(COMMANDS), st.lists(WORD))
def test_a_command_is_read_by_a_shell_as_what_was_meant(command: str, rest: list[str]) -> None:
    assert shlex.split(command_line(command, *rest)) == ["shipway", command, *rest]


@given(st.lists(NAME, min_size=1, max_size=3), NAME, st.sampled_from(COMMANDS), st.lists(WORD))
def test_from_wherever_it_was_started_a_command_means_the_same(
    program: list[str], directory: str, command: str, rest: list[str]
) -> None:
    here = Invocation(tuple(program), directory)
    typed = shlex.split(here.command(command_line(command, *rest)))
    where = [] if directory == "." else ["-C", directory]
    assert typed == [*program, *where, command, *rest]


@given(NAME, st.sampled_from(COMMANDS), st.text("ab c;$`'\"\\-", min_size=1))
def test_in_a_message_too(directory: str, command: str, name: str) -> None:
    here = Invocation(("shipway",), directory)
    written = command_line(command, name)
    assert here.text(f"Try it: {written}") == f"Try it: {here.command(written)}"


@given(st.text())
def test_where_commands_are_typed_as_they_are_written_nothing_changes(text: str) -> None:
    assert Invocation().text(text) == text


def test_every_command_in_a_message_is_shown_and_nothing_else() -> None:
    said = (
        "Go on: shipway resume 'my env'. Or shipway infra policy ENV; see shipway/run, and "
        "the word shipway by itself, the folder .shipway run, and what is quoted: 'shipway run'."
    )
    assert HERE.text(said) == said.replace(
        "shipway resume", ".venv/bin/shipway -C 'my candidate' resume"
    ).replace(
        "shipway infra policy ENV", ".venv/bin/shipway -C 'my candidate' infra policy production"
    )


def test_a_result_is_shown_with_its_commands() -> None:
    receipt = {"cause": "bad", "remedy": "Go back: shipway rollback local.", "seconds": 1}
    good = StepResult(step="a", stage="test", outcome=Outcome.PASSED, facts={"receipt": receipt})
    bad = replace(
        good, reason="shipway run a", remedy="Try: shipway run b.", command="shipway run 'a b'"
    )
    run = RunResult(
        run="1",
        application="web",
        verdict=Verdict.FAILED,
        started=0.0,
        seconds=1.0,
        steps=(good, bad),
    )
    start = ".venv/bin/shipway -C 'my candidate' run"
    shown = HERE.run(run).steps
    assert shown[0] is good
    assert (shown[1].reason, shown[1].remedy, shown[1].command) == (
        f"{start} a",
        f"Try: {start} b.",
        f"{start} 'a b'",
    )
    remedy = "Go back: .venv/bin/shipway -C 'my candidate' rollback local."
    assert shown[1].facts["receipt"] == {**receipt, "remedy": remedy}
    assert Invocation().run(run) is run


# -- what the source says ------------------------------------------------------------------


def test_the_commands_are_those_that_there_are() -> None:
    assert set(COMMANDS) == set(TABLE)


def texts() -> Iterator[tuple[str, str]]:
    """(file, text) of every text in the source that is no docstring."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value


def written() -> list[tuple[str, list[str]]]:
    """(file, words) of every command that a text has."""
    pattern = rf"(?<![\w./-])shipway ((?:{'|'.join(COMMANDS)})\b(?: (?:--)?[a-zA-Z][\w-]*)*)"
    return [(file, one.split()) for file, text in texts() for one in re.findall(pattern, text)]


def test_every_command_that_a_message_names_exists_with_its_options() -> None:
    assert len(written()) > 50
    for file, words in written():
        parser = parser_of_all().command(words[0])
        if parser.commands and len(words) > 1:
            assert words[1] in parser.commands, f"{file}: {words}"
            parser = parser.command(words[1])
        options = {name for option in parser.options for name in option.option_strings}
        missing = {word for word in words if word.startswith("--")} - options
        assert not missing, f"{file}: {words}"


def test_names_come_into_a_command_by_one_function_only() -> None:
    pattern = re.compile(rf"(?<![\w./-])shipway (?:{'|'.join(COMMANDS)})[a-z -]*$")
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                for part, following in zip(node.values, node.values[1:], strict=False):
                    text = part.value if isinstance(part, ast.Constant) else ""
                    if pattern.search(text) and isinstance(following, ast.FormattedValue):
                        wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []
