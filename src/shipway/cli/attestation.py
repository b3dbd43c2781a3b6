"""The verdict that is attached to a release's image: for a machine whose record knows no run."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shipway.cli.project import Project
from shipway.errors import ConfigError, ShipwayError
from shipway.pipeline.codec import run_from_json, step_from_json
from shipway.ports import PACKAGE
from shipway.releases.release import Release, find_passing_run


def attested_run(project: Project, release: Release) -> str:
    """The run whose passed verdict is attached to exactly this image; "" where there is none.

    A registry that cannot be asked says nothing: then there is no verdict.
    """
    if "@sha256:" not in release.image:
        return ""
    from shipway.aws.errors import translate_aws_errors
    from shipway.cli.image_registry import image_registry
    from shipway.images.oci import VERDICT_TYPE
    from shipway.images.provenance import is_passing_verdict
    from shipway.images.reference import parse_reference
    from shipway.images.referrers import read_documents

    try:
        image = parse_reference(release.image)
        with translate_aws_errors():
            registry = image_registry(project.config).registry
            if image != registry.place.at(image.digest):
                return ""
            verdicts = [
                json.loads(document)
                for document in read_documents(registry, image.digest, VERDICT_TYPE)
            ]
    except (ShipwayError, ValueError):
        return ""
    runs = [
        str(verdict["predicate"].get("run", ""))
        for verdict in verdicts
        if is_passing_verdict(verdict, image.digest)
        and verdict["predicate"].get("release") == release.name
    ]
    return runs[-1] if runs else ""


# A verdict travels with the release: what is deployed to AWS, or promoted, has passed the
# pipeline, or somebody says why not.


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
    run = run or attested_run(project, release)
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
    runs = (
        run_from_json(text, tuple(step_from_json(step) for step in steps))
        for text, steps in project.record.runs_of(PACKAGE)
    )
    steps = ((step.name, step.stage) for step in project.steps if not step.work.get("on_request"))
    return find_passing_run(release.digest, runs, steps, strict=strict)
