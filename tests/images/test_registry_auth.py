"""How a registry is convinced: Basic, a token of its service, and what is never sent where."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.fakes.http import ScriptedRegistryTransport

from shipway.errors import ConfigError
from shipway.images.reference import ImageReference
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials, find_credentials
from shipway.system.http import RegistryRequest, RegistryResponse

ANNA = RegistryCredentials("anna", "hush-hush")
DIGEST = "sha256:" + "ab" * 32
FOUND = RegistryResponse(200, {"docker-content-digest": DIGEST})


def registry(
    exchange: ScriptedRegistryTransport, who: RegistryCredentials = ANNA
) -> RegistryClient:
    return RegistryClient(ImageReference("r.example", "town"), exchange, who, plain=False)


def demands(challenge: str) -> RegistryResponse:
    return RegistryResponse(401, {"www-authenticate": challenge})


def test_a_password_is_sent_only_after_it_was_asked_for() -> None:
    def answer(request: RegistryRequest) -> RegistryResponse:
        return FOUND if "authorization" in request.headers else demands('Basic realm="x"')

    exchange = ScriptedRegistryTransport(answer)
    town = registry(exchange)
    assert town.digest("1.0") == DIGEST and town.digest("1.0") == DIGEST
    given = [one.headers.get("authorization", "") for one in exchange.asked]
    assert given[0] == "" and given[1] == given[2]
    assert base64.b64decode(given[1].removeprefix("Basic ")) == b"anna:hush-hush"


def test_a_token_is_fetched_from_where_the_registry_says_for_what_is_done() -> None:
    def answer(request: RegistryRequest) -> RegistryResponse:
        if request.url.startswith("https://auth.example/token"):
            assert "service=r.example" in request.url and "pull" in request.url
            return RegistryResponse(
                200, {}, json.dumps({"token": f"t{len(exchange.asked)}"}).encode()
            )
        if request.headers.get("authorization", "").startswith("Bearer t"):
            return RegistryResponse(201, {}) if request.method == "PUT" else FOUND
        return demands(
            'Bearer realm="https://auth.example/token",service="r.example",scope="repository:t:pull"'
        )

    exchange = ScriptedRegistryTransport(answer)
    town = registry(exchange)
    assert town.digest("1.0") == DIGEST
    town.put_manifest(b"{}", "x", "1.0")
    tokens = [one.headers["authorization"] for one in exchange.asked if "token" in one.url]
    assert tokens == [ANNA.basic] * 2  # reading and writing are two scopes


def test_a_token_that_has_expired_is_fetched_anew() -> None:
    tokens = iter(("old", "new"))
    good = "old"

    def answer(request: RegistryRequest) -> RegistryResponse:
        if "token" in request.url:
            return RegistryResponse(200, {}, json.dumps({"access_token": next(tokens)}).encode())
        if request.headers.get("authorization") == f"Bearer {good}":
            return FOUND
        return demands('Bearer realm="https://r.example/token"')

    town = registry(ScriptedRegistryTransport(answer))
    assert town.digest("1.0") == DIGEST
    good = "new"
    assert town.digest("1.0") == DIGEST


def test_a_password_never_goes_to_a_service_without_tls_because_a_header_says_so() -> None:
    exchange = ScriptedRegistryTransport(
        lambda _: demands('Bearer realm="http://thief.example/token"')
    )
    with pytest.raises(ConfigError, match="refuses"):
        registry(exchange).digest("1.0")
    assert all("thief" not in one.url for one in exchange.asked)


def test_another_host_to_which_an_upload_leads_does_not_learn_who_we_are() -> None:
    exchange = ScriptedRegistryTransport(
        lambda request: (
            RegistryResponse(200, {})
            if "authorization" in request.headers
            else demands('Basic realm="x"')
        )
    )
    town = registry(exchange)
    town.ask(RegistryRequest("GET", town.url("x")))
    town.ask(RegistryRequest("PUT", "https://store.example/up?x"))
    assert all("authorization" not in one.headers for one in exchange.asked if "store" in one.url)


def test_nobody_is_nobody_and_a_wrong_password_is_tried_once() -> None:
    for who, asked in ((RegistryCredentials(), 1), (ANNA, 2)):
        exchange = ScriptedRegistryTransport(lambda _: demands('Basic realm="x"'))
        with pytest.raises(ConfigError, match="refuses"):
            registry(exchange, who).digest("1.0")
        assert len(exchange.asked) == asked


def test_credentials_are_not_printed() -> None:
    assert "hush" not in repr(ANNA)


def test_variables_come_before_what_docker_has_kept(tmp_path: Path) -> None:
    auth = base64.b64encode(b"kept:password").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"r.example": {"auth": auth}}}))
    kept = {"DOCKER_CONFIG": str(tmp_path)}
    given = {"SHIPWAY_REGISTRY_USER": "anna", "SHIPWAY_REGISTRY_PASSWORD": "hush-hush"}
    assert find_credentials("r.example", kept) == RegistryCredentials("kept", "password")
    assert find_credentials("r.example", {**kept, **given}) == ANNA
    assert find_credentials("other.example", kept) == RegistryCredentials()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"auths": 1}',
        '{"auths": {"r.example": {}}}',
        '{"auths": {"r.example": {"auth": "%"}}}',
    ],
)
def test_what_docker_has_kept_badly_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    assert find_credentials("r.example", {"DOCKER_CONFIG": str(tmp_path)}) == RegistryCredentials()
