"""Files of other people: read to a limit, in whichever encoding they were saved, and parsed.

Everything that Shipway did not write comes in by these functions. A file may be a device, a pipe or
larger than the memory; a document may be nested until the interpreter gives up. None of it may
hang, fill the memory or end in a traceback.
"""

from __future__ import annotations

import ast
import codecs
import errno
import json
import os
import re
import stat
from typing import Any, BinaryIO

from shipway.errors import ConfigError

_LONGEST_KEY = 1000  # dots before the first `=` of a line
_DEEPEST = 100  # tables within tables
TAIL_LIMIT = 1 << 20  # bytes
READ_LIMIT = 64 << 20  # bytes: a SARIF file of 100,000 findings has 40 MB


def read_bytes(path: str, limit: int = READ_LIMIT) -> bytes:
    """The content of a regular file. Raises OSError as `open` does, and ConfigError for what is no
    file, or larger than `limit` bytes."""
    with open_regular_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        # What grows, and what the kernel makes up, is not as large as it says.
        data = file.read(limit + 1) if size <= limit else b""
    if len(data) > limit or size > limit:
        raise _too_large(path, limit)
    return data


def read_stream(stream: BinaryIO, name: str, limit: int = READ_LIMIT) -> bytes:
    """What comes through a pipe that somebody named, until its end. name: for people. Raises
    ConfigError where it is more than `limit` bytes."""
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise _too_large(name, limit)
    return data


def _too_large(name: str, limit: int) -> ConfigError:
    return ConfigError(
        f"{name} is larger than {limit / 1e6:.0f} MB",
        "Make it smaller, or name another file.",
        code="file-unreadable",
    )


def open_regular_file(path: str) -> BinaryIO:
    """A regular file, open for reading. Raises OSError as `open` does, and ConfigError for what is
    no file: a device never ends, and a pipe waits for its other end."""
    # Opening a pipe waits for its other end; with O_NONBLOCK it does not.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise ConfigError(
        f"{path} is no regular file", "Put a file in its place.", code="file-unreadable"
    )


def read_text(path: str, limit: int = READ_LIMIT) -> str:
    """The same as text: see `decode_text`."""
    return decode_text(read_bytes(path, limit))


def read_tail(path: str, limit: int = TAIL_LIMIT) -> str:
    """The last bytes of a log as text, without the line that the limit cuts. Raises as
    `read_bytes`, but for the size."""
    with open_regular_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - limit))
        data = file.read(limit)
    if size > limit:
        data = data.partition(b"\n")[2] or data
    return data.decode("utf-8", "replace")


def parse_json(text: str | bytes) -> Any:
    """What a JSON document holds. Raises ValueError, whatever is wrong with it."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {_reason(error)}") from None


def parse_toml(text: str) -> dict[str, Any]:
    """What a TOML document holds. Raises ValueError, whatever is wrong with it."""
    import tomllib

    try:
        if any(line.partition("=")[0].count(".") > _LONGEST_KEY for line in text.splitlines()):
            raise RecursionError  # tomllib's memory grows with the square of a key's parts
        document = tomllib.loads(text)
        _refuse_depth(document)
        return document
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not TOML: {_reason(error)}") from None


def _refuse_depth(document: Any) -> None:
    """Dotted keys nest as deeply as one likes, and whoever walks through them cannot."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise RecursionError


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


_MARKS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)
_CODECS = ("utf-8-sig", "utf-32", "utf-32", "utf-16", "utf-16")
# PEP 263; pip reads requirements by it, too.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)


def decode_text(data: bytes) -> str:
    """By its byte order mark, or by what it says of itself; else UTF-8, else Latin-1.

    Never raises: what no codec can read is Latin-1, in which every byte is a letter.
    """
    for mark, codec in zip(_MARKS, _CODECS, strict=True):
        if data.startswith(mark):
            return data.decode(codec, "replace")
    match = _CODING.search(b"\n".join(data.splitlines()[:2]))
    for codec in (match[1].decode("ascii", "replace") if match else "utf-8", "utf-8"):
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


# Python source as a tree.


def parse_source(text: str) -> ast.Module | None:
    """The tree of a file; None where Python cannot read it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
