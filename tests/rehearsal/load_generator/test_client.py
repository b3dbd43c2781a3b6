"""Answers of HTTP, whatever pieces they come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rehearsal.load_generator.client import MalformedResponse, ResponseReader

bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


def chunked(pieces: list[bytes]) -> bytes:
    parts = (b"%x;of=no;interest\r\n%s\r\n" % (len(one), one) for one in pieces)
    return b"".join(parts) + b"0\r\nTrailer: 1\r\n\r\n"


def fed(answer: bytes, cuts: list[int]) -> ResponseReader:
    """An answer in pieces; until its last byte it has not ended."""
    reading = ResponseReader()
    places = sorted({cut % len(answer) for cut in cuts} | {0})
    for start, end in zip(places, [*places[1:], len(answer)], strict=True):
        assert not reading.ended
        reading.feed(answer[start:end])
    return reading


@given(bodies, st.lists(st.integers(0, 500)), st.booleans())
def test_an_answer_ends_with_its_last_byte_however_it_is_cut(
    pieces: list[bytes], cuts: list[int], in_chunks: bool
) -> None:
    body = b"".join(pieces)
    how = b"Transfer-Encoding: chunked" if in_chunks else b"content-length: %d" % len(body)
    head = b"HTTP/1.1 200 OK\r\nX-Release: 1.0+abc.def\r\n" + how + b"\r\n\r\n"
    reading = fed(head + (chunked(pieces) if in_chunks else body), cuts)
    assert (reading.ended, reading.status, reading.release) == (True, 200, "1.0+abc.def")
    assert reading.keeps
    assert reading.closed()


@given(bodies, st.lists(st.integers(0, 500)))
def test_without_a_length_it_ends_with_the_connection(pieces: list[bytes], cuts: list[int]) -> None:
    reading = fed(b"HTTP/1.1 503 No\r\n\r\n" + b"".join(pieces), cuts)
    assert not reading.ended
    assert reading.closed()
    assert (reading.ended, reading.keeps, reading.status) == (True, False, 503)


@given(st.integers(0, 10_000), st.booleans())
def test_half_an_answer_is_not_whole(cut: int, in_chunks: bool) -> None:
    how = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: 6"
    whole = b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n"
    whole += chunked([b"abc", b"def"]) if in_chunks else b"abcdef"
    reading = ResponseReader()
    reading.feed(whole[: cut % len(whole)])
    assert not reading.closed()


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close", False),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/1.1 204 No Content", True),
        (b"HTTP/1.1 304 Not Modified", True),
    ],
)
def test_whether_a_connection_can_be_asked_again(head: bytes, keeps: bool) -> None:
    reading = ResponseReader()
    length = b"" if b" 204 " in head or b" 304 " in head else b"\r\nContent-Length: 0"
    reading.feed(head + length + b"\r\n\r\n")
    assert (reading.ended, reading.keeps) == (True, keeps)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 two\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"\x00" * 70_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        b"HTTP/1.1 204 No\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
    ],
)
def test_what_is_no_answer_is_malformed(answer: bytes) -> None:
    with pytest.raises(MalformedResponse):
        ResponseReader().feed(answer)


def test_after_its_end_nothing_may_come() -> None:
    reading = ResponseReader()
    reading.feed(b"HTTP/1.1 204 No\r\n\r\n")
    with pytest.raises(MalformedResponse):
        reading.feed(b"x")
