"""Brings a stack to what is wanted, from whatever state it is found in; and takes it away."""

from __future__ import annotations

from shipway.aws.stack import Say, Stack
from shipway.core.errors import StackFailed
from shipway.core.infrastructure.progress import over, well

# Nothing of it can be used: creating it failed, or taking it away again did.
_DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


def settle(stack: Stack, say: Say) -> None:
    """Wait for what goes on, and clear away what a failed creation left.

    Afterwards the stack can be changed, or there is none. Raises StackFailed where a person is
    needed, StillGoing where it takes too long.
    """
    status = stack.status()
    if not over(status):
        say(f"stack {stack.name}: {status.lower().replace('_', ' ')}; following it")
        status = stack.follow(say)
    if status == "UPDATE_ROLLBACK_FAILED":
        say(f"stack {stack.name}: its last rollback failed; trying it again")
        status = stack.go_on_rolling_back(say)
    if status in _DEAD:
        say(f"stack {stack.name}: deleting what a creation that failed has left")
        status = stack.delete(say)
    if status in ("DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"):
        raise failed(stack, status)


def readable(stack: Stack) -> None:
    """Raises StackFailed where a change cannot be worked out before something is settled."""
    status = stack.status()
    if not over(status):
        raise StackFailed(
            f"{stack.name} is being changed just now ({status.lower().replace('_', ' ')})",
            "Follow it first: shipway infra apply.",
        )
    if status in _DEAD:
        raise StackFailed(
            f"{stack.name}: creating it failed, and what is left has to go first",
            "shipway infra apply deletes it and begins anew.",
        )


def finish(stack: Stack, status: str) -> None:
    """Raises StackFailed, the reason first, unless it ended well."""
    if not well(status):
        raise failed(stack, status)


def failed(stack: Stack, status: str) -> StackFailed:
    """What went wrong, in words."""
    told = status.lower().replace("_", " ")
    why = stack.failure or "CloudFormation gives no reason"
    remedy = {
        "UPDATE_ROLLBACK_COMPLETE": "Everything is as before. Correct it, then apply again.",
        "UPDATE_ROLLBACK_FAILED": "Mend what it names by hand, then apply again: it goes on.",
        "DELETE_FAILED": "Take away what holds it, then ask again.",
    }.get(status, "Correct it, then apply again: what is left is cleared away first.")
    return StackFailed(f"{why} ({stack.name}: {told})", remedy)
