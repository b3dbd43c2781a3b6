"""Text from outside as Markdown that GitHub shows letter for letter."""

from __future__ import annotations

import re

from shipway.outputs.clean import plain_text

_SPECIAL = re.compile(r"[&<>\"'`*_~\[\]{}()\\|#$!^=@]")
# What GitHub makes live after Markdown is done: mentions, references, addresses.
_LIVE = re.compile(r"(&#64;|&#35;|GH-(?=\d)|www(?=\.)|:(?=//))")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-_~:/?#@!$&'*+,;=%]{1,300}")


def words(text: str, longest: int) -> str:
    """One line of plain words. What would be live is parted by a space of no width."""
    line = " ".join(plain_text(text).split())
    cut = line if len(line) <= longest else f"{line[: longest - 1]}…"
    coded = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", cut)
    return _LIVE.sub(r"\1&#8203;", coded)


def code(text: str, longest: int) -> str:
    """The same, set as code; from a long path the end is kept."""
    line = " ".join(plain_text(text).split())
    cut = line if len(line) <= longest else f"…{line[1 - longest :]}"
    coded = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", cut)
    return f"<code>{coded}</code>" if coded else ""


def link(shown: str, address: str) -> str:
    """Something shown as a link; left as it is where the address is not of the web."""
    if not _ADDRESS.fullmatch(address):
        return shown
    safe = address.replace("&", "&amp;").replace("'", "&#39;").replace("$", "%24")
    return f'<a href="{safe}">{shown}</a>'


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """The lines of a table."""
    return [
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]
