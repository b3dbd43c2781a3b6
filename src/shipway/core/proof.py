"""Whether a release has passed: the verdict that travels with it."""

from __future__ import annotations

from collections.abc import Iterable

from shipway.core.outcome import Verdict
from shipway.core.result import RunResult

_PROVING = ("quality", "security", "test", "build")


def proof(
    digest: str, runs: Iterable[RunResult], steps: Iterable[tuple[str, str]], *, strict: bool
) -> tuple[str, str]:
    """The run that proves a release of this digest, and why none does; one of them is "".

    runs: newest first. The newest that packaged exactly this digest and had every proving step
    decides; one of fewer steps proves less, and is passed over. steps: (name, stage) of the
    pipeline as it is. strict: whether an incomplete run is a failure.
    """
    wanted = {name for name, stage in steps if stage in _PROVING}
    partial = False
    for run in runs:
        if not any(_packaged(step.facts, digest) for step in run.steps):
            continue
        missing = wanted - {step.step for step in run.steps}
        if missing:
            partial = True
            continue
        good = run.verdict is Verdict.PASSED or (
            run.verdict is Verdict.INCOMPLETE and not strict
        )  # fmt: skip
        if good:
            return run.run, ""
        return "", f"the last whole run that packaged it ended {run.verdict.value}"
    return "", (
        "only a part of the pipeline ran for it" if partial else "no run on record packaged it"
    )


def _packaged(facts: dict[str, object], digest: str) -> bool:
    release = facts.get("release")
    return isinstance(release, dict) and release.get("digest") == digest
