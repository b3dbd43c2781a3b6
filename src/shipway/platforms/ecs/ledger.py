"""What the record and the bucket keep of an environment's rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shipway.core.ports import Releases
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.effects.who import owner
from shipway.platforms.ecs.bucket import Bucket
from shipway.platforms.ecs.history import release_of

UNFINISHED = "unfinished"
_HERE = ("path", "python", "sbom")  # of a release: what only this machine has


class Ledger:
    """What the record and the bucket keep of an environment."""

    def __init__(self, environment: str, record: Releases, bucket: Bucket) -> None:
        self.environment = environment
        self._record = record
        self._bucket = bucket
        self._state: dict[str, Any] = record.state(environment) or {}

    @property
    def unfinished(self) -> dict[str, Any] | None:
        """The rollout that is not finished."""
        found: dict[str, Any] | None = self._state.get(UNFINISHED)
        return found

    def rollouts(self) -> Sequence[dict[str, Any]]:
        """This machine's, newest first."""
        return self._record.rollouts(self.environment)

    def release(self, data: Mapping[str, Any]) -> Release:
        """A release that a rollout has kept; with its files, where this machine knows them."""
        known = {one["digest"]: one for one in self._record.releases()}
        return release_of(known.get(data["digest"], data))

    def open(self, unfinished: dict[str, Any]) -> None:
        """A rollout begins."""
        release = unfinished["release"]
        if release["digest"] and release.get("path"):  # else this machine knows it better
            self._record.add_release(release)
        unfinished["number"] = self._record.add_rollout(
            self.environment,
            {
                "release": release["name"], "before": unfinished["before"]["name"],
                "started": unfinished["started"], "verdict": UNFINISHED, "by": owner(),
                "strategy": unfinished["strategy"], "digest": release["digest"],
                **unfinished["remarks"],
            },
        )  # fmt: skip
        self.save(unfinished)

    def save(self, unfinished: dict[str, Any] | None) -> None:
        """Write down how far it is; None: there is none any more."""
        self._state[UNFINISHED] = unfinished
        self._record.put_state(self.environment, self._state)

    def close(self, found: Mapping[str, Any], receipt: Receipt, *, over: bool) -> None:
        """A receipt; the rollout stays unfinished unless it is over."""
        rollout = {
            **receipt.to_dict(), **found["remarks"], "digest": found["release"]["digest"],
            "by": owner(), "task_definition": found["task_definition"],
            "deployment": found["deployment"],
            "release_data": _kept(found["release"]),
        }  # fmt: skip
        self._record.update_rollout(found["number"], rollout)
        if over:
            waiting = [*self._state.get("unkept", []), found["number"]]
            self._state["unkept"] = waiting
            self.save(None)
            self._keep(waiting)

    def _keep(self, numbers: Sequence[int]) -> None:
        """In the bucket; what could not be written is tried again after the next rollout."""
        rollouts = {one["number"]: one for one in self.rollouts()}
        left = [
            number for number in numbers
            if number in rollouts and not self._bucket.keep(rollouts[number])
        ]  # fmt: skip
        self._state["unkept"] = left
        self.save(self.unfinished)


def _kept(release: Mapping[str, Any]) -> dict[str, Any] | None:
    """What any machine can use of a release; None of one that only its name is known of."""
    if not release["digest"]:
        return None
    return {**release, **dict.fromkeys(_HERE, "")}
