"""The report: one HTML page that needs nothing else, for people and for keeping."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipway.core.result import RunResult
from shipway.outputs import sections
from shipway.outputs.clean import plain_text
from shipway.outputs.figures import duration, figure
from shipway.outputs.findings_table import Source, findings_table
from shipway.outputs.receipts import receipts
from shipway.outputs.summary import counts, gates_of, reason_of, verdict_reason
from shipway.outputs.timeline import timeline

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def report(
    result: RunResult, blobs: sections.Blobs, source: Source | None = None,
    rollouts: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """The page. `blobs` gives a stored log by its digest; it may raise what the record raises.

    source: the text of a file of the application by its path, or None; without it the page shows
    no lines of code. It gets whatever paths the findings have. rollouts: environment → where the
    page of its last rollout lies, from this page.
    """
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8").strip()
    return _environment().get_template("report.html").render(
        run=result,
        reason=verdict_reason(result),
        counts=counts(result.steps),
        facts=_facts(result),
        timeline=timeline(result),
        troubles=sections.troubles(result, blobs),
        gates=gates_of(result.steps),
        coverages=sections.coverages(result),
        performances=sections.performances(result),
        others=sections.other_measures(result),
        findings=findings_table(result, source),
        tested=[step for step in result.steps if step.tests],
        receipts=receipts(result),
        rollouts=rollouts or {},
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=_hash(script),
    )  # fmt: skip


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=figure, duration=duration, reason=reason_of, slug=_slug)
    return environment


def _harmless(value: Any) -> Any:
    """Runs over everything that the template prints; escaping comes after it."""
    return plain_text(value) if type(value) is str else value


def _facts(result: RunResult) -> tuple[tuple[str, str], ...]:
    started = datetime.fromtimestamp(result.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = (
        ("Application", result.application),
        ("Commit", result.commit[:12]),
        ("Branch", result.branch),
        ("Started", started),
        ("Duration", duration(result.seconds)),
        ("Jobs", str(result.jobs)),
        ("Run", result.run),
    )
    return tuple((name, value) for name, value in facts if value)


def _hash(script: str) -> str:
    """The only script that the page's own policy lets run."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _slug(step: str) -> str:
    """A step's name as an anchor: whatever it holds, it cannot clash with another's."""
    return "step-" + hashlib.sha256(step.encode("utf-8", "surrogatepass")).hexdigest()[:8]
