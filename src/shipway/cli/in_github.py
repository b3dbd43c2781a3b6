"""What a run and a rollout leave in GitHub Actions, by themselves; elsewhere nothing.

Nothing here fails a run: what GitHub does not take is said in the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shipway.core.errors import Unreachable
from shipway.core.result import RunResult

if TYPE_CHECKING:
    from shipway.cli.project import Project
    from shipway.core.receipt import Receipt
    from shipway.effects.github import Job


def run_name(now: float, environment: Mapping[str, str]) -> str:
    """A name for a run. now: seconds since the epoch. In GitHub it ends with the run's there."""
    return f"{now:.3f}-{os.getpid()}{run_suffix(environment)}"


def run_suffix(environment: Mapping[str, str]) -> str:
    """What the names of all runs of one run in GitHub end with; "" elsewhere."""
    number = environment.get("GITHUB_RUN_ID", "")
    inside = environment.get("GITHUB_ACTIONS") == "true" and number.isdigit()
    return f"-g{number}" if inside else ""


def tell_run(result: RunResult, project: Project, *, annotate: bool = True) -> None:
    """Annotations, the job's summary, outputs of the step; with GITHUB_TOKEN, the comment."""
    job = _job()
    if job is None:
        return
    from shipway.effects.github import append
    from shipway.outputs.annotations import github_annotations
    from shipway.outputs.markdown import markdown

    if annotate:
        above = os.environ.get("GITHUB_WORKSPACE", project.root)
        sys.stdout.write(github_annotations(result, os.path.relpath(project.root, above)))
    text = markdown(result, {"Reports and log": job.address})
    append(os.environ.get("GITHUB_STEP_SUMMARY", ""), text)
    append(os.environ.get("GITHUB_OUTPUT", ""), _outputs(result))
    token = os.environ.get("GITHUB_TOKEN", "")
    if job.pull_request and token:
        _try("comment", lambda: _comment(job, token, project.name, text))


def tell_rollout(receipt: Receipt) -> None:
    """Outputs of the step; with GITHUB_TOKEN, the status of the environment's deployment."""
    job = _job()
    if job is None:
        return
    from shipway.effects.github import append, output

    told = output("address", receipt.address) + output("verdict", receipt.verdict)
    append(os.environ.get("GITHUB_OUTPUT", ""), told + output("release", receipt.release))
    token = os.environ.get("GITHUB_TOKEN", "")
    if token:
        _try("deployment status", lambda: _status(job, token, receipt))


def _job() -> Job | None:
    from shipway.effects.github import job

    return job(os.environ)


def _outputs(result: RunResult) -> str:
    from shipway.effects.github import output

    releases = [step.facts["release"] for step in result.steps if "release" in step.facts]
    told = {"verdict": result.verdict.value, "address": result.address}
    for one in releases[-1:]:
        image, _, digest = str(one.get("image", "")).partition("@")
        told |= {"digest": one["digest"], "image": image, "image_digest": digest}
    return "".join(output(name, value) for name, value in told.items())


def _comment(job: Job, token: str, application: str, text: str) -> str:
    from shipway.effects.github import GitHubApi
    from shipway.outputs.comment import comment

    return comment(GitHubApi(job.api, job.repository, token), job.pull_request, application, text)


def _status(job: Job, token: str, receipt: Receipt) -> str:
    from shipway.effects.github import GitHubApi
    from shipway.outputs.comment import deployment_status

    deployment_status(GitHubApi(job.api, job.repository, token), job.commit, receipt, job.address)
    return receipt.address


def _try(what: str, do: Callable[[], str]) -> None:
    try:
        sys.stderr.write(f"github: {what}: {do() or 'done'}\n")
    except Unreachable as problem:
        sys.stderr.write(f"github: no {what}: {problem.message}\n  next: {problem.remedy}\n")
    except (KeyError, TypeError, ValueError) as problem:
        sys.stderr.write(f"github: no {what}: its answer is not understood: {problem!r}\n")
