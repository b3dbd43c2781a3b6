"""A rollout by itself as a page: the report of a run of one step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from shipway.cli.project import Project
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.rollouts.report import RolloutReport
from shipway.system.files import shortest_path, write_atomic


def write_page(receipt: RolloutReport, project: Project) -> str:
    """Write rollout.html below the environment's folder; its path, as short as it goes.

    Where nothing was moved, because the release ran already, the last rollout's page stays.
    """
    path = os.path.join(project.state, _below(receipt.environment))
    moved = bool(receipt.samples or receipt.timeline) or receipt.release != receipt.before
    if moved or not os.path.exists(path):
        _write(path, receipt, project)
    return shortest_path(path)


def write_rehearsed_page(receipt: RolloutReport, project: Project, folder: str, fault: str) -> str:
    """The same below a rehearsal's folder. fault: as it was ordered; empty for none."""
    path = os.path.join(folder, "rollout.html")
    receipt = replace(receipt, address="")  # nothing answers there any more
    if fault and receipt.remedy:  # there is nothing to mend, and no such environment any more
        receipt = replace(receipt, remedy=f"Nothing: the fault was ordered (--fault {fault}).")
    _write(path, receipt, project)
    return shortest_path(path)


def _write(path: str, receipt: RolloutReport, project: Project) -> None:
    write_atomic(path, rollout_page(receipt, project).encode())


def rollout_page(
    receipt: RolloutReport, project: Project, links: Mapping[str, str] | None = None
) -> str:
    """The page of a rollout. links: title → address of the pages beside it."""
    from shipway.reports.html import html_report

    step = StepResult(
        step=f"deploy-{receipt.environment}",
        stage="deploy",
        outcome=Outcome.PASSED if receipt.verdict is Verdict.PASSED else Outcome.FAILED,
        started=receipt.started,
        seconds=receipt.seconds,
        reason=receipt.cause,
        remedy=receipt.remedy,
        rollout=receipt.verdict,
        facts={"receipt": receipt.to_dict()},
    )
    run = RunResult(
        run=f"rollout of {receipt.release}",
        application=project.config.application.name,
        verdict=receipt.verdict,
        started=receipt.started,
        seconds=receipt.seconds,
        steps=(step,),
        address=receipt.address,
    )
    return html_report(run, lambda name: project.blobs.get(name) or b"", links=links)


def rollout_pages(project: Project) -> dict[str, str]:
    """Environment → the address of the page of its last rollout, from the report beside it."""
    pages = {name: _below(name) for name in project.record.environments()}
    existing = {n: page for n, page in pages.items() if os.path.exists(f"{project.state}/{page}")}
    return {name: quote(page) for name, page in existing.items()}


def _below(environment: str) -> str:
    return os.path.join("environments", environment, "rollout.html")
