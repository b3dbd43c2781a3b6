"""Whether a release has passed: by a run on record, or by what is attached to its image."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import starmap

from shipway.cli.project import Project
from shipway.errors import ConfigError
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.ports import PACKAGE
from shipway.releases.release import Release, find_passing_run


def require_passing_run(
    project: Project, environment: str, release: Release, without: str
) -> Mapping[str, str]:
    """What the rollout keeps of it: the run that passed, or the reason why there is none.

    Only on this machine is an incomplete run enough. Raises ConfigError where there is no verdict
    and no reason, or where a release for ECS has no image by digest.
    """
    on_ecs = project.config.environments[environment].platform == "ecs"
    if on_ecs and "@sha256:" not in release.image:
        raise ConfigError(
            f"{release.name} has no image that is published by its digest",
            "Build and publish one: shipway run publish.",
            code="no-image",
        )
    run, why = _proof(project, release, strict=on_ecs)
    if not run and "@sha256:" in release.image:
        # The record answers for most: the registry's client would slow every deploy's start.
        from shipway.cli.attached_verdict import attested_run

        run = attested_run(project, release)
    if run:
        return {"verdict_of_run": run}
    if without:
        return {"without_verdict": without}
    raise ConfigError(
        f"{release.name} has not passed: {why}",
        "Run the whole pipeline on exactly this state: shipway run --strict. "
        "Or say why it goes without: --without-verdict REASON.",
        code="release-not-passed",
    )


def _proof(project: Project, release: Release, *, strict: bool) -> tuple[str, str]:
    runs = starmap(run_with_steps_from_json, project.record.runs_of(PACKAGE))
    steps = ((step.name, step.stage) for step in project.steps if not step.work.get("on_request"))
    return find_passing_run(release.digest, runs, steps, strict=strict)
