"""A job's token, and new credentials from it when a session ends before the rollout."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.http import ScriptedHttp

from shipway.aws.clients import AwsClients
from shipway.aws.web_identity import identity_token, token_subject, web_identity
from shipway.config.aws import Aws
from shipway.errors import Unreachable
from shipway.ports import Response

JOB = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/request?api=2",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/town-production-deploy",
}
SUBJECT = "repo:ann@1/town@2:environment:production"


def token(claims: object) -> str:
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


def github(status: int = 200, body: bytes = b"") -> ScriptedHttp:
    data = body or json.dumps({"value": token({"sub": SUBJECT})}).encode()
    return ScriptedHttp(lambda url: Response(status, {}, data))


def test_a_job_without_the_permission_has_no_identity() -> None:
    assert web_identity({}) is None
    assert web_identity({**JOB, "ACTIONS_ID_TOKEN_REQUEST_URL": ""}) is None
    identity = web_identity(JOB)
    assert identity is not None and identity.role.endswith("town-production-deploy")
    assert "bearer-of-the-job" not in repr(identity)


def test_the_token_is_asked_for_with_awss_audience() -> None:
    identity, http = web_identity(JOB), github()
    assert identity is not None
    assert token_subject(identity_token(identity, http)) == SUBJECT
    assert http.asked == ["https://token.example/request?api=2&audience=sts.amazonaws.com"]


@pytest.mark.parametrize(
    "http", [github(403), github(200, b"rubbish"), github(200, b"[]"), github(200, b'{"value": 1}')]
)
def test_what_is_no_token_is_an_error(http: ScriptedHttp) -> None:
    identity = web_identity(JOB)
    assert identity is not None
    with pytest.raises(Unreachable, match="this job's token"):
        identity_token(identity, http)


@given(st.text())
def test_a_token_that_cannot_be_read_has_no_subject(text: str) -> None:
    assert token_subject(text) == ""
    assert token_subject(token({"sub": text})) == text


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, list[str]]]]:
    """A stand-in for STS on this machine: what it was asked."""
    asked: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode())
            asked.append(form)
            refused = "refused" in form["RoleArn"][0]
            body = (
                b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                b"</ErrorResponse>"
                if refused
                else b"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                b"<Credentials><AccessKeyId>new</AccessKeyId><SecretAccessKey>key"
                b"</SecretAccessKey><SessionToken>fresh</SessionToken><Expiration>"
                b"2036-01-01T00:00:00Z</Expiration></Credentials>"
                b"</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
            )
            self.send_response(403 if refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests' output is not its log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        **JOB,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "old",
        "AWS_SECRET_ACCESS_KEY": "old-key",
        "AWS_SESSION_TOKEN": "stale",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    yield asked
    server.shutdown()
    server.server_close()


def _key(clients: AwsClients) -> str:
    return str(clients.client("ecs")._request_signer._credentials.access_key)


def test_a_session_that_has_ended_is_begun_again_by_the_jobs_token(
    sts: list[dict[str, list[str]]],
) -> None:
    clients = AwsClients(Aws(region="eu-west-1"), http=github())
    assert _key(clients) == "old"
    assert sts == []
    clients.renew()
    assert _key(clients) == "new"
    (form,) = sts
    assert form["RoleArn"] == [JOB["AWS_ROLE_ARN"]]
    assert token_subject(form["WebIdentityToken"][0]) == SUBJECT


def test_where_the_role_cannot_be_taken_on_again_the_old_credentials_say_so(
    sts: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = AwsClients(Aws(region="eu-west-1"), http=github(500))
    clients.renew()
    assert _key(clients) == "old"
    assert sts == []
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/refused")
    clients = AwsClients(Aws(region="eu-west-1"), http=github())
    clients.renew()
    assert _key(clients) == "old"
    assert len(sts) == 1
    monkeypatch.delenv("AWS_ROLE_ARN")
    clients.renew()
    assert _key(clients) == "old"
    assert len(sts) == 1
