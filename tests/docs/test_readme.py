"""README, docs, Makefile, `--help` and behaviour say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shipway.cli.app import shipway
from shipway.cli.commands import COMMANDS
from shipway.pipeline.outcome import Verdict

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_readme_names_every_command_and_no_other() -> None:
    listed = re.search(r"Commands: (.*?);", README, re.DOTALL)
    assert listed
    assert set(re.findall(r"`(\w+)`", listed[1])) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does_and_explains_each_option(name: str) -> None:
    parser = shipway().command(name)
    assert parser.description
    actions = (*parser.arguments, *parser.options)
    assert [action.dest for action in actions if not action.help] == []


def test_exit_codes_are_as_written() -> None:
    written = re.search(r"Exit codes: (.*?)\n\n", README, re.DOTALL)
    assert written
    text = " ".join(written[1].split())
    for verdict, words in (
        (Verdict.PASSED, "0 passed"),
        (Verdict.FAILED, "1 failed"),
        (Verdict.ROLLED_BACK, "3 rolled back"),
        (Verdict.UNKNOWN, "4 unknown"),
        (Verdict.INCOMPLETE, "5 incomplete"),
        (Verdict.ACTION_REQUIRED, "6 needs a person"),
        (Verdict.INTERRUPTED, "130 interrupted"),
    ):
        assert words in text
        assert verdict.exit_code(strict=True) == int(words.split()[0])
        help_text = " ".join((shipway().command("run").description or "").split())
        assert words in help_text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    missing = [
        link for link in links if not link.startswith("http") and not (page.parent / link).exists()
    ]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as GitHub makes them: links in them count by their text."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    heads = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    texts = [re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", head).lower() for head in heads]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_into_pages_lead_to_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text())
    pages = [((page.parent / name) if name else page, anchor) for name, anchor in links]
    wrong = [f"{to.name}#{anchor}" for to, anchor in pages if anchor not in anchors(to)]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_and_commands_that_pages_name_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^    |`)make (\w+)", text, re.MULTILINE)) <= targets
    named = set(re.findall(r"`shipway (?:-C \S+ )?(\w+)", text))
    assert named <= set(COMMANDS)
