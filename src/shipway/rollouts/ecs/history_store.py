"""Releases and rollouts in S3, so that another machine can roll back.

An object is written once and never changed: two machines cannot lose what the other wrote.
Where the bucket cannot be used, that is said, and nothing else depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipway.aws.errors import AwsApiError
from shipway.aws.names import AwsResourceNames
from shipway.codec import VERSION, parse_object
from shipway.config.aws import Aws
from shipway.errors import RecordError, ShipwayError
from shipway.ports import Clients, Releases
from shipway.releases.release import RELEASE, Release, release_fields
from shipway.rollouts.ecs.state import ECS_STATE, EcsState, UnfinishedDeployment
from shipway.rollouts.report import ROLLOUT, RolloutRecord, RolloutReport, rollout_records
from shipway.system.user import current_user

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ListObjectsV2RequestTypeDef

NEWEST = 50  # rollouts that are read
_FIRST_VERSION = {"started", "digest", "verdict", "release_data", "task_definition"}
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

    def put(self, rollout: RolloutRecord) -> bool:
        """Write a rollout that has ended, with its release and its receipt; whether it is there.

        Its key is its start and its deployment: the same rollout twice is the same object.
        """
        started = datetime.fromtimestamp(rollout.started, UTC)
        mark = rollout.deployment.rsplit("/", 1)[-1] or rollout.digest[:12]
        key = f"{self._prefix}{started:%Y%m%dT%H%M%S.%fZ}-{mark}.json"
        body = ROLLOUT.write(rollout).encode()
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

    def rollouts(self) -> Sequence[RolloutRecord]:
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

    def _read(self, key: str) -> RolloutRecord | None:
        """None for what is no rollout: anybody with the right may have put it there. A rollout that
        is damaged is told: whoever cleans up must not take what it names for idle."""
        body = self._calls.client("s3").get_object(Bucket=self._bucket(), Key=key)["Body"].read()
        source = f"s3://{self._bucket()}/{key}"
        try:
            document = parse_object(body, source)
        except RecordError:
            return None
        if VERSION not in document and not document.keys() >= _FIRST_VERSION:
            return None
        try:
            return ROLLOUT.from_object(document, source)
        except RecordError as problem:
            self._say(problem.message)
            return None

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


class RolloutHistory:
    """What the record and the bucket keep of an environment."""

    def __init__(self, environment: str, record: Releases, bucket: S3HistoryStore) -> None:
        self.environment = environment
        self._record = record
        self._bucket = bucket
        document = record.state(environment)
        self._state = EcsState()
        if document is not None:
            self._state = ECS_STATE.from_object(document, f"the record, environment {environment}")

    @property
    def unfinished(self) -> UnfinishedDeployment | None:
        """The rollout that is not finished."""
        return self._state.unfinished

    def rollouts(self) -> Sequence[RolloutRecord]:
        """This machine's, newest first."""
        return rollout_records(
            self._record.rollouts(self.environment), f"the record, {self.environment}"
        )

    def release(self, kept: Release) -> Release:
        """A release that a rollout has kept; with its files, where this machine knows them."""
        for release in self._record.releases():
            if release["digest"] == kept.digest:
                return RELEASE.from_object(release, "the record")
        return kept

    def open(self, unfinished: UnfinishedDeployment) -> None:
        """A rollout begins."""
        if unfinished.candidate and unfinished.candidate.path:  # else this machine knows it better
            self._record.add_release(release_fields(unfinished.candidate))
        rollout = self._rollout(unfinished)
        unfinished.number = self._record.add_rollout(
            self.environment, {**ROLLOUT.fields(rollout), **unfinished.remarks}
        )
        self.save(unfinished)

    def save(self, unfinished: UnfinishedDeployment | None) -> None:
        """Write down how far it is; None: there is none any more."""
        self._write(replace(self._state, unfinished=unfinished))

    def close(
        self, unfinished: UnfinishedDeployment, receipt: RolloutReport, *, over: bool
    ) -> None:
        """A receipt; the rollout stays unfinished unless it is over."""
        rollout = replace(
            self._rollout(unfinished),
            verdict=str(receipt.verdict),
            report=receipt,
            task_definition=unfinished.task_definition,
            deployment=unfinished.deployment,
            candidate=_portable(unfinished.candidate),
        )
        self._record.update_rollout(
            unfinished.number, {**ROLLOUT.fields(rollout), **unfinished.remarks}
        )
        if over:
            self._write(EcsState(unkept=(*self._state.unkept, unfinished.number)))
            self._keep(self._state.unkept)

    def _rollout(self, unfinished: UnfinishedDeployment) -> RolloutRecord:
        return RolloutRecord(
            release=unfinished.release,
            before=unfinished.before,
            started=unfinished.started,
            by=current_user(),
            strategy=unfinished.strategy,
            digest=unfinished.digest,
        )

    def _keep(self, numbers: Sequence[int]) -> None:
        """In the bucket; what could not be written is tried again after the next rollout."""
        rollouts = {rollout.number: rollout for rollout in self.rollouts()}
        left = tuple(
            number
            for number in numbers
            if number in rollouts and not self._bucket.put(rollouts[number])
        )
        self._write(replace(self._state, unkept=left))

    def _write(self, state: EcsState) -> None:
        self._state = state
        self._record.put_state(self.environment, ECS_STATE.fields(state))


def _portable(release: Release | None) -> Release | None:
    """What any machine can use of a release: without what only this one has."""
    return replace(release, path="", python="", sbom="") if release else None
