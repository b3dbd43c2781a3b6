"""How a deployment ended, in a verdict and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.outcome import Verdict
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.failures import Failure
from shipway.platforms.ecs.reasons import explain

_VERDICTS = {
    "SUCCESSFUL": Verdict.PASSED,
    "ROLLBACK_SUCCESSFUL": Verdict.ROLLED_BACK,
    "STOPPED": Verdict.FAILED,
    "ROLLBACK_FAILED": Verdict.NEEDS_PERSON,
}


@dataclass(frozen=True)
class Why:
    """A cause, what to do about it, and the last lines of what failed."""

    cause: str
    remedy: str
    log: tuple[str, ...] = ()


def verdict_of(seen: Deployment) -> Verdict:
    """Of a deployment that is over."""
    return _VERDICTS[seen.status]


def why(seen: Deployment, failure: Failure | None) -> Why:
    """Why ECS itself undid or stopped a deployment: what is most particular wins."""
    if seen.status == "STOPPED":
        return Why(
            "another deployment took its place before it had ended",
            "See whose it is (shipway status ENV), wait for its end, and deploy again.",
        )
    if seen.triggered:
        names = ", ".join(seen.triggered)
        return Why(
            f"an alarm fired: {names}", "Look at what the alarm measures before you deploy again."
        )
    if any(hook.status == "TIMED_OUT" for hook in seen.hooks):
        return Why(
            "nobody answered a pause in time, so ECS went back by itself",
            "Deploy it again, and let the command run to its end.",
        )
    if failure is not None:
        return Why(failure.cause, failure.remedy, failure.log)
    found = explain(seen.reason)
    return Why(found.cause, found.remedy)


def way_back_failed(cause: str) -> Why:
    """On top of why it was to go back."""
    first = f"{cause}; and " if cause else ""
    return Why(
        f"{first}ECS could not go back: the rollback itself failed",
        "Look at what runs (shipway status ENV), then shipway rollback ENV, or deploy a good "
        "release.",
    )
