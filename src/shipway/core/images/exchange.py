"""What a registry's client needs of HTTP: requests whose body may be a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol


class Body(Protocol):
    """A body that can be read more than once."""

    @property
    def size(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """Its bytes from the start, piece by piece."""
        ...


@dataclass(frozen=True)
class Request:
    """One request. data: a small body; content: a large one instead."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    content: Body | None = None

    @property
    def size(self) -> int:
        """Bytes of the body, where it is not small."""
        return self.content.size if self.content is not None else 0

    @contextmanager
    def body(self) -> Iterator[Any]:
        """The body from its start."""
        yield self.content.pieces() if self.content is not None else self.data


@dataclass(frozen=True)
class Answer:
    """An answer. headers: names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Exchange(Protocol):
    """Asks; raises Unreachable when nobody answers, also after several tries."""

    def ask(self, request: Request) -> Answer: ...
