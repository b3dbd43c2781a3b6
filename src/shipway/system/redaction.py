"""Secrets are blotted out of every text: whole, in parts, and however a program splits them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

BLOT = "[redacted]"
_PART = 6  # characters of a secret beside an ellipsis that can be told from a word
_FRAGMENT = 8  # characters of a secret beside a line break that can be told from a word
_ELLIPSIS = r"\.{3,}|…"
# A line break with what programs put around it: indentation, quotes, a continuation, a frame.
_BREAK = r"[ \t\"'\\+|│]*[\r\n]+(?:E  )?[ \t\"'+|│]*"
_BOUNDARY = re.compile(f"{_BREAK}|{_ELLIPSIS}")
# Quotes around a line break may be a part of the secret.
_BREAKS = (re.compile(_BREAK), re.compile(r"[\r\n]+[ \t]*"))
# What is not seen: escape sequences of terminals, controls, marks without a width.
_UNSEEN = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/?/?", re.IGNORECASE)

# What programs put around a line.
_DECORATION = " \t\r\n\"'\\+|│"
_AROUND = re.compile(r"[ \t\r\n\"'+|│]*(?:E  )?[ \t\"'+|│]*")
_WORD = re.compile(r"\s*\S+\s*")
_FEW = 500  # parts that are looked for one by one
_DENSE = 50  # parts that a text has, from which on one look at each place takes less
_WINDOW = 1 << 16  # characters

_Span = tuple[int, int]
_Candidate = tuple[int, list[str]]


class Redactor:
    """Replaces every secret value, and what overlaps: a value inside another leaves nothing.

    A value of several lines is also looked for line by line, since output arrives in lines;
    lines shorter than six characters are left, or ordinary words would vanish. Programs shorten
    what is long and break it over lines: what they leave of a secret beside an ellipsis or at
    the edge of a line goes, too, and escape sequences within it hide nothing.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        values: set[str] = set()
        for secret in secrets:
            if secret.strip():
                values.add(secret)
                lines = secret.splitlines()
                values.update(line for line in lines if len(line.strip()) >= _PART)
        self._starts = _Index(values, at_end=False)
        self._ends = _Index((value for value in values if len(value) >= _PART), at_end=True)
        self._joined = "\0".join(values)
        # How much of a secret a text may end with, without holding all of it.
        self.reach = max(map(len, values), default=1) - 1

    def __bool__(self) -> bool:
        """Whether there is anything to blot out."""
        return bool(self._joined)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        return self._redacted(text, BLOT)

    def of_more(self, text: str) -> str:
        """The same of the beginning of a text: what it ends with may be a part of a secret, and is
        left until its rest is there."""
        return _replaced(text, list(_whole(text, self._starts.candidates(text))), BLOT)

    def keeping_lines(self, text: str) -> str:
        """The same with as many lines as before, so that their numbers stay right."""
        return self._redacted(text, None)

    def _redacted(self, text: str, blot: str | None) -> str:
        if not self._joined or not text:
            return text
        return _replaced(text, list(self._spans(text)), blot)

    def _spans(self, text: str) -> Iterator[_Span]:
        yield from self._shown(text)
        if _UNSEEN.search(text):
            seen, places = _without(_UNSEEN, text)
            yield from _back(self._shown(seen), places)

    def _shown(self, text: str) -> Iterator[_Span]:
        """Spans in a text without what is not seen."""
        starts = list(self._starts.candidates(text))
        ends = list(self._ends.candidates(text))
        yield from _whole(text, starts)
        if starts or ends or _WORD.fullmatch(text):
            yield from self._fragments(text, starts, ends)
        for line_break in _BREAKS if "\n" in text or "\r" in text else ():
            joined, places = _without(line_break, text)
            yield from _back(_whole(joined, self._starts.candidates(joined)), places)

    def _fragments(
        self, text: str, starts: Iterable[_Candidate], ends: Iterable[_Candidate]
    ) -> Iterator[_Span]:
        """The beginnings, ends and middles of secrets at the edges of lines and ellipses."""
        edges = _edges(text)
        pieces = [
            (left.end, right.start, left.least, right.least) for left, right in pairwise(edges)
        ]
        begins = [start for start, *_ in pieces]
        for at, values in starts:
            _, end, _, least = pieces[max(0, bisect_right(begins, at) - 1)]
            fragment = text[at:end]
            if len(fragment) >= least and any(
                value.startswith(fragment) and not _is_scheme(value, fragment) for value in values
            ):
                yield at, end
        for at, values in ends:
            start, end, least, _ = pieces[max(0, bisect_right(begins, at) - 1)]
            fragment = text[start : at + _PART]
            whole = at + _PART <= end and len(fragment) >= least
            if whole and any(value.endswith(fragment) for value in values):
                yield start, at + _PART
        if len(pieces) == 1:  # of more lines, what is broken over them is found as a whole
            (start, end, _, _), *_ = pieces
            middle = _FRAGMENT <= end - start <= self.reach and text[start:end] in self._joined
            if middle and not _SCHEME.fullmatch(text, start, end):
                yield start, end


def _replaced(text: str, spans: list[_Span], blot: str | None) -> str:
    """blot: for each span; None for one that has as many lines."""
    if not spans:
        return text
    parts: list[str] = []
    at = 0
    for start, end in _merged(spans):
        parts += (text[at:start], blot or BLOT + "\n" * text.count("\n", start, end))
        at = end
    return "".join((*parts, text[at:]))


def _whole(text: str, candidates: Iterable[_Candidate]) -> Iterator[_Span]:
    for at, values in candidates:
        for value in values:  # longest first
            if text.startswith(value, at):
                yield at, at + len(value)
                break


class _Edge:
    """Where a piece of text ends and the next begins. least: characters of a secret beside it
    that go."""

    __slots__ = ("end", "least", "start")

    def __init__(self, start: int, end: int, least: int) -> None:
        self.start, self.end, self.least = start, end, least


def _edges(text: str) -> list[_Edge]:
    before, after = _AROUND.match(text), len(text.rstrip(_DECORATION))
    edges = [_Edge(0, before.end() if before else 0, _FRAGMENT)]
    for match in _BOUNDARY.finditer(text, edges[0].end, max(after, edges[0].end)):
        least = _PART if match[0][0] in ".…" else _FRAGMENT
        edges.append(_Edge(match.start(), match.end(), least))
    last = max(after, edges[-1].end)
    edges.append(_Edge(last, len(text), _FRAGMENT))
    return edges


def redacted_bytes(data: bytes, redactor: Redactor) -> bytes:
    """A report or a log without secrets. What is no text is left as it is."""
    if b"\0" in data or not redactor:
        return data
    text = data.decode("utf-8", "surrogateescape")
    return redactor.keeping_lines(text).encode("utf-8", "surrogateescape")


class _Index:
    """Values by how they begin, or end: a text is gone through once, however many there are."""

    def __init__(self, values: Iterable[str], *, at_end: bool) -> None:
        self._tables: dict[int, dict[str, list[str]]] = {}
        for value in sorted(values, key=len, reverse=True):
            length = min(len(value), _PART)
            part = value[-length:] if at_end else value[:length]
            self._tables.setdefault(length, {}).setdefault(part, []).append(value)

    def candidates(self, text: str) -> Iterator[_Candidate]:
        """(where, the values that begin, or end, as the text does there)."""
        for length, table in self._tables.items():
            few = len(table) <= _FEW
            parts = {part for part in table if part in text} if few else _parts(text, length, table)
            places = _dense if len(parts) > _DENSE else _sparse
            yield from ((at, table[text[at : at + length]]) for at in places(text, length, parts))


def _sparse(text: str, length: int, parts: set[str]) -> Iterator[int]:
    for part in parts:
        at = text.find(part)
        while at >= 0:
            yield at
            at = text.find(part, at + 1)


def _dense(text: str, length: int, parts: set[str]) -> Iterator[int]:
    return (at for at in range(len(text) - length + 1) if text[at : at + length] in parts)


def _parts(text: str, length: int, table: Mapping[str, object]) -> set[str]:
    """Which parts the text has, without looking for each of them in it."""
    present: set[str] = set()
    for start in range(0, len(text), _WINDOW):
        window = text[start : start + _WINDOW + length - 1]
        grams = {window[at : at + length] for at in range(len(window) - length + 1)}
        present |= grams & table.keys()
    return present


def _is_scheme(value: str, fragment: str) -> bool:
    """Whether what is left of an address is only how it begins: `postgresql:`."""
    return "://" in value and len(fragment) <= value.index("://") + 3


def _without(pattern: re.Pattern[str], text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without some parts; (place in it, characters left out before it)."""
    parts: list[str] = []
    places: list[tuple[int, int]] = [(0, 0)]
    at = length = gone = 0
    for match in pattern.finditer(text):
        parts.append(text[at : match.start()])
        length += match.start() - at
        gone += match.end() - match.start()
        places.append((length, gone))
        at = match.end()
    parts.append(text[at:])
    return "".join(parts), places


def _back(spans: Iterable[_Span], places: list[tuple[int, int]]) -> Iterator[_Span]:
    """Spans of the text that `_without` gave, in the text that it was given."""
    starts = [place for place, _ in places]
    for start, end in spans:
        before = places[bisect_right(starts, start) - 1][1]
        until = places[bisect_right(starts, end - 1) - 1][1]
        yield start + before, end + until


def _merged(spans: list[_Span]) -> Iterator[_Span]:
    spans.sort()
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if next_start > end:
            yield start, end
            start, end = next_start, next_end
        else:
            end = max(end, next_end)
    yield start, end
