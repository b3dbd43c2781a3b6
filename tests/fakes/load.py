"""A load generator whose requests a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shipway.rehearsal.load import LoadResponse


class ScriptedLoad:
    """A fake for tests: `sent` gives what `requests` says at that time."""

    def __init__(self, requests: Callable[[], Sequence[LoadResponse]]) -> None:
        self.requests = requests
        self.stopped = False

    def sent(self) -> Sequence[LoadResponse]:
        """What `requests` says."""
        return self.requests()

    def stop(self) -> Sequence[LoadResponse]:
        """The same, once more."""
        self.stopped = True
        return self.requests()

    def kill(self) -> None:
        """Stop."""
        self.stopped = True
