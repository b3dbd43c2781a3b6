"""Secrets are blotted out, whole and in parts, and nothing else is."""

from __future__ import annotations

import pytest

from shipway.system.redaction import BLOT, Redactor

KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nend\n-----END KEY-----"


@pytest.mark.parametrize("secret", ["s3cret", "ünï", ".*", "\\d", "a b", "$(id)"])
def test_a_secret_is_taken_literally(secret: str) -> None:
    assert Redactor([secret])(f"x{secret}y{secret}") == f"x{BLOT}y{BLOT}"
    assert Redactor([secret])("sxcret 1 ab") == "sxcret 1 ab"


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    assert Redactor(["pass", "password-long"])("password-long pass") == f"{BLOT} {BLOT}"


def test_a_secret_of_several_lines_is_found_line_by_line() -> None:
    redact = Redactor([KEY])
    assert redact(f"before {KEY} after") == f"before {BLOT} after"
    assert redact("MIIEvQIBADANBg\n") == f"{BLOT}\n"
    assert redact("the end\n") == "the end\n"  # too short to be told from a word


@pytest.mark.parametrize("nothing", [[], [""], ["  "], ["\n"]])
def test_an_empty_secret_blots_out_nothing(nothing: list[str]) -> None:
    assert Redactor(nothing)("as  it\nwas") == "as  it\nwas"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'harbourpil...", "'[redacted]..."),
        ("'harbou…'", "'[redacted]…'"),
        ("...tboats'", "...[redacted]'"),
        ("'harbourp...tboats'", "'[redacted]...[redacted]'"),
        ("harbourpilotboats...", "[redacted]..."),
        ("xharboharbourp....", "xharbo[redacted]...."),
    ],
)
def test_what_a_program_leaves_of_a_secret_when_it_shortens_is_blotted_out(
    text: str, shown: str
) -> None:
    assert Redactor(["other-secret", "harbourpilotboats"])(text) == shown


@pytest.mark.parametrize("text", ["harbo...", "harbourp x...", "...", "harbour", "a ... tboats"])
def test_what_is_too_short_or_not_beside_an_ellipsis_is_left(text: str) -> None:
    assert Redactor(["harbourpilotboats"])(text) == text


def test_many_dots_take_no_time() -> None:
    text = ("." * 70 + "F\n") * 3000
    assert Redactor([f"secret-number-{n}" for n in range(100)])(text) == text
