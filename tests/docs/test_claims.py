"""Every command that the documents tell somebody to type exists, with its options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.cli.app import shipway
from shipway.cli.parser import Parser

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "mycandidate" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_SPAN = re.compile(r"`([^`\n]+)`|^    (.+)$", re.MULTILINE)
_CALL = re.compile(r"\bshipway((?: +-C +\S+)?(?: +[^\s`|;&]+)+)")


def claims(text: str) -> Iterator[list[str]]:
    """The words after `shipway`, of each call in code."""
    for span in _SPAN.finditer(text):
        for call in _CALL.finditer(span[1] or span[2]):
            words = call[1].partition(" #")[0].split()
            if words:
                yield words[2:] if words[0] == "-C" else words


def fault(words: list[str]) -> str:
    """What is wrong with a call; "" where nothing is."""
    root = parser = shipway()
    for number, word in enumerate(one.rstrip(".,:)") for one in words):
        if word == "--":
            break
        if word.startswith("-"):
            if word.partition("=")[0] not in {"--help", *_options(root), *_options(parser)}:
                return f"{word} is no option of {' '.join(words[:number])}"
        elif parser.commands and re.fullmatch("[a-z]+", word):
            if word not in parser.commands:
                return f"no command {' '.join(words[: number + 1])}"
            parser = parser.command(word)
    return ""


def _options(parser: Parser) -> set[str]:
    return {name for option in parser.options for name in option.option_strings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_to_type_exists(page: Path) -> None:
    wrong = [
        f"shipway {' '.join(words)}: {found}"
        for words in claims(page.read_text())
        if (found := fault(words))
    ]
    assert wrong == []


def test_a_wrong_command_or_option_is_found() -> None:
    text = "`shipway infra plam x` and `shipway -C web rollback local --two 3`, `shipway run -j 2`"
    assert [fault(words) for words in claims(text)] == [
        "no command infra plam",
        "--two is no option of rollback local",
        "",
    ]
