"""Findings with what stands at their places, of which their fingerprints are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shipway.core.content import contents
from shipway.core.finding import Finding, Kind


def with_content(found: Sequence[Finding], texts: Mapping[str, str]) -> Iterable[Finding]:
    """Each finding with what stands at its place, unless its check gave that already.

    texts: path → text of the files. Only code and configuration have a content of that kind.
    """
    lines: dict[str, set[int]] = {}
    for one in found:
        if _wants(one):
            lines.setdefault(one.path, set()).add(one.line)
    known = {
        path: contents(path, texts[path], sorted(wanted))
        for path, wanted in lines.items() if path in texts
    }  # fmt: skip
    for one in found:
        content = known.get(one.path, {}).get(one.line, "") if _wants(one) else ""
        yield replace(one, content=content) if content else one


def _wants(one: Finding) -> bool:
    return one.kind in (Kind.CODE, Kind.CONFIGURATION) and not one.content
