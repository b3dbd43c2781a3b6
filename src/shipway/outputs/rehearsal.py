"""A rehearsal in the terminal: a small picture over time, and what users would have felt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shipway.core.load_summary import LoadSummary
from shipway.core.rehearsal import Moment, Rehearsal

_BLOCKS, _PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_WIDTH = 60  # columns of the picture


def draw(found: Rehearsal, encoding: str) -> list[str]:
    """Lines of text; pictures in ASCII where the encoding has no blocks."""
    blocks = _BLOCKS if _has(encoding, _BLOCKS) else _PLAIN
    what = f", fault {found.fault}" if found.fault else ""
    title = f"rehearsed {found.strategy} at {found.rate:g} requests/s{what}"
    return [title, *_picture(found, blocks), *_words(found), *_table(found)]


def _words(found: Rehearsal) -> Iterator[str]:
    total = found.total
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(total.errors.items()))
    failed = f"{total.failed} failed" + (f" ({kinds})" if kinds else "")
    yield f"  requests  {total.requests} sent, {failed}"
    yield f"  users     {total.users_hit} of {found.users} hit"
    yield f"  verdict   {found.verdict} after {found.to_verdict:.1f} s"
    if found.cause:
        yield f"  why       {found.cause}"
    if total.failed:
        yield f"  recovery  {found.to_recovery:.1f} s from the first failed request to the last"
    marks = found.marks
    yield (
        f"  took      {marks.forward_end - marks.forward:.1f} s forward, "
        f"{marks.back_end - marks.back:.1f} s back ({found.back_verdict})"
    )
    if marks.struck is not None:
        yield f"  fault     {marks.struck - marks.forward:.1f} s after the rollout began"
    if not found.sound:
        yield "  AT THE END NOT ALL REQUESTS WERE ANSWERED WELL"


def _table(found: Rehearsal) -> Iterator[str]:
    yield f"  {'':<8}{'requests':>9}{'failed':>8}{'p50':>9}{'p95':>9}{'p99':>9}  milliseconds"
    for name, part in (("before", found.before), ("while", found.while_), ("after", found.after)):
        yield _row(name, part)


def _row(name: str, part: LoadSummary) -> str:
    figures = (part.latency.p50, part.latency.p95, part.latency.p99)
    words = "".join(f"{'-' if one is None else format(one, '.1f'):>9}" for one in figures)
    return f"  {name:<8}{part.requests:>9}{part.failed:>8}{words}"


def _picture(found: Rehearsal, blocks: str) -> Iterator[str]:
    moments = found.moments
    rows: tuple[tuple[str, Callable[[Moment], float], str], ...] = (
        ("candidate", lambda one: one.share, "most {:.0%} of answers"),
        ("failed", lambda one: one.failed / one.requests if one.requests else 0, "most {:.0%}"),
        ("p95", lambda one: one.p95 or 0.0, "most {:.0f} ms"),
    )
    for name, value, words in rows:
        values = [value(one) for one in moments]
        top = max(values, default=0.0)
        full = 1.0 if name == "candidate" else top
        yield f"  {name:<9} |{_line(values, full, blocks)}| {words.format(top)}"
    yield f"  {'':<9}  {len(moments)} s"


def _line(values: Sequence[float], full: float, blocks: str) -> str:
    """A column a second, or the largest of several; what is not nothing is seen."""
    step = max(1, -(-len(values) // _WIDTH))
    tops = [max(values[place : place + step]) for place in range(0, len(values), step)]
    last = len(blocks) - 1
    return "".join(blocks[max(top > 0, round(top / full * last)) if full else 0] for top in tops)


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
