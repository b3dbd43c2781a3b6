"""What a run and a rollout leave in GitHub Actions, by themselves; elsewhere nothing.

Nothing here fails a run: what GitHub does not take is said in the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shipway.errors import Unreachable
from shipway.pipeline.result import RunResult

if TYPE_CHECKING:
    from shipway.cli.project import Project
    from shipway.github.api import WorkflowJob
    from shipway.rollouts.report import RolloutReport


def run_name(now: float, environment: Mapping[str, str]) -> str:
    """A name for a run. now: seconds since the epoch. In GitHub it ends with the run's there."""
    return f"{now:.3f}-{os.getpid()}{run_suffix(environment)}"


def run_suffix(environment: Mapping[str, str]) -> str:
    """What the names of all runs of one run in GitHub end with; "" elsewhere."""
    number = environment.get("GITHUB_RUN_ID", "")
    inside = environment.get("GITHUB_ACTIONS") == "true" and number.isdigit()
    return f"-g{number}" if inside else ""


def publish_run(result: RunResult, project: Project, *, annotate: bool = True) -> None:
    """Annotations, the job's summary, outputs of the step; with GITHUB_TOKEN, the comment."""
    job = _job()
    if job is None:
        return
    from shipway.github.api import append_to_file
    from shipway.github.pull_request import github_annotations
    from shipway.reports.markdown import markdown_report

    if annotate:
        above = os.environ.get("GITHUB_WORKSPACE", project.root)
        sys.stdout.write(github_annotations(result, os.path.relpath(project.root, above)))
    text = markdown_report(result, {"Reports and log": job.address})
    append_to_file(os.environ.get("GITHUB_STEP_SUMMARY", ""), text)
    append_to_file(os.environ.get("GITHUB_OUTPUT", ""), _outputs(result))
    token = os.environ.get("GITHUB_TOKEN", "")
    if job.pull_request and token:
        _try("comment", lambda: _comment(job, token, project.name, text))


def publish_rollout(receipt: RolloutReport) -> None:
    """Outputs of the step; with GITHUB_TOKEN, the status of the environment's deployment."""
    job = _job()
    if job is None:
        return
    from shipway.github.api import append_to_file, set_output

    outputs = set_output("address", receipt.address) + set_output("verdict", receipt.verdict)
    append_to_file(
        os.environ.get("GITHUB_OUTPUT", ""), outputs + set_output("release", receipt.release)
    )
    token = os.environ.get("GITHUB_TOKEN", "")
    if token:
        _try("deployment status", lambda: _status(job, token, receipt))


def _job() -> WorkflowJob | None:
    from shipway.github.api import workflow_job

    return workflow_job(os.environ)


def _outputs(result: RunResult) -> str:
    from shipway.github.api import set_output

    releases = [step.facts["release"] for step in result.steps if "release" in step.facts]
    outputs = {"verdict": result.verdict.value, "address": result.address}
    for release in releases[-1:]:
        image, _, digest = str(release.get("image", "")).partition("@")
        outputs |= {"digest": str(release["digest"]), "image": image, "image_digest": digest}
    return "".join(set_output(name, value) for name, value in outputs.items())


def _comment(job: WorkflowJob, token: str, application: str, text: str) -> str:
    from shipway.github.api import GitHubApi
    from shipway.github.pull_request import update_comment

    return update_comment(
        GitHubApi(job.api, job.repository, token), job.pull_request, application, text
    )


def _status(job: WorkflowJob, token: str, receipt: RolloutReport) -> str:
    from shipway.github.api import GitHubApi
    from shipway.github.pull_request import post_deployment_status

    post_deployment_status(
        GitHubApi(job.api, job.repository, token), job.commit, receipt, job.address
    )
    return receipt.address


def _try(what: str, do: Callable[[], str]) -> None:
    try:
        sys.stderr.write(f"github: {what}: {do() or 'done'}\n")
    except Unreachable as problem:
        sys.stderr.write(f"github: no {what}: {problem.message}\n  next: {problem.remedy}\n")
    except (KeyError, TypeError, ValueError) as problem:
        sys.stderr.write(f"github: no {what}: its answer is not understood: {problem!r}\n")
