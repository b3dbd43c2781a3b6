"""Releases and rollouts in S3, so that another machine can roll back.

An object is written once and never changed: two machines cannot lose what the other wrote.
Where the bucket cannot be used, that is said, and nothing else depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from shipway.aws.errors import AwsApiError
from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Aws
from shipway.errors import ShipwayError
from shipway.ports import Clients, RecordedRelease, RecordedRollout, Releases
from shipway.releases.release import Release, release_from_dict
from shipway.rollouts.ecs.deployment_watcher import WatcherRecord
from shipway.rollouts.report import RolloutReport
from shipway.system.user import current_user

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ListObjectsV2RequestTypeDef

NEWEST = 50  # rollouts that are read
_EXISTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class S3HistoryStore:
    """One environment's part. say: told what cannot be done, once.

    calls: clients that raise AwsApiError and AwsUnreachable (aws/client.py).
    """

    def __init__(
        self,
        calls: Clients,
        settings: Aws,
        names: AwsResourceNames,
        say: Callable[[str], None],
    ) -> None:
        self._calls = calls
        self._settings = settings
        self._names = names
        self._say = say
        self._name = settings.bucket
        self._silent = False

    @property
    def _prefix(self) -> str:
        return f"{self._names.application}/{self._names.environment}/rollouts/"

    def put(self, rollout: RecordedRollout) -> bool:
        """Write a rollout that has ended, with its release and its receipt; whether it is there.

        Its key is its start and its deployment: the same rollout twice is the same object.
        """
        started = datetime.fromtimestamp(float(rollout["started"]), UTC)
        mark = str(rollout.get("deployment", "")).rsplit("/", 1)[-1] or rollout["digest"][:12]
        key = f"{self._prefix}{started:%Y%m%dT%H%M%S.%fZ}-{mark}.json"
        body = json.dumps(rollout, default=str, sort_keys=True).encode()
        try:
            self._calls.client("s3").put_object(
                Bucket=self._bucket(),
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ContentType="application/json",
            )
        except AwsApiError as problem:
            if problem.aws_code in _EXISTS:
                return True
            return self._tell(problem)
        except ShipwayError as problem:
            return self._tell(problem)
        return True

    def rollouts(self) -> Sequence[RecordedRollout]:
        """Those that any machine kept, newest first; none where the bucket cannot be read."""
        try:
            keys = sorted(self._keys(), reverse=True)[:NEWEST]
            rollouts = [self._read(key) for key in keys]
        except ShipwayError as problem:
            self._tell(problem)
            return []
        return [rollout for rollout in rollouts if rollout is not None]

    def _keys(self) -> list[str]:
        keys: list[str] = []
        s3 = self._calls.client("s3")
        request: ListObjectsV2RequestTypeDef = {"Bucket": self._bucket(), "Prefix": self._prefix}
        while True:
            answer = s3.list_objects_v2(**request)
            keys += [entry["Key"] for entry in answer.get("Contents", [])]
            if not answer.get("IsTruncated"):
                return keys
            request["ContinuationToken"] = answer["NextContinuationToken"]

    def _read(self, key: str) -> RecordedRollout | None:
        """None for what is no rollout: anybody with the right may have put it there."""
        answer = self._calls.client("s3").get_object(Bucket=self._bucket(), Key=key)
        try:
            rollout = json.loads(answer["Body"].read())
        except ValueError:
            return None
        required = ("started", "digest", "verdict", "release_data", "task_definition")
        complete = isinstance(rollout, dict) and all(name in rollout for name in required)
        return cast("RecordedRollout", rollout) if complete else None

    def _bucket(self) -> str:
        if not self._name:
            account = self._settings.account
            if not account:
                account = self._calls.client("sts").get_caller_identity()["Account"]
            self._name = self._names.bucket(account, self._calls.region)
        return self._name

    def _tell(self, problem: ShipwayError) -> bool:
        if not self._silent:
            self._silent = True
            self._say(
                f"rollouts are not kept in S3, only here: {problem.message} "
                "(aws.bucket names the bucket; the bootstrap stack creates one)"
            )
        return False


# What the record and the bucket keep of an environment's rollouts.

UNFINISHED = "unfinished"


class ReplacedRelease(TypedDict):
    """The release that ran before; "" for none of ours."""

    name: str
    digest: str


class UnfinishedEcsRollout(TypedDict):
    """A rollout from its beginning to its end, as a later command takes it up.

    remarks: kept with it, by name. back: to an earlier release. known: the deployments that there
    were before; deployment: its own, "" while it has none. course: how far it was followed.
    """

    number: NotRequired[int]
    started: float
    release: RecordedRelease
    before: ReplacedRelease
    strategy: str
    remarks: dict[str, str]
    back: bool
    task_definition: str
    known: list[str]
    deployment: str
    course: WatcherRecord | None


class EcsEnvironmentRecord(TypedDict, total=False):
    """unkept: numbers of rollouts that the bucket does not have yet."""

    unfinished: UnfinishedEcsRollout | None
    unkept: list[int]


class RolloutHistory:
    """What the record and the bucket keep of an environment."""

    def __init__(self, environment: str, record: Releases, bucket: S3HistoryStore) -> None:
        self.environment = environment
        self._record = record
        self._bucket = bucket
        self._state = cast("EcsEnvironmentRecord", record.state(environment) or {})

    @property
    def unfinished(self) -> UnfinishedEcsRollout | None:
        """The rollout that is not finished."""
        return self._state.get("unfinished")

    def rollouts(self) -> Sequence[RecordedRollout]:
        """This machine's, newest first."""
        return self._record.rollouts(self.environment)

    def release(self, data: RecordedRelease) -> Release:
        """A release that a rollout kept; with its files, where this machine knows them."""
        releases = {release["digest"]: release for release in self._record.releases()}
        return release_from_dict(releases.get(data["digest"], data))

    def open(self, unfinished: UnfinishedEcsRollout) -> None:
        """A rollout begins."""
        release = unfinished["release"]
        if release["digest"] and release.get("path"):  # else this machine knows it better
            self._record.add_release(release)
        rollout: RecordedRollout = {
            "release": release["name"],
            "before": unfinished["before"]["name"],
            "started": unfinished["started"],
            "verdict": UNFINISHED,
            "by": current_user(),
            "strategy": unfinished["strategy"],
            "digest": release["digest"],
        }
        unfinished["number"] = self._record.add_rollout(
            self.environment, _with_remarks(rollout, unfinished)
        )
        self.save(unfinished)

    def save(self, unfinished: UnfinishedEcsRollout | None) -> None:
        """Write down how far it is; None: there is none any more."""
        self._state["unfinished"] = unfinished
        self._record.put_state(self.environment, self._state)

    def close(
        self, unfinished: UnfinishedEcsRollout, receipt: RolloutReport, *, over: bool
    ) -> None:
        """A receipt; the rollout stays unfinished unless it is over."""
        rollout: RecordedRollout = {
            **_with_remarks(receipt.to_dict(), unfinished),
            "digest": unfinished["release"]["digest"],
            "by": current_user(),
            "task_definition": unfinished["task_definition"],
            "deployment": unfinished["deployment"],
            "release_data": _kept(unfinished["release"]),
        }
        self._record.update_rollout(unfinished["number"], rollout)
        if over:
            waiting = [*self._state.get("unkept", []), unfinished["number"]]
            self._state["unkept"] = waiting
            self.save(None)
            self._keep(waiting)

    def _keep(self, numbers: Sequence[int]) -> None:
        """In the bucket; what could not be written is tried again after the next rollout."""
        rollouts = {rollout["number"]: rollout for rollout in self.rollouts()}
        left = [
            number
            for number in numbers
            if number in rollouts and not self._bucket.put(rollouts[number])
        ]
        self._state["unkept"] = left
        self.save(self.unfinished)


def _with_remarks(rollout: RecordedRollout, unfinished: UnfinishedEcsRollout) -> RecordedRollout:
    """Remarks are kept under their own names."""
    return cast("RecordedRollout", {**rollout, **unfinished["remarks"]})


def _kept(release: RecordedRelease) -> RecordedRelease | None:
    """What any machine can use of a release; None of one that only its name is known of."""
    if not release["digest"]:
        return None
    return {**release, "path": "", "python": "", "sbom": ""}  # these only this machine has
