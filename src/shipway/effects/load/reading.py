"""An HTTP/1.1 answer read as its bytes arrive: its status, whose it is, and where it ends.

Only what a load needs (RFC 9112, sections 4, 6 and 7): bodies are counted and thrown away.
"""

from __future__ import annotations

_MOST_HEAD = 64 * 1024
_NO_BODY = (204, 304)


class Malformed(ValueError):
    """That is no answer of HTTP/1.1."""


class Reading:
    """One answer. After `ended`, `keeps` says whether its connection can be asked again."""

    __slots__ = ("_buffer", "_chunked", "_head", "_left", "ended", "keeps", "release", "status")

    def __init__(self) -> None:
        self.status = 0
        self.release = ""
        self.keeps = True
        self.ended = False
        self._head = True
        self._chunked = False
        self._left: int | None = None  # bytes of the body or chunk to come; None: until the close
        self._buffer = b""

    @property
    def begun(self) -> bool:
        """Whether anything of it has come."""
        return bool(self.status or self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what arrived. Raises Malformed."""
        if self.ended:
            raise Malformed("more than one answer came")
        if self._head:
            self._buffer += data
            head, end, data = self._buffer.partition(b"\r\n\r\n")
            if not end:
                if len(self._buffer) > _MOST_HEAD:
                    raise Malformed("its header does not end")
                return
            self._buffer = b""
            self._read_head(head)
        if not self._head and not self.ended:
            self._read_body(data)
        elif data and not self._head:
            raise Malformed("an answer without a body has one")

    def closed(self) -> bool:
        """The connection has ended: whether that makes the answer whole."""
        self.keeps = False
        if not self._head and not self._chunked and self._left is None:
            self.ended = True
        return self.ended

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        parts = first.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise Malformed("it does not begin with HTTP/1.")
        self.status = int(parts[1])
        if self.status < 200:
            raise Malformed("nobody asked for an interim answer")
        self.keeps = parts[0] != b"HTTP/1.0"
        for line in lines:
            name, _, value = line.partition(b":")
            self._read_header(name.lower(), value.strip())
        self._head = False
        self.ended = self.status in _NO_BODY or (not self._chunked and self._left == 0)
        if self._chunked:
            self._left = 0

    def _read_header(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            if not value.isdigit():
                raise Malformed("its length is no number")
            self._left = int(value)
        elif name == b"transfer-encoding":
            self._chunked = value.lower().endswith(b"chunked")
        elif name == b"connection":
            self.keeps = self.keeps and value.lower() != b"close"
        elif name == b"x-release":
            self.release = value.decode("latin-1")

    def _read_body(self, data: bytes) -> None:
        if self._chunked:
            self._read_chunks(self._buffer + data)
        elif self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise Malformed("it is longer than it said")
            self.ended = self._left == 0

    def _read_chunks(self, data: bytes) -> None:
        """`_left` are the bytes of the present chunk with its line end; 0 before a size."""
        place = 0
        while place < len(data):
            if self._left:
                taken = min(self._left, len(data) - place)
                self._left -= taken
                place += taken
                continue
            end = data.find(b"\r\n", place)
            if end < 0:
                break
            size = _size(data[place:end])
            if size == 0:
                self._end_chunks(data, place, end)
                return
            self._left = size + 2
            place = end + 2
        self._buffer = data[place:]

    def _end_chunks(self, data: bytes, place: int, end: int) -> None:
        """After the last chunk: trailers, which nobody needs, up to an empty line."""
        last = data.find(b"\r\n\r\n", end)
        if last < 0:
            self._buffer = data[place:]
        elif last + 4 < len(data):
            raise Malformed("more than one answer came")
        else:
            self._buffer = b""
            self.ended = True


def _size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise Malformed("a chunk has no size") from None
