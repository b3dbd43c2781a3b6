"""A receipt in Markdown, for a pull request and a job's summary."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.outputs.markdown_text import code, table, words
from shipway.outputs.receipts import Receipt

MOST_RELEASES = 6


def receipt_lines(receipt: Receipt, longest: int) -> Iterator[str]:
    """Verdict, figures of each release, the judge's last word, cause and remedy.

    longest: characters of a text from outside.
    """
    facts = dict(receipt.facts)
    told = (words(facts[name], longest) for name in ("strategy", "seconds") if name in facts)
    verdict = f"**{words(receipt.verdict or 'no verdict', longest)}**"
    yield from ("", f"### Rollout of {code(receipt.step, longest)}")
    yield ", ".join((verdict, *told)) + "."
    if receipt.releases:
        yield ""
        units = [f"{name} (ms)" if name.startswith("p") else name for name in receipt.columns]
        rows = [
            (code(name, longest), *(words(figure, longest) or "–" for figure in figures))
            for name, figures in receipt.releases[:MOST_RELEASES]
        ]
        yield from table(("Release", *units), rows)
    if receipt.evidence:
        last = receipt.evidence[-1]
        said = f"{words(last.decision, longest)}: {words(last.sentence, longest)}"
        yield from ("", f"Judge: {said}")
    for name, text in (("Cause", receipt.cause), ("Next", receipt.remedy)):
        if text:
            yield from ("", f"{name}: {words(text, longest)}")
