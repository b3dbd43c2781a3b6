"""The release's files and the commit as a run began with them: what its steps prove."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from shipway.pipeline.cache import FileIndex
from shipway.pipeline.step import Step
from shipway.ports import PACKAGE

_MADE_FROM = (PACKAGE, "install")  # the steps that read what a release is made from
REMEDY = (
    "Run it again without a change meanwhile. A file that the tests write belongs elsewhere: into "
    ".gitignore, into a temporary folder, or out of [application] release."
)


class ReleaseSource:
    """Compares what is there now with what was there when the run began.

    `change` is the first difference that anybody noticed, as a sentence; "" while there is none.
    It stays: a file that is put back has been something else meanwhile.
    """

    def __init__(
        self,
        files: FileIndex,
        steps: Iterable[Step],
        head_commit: Callable[[], str],
        commit: str | None = None,
    ) -> None:
        self._index = files
        self._patterns = [step.inputs for step in steps if step.name in _MADE_FROM]
        self._head_commit = head_commit
        self._commit = head_commit() if commit is None else commit
        self._files = self._fingerprints(files)
        self.change = ""

    def compare(self, seen: Mapping[str, str]) -> str:
        """Hold files that somebody has seen (path → fingerprint) against those of the release.

        Files of other paths say nothing of the release.
        """
        return self._noticed(
            f"{path} changed"
            for path, value in seen.items()
            if value != self._files.get(path, value)
        )

    def compare_all(self, packaged: Mapping[str, str]) -> str:
        """As `compare`, for files that all have to be the release's."""
        return self._noticed(
            f"{path} {'changed' if path in self._files else 'is new'}"
            for path, value in _of_application(packaged).items()
            if value != self._files.get(path)
        )

    def look_again(self) -> str:
        """Hold the working tree, as it is now, against what was there."""
        now = self._fingerprints(self._index.reread())
        commit = self._head_commit()
        moved = (
            [f"HEAD moved from {self._commit[:7]} to {commit[:7] or 'nothing'}"]
            if commit != self._commit
            else []
        )
        gone = (f"{path} is gone" for path in self._files if path not in now)
        self.compare_all(now)
        return self._noticed(chain(moved, gone))

    def _fingerprints(self, files: FileIndex) -> dict[str, str]:
        """Of all that goes into the release, or decides what is installed for it."""
        every = {
            path: value
            for patterns in self._patterns
            for path, value in files.fingerprints(patterns).items()
        }
        return _of_application(every)

    def _noticed(self, changes: Iterable[str]) -> str:
        if not self.change and (first := next(iter(changes), "")):
            self.change = f"{first} while the run went on"
        return self.change


def _of_application(files: Mapping[str, str]) -> dict[str, str]:
    """Without what setuptools writes beside the sources whenever it installs them."""
    return {path: value for path, value in files.items() if ".egg-info/" not in path}
