"""The pages beside a run's report: environments, history, a comparison, a run that goes on. Pure.

Each is a part (templates/PART.html) in the same shell, and has all that it needs in itself. What
`shipway ui` serves has a navigation and a stream of its part; a page that is a file has neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.pipeline.result import RunResult
from shipway.reports.html import hash_source, template_environment, template_source
from shipway.reports.run_history import RunHistory, compare_runs

_STYLES = ("report.css", "pages.css")
_SCRIPTS = ("report.js", "pages.js")


@dataclass(frozen=True)
class LivePage:
    """How a served page is kept up to date. current: the entry of the navigation that it is under.
    stream: the address of its events, "" for a page that does not change."""

    current: str
    stream: str = ""


def render_page(
    part: str, title: str, application: str, live: LivePage | None = None, **data: Any
) -> str:
    """A whole page. data: what its part shows."""
    style = "".join(template_source(name) for name in _STYLES)
    script = template_source("pages.js") if live else ""
    return (
        template_environment()
        .get_template("shell.html")
        .render(
            part=f"{part}.html",
            title=title,
            application=application,
            live=live,
            style=style,
            style_hash=hash_source(style),
            script=script,
            script_hash=hash_source(script),
            **data,
        )
    )


def render_part(part: str, live: LivePage | None = None, **data: Any) -> str:
    """What is inside the shell, for the stream of a page."""
    return template_environment().get_template(f"{part}.html").render(live=live, **data)


def content_policy() -> str:
    """The policy of everything that is served: only Shipway's own styles and scripts, by hash, and
    nothing from elsewhere; no other page may show it in a frame."""
    report, pages = template_source("report.css"), "".join(map(template_source, _STYLES))
    styles = " ".join(f"'sha256-{hash_source(text)}'" for text in (report, pages))
    scripts = " ".join(f"'sha256-{hash_source(template_source(name))}'" for name in _SCRIPTS)
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def history_data(
    history: RunHistory,
    total: int,
    skip: int,
    deliveries: Mapping[str, tuple[tuple[str, str], ...]],
) -> dict[str, Any]:
    """What the page of the history shows, served or written to a file.

    history: of finished runs. total: how many there are. skip: how many newer ones are not
    in it. deliveries: environment → DORA's four keys as text.
    """
    return {
        "history": history,
        "total": total,
        "first": skip + 1,
        "deliveries": list(deliveries.items()),
        "branch": "",
        "branches": (),
        "unfinished": (),
        "older": "",
        "newer": "",
    }


def comparison_data(old: RunResult, new: RunResult) -> dict[str, Any]:
    """What the page of two runs shows."""
    difference = compare_runs(old, new)
    steps = sorted(difference.steps, key=lambda step: -abs(step[2] - step[1]))
    return {"old": old, "new": new, "difference": difference, "differing": steps}
