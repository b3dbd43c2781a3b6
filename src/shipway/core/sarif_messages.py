"""Messages in SARIF as plain text: placeholders filled in, links resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shipway.core.json_place import Place

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")
# [words](7) means a related location, [words](https://…) the web; anything else is no link.
LINK = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\((?:\d+|[A-Za-z][A-Za-z0-9+.-]*:[^()\s]*)\)")
_ESCAPED = re.compile(r"\\([\[\]])")


def message_text(message: Place, strings: Sequence[Place]) -> str:
    """What a message says. strings: where a message that has only an id is looked up."""
    text = message["text"].text()
    if not text and message["id"]:
        name = message["id"].text()
        found = next((one[name] for one in strings if one[name]), None)
        text = (found["text"].text() or found["markdown"].text()) if found else name
    text = text or message["markdown"].text()
    arguments = message["arguments"].texts()
    return without_links(_filled(text, arguments) if arguments else text)


def without_links(text: str) -> str:
    """The words of each link in its place."""
    if "[" not in text:
        return text
    return _ESCAPED.sub(r"\1", LINK.sub(lambda match: match[1], text))


def _filled(text: str, arguments: Sequence[str]) -> str:
    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        index = int(match[1])
        return arguments[index] if index < len(arguments) else match[0]

    return _PLACEHOLDER.sub(fill, text)
