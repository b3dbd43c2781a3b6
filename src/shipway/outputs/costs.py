"""What a month costs, as a table and as JSON-able data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from shipway.core.cost.alternatives import Alternative
from shipway.core.cost.line import Estimate, Line
from shipway.core.cost.statement import ALL, Ci, Statement

_WIDTH = 29  # of what a line is about


def cost_lines(found: Statement) -> Iterator[str]:
    """For people: a table an environment, then the sum, limits, what would cost less, remarks."""
    sources: dict[tuple[str, str], int] = {}
    for one in found.estimates:
        yield _heading(one.name, one.usd, bool(one.unknown))
        for line in one.lines:
            yield _row(line, sources)
        yield ""
    yield from _sum_lines(found)
    yield from _other_lines(found.alternatives)
    if found.ci:
        yield from ("", *_ci_lines(found.ci))
    yield from ("", "~ rests on [cost.usage]")
    yield from (f"[{number}] {when} {source}" for (source, when), number in sources.items())
    yield from (f"careful: {remark}" for remark in found.remarks)


def _sum_lines(found: Statement) -> Iterator[str]:
    if found.whole:
        yield _heading(ALL, found.usd, bool(found.unknown))
    for limit in found.limits:
        words = "exceeds" if limit.exceeded else "is within"
        yield f"{limit.name}: ${limit.usd:.2f} {words} the limit of ${limit.most:.2f}"


def _other_lines(found: Sequence[Alternative]) -> Iterator[str]:
    if found:
        yield from ("", "Each of these alone would save, a month:")
    for one in found:
        yield f"  ${one.saves:>6.2f}  {one.environment}: {one.setting}  ({one.price})"


def _heading(name: str, usd: float, at_least: bool) -> str:
    """at_least: whether a price is missing."""
    amount = f"{'at least ' if at_least else ''}${usd:.2f}"
    return f"{name:<{_WIDTH + 34}} {amount:>10}"


def _row(line: Line, sources: dict[tuple[str, str], int]) -> str:
    mark = "~" if line.assumed else " "
    start = f" {mark}{line.what:<{_WIDTH}} {line.quantity:>8.6g}"
    if line.price is None:
        return f"{start} (no price is known: cost.prices.{line.name})"
    key = (line.price.source, str(line.price.date))
    number = sources.setdefault(key, len(sources) + 1)
    unit = f"{line.price.unit:<15}"
    return f"{start} {unit} ${line.price.usd:<9.6g} {f'${line.usd:.2f}':>7} [{number}]"


def _ci_lines(ci: Ci) -> Iterator[str]:
    use = ci.use
    yield (
        f"CI, from {use.runs} runs on record: {use.minutes:.1f} minutes and "
        f"{use.bytes / 1e6:.1f} MB a run"
    )
    if use.runs_a_month is None:
        yield "  how often they come cannot be told yet: they are all of one day"
        return
    yield (
        f"  about {use.runs_a_month:.0f} runs a month: {use.runs_a_month * use.minutes:.0f} "
        f"minutes, ${ci.month.usd:.2f} beyond the plan's; a public repository pays nothing"
    )


def cost_data(found: Statement) -> dict[str, Any]:
    """The same, JSON-able. Amounts are US dollars a month."""
    return {
        "currency": "USD",
        "estimates": [_estimate(one) for one in found.estimates],
        "usd": round(found.usd, 2),
        "limits": [{**asdict(one), "exceeded": one.exceeded} for one in found.limits],
        "alternatives": [asdict(one) for one in found.alternatives],
        "ci": _ci(found.ci) if found.ci else None,
        "unknown": list(found.unknown),
        "remarks": list(found.remarks),
    }


def _estimate(one: Estimate) -> dict[str, Any]:
    return {
        "name": one.name, "usd": round(one.usd, 2), "lines": [_line(line) for line in one.lines]
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    price = line.price
    known = {
        "unit": price.unit, "price": price.usd, "source": price.source, "date": str(price.date),
        "region": price.region,
    } if price else {"unit": "", "price": None, "source": "", "date": "", "region": ""}  # fmt: skip
    return {
        "what": line.what, "name": line.name, "quantity": round(line.quantity, 4), **known,
        "usd": round(line.usd, 4), "assumed": line.assumed,
    }  # fmt: skip


def _ci(ci: Ci) -> dict[str, Any]:
    return {**asdict(ci.use), "usd": round(ci.month.usd, 2)}
