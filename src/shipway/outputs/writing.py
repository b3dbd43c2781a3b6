"""Text onto a stream, whatever the stream can write."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO


def write(stream: TextIO, text: str) -> None:
    """Write and flush; a character that the stream's encoding lacks becomes its code."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def tell(stream: TextIO, text: str) -> None:
    """The same to whoever still reads: who has gone (`| head`) leaves nothing half done."""
    with suppress(BrokenPipeError):
        write(stream, text)


def can_write(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has every character of the text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
