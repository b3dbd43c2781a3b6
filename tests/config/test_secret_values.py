"""Which values are blotted out, and in which forms."""

from __future__ import annotations

import html
import json
from base64 import b64encode, encodebytes, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode
from xml.sax.saxutils import escape, quoteattr

import pytest

from shipway.config.schema import Config, Environment, OwnStep
from shipway.config.secret_values import INDEXES, SHORTEST, names_a_secret, secret_values
from shipway.errors import ConfigError
from shipway.pipeline.step import BASE_ENV
from shipway.system.redaction import BLOT, Redactor

VALUE = "p@ss w0rd/ü+\"'\\?"
CONFIG = Config(
    environments={"local": Environment(secrets=("MAIL",))},
    steps={"own": OwnStep(run="true", env=("OWN_TOKEN", "COLOUR"))},
    env=("DATABASE_URL", "SENTRY_DSN"),
)


def redacted(text: str, **environment: str) -> str:
    """A text as it is shown where the caller has these variables."""
    return Redactor(secret_values(CONFIG, environment))(text)


def test_what_an_environment_names_as_secret_is_one_whatever_its_name() -> None:
    assert redacted("it is hunter22!", MAIL="hunter22") == f"it is {BLOT}!"


def test_what_is_declared_is_a_secret_when_its_name_says_so() -> None:
    assert redacted("hunter22 scarlet", OWN_TOKEN="hunter22", COLOUR="scarlet") == f"{BLOT} scarlet"


def test_what_only_a_compiled_step_declares_is_looked_at_too() -> None:
    environment = {"OTHER_TOKEN": "hunter22"}
    assert "hunter22" in secret_values(CONFIG, environment, ["OTHER_TOKEN"])


def test_what_is_not_declared_cannot_be_printed_by_a_step() -> None:
    assert secret_values(CONFIG, {"OTHER_TOKEN": "hunter22"}) == ()


def test_what_is_not_set_is_nothing() -> None:
    assert secret_values(CONFIG, {}) == secret_values(CONFIG, {"MAIL": ""}) == ()


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN",
        "GITHUB_TOKEN",
        "SECRET_KEY",
        "DB_PASSWORD",
        "PGPASSWORD",
        "DB_PASS",
        "DB_PWD",
        "AWS_ACCESS_KEY_ID",
        "APIKEY",
        "MAIL_APIKEY",
        "SENTRY_DSN",
        "GOOGLE_CREDENTIALS",
        "npm_token",
        "AUTHTOKEN",
    ],
)
def test_names_that_say_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "PWD",
        "KEYBOARD",
        "MONKEY",
        "COMPASS",
        "PASSENGERS",
        "TOKENIZERS_PARALLELISM",
        "KEY_FILE",
        "SSH_KEY_PATH",
        "SECRETARY",
        "BYPASS",
        "DATABASE_URL",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://web:hunter22@db/web", "postgresql://web:[redacted]@db/web"),
        ("postgresql://web:hunter%4022@db/web", "postgresql://web:[redacted]@db/web"),
        ("redis://:hunter22@cache:6379/0", "redis://:[redacted]@cache:6379/0"),
        ("https://hunter22@host/simple", "https://[redacted]@host/simple"),
        ("postgresql://postgres@db/web", "postgresql://postgres@db/web"),
        ("http://127.0.0.1:8080/a@b:c@d", "http://127.0.0.1:8080/a@b:c@d"),
        ("https://host/a https://b:hunter22@host/c", "https://host/a https://b:[redacted]@host/c"),
    ],
)
def test_of_an_address_only_the_password_is_blotted_out(address: str, shown: str) -> None:
    assert redacted(address, DATABASE_URL=address) == shown


def test_a_password_is_found_without_its_address_and_decoded() -> None:
    address = f"postgresql://web:{quote(VALUE, safe='')}@db/web"
    assert redacted(f"password={VALUE};", DATABASE_URL=address) == f"password={BLOT};"


def test_a_dsn_is_a_secret_as_a_whole() -> None:
    dsn = "host=db password=hunter22"
    assert redacted(f"connecting: {dsn}", SENTRY_DSN=dsn) == f"connecting: {BLOT}"


def test_every_address_that_all_steps_see_is_looked_into() -> None:
    assert set(INDEXES) == {name for name in BASE_ENV if "INDEX" in name or "URL" in name}
    for name in INDEXES:
        address = "https://ci:hunter22@index/simple"
        assert redacted("hunter22", **{name: address}) == BLOT


@pytest.mark.parametrize("value", ["admin", "  a b  ", "1"])
def test_a_secret_that_might_be_a_word_is_refused_by_the_name_of_its_variable(value: str) -> None:
    assert len(value.strip()) < SHORTEST
    with pytest.raises(ConfigError, match=r"MAIL is a secret of . characters?, too short"):
        secret_values(CONFIG, {"MAIL": value})


@pytest.mark.parametrize("password", ["guest", "x"])
def test_a_short_password_is_blotted_out_in_its_address(password: str) -> None:
    address = f"amqp://guest:{password}@broker/"
    text = f"guest x: cannot reach {address}"
    shown = f"guest x: cannot reach amqp://guest{BLOT}broker/"
    assert redacted(text, DATABASE_URL=address) == shown


@pytest.mark.parametrize("value", [VALUE, "hunter22", "1234567", "ü" * 7, "x" * 200])
@pytest.mark.parametrize(
    "form",
    [
        str,
        repr,
        json.dumps,
        lambda v: json.dumps(v, ensure_ascii=False),
        quote,
        quote_plus,
        lambda v: quote(v, safe=""),
        lambda v: quote(v, safe="").lower(),
        lambda v: urlencode({"password": v}),
        escape,
        html.escape,
        quoteattr,
        lambda v: b64encode(v.encode()).decode(),
        lambda v: urlsafe_b64encode(v.encode()).decode(),
        lambda v: b64encode(v.encode()).decode().rstrip("="),
        lambda v: b64encode(f"{v}\n".encode()).decode(),
        lambda v: encodebytes(v.encode()).decode(),
    ],
    ids=[
        "plain",
        "repr",
        "json",
        "json utf-8",
        "quote",
        "quote plus",
        "all quoted",
        "lower case",
        "form",
        "xml",
        "html",
        "xml attribute",
        "base64",
        "urlsafe base64",
        "unpadded",
        "echo | base64",
        "wrapped base64",
    ],
)
def test_nothing_is_left_of_any_form(value: str, form) -> None:  # type: ignore[no-untyped-def]
    left = redacted(form(value), MAIL=value).strip()
    assert left.strip("'\"").removeprefix("password=") == BLOT


@pytest.mark.parametrize("user", ["a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("more", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("value", ["hunter22", "hunter222", "hunter2222", VALUE])
def test_base64_of_more_than_the_value_shows_none_of_its_characters(
    user: str, more: str, value: str
) -> None:
    text = b64encode(f"{user}:{value}{more}".encode()).decode()
    before, blot, after = redacted(f"Basic {text}", MAIL=value).partition(BLOT)
    assert blot
    assert len(before) <= len("Basic ") + (len(user) + 1) * 4 // 3 + 1
    assert len(after) <= (len(more) + 3) * 4 // 3


def test_a_value_of_several_lines_is_blotted_out_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
    for line in key.splitlines():
        assert redacted(line, MAIL=key) == BLOT
    assert redacted(json.dumps(key), MAIL=key) == f'"{BLOT}"'
    assert redacted(b64encode(key.encode()).decode(), MAIL=key) == BLOT


def test_the_wrapped_base64_of_a_long_value_is_blotted_out_line_by_line() -> None:
    text = encodebytes(("k" * 120).encode()).decode()
    for line in text.splitlines():
        assert redacted(line, MAIL="k" * 120) == BLOT
