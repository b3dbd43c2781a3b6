"""Tells a collector of runs and rollouts, where OpenTelemetry's variables name one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from shipway.cli.project import Project
from shipway.cli.recorded_secrets import recorded_secrets
from shipway.errors import RecordError
from shipway.github.api import workflow_job
from shipway.pipeline.result import RunResult
from shipway.pipeline.run_secrets import RunSecrets
from shipway.reports.console import write_error_line
from shipway.rollouts.report import RolloutReport, rollout_records
from shipway.system.git import head_commit, remote_address
from shipway.telemetry.batch import TelemetryBatch, rollout_batch, run_batch
from shipway.telemetry.resource import RunOrigin
from shipway.telemetry.settings import PROTOCOL, exported_signals, signal_protocol

_INSTALL = (
    "the OpenTelemetry SDK is not installed: install Shipway with its extra otel, or "
    "opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http beside it"
)
Say = Callable[[str], None]


def send_run(project: Project, result: RunResult, secrets: RunSecrets) -> None:
    """Send a run that has ended, its trace and its figures. Nothing of it fails the run.

    secrets: what nothing that is sent may hold.
    """
    origin = _origin(project, result.commit, result.branch, result.run)
    batch = run_batch(result, origin, lambda report: _rollout_number(project, report))
    _send(batch, secrets, write_error_line)


def send_rollout(
    project: Project, report: RolloutReport, say: Say, *, undo: bool = False, code: str = ""
) -> None:
    """Send a rollout that has ended, or waits for a person, and is no step of a run.

    say: gets the line about what cannot be sent. undo: going back is what was asked for. code: of
    the error that ended it, "" where none did.
    """
    origin = _origin(project, *head_commit(project.root))
    number = _rollout_number(project, report)
    batch = rollout_batch(report, origin, number, undo=undo, code=code)
    _send(batch, recorded_secrets(project), say)


def _rollout_number(project: Project, report: RolloutReport) -> str:
    """The rollout's number on record; "" where it is not the newest one there."""
    with suppress(RecordError):
        rows = project.record.rollouts(report.environment)[:1]
        for rollout in rollout_records(rows, f"the record, {report.environment}"):
            return str(rollout.number) if rollout.started == report.started else ""
    return ""


def _send(batch: TelemetryBatch, secrets: RunSecrets, say: Say) -> None:
    signals = exported_signals(os.environ)
    foreign = {signal_protocol(signal, os.environ) for signal in signals} - {PROTOCOL}
    if foreign:
        say(f"telemetry: {', '.join(sorted(foreign))} is asked for; Shipway sends {PROTOCOL} only")
        return
    try:
        from shipway.telemetry.otlp import send_batch
    except ImportError:
        say(f"telemetry: {_INSTALL}")
        return
    except ValueError as problem:  # a propagator of OTEL_PROPAGATORS that is not there
        say(f"telemetry: OpenTelemetry cannot be used: {problem}")
        return
    for sentence in send_batch(batch, signals, os.environ, secrets.redact):
        say(f"telemetry: {sentence}; nothing else is affected")


def _origin(project: Project, commit: str, branch: str, run: str = "") -> RunOrigin:
    """Where this comes from, as git says, and in a job of a workflow GitHub, which knows more."""
    origin = RunOrigin(
        pipeline=project.name,
        run=run,
        repository=remote_address(project.root),
        branch=branch,
        ref_type="branch",
        commit=commit,
    )
    return _in_github(origin, os.environ)


def _in_github(origin: RunOrigin, environment: Mapping[str, str]) -> RunOrigin:
    job = workflow_job(environment)
    if job is None:
        return origin
    branch = environment.get("GITHUB_HEAD_REF") or environment.get("GITHUB_REF_NAME", "")
    return replace(
        origin,
        address=job.address,
        repository=f"{job.server}/{job.repository}",
        branch=branch or origin.branch,
        ref_type=environment.get("GITHUB_REF_TYPE", "") or origin.ref_type,
        commit=origin.commit or job.commit,
        change=str(job.pull_request or ""),
        provider="github",
    )
