"""Secrets are blotted out of every text: whole, in parts, and however a program splits them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

BLOT = "[redacted]"
_PART = 6  # characters of a secret beside an ellipsis that can be told from a word
_FRAGMENT = 8  # characters of a secret beside a line break that can be told from a word
_ELLIPSIS = r"\.{3,}|…"
# A line break with what programs put around it: indentation, quotes, a continuation, a frame.
_BREAK = r"[ \t\"'\\+|│]*[\r\n]+(?:E  )?[ \t\"'+|│]*"
_BOUNDARY = re.compile(f"{_BREAK}|{_ELLIPSIS}")
_BROKEN = re.compile(_BREAK)
# What is not seen: escape sequences of terminals, controls, marks without a width.
_UNSEEN = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/?/?", re.IGNORECASE)

_Span = tuple[int, int]


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

    def keeping_lines(self, text: str) -> str:
        """The same with as many lines as before, so that their numbers stay right."""
        return self._redacted(text, None)

    def _redacted(self, text: str, blot: str | None) -> str:
        if not self._joined or not text:
            return text
        spans = list(self._spans(text))
        if not spans:
            return text
        parts: list[str] = []
        at = 0
        for start, end in _merged(spans):
            parts += (text[at:start], blot or BLOT + "\n" * text.count("\n", start, end))
            at = end
        return "".join((*parts, text[at:]))

    def _spans(self, text: str) -> Iterator[_Span]:
        yield from self._whole(text)
        if _UNSEEN.search(text):
            shown, places = _without(_UNSEEN, text)
            yield from _back(self._shown(shown), places)
        else:
            yield from self._shown(text)

    def _shown(self, text: str) -> Iterator[_Span]:
        """Spans in a text without what is not seen."""
        yield from self._whole(text)
        yield from self._fragments(text)
        if _BROKEN.search(text):
            joined, places = _without(_BROKEN, text)
            yield from _back(self._whole(joined), places)

    def _whole(self, text: str) -> Iterator[_Span]:
        for at, values in self._starts.candidates(text):
            for value in values:  # longest first
                if text.startswith(value, at):
                    yield at, at + len(value)
                    break

    def _fragments(self, text: str) -> Iterator[_Span]:
        """The beginnings, ends and middles of secrets at the edges of lines and ellipses."""
        edges = _edges(text)
        begins = [edge.end for edge in edges[:-1]]
        pieces = [(left.end, right.start, left, right) for left, right in pairwise(edges)]
        for at, values in self._starts.candidates(text):
            _, end, _, right = pieces[max(0, bisect_right(begins, at) - 1)]
            fragment = text[at:end]
            if len(fragment) >= right.least and any(
                value.startswith(fragment) and not _is_scheme(value, fragment) for value in values
            ):
                yield at, end
        for at, values in self._ends.candidates(text):
            start, end, left, _ = pieces[max(0, bisect_right(begins, at) - 1)]
            fragment = text[start : at + _PART]
            whole = at + _PART <= end and len(fragment) >= left.least
            if whole and any(value.endswith(fragment) for value in values):
                yield start, at + _PART
        for start, end, _, _ in pieces:
            middle = _FRAGMENT <= end - start <= self.reach and text[start:end] in self._joined
            if middle and not _SCHEME.fullmatch(text, start, end):
                yield start, end


class _Edge:
    """Where a piece of text ends and the next begins. least: characters of a secret beside it
    that go."""

    __slots__ = ("end", "least", "start")

    def __init__(self, start: int, end: int, least: int) -> None:
        self.start, self.end, self.least = start, end, least


def _edges(text: str) -> list[_Edge]:
    edges = [_Edge(0, 0, _FRAGMENT)]
    for match in _BOUNDARY.finditer(text):
        least = _PART if match[0][0] in ".…" else _FRAGMENT
        edges.append(_Edge(match.start(), match.end(), least))
    edges.append(_Edge(len(text), len(text), _FRAGMENT))
    return edges


class _Index:
    """Values by how they begin, or end: a text is gone through once, however many there are."""

    def __init__(self, values: Iterable[str], *, at_end: bool) -> None:
        self._tables: dict[int, dict[str, list[str]]] = {}
        for value in sorted(values, key=len, reverse=True):
            length = min(len(value), _PART)
            part = value[-length:] if at_end else value[:length]
            self._tables.setdefault(length, {}).setdefault(part, []).append(value)
        self._patterns = {length: _candidates(table) for length, table in self._tables.items()}

    def candidates(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """(where, the values that begin, or end, as the text does there)."""
        for length, table in self._tables.items():
            for match in self._patterns[length].finditer(text):
                at = match.start()
                values = table.get(text[at : at + length])
                if values is not None:
                    yield at, values


def _candidates(parts: Iterable[str]) -> re.Pattern[str]:
    """Where one of some parts, all of one length, may begin: compiled, so that most of a text is
    passed over quickly."""
    columns = zip(*parts, strict=True)
    classes = ("[" + "".join(map(re.escape, sorted(set(column)))) + "]" for column in columns)
    return re.compile(f"(?={''.join(classes)})")


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
