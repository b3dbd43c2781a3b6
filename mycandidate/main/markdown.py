"""Renders Markdown as HTML: the descriptions of the API, which OpenAPI defines as CommonMark."""

from markdown_it import MarkdownIt
from markupsafe import Markup

# The preset that is safe for text from anywhere: HTML in the text is escaped, and a link to
# javascript: is none.
_RENDERER = MarkdownIt("js-default")


def render(text: str) -> Markup:
    """Whole paragraphs."""
    return Markup(_RENDERER.render(text))  # noqa: S704  # the renderer escapes HTML


def render_inline(text: str) -> Markup:
    """A text within a line of a page."""
    return Markup(_RENDERER.renderInline(text))  # noqa: S704  # the renderer escapes HTML
