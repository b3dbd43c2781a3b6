"""Renders Markdown as HTML: the descriptions of the API, which OpenAPI defines as CommonMark."""

from markdown_it import MarkdownIt
from markupsafe import Markup

# The preset that is safe for text from anywhere: HTML in the text is escaped, and a link to
# javascript: is none.
_RENDERER = MarkdownIt("js-default")


def render(text: str) -> Markup:
    """Whole paragraphs."""
    return _safe(_RENDERER.render(text))


def render_inline(text: str) -> Markup:
    """A text within a line of a page."""
    return _safe(_RENDERER.renderInline(text))


def _safe(html: str) -> Markup:
    return Markup(html)  # noqa: S704  # from the renderer, which escapes HTML in the text
