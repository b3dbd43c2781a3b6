"""A rollout that goes on in a thread of its own."""

from __future__ import annotations

import threading

from tests.e2e.local_site import Site
from tests.patience import PATIENCE

from shipway.rollouts.events import LineListener


class rolling:
    """A rollout in a thread of its own; what it says."""

    def __init__(self, site: Site, release: object) -> None:
        self.said: list[str] = []
        platform = site.platform()
        self._thread = threading.Thread(
            target=lambda: platform.deploy(release, LineListener(self.said.append))  # type: ignore[arg-type]
        )

    def __enter__(self) -> list[str]:
        self._thread.start()
        return self.said

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
