"""Writes docs/shipway.1 from the code: the manual page of every command.

python docs/make_manual.py

Its language is man(7), which every `man` understands.
"""

from __future__ import annotations

import re
import textwrap
from argparse import Action
from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import cleandoc
from pathlib import Path

from shipway.cli.app import shipway
from shipway.cli.help_page import argument_name, default, value_name
from shipway.cli.parser import Parser
from shipway.pipeline.outcome import Verdict

PAGE = Path(__file__).parent / "shipway.1"
_DATE = re.compile(r'^\.TH SHIPWAY 1 "([0-9-]+)"', re.MULTILINE)
_FILES = (
    ("shipway.toml", "The settings; or the table [tool.shipway] of pyproject.toml."),
    (".shipway/", "What Shipway keeps beside them: the record, logs, reports, releases."),
    (".shipway/report.html", "The page of the last run."),
)


def manual(day: str) -> str:
    """The page. day: as in 2026-11-28, when it last changed."""
    parser = shipway()
    first, *rest = (parser.description or "").split("\n\n")
    lines = [
        f'.TH SHIPWAY 1 "{day}" "Shipway" "User Commands"',
        ".SH NAME",
        f"shipway \\- {_text(first[0].lower() + first[1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B shipway",
        r"[\fIOPTION\fR]...",
        r"\fICOMMAND\fR",
        r"[\fIARGUMENT\fR]...",
        ".SH DESCRIPTION",
        *_paragraphs("\n\n".join(rest)),
        ".SH OPTIONS",
        *_parameters(parser),
        ".SH COMMANDS",
        *(line for name in list(parser.commands) for line in _command(parser.command(name))),
        ".SH EXIT STATUS",
        *_exit_codes(),
        ".SH FILES",
        *(line for name, words in _FILES for line in (".TP", f".I {_text(name)}", _text(words))),
    ]
    return "\n".join(line for text in lines for line in _wrapped(text)) + "\n"


def page_date(page: str) -> str:
    """When a page last changed, as it says itself; "" where it does not."""
    match = _DATE.search(page)
    return match[1] if match else ""


def _command(parser: Parser) -> Iterator[str]:
    """A command and those below it."""
    yield f".SS {_text(parser.prog)}"
    yield from _paragraphs(parser.description or "")
    yield from _parameters(parser)
    for name in list(parser.commands):
        yield from _command(parser.command(name))


def _parameters(parser: Parser) -> Iterator[str]:
    for action in (*parser.arguments, *parser.options):
        if action.dest != "help":
            yield ".TP"
            yield _heading(action)
            known = default(action) if action.nargs != 0 else ""
            yield _text(" ".join((action.help or "").split())) + (
                f" [{_text(str(known))}]" if known else ""
            )


def _heading(action: Action) -> str:
    """Names in bold, what they take in italics."""
    if not action.option_strings:
        return rf"\fI{_text(argument_name(action))}\fR"
    value = value_name(action)
    taken = rf" \fI{_text(value)}\fR" if value else ""
    return ", ".join(rf"\fB{_text(name)}\fR{taken}" for name in action.option_strings)


def _exit_codes() -> Iterator[str]:
    codes: dict[int, list[str]] = {2: ["wrong usage"]}
    for verdict in Verdict:
        codes.setdefault(verdict.exit_code(strict=True), []).append(str(verdict))
    for code, words in sorted(codes.items()):
        strict = " (strict; else 0)" if Verdict.INCOMPLETE in words else ""
        yield from (".TP", rf".B {code}", _text(", ".join(words) + strict))


def _paragraphs(text: str) -> Iterator[str]:
    paragraphs = [" ".join(part.split()) for part in cleandoc(text).split("\n\n")]
    for index, paragraph in enumerate(filter(None, paragraphs)):
        example = paragraph.removeprefix("Example: ")
        if index:
            yield ".PP"
        yield rf"Example: \fB{_text(example)}\fR" if example != paragraph else _text(paragraph)


def _wrapped(line: str) -> list[str]:
    """Lines that people can read, too; none begins as a request does."""
    if line.startswith("."):
        return [line]
    words = textwrap.wrap(line, 78, break_long_words=False, break_on_hyphens=False)
    return [rf"\&{text}" if text.startswith((".", "'")) else text for text in words]


def _text(text: str) -> str:
    """Text that groff shows as it is: no request, no escape, and a hyphen that can be copied."""
    shown = text.replace("\\", r"\(rs").replace("-", r"\-")
    shown = shown.replace("'", r"\(aq").replace("`", r"\(ga").replace("^", r"\(ha")
    shown = shown.replace("~", r"\(ti")
    return shown


if __name__ == "__main__":
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if manual(page_date(written)) != written:
        PAGE.write_text(manual(f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8")
