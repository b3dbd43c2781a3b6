"""A notice as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.core.notice import Notice
from shipway.outputs.clean import one_line


def notice_lines(notice: Notice) -> Iterator[str]:
    """All that the message says."""
    yield one_line(notice.headline)
    facts = (("before", notice.before), ("why", notice.cause), ("next", notice.remedy))
    for name, text in (*facts, *notice.figures.items()):
        if text:
            yield f"  {one_line(name)}: {one_line(text)}"
    changes = notice.changes
    if changes.commits:
        yield "  what it takes back:" if changes.undone else "  what changes:"
    for one in changes.commits:
        yield f"    {one_line(one.id)} {one_line(one.subject, 100)} ({one_line(one.author, 40)})"
    if changes.more:
        yield f"    and {changes.more} more"
    for name, where in notice.links.items():
        yield f"  {one_line(name)}: {one_line(where)}"
