"""What nothing needs any more goes, so that the state folder stays small."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from shipway.cleanup.retention import kept_releases
from shipway.codec import JsonObject
from shipway.config.schema import Retention
from shipway.ports import Packaged
from shipway.system.files import is_blob
from shipway.system.state_folder import remove_below

# What the past left and nothing needs any more, by the policy `[retention]` of shipway.toml.

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
    def releases(self) -> Sequence[JsonObject]: ...
    def environments(self) -> Sequence[str]: ...
    def state(self, environment: str) -> object: ...
    def rollouts(self, environment: str) -> Sequence[JsonObject]: ...


@dataclass(frozen=True)
class ExpiredArtifact:
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
class ArtifactHistory:
    """What has gathered. state: the folder. now: seconds since the epoch."""

    state: str
    record: PruneRecord
    policy: Retention
    now: float

    def surplus(self) -> list[ExpiredArtifact]:
        """Everything that can go, found without touching it."""
        releases = self._kept()
        used = self._used([*releases, *self._packaged()])
        return [
            *self._releases(releases),
            *(_at("venv", path) for path in self.folders("venvs") if self._idle(path, used)),
            *(ExpiredArtifact("run", run) for run in self.record.old_runs(self.policy.runs)),
            *(_at("report", path) for path in self._reports()[:-KEEP_REPORTS]),
            *(_at("log", path) for path in self._logs()),
            *(_at("blob", path) for path in self._blobs() if self._idle(path, used)),
        ]

    def folders(self, kind: str) -> list[str]:
        """The folders of a kind, oldest first."""
        try:
            with os.scandir(os.path.join(self.state, kind)) as entries:
                folders = [
                    (entry.stat().st_mtime, entry.path)
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False)
                ]
        except OSError:
            return []
        return [path for _, path in sorted(folders)]

    def _reports(self) -> list[str]:
        """The folders of runs in the order in which these began, whatever the clock said."""
        began = {run: -place for place, run in enumerate(self.record.old_runs(0))}
        return sorted(
            self.folders("runs"), key=lambda path: began.get(os.path.basename(path), -len(began))
        )

    def _kept(self) -> list[JsonObject]:
        """The releases that stay: by policy, and those that are to be deployed next."""
        by_digest = {one["digest"]: one for one in self.record.releases()}
        environments = [
            (self.record.state(name), self.record.rollouts(name))
            for name in self.record.environments()
        ]
        digests = kept_releases(by_digest.values(), environments, self.policy.releases)
        return [by_digest[one] for one in digests] + [one.release for one in self._packaged()]

    def _packaged(self) -> list[Packaged]:
        """What `deploy` takes next, and what runs that are under way may still roll out."""
        last = self.record.packaged()
        return [one for number, one in enumerate(last) if number == 0 or not one.ended]

    def _releases(self, releases: Sequence[JsonObject]) -> Iterator[ExpiredArtifact]:
        """Those on record, and folders that no record names (packaged, and never deployed)."""
        stay = {str(release["digest"])[:32] for release in releases}
        by_start = {str(release["digest"])[:32]: release for release in self.record.releases()}
        folders = {os.path.basename(path): path for path in self.folders("releases")}
        running = self._states()  # names what runs, even what is no longer on record
        for start in sorted({*by_start, *folders} - stay):
            path = folders.get(start, "")
            if start not in running and not (path and self._young(path)):
                release = by_start.get(start, {"name": start, "digest": ""})
                name, digest = str(release["name"]), str(release["digest"])
                yield ExpiredArtifact("release", name, path, digest)

    def _used(self, releases: Iterable[object]) -> set[str]:
        """Names of contents and venvs that a kept release, run or cached outcome needs."""
        texts = self.record.texts(self.policy.runs, self.now - CACHE_AGE)
        needed = (json.dumps(release) for release in releases)
        return {name for text in (*texts, *needed) for name in _NAME.findall(text)}

    def _idle(self, path: str, used: set[str]) -> bool:
        names = used.intersection(_NAME.findall(os.path.basename(path)))
        return not names and not self._young(path)

    def _young(self, path: str, age: float = GRACE) -> bool:
        try:
            return self.now - os.lstat(path).st_mtime < age
        except OSError:
            return True  # gone, or not ours

    def _logs(self) -> Iterator[str]:
        """Logs of instances that nobody knows to run."""
        running = self._states()
        for environment in self.folders("environments"):
            for path in _files_below(os.path.join(environment, "logs")):
                old = not self._young(path, self.policy.logs_days * DAY)
                if old and os.path.basename(path) not in running:
                    yield path

    def _states(self) -> str:
        states = [self.record.state(name) for name in self.record.environments()]
        return json.dumps(states, ensure_ascii=False, default=str)

    def _blobs(self) -> Iterator[str]:
        for path in _files_below(os.path.join(self.state, "blobs")):
            if is_blob(path):
                yield path


def _at(kind: str, path: str) -> ExpiredArtifact:
    return ExpiredArtifact(kind, os.path.basename(path), path)


def _files_below(folder: str) -> Iterator[str]:
    for below, _, names in os.walk(folder):
        for name in sorted(names):
            yield os.path.join(below, name)


PRUNE_ABOVE = 15  # run folders, or runs too many: below, looking costs more than it frees


def remove_expired(past: ArtifactHistory) -> None:
    """Remove what is too much after a run, when enough has gathered."""
    too_many = past.record.old_runs(past.policy.runs)
    if max(len(past.folders("runs")), len(too_many)) > PRUNE_ABOVE:
        remove_artifacts(past, past.surplus())


def remove_artifacts(
    past: ArtifactHistory, listed: Iterable[ExpiredArtifact]
) -> list[ExpiredArtifact]:
    """Remove what was found, but for what is needed again by now; returns what has gone.

    Releases are forgotten first, so that no rollback can choose them, then everything is looked
    at again: a rollout that began in between names its release, and that one stays.
    """
    shown = {item.key for item in listed}
    going = [item for item in past.surplus() if item.key in shown]
    past.record.forget_releases([item.digest for item in going if item.digest])
    still = {item.key for item in past.surplus()}
    past.record.forget_runs(past.policy.runs)
    past.record.forget_cache(past.now - CACHE_AGE)
    gone = []
    for item in going:
        if (
            item.kind == "run"
            or not item.path
            or (item.key in still and remove_below(past.state, item.path))
        ):
            gone.append(item)
    return gone


def folder_size(path: str) -> int:
    """Bytes that deleting a file or folder gives back; what has another name gives back none."""
    total = 0
    for file in _files_of(path):
        with suppress(OSError):
            status = os.lstat(file)
            total += status.st_size if status.st_nlink == 1 else 0
    return total


def _files_of(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(below, name) for below, _, names in os.walk(path) for name in names]
