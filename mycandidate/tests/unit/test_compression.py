"""Responses are compressed as the client asks for, once, and caches are told."""

import gzip
import zlib

import brotli
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from town import FULL_WARD


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


PAGES = ["/", f"/wards/{FULL_WARD}", "/af/api/docs", f"/api/v1/wards/{FULL_WARD}/candidates"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip, deflate", "gzip"), ("gzip;q=1, br;q=0.5", "gzip")],
)
def test_a_response_is_compressed_as_the_client_can_read_it(
    client: FlaskClient, address: str, accepted: str, encoding: str
) -> None:
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": accepted})
    assert packed.headers["Content-Encoding"] == encoding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}[encoding]
    assert unpack(packed.data) == plain.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) * 0.6
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize("address", [*PAGES, "/nowhere", "/api/v1/nowhere", "/health/live"])
def test_caches_are_told_that_the_encoding_matters(client: FlaskClient, address: str) -> None:
    for headers in ({}, {"Accept-Encoding": "br"}):
        vary = client.get(address, headers=headers).headers["Vary"]
        assert "Accept-Encoding" in vary


@pytest.mark.parametrize("accepted", ["", "identity", "compress"])
def test_who_can_read_nothing_of_it_gets_it_plain(client: FlaskClient, accepted: str) -> None:
    response = client.get("/about", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert "<h1>" in response.text


@pytest.mark.parametrize("address", PAGES)
def test_an_unchanged_compressed_response_is_not_sent_again(
    client: FlaskClient, address: str
) -> None:
    accept = {"Accept-Encoding": "br"}
    etag = client.get(address, headers=accept).headers["ETag"]
    assert etag != client.get(address).headers["ETag"]  # another representation
    again = client.get(address, headers={**accept, "If-None-Match": etag})
    assert again.status_code == 304
    assert again.data == b""
    assert "Accept-Encoding" in again.headers["Vary"]


def test_what_is_compressed_already_is_not_compressed_again(app: Flask) -> None:
    body = zlib.compress(b"x" * 5000)
    app.add_url_rule(
        "/packed",
        "packed",
        lambda: Response(body, mimetype="text/html", headers={"Content-Encoding": "deflate"}),
    )
    response = app.test_client().get("/packed", headers={"Accept-Encoding": "br, gzip"})
    assert response.headers["Content-Encoding"] == "deflate"
    assert response.data == body


def test_a_small_response_is_left_as_it_is(client: FlaskClient) -> None:
    response = client.get("/health/live", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in response.headers
