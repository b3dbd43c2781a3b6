"""Laws of the redactor: nothing of a secret is left, however it is printed."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.pipeline.made_up_secrets import ENCODINGS, KINDS, made_up, needles

from shipway.config.secret_values import forms_of_found
from shipway.system.redaction import BLOT, Redactor

SECRETS = made_up(300)
TOKENS = st.text(string.ascii_letters + string.digits, min_size=20, max_size=60)


def every_form(*secrets: str) -> Redactor:
    return Redactor(form for secret in secrets for form in forms_of_found(secret))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_300_secrets_of_every_kind_leave_nothing_in_any_encoding(encoding: str) -> None:
    redact = every_form(*SECRETS)
    left = []
    for number, secret in enumerate(SECRETS):
        if len(secret) < 6 and encoding != "plain":
            continue  # what is so short is encoded as what might be anything
        text = redact(f"before {ENCODINGS[encoding](secret)} after")
        if BLOT not in text or any(needle in text for needle in needles(secret)):
            left.append((list(KINDS)[number % len(KINDS)], secret, text))
    assert not left


@given(TOKENS, st.integers(1, 59), st.sampled_from(["\n", "\n    ", "\r\n\t", '"\n  "', "\\\n"]))
def test_a_secret_that_is_broken_over_two_lines_leaves_less_than_eight_characters(
    token: str, at: int, line_break: str
) -> None:
    text = f"a {token[:at]}{line_break}{token[at:]} z"
    for lines in ([text], text.splitlines()):  # as a whole, and as it arrives
        shown = "".join(every_form(token)(line) for line in lines)
        assert not [n for n in range(len(token) - 7) if token[n : n + 8] in shown]


@given(TOKENS, TOKENS, st.integers(0, 19))
@example("a" * 20, "a" * 21, 3)
def test_secrets_that_overlap_leave_nothing(first: str, second: str, shared: int) -> None:
    second = first[len(first) - shared :] + second
    shown = every_form(first, second)(f"x {first}{second[shared:]} y")
    assert shown == f"x {BLOT} y"


@given(TOKENS, st.text(max_size=40))
def test_lines_keep_their_numbers(token: str, text: str) -> None:
    secret = f"{token}\n{token[::-1]}"
    whole = f"{text}\n{secret}\n{text}"
    assert every_form(secret).keeping_lines(whole).count("\n") == whole.count("\n")


@given(st.text(max_size=200))
def test_what_holds_no_secret_is_left_as_it_is(text: str) -> None:
    assert every_form("4f9a-71bc-0d2e-88aa")(text) == text


def test_the_number_of_secrets_does_not_multiply_the_time() -> None:
    many = every_form(*made_up(300, seed=1))
    text = "".join(f"tests/test_{n}.py::test_it PASSED [ {n % 100}%]\n" for n in range(20_000))
    assert many(text) == text
