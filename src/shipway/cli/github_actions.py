"""What a run and a rollout leave in GitHub Actions, by themselves; elsewhere nothing.

Nothing here fails a run: what GitHub does not take is said in the log.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from shipway.cli.project import Project
from shipway.errors import Unreachable
from shipway.github.api import GitHubApi, WorkflowJob, append_to_file, set_output, workflow_job
from shipway.github.pull_request import github_annotations, post_deployment_status, update_comment
from shipway.pipeline.result import RunResult
from shipway.reports.markdown import markdown_report
from shipway.rollouts.report import RolloutReport


def publish_run(result: RunResult, project: Project, *, annotate: bool = True) -> None:
    """Annotations, the job's summary, outputs of the step; with GITHUB_TOKEN, the comment."""
    job = workflow_job(os.environ)
    if job is None:
        return

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
    job = workflow_job(os.environ)
    if job is None:
        return

    outputs = set_output("address", receipt.address) + set_output("verdict", receipt.verdict)
    append_to_file(
        os.environ.get("GITHUB_OUTPUT", ""), outputs + set_output("release", receipt.release)
    )
    token = os.environ.get("GITHUB_TOKEN", "")
    if token:
        _try("deployment status", lambda: _status(job, token, receipt))


def _outputs(result: RunResult) -> str:
    releases = [step.facts["release"] for step in result.steps if "release" in step.facts]
    outputs = {"verdict": result.verdict.value, "address": result.address}
    for release in releases[-1:]:
        image, _, digest = str(release.get("image", "")).partition("@")
        outputs |= {"digest": str(release["digest"]), "image": image, "image_digest": digest}
    return "".join(set_output(name, value) for name, value in outputs.items())


def _comment(job: WorkflowJob, token: str, application: str, text: str) -> str:
    return update_comment(
        GitHubApi(job.api, job.repository, token), job.pull_request, application, text
    )


def _status(job: WorkflowJob, token: str, receipt: RolloutReport) -> str:
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
