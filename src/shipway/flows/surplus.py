"""What the past left and nothing needs any more, by the policy `[retention]` of shipway.toml."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shipway.core.config import Retention
from shipway.core.ports import Packaged
from shipway.core.retention import kept_releases

DAY = 86_400.0  # seconds
KEEP_REPORTS = 5  # runs whose raw reports stay; their contents are stored blobs, too
CACHE_AGE = 30 * DAY  # that a cached outcome is kept
GRACE = DAY  # that what nothing names yet may belong to a run that is under way

_NAME = re.compile(r"[0-9a-f]{16,64}")


class PruneRecord(Protocol):
    """What pruning needs of the record."""

    def old_runs(self, keep: int) -> Sequence[str]: ...
    def forget_runs(self, keep: int) -> None: ...
    def forget_cache(self, older_than: float) -> None: ...
    def forget_releases(self, digests: Iterable[str]) -> None: ...
    def texts(self, runs: int, since: float) -> Iterable[str]: ...
    def packaged(self) -> Sequence[Packaged]: ...
    def releases(self) -> Sequence[Mapping[str, Any]]: ...
    def environments(self) -> Sequence[str]: ...
    def state(self, environment: str) -> Mapping[str, Any] | None: ...
    def rollouts(self, environment: str) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Surplus:
    """One thing that can go.

    kind: release, venv, run, report, log or blob. name: what people read. path: where it is,
    empty for what is only on record. digest: a release's.
    """

    kind: str
    name: str
    path: str = ""
    digest: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is, however it is called."""
        return self.kind, self.path or self.name


@dataclass(frozen=True)
class Past:
    """What has gathered. state: the folder. now: seconds since the epoch."""

    state: str
    record: PruneRecord
    policy: Retention
    now: float

    def surplus(self) -> list[Surplus]:
        """Everything that can go, found without touching it."""
        kept = self._kept()
        used = self._used([*kept, *self._packaged()])
        return [
            *self._releases(kept),
            *(_at("venv", path) for path in self.folders("venvs") if self._idle(path, used)),
            *(Surplus("run", run) for run in self.record.old_runs(self.policy.runs)),
            *(_at("report", path) for path in self._reports()[:-KEEP_REPORTS]),
            *(_at("log", path) for path in self._logs()),
            *(_at("blob", path) for path in self._blobs() if self._idle(path, used)),
        ]

    def folders(self, kind: str) -> list[str]:
        """The folders of a kind, oldest first."""
        try:
            with os.scandir(os.path.join(self.state, kind)) as entries:
                found = [(one.stat().st_mtime, one.path) for one in entries if one.is_dir()]
        except OSError:
            return []
        return [path for _, path in sorted(found)]

    def _reports(self) -> list[str]:
        """The folders of runs in the order in which these began, whatever the clock said."""
        began = {run: -place for place, run in enumerate(self.record.old_runs(0))}
        return sorted(
            self.folders("runs"), key=lambda path: began.get(os.path.basename(path), -len(began))
        )

    def _kept(self) -> list[Mapping[str, Any]]:
        """The releases that stay: by policy, and those that are to be deployed next."""
        known = {one["digest"]: one for one in self.record.releases()}
        environments = [
            (self.record.state(name), self.record.rollouts(name))
            for name in self.record.environments()
        ]
        digests = kept_releases(known.values(), environments, self.policy.releases)
        return [known[one] for one in digests] + [one.release for one in self._packaged()]

    def _packaged(self) -> list[Packaged]:
        """What `deploy` takes next, and what runs that are under way may still roll out."""
        last = self.record.packaged()
        return [one for number, one in enumerate(last) if number == 0 or not one.ended]

    def _releases(self, kept: Sequence[Mapping[str, Any]]) -> Iterator[Surplus]:
        """Those on record, and folders that no record names (packaged, and never deployed)."""
        stay = {str(one["digest"])[:32] for one in kept}
        known = {str(one["digest"])[:32]: one for one in self.record.releases()}
        folders = {os.path.basename(path): path for path in self.folders("releases")}
        running = self._states()  # names what runs, even what is no longer on record
        for start in sorted({*known, *folders} - stay):
            path = folders.get(start, "")
            if start not in running and not (path and self._young(path)):
                one = known.get(start, {"name": start, "digest": ""})
                yield Surplus("release", one["name"], path, one["digest"])

    def _used(self, kept: Iterable[Any]) -> set[str]:
        """Names of contents and venvs that a kept release, run or cached outcome needs."""
        texts = self.record.texts(self.policy.runs, self.now - CACHE_AGE)
        needed = (json.dumps(one) for one in kept)
        return {name for text in (*texts, *needed) for name in _NAME.findall(text)}

    def _idle(self, path: str, used: set[str]) -> bool:
        named = used.intersection(_NAME.findall(os.path.basename(path)))
        return not named and not self._young(path)

    def _young(self, path: str, age: float = GRACE) -> bool:
        try:
            return self.now - os.lstat(path).st_mtime < age
        except OSError:
            return True  # gone, or not ours

    def _logs(self) -> Iterator[str]:
        """Logs of instances that nobody knows to run."""
        running = self._states()
        for environment in self.folders("environments"):
            for path in _files(os.path.join(environment, "logs")):
                old = not self._young(path, self.policy.logs_days * DAY)
                if old and os.path.basename(path) not in running:
                    yield path

    def _states(self) -> str:
        states = [self.record.state(name) for name in self.record.environments()]
        return json.dumps(states, ensure_ascii=False, default=str)

    def _blobs(self) -> Iterator[str]:
        return _files(os.path.join(self.state, "blobs"))


def _at(kind: str, path: str) -> Surplus:
    return Surplus(kind, os.path.basename(path), path)


def _files(folder: str) -> Iterator[str]:
    for below, _, names in os.walk(folder):
        for name in sorted(names):
            yield os.path.join(below, name)
