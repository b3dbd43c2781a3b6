"""Markdown in descriptions becomes HTML, and never a script."""

import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from main.markdown import render, render_inline


def test_paragraphs_and_code_are_rendered() -> None:
    assert render("Two `words`.\n\nMore.") == "<p>Two <code>words</code>.</p>\n<p>More.</p>\n"
    assert render_inline("Names `errors`.") == "Names <code>errors</code>."


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](data:text/html,x)",
        "<img src=x onerror=alert(1)>",
    ],
)
def test_what_could_run_is_shown_as_text(text: str) -> None:
    for html in (render(text), render_inline(text)):
        assert not re.search(r"<(script|img|a)\b", html)


@given(st.text())
def test_only_the_elements_of_markdown_come_out(text: str) -> None:
    allowed = (
        "p|h[1-6]|ul|ol|li|code|pre|em|strong|s|a|img|blockquote|hr|br|table|thead|tbody|tr|t[hd]"
    )
    for tag in re.findall(r"<[^>]*>", render(text)):
        assert re.fullmatch(rf"</?({allowed})\b[^>]*>", tag)
        assert not re.search(r"\son\w+=", re.sub(r'"[^"]*"', '""', tag))


def test_the_page_of_the_api_shows_no_markdown(town: Flask) -> None:
    page = town.test_client().get("/api/docs").text
    assert "A parameter is not valid; <code>errors</code> names each." in page
    assert "`" not in page
    # The document for programs keeps it: OpenAPI's descriptions are CommonMark.
    document = town.test_client().get("/api/v1/openapi.json").text
    assert "`errors` names each" in document
