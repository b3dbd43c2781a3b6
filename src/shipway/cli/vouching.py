"""A verdict travels with the release: what is deployed to AWS has passed the pipeline, or somebody
says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shipway.cli.project import Project
from shipway.core.errors import ConfigError
from shipway.core.outcome import Outcome, Verdict
from shipway.core.release import Release

_STAGES = ("quality", "security", "test")


def vouched(project: Project, release: Release, without: str) -> Mapping[str, str]:
    """What the rollout keeps of it: the run that passed, or the reason why there is none.

    Raises ConfigError where the release has no image by digest, or no verdict and no reason.
    """
    if "@sha256:" not in release.image:
        raise ConfigError(
            f"{release.name} has no image that is published by its digest",
            "Build and publish one: shipway image build, shipway image push.",
        )
    if without:
        return {"without_verdict": without}
    found = list(_runs(project, release))
    run = next((run for run, wrong in found if not wrong), "")
    if not run:
        raise ConfigError(
            f"no run has passed all checks of {release.name} ({_why(found)})",
            "Run them: shipway run --strict quality security test build; or say why it goes "
            "without: shipway deploy ENV --without-verdict REASON.",
        )
    return {"verdict_of_run": run}


def _runs(project: Project, release: Release) -> Iterator[tuple[str, str]]:
    """The runs that packaged exactly this release: their id, and what they lack."""
    wanted = [step.name for step in project.steps if step.stage in _STAGES]
    for text, steps in project.record.runs_of("package"):
        run, results = json.loads(text), [json.loads(step) for step in steps]
        if _packaged(results) == release.digest:
            yield run["run"], _lacks(run, results, wanted)


def _packaged(results: Sequence[Mapping[str, Any]]) -> str:
    facts: Mapping[str, Any] = next(
        (one.get("facts", {}) for one in results if one["step"] == "package"), {}
    )
    return str(facts.get("release", {}).get("digest", ""))


def _lacks(
    run: Mapping[str, Any], results: Sequence[Mapping[str, Any]], wanted: Sequence[str]
) -> str:
    if run["verdict"] != Verdict.PASSED:
        return f"run {run['run']} ended {run['verdict']}"
    good = {
        one["step"] for one in results if Outcome(one["outcome"]).lets_dependants_run
    }  # fmt: skip
    missing = [name for name in wanted if name not in good]
    return f"run {run['run']} left out {', '.join(missing[:3])}" if missing else ""


def _why(found: Sequence[tuple[str, str]]) -> str:
    return found[0][1] if found else "none on record has packaged it"
