"""A notice as a message of Slack's: blocks, with all of its text made harmless.

Source: Slack's "Formatting message text" (only `&`, `<` and `>` begin something that another
reads: a mention, a link, an entity) and "Block Kit" for the limits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict
from urllib.parse import quote, urlsplit

from shipway.notifications.notice import Notice, NoticeEvent
from shipway.ports import Changes
from shipway.reports.sanitize import one_line

_HEADER = 150  # characters of a header
_SECTION = 3000  # of a section's text
_FIELDS = 10  # of a section
_REST = 500  # characters of a section for what is left out
_CELL = 300
_SUBJECT = 120
_SENTENCE = 300
_SIGN = {
    NoticeEvent.STARTED: "▶",
    NoticeEvent.DEPLOYED: "✔",
    NoticeEvent.ROLLED_BACK: "↩",
    NoticeEvent.HELD: "⏸",
    NoticeEvent.FAILED: "✖",
    NoticeEvent.RUN_FAILED: "✖",
    NoticeEvent.RUN_RECOVERED: "✔",
}


# Block Kit's objects, as far as they are used here.


class PlainText(TypedDict):
    """A text as it is."""

    type: Literal["plain_text"]
    text: str
    emoji: bool


class MarkdownText(TypedDict):
    """A text in Slack's mrkdwn. verbatim: what looks like an address or a name is left as text."""

    type: Literal["mrkdwn"]
    text: str
    verbatim: bool


class HeaderBlock(TypedDict):
    """A heading."""

    type: Literal["header"]
    text: PlainText


class SectionBlock(TypedDict):
    """A text, or cells in two columns."""

    type: Literal["section"]
    text: NotRequired[MarkdownText]
    fields: NotRequired[list[MarkdownText]]


class ContextBlock(TypedDict):
    """A text in small print."""

    type: Literal["context"]
    elements: list[MarkdownText]


Block = HeaderBlock | SectionBlock | ContextBlock


class SlackMessage(TypedDict):
    """The body. text: for notifications, and where blocks are not shown."""

    text: str
    blocks: list[Block]
    unfurl_links: bool
    unfurl_media: bool
    channel: NotRequired[str]


def slack_message(notice: Notice, channel: str = "") -> bytes:
    """The message as JSON, for an incoming webhook, or with a channel for chat.postMessage."""
    headline = one_line(f"{_SIGN[notice.event]} {notice.headline}", _HEADER)
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline, "emoji": False}}
    ]
    if why := _why(notice):
        blocks.append(_section(why))
    if notice.problems:
        blocks.append(_section(_problems(notice)))
    facts = {**({"before": notice.before} if notice.before else {}), **notice.figures}
    if facts:
        cells = [f"*{mrkdwn(name)}*\n{mrkdwn(text)}" for name, text in facts.items()]
        fields = [_text(cell) for cell in cells[:_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if notice.changes.commits:
        blocks.append(_section(_list(notice.changes)))
    if notice.links:
        links = " · ".join(_link(name, where) for name, where in notice.links.items())
        blocks.append({"type": "context", "elements": [_text(links[:_SECTION])]})
    message: SlackMessage = {
        "text": mrkdwn(headline),
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if channel:
        message["channel"] = channel
    return json.dumps(message).encode()


def mrkdwn(text: str, longest: int = _CELL) -> str:
    """One line of somebody's text as Slack's mrkdwn: it mentions nobody and links to nothing.

    A backtick would end the code around it; it becomes an apostrophe.
    """
    shown = one_line(text, longest).replace("`", "'")
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(text: str) -> MarkdownText:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _section(text: str) -> SectionBlock:
    return {"type": "section", "text": _text(text)}


def _why(notice: Notice) -> str:
    cause = "" if notice.problems else notice.cause  # the headline counts them
    parts = (("Why", cause), ("Next", notice.remedy))
    return "\n".join(f"*{name}:* {mrkdwn(text, 500)}" for name, text in parts if text)


def _list(changes: Changes) -> str:
    title = "*What it takes back*" if changes.undone else "*What changes*"
    lines, more = _fitting(
        title,
        [
            f"• `{mrkdwn(commit.id)}` {mrkdwn(commit.subject, _SUBJECT)} "
            f"({mrkdwn(commit.author, 40)})"
            for commit in changes.commits
        ],
    )
    more += changes.more
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def _problems(notice: Notice) -> str:
    """The heaviest first; those that the main branch does not have yet are marked."""
    lines, more = _fitting(
        "*What is wrong*",
        [
            f"• {'*new* ' if problem.new else ''}{mrkdwn(problem.kind)}: "
            f"{mrkdwn(problem.sentence, _SENTENCE)}"
            for problem in notice.problems
        ],
    )
    rest = [f"{more} more of these"] if more else []
    return "\n".join([*lines, *(f"and {mrkdwn(text)}" for text in (*rest, *notice.more_problems))])


def _fitting(title: str, lines: Sequence[str]) -> tuple[list[str], int]:
    """As many lines as a section holds below its title, and how many are left out."""
    shown = [title]
    for index, line in enumerate(lines):
        if sum(map(len, shown)) + len(shown) + len(line) > _SECTION - _REST:
            return shown, len(lines) - index
        shown.append(line)
    return shown, 0


def _link(name: str, where: str) -> str:
    """A link, where it is one; a path on somebody's machine is text."""
    if urlsplit(where).scheme not in ("http", "https"):
        return f"{mrkdwn(name)}: {mrkdwn(where)}"
    address = quote(where, safe=":/?#[]@!$&()*+,;=%~").replace("&", "&amp;")
    return f"<{address}|{mrkdwn(name)}>"
