"""Releases and rollouts in S3, so that another machine can roll back.

An object is written once and never changed: two machines cannot lose what the other wrote.
Where the bucket cannot be used, that is said, and nothing else depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shipway.core.errors import ShipwayError
from shipway.core.naming import Names
from shipway.core.settings.aws import Aws
from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.calls import Calls

NEWEST = 50  # rollouts that are read
_EXISTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class Bucket:
    """One environment's part. say: told what cannot be done, once."""

    def __init__(
        self, calls: Calls, settings: Aws, names: Names, say: Callable[[str], None]
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

    def keep(self, rollout: Mapping[str, Any]) -> bool:
        """Write a rollout that has ended, with its release and its receipt; whether it is there.

        Its key is its start and its deployment: the same rollout twice is the same object.
        """
        started = datetime.fromtimestamp(float(rollout["started"]), UTC)
        mark = str(rollout.get("deployment", "")).rsplit("/", 1)[-1] or rollout["digest"][:12]
        key = f"{self._prefix}{started:%Y%m%dT%H%M%S.%fZ}-{mark}.json"
        body = json.dumps(rollout, default=str, sort_keys=True).encode()
        try:
            self._calls(
                "s3", "put_object", Bucket=self._bucket(), Key=key, Body=body, IfNoneMatch="*",
                ContentType="application/json",
            )  # fmt: skip
        except Refused as problem:
            if problem.code in _EXISTS:
                return True
            return self._tell(problem)
        except ShipwayError as problem:
            return self._tell(problem)
        return True

    def rollouts(self) -> Sequence[dict[str, Any]]:
        """Those that any machine kept, newest first; none where the bucket cannot be read."""
        try:
            keys = sorted(self._keys(), reverse=True)[:NEWEST]
            found = [self._read(key) for key in keys]
        except ShipwayError as problem:
            self._tell(problem)
            return []
        return [one for one in found if one is not None]

    def _keys(self) -> list[str]:
        keys: list[str] = []
        token: dict[str, str] = {}
        while True:
            found = self._calls(
                "s3", "list_objects_v2", Bucket=self._bucket(), Prefix=self._prefix, **token
            )
            keys += [one["Key"] for one in found.get("Contents", [])]
            if not found.get("IsTruncated"):
                return keys
            token = {"ContinuationToken": found["NextContinuationToken"]}

    def _read(self, key: str) -> dict[str, Any] | None:
        """None for what is no rollout: anybody with the right may have put it there."""
        body = self._calls("s3", "get_object", Bucket=self._bucket(), Key=key)["Body"].read()
        try:
            found = json.loads(body)
        except ValueError:
            return None
        wanted = ("started", "digest", "verdict", "release_data", "task_definition")
        whole = isinstance(found, dict) and all(name in found for name in wanted)
        return found if whole else None

    def _bucket(self) -> str:
        if not self._name:
            account = self._settings.account
            if not account:
                account = self._calls("sts", "get_caller_identity")["Account"]
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
