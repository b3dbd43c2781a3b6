"""Parsers: where options may stand, what their values may be, and what is said of wrong words."""

from __future__ import annotations

from argparse import REMAINDER, BooleanOptionalAction
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.cli.parser import Parser, Rest, number


def town(parser: Parser) -> None:
    """Build a town. Slowly."""
    parser.add("streets", nargs="*", default=[], help="Its streets.")
    parser.add("--houses", "-n", type=number(int, least=1, most=9), default=1, help="How many.")
    parser.add("--tree", action="append", default=[], help="A tree.")
    parser.add("--fast", "-f", action="store_true", help="At once.")
    parser.add("--lit", action=BooleanOptionalAction, default=None, help="With lamps.")


def ordered(parser: Parser) -> None:
    """Have it built."""
    parser.add("who", help="The builder.")
    parser.add("order", action=Rest, nargs=REMAINDER, metavar="-- ORDER", help="What to do.")


def built(**_: object) -> int:
    return 0


def group(parser: Parser) -> None:
    """Towns."""
    parser.add_command("build", town, built)
    parser.add_command("order", ordered, built)


def parsed(*argv: str, declare: Callable[[Parser], None] = town) -> dict[str, Any]:
    return vars(Parser("town", declare, built).parse(argv)[0])


def complaint(
    capsys: pytest.CaptureFixture[str], *argv: str, declare: Callable[[Parser], None] = town
) -> str:
    with pytest.raises(SystemExit) as exited:
        parsed(*argv, declare=declare)
    assert exited.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("Usage: town [OPTIONS]")
    return output.err.splitlines()[-1].removeprefix("Error: ")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
OPTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("--tree"), TEXT),
        st.just(("--fast",)),
        st.just(("-f",)),
        st.tuples(st.sampled_from(["--houses", "-n"]), st.integers(1, 9).map(str)),
        st.integers(1, 9).map(lambda count: (f"-n{count}",)),
        TEXT.map(lambda tree: (f"--tree={tree}",)),
        st.sampled_from([("--lit",), ("--no-lit",)]),
    )
)
STREETS = st.lists(TEXT.filter(lambda text: not text.startswith("-") or text == "-"))


@given(OPTIONS, STREETS, st.randoms())
def test_options_mean_the_same_wherever_they_stand(
    options: list[tuple[str, ...]], streets: list[str], random: Any
) -> None:
    units: list[tuple[str, ...]] = [*options]
    at = sorted(random.randint(0, len(options)) for _ in streets)
    for index, street in reversed(list(zip(at, streets, strict=True))):
        units.insert(index, (street,))
    mixed = parsed(*(argument for unit in units for argument in unit))
    first = parsed(*(argument for unit in options for argument in unit), "--", *streets)
    assert mixed == first
    assert mixed["streets"] == streets


@given(st.lists(TEXT))
def test_after_two_dashes_nothing_is_an_option(streets: list[str]) -> None:
    assert parsed("--fast", "--", "x", *streets)["fast"]
    options = parsed("a", "--", "x", *streets, declare=ordered)
    assert (options["who"], options["order"]) == ("a", ["x", *streets])


@given(TEXT)
def test_a_value_may_be_any_text(tree: str) -> None:
    assert parsed("--tree", tree)["tree"] == [tree] == parsed(f"--tree={tree}")["tree"]


def test_short_options_stand_together() -> None:
    options = parsed("-fn3")
    assert (options["fast"], options["houses"]) == (True, 3)


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--tre", "x"], "no such option: --tre. Did you mean '--tree'?"),
        (["--xyz"], "no such option: --xyz."),
        (["-x"], "no such option: -x."),
        (["--fast=x"], "option --fast takes no value"),
        (["--tree"], "option --tree needs a value"),
        (["-n"], "option -n needs a value"),
        (["-n", "many"], "argument --houses/-n: 'many' is not a whole number"),
        (["-n0"], "argument --houses/-n: 0 is out of range: 1 to 9"),
        (["-n", "-1"], "argument --houses/-n: -1 is out of range: 1 to 9"),
    ],
)
def test_wrong_words_are_named_with_what_is_right(
    argv: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint(capsys, *argv) == error


def test_what_is_missing_or_too_much_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    missing = "the following arguments are required: "
    assert complaint(capsys, declare=ordered) == f"{missing}who, -- ORDER"
    assert complaint(capsys, "a", declare=ordered) == f"{missing}-- ORDER"

    def alone(parser: Parser) -> None:
        """Nothing."""

    assert complaint(capsys, "a", "b", declare=alone) == "unexpected arguments: a b"


def test_a_misspelt_command_is_named_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser("town", group)
    assert parser.parse(["ordr", "--fast"])[1] == ["ordr", "--fast"]
    with pytest.raises(SystemExit) as exited:
        parser.command("ordr")
    assert exited.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "Error: no such command: ordr. Did you mean 'order'?"


def test_help_is_shown_whatever_else_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        parsed("--houses", "many", "-h")
    assert exited.value.code == 0
    assert "Build a town." in capsys.readouterr().out
