"""Requests of Shipway's own, for releases that people ask too little."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.core.config import Application, Environment
from shipway.core.errors import Unreachable
from shipway.core.judge import Counts
from shipway.core.ports import Http
from shipway.core.sampling import Sample
from shipway.platforms.local.envoy import RELEASE_HEADER
from shipway.platforms.local.proxy import Proxy

PATIENCE = 1.0  # seconds until a probe counts as failed
AT_ONCE = 5  # probes of one release in one go


class Prober:
    """Sends the probes. sent: how many there were, labelled as synthetic in the receipt."""

    def __init__(
        self, application: Application, settings: Environment, proxy: Proxy, http: Http
    ) -> None:
        self._paths = [s.path for s in settings.smoke if s.status < 400] or [application.health]
        self._rate = settings.probes
        self._proxy = proxy
        self._http = http
        self.sent = 0

    def fill(self, sample: Sample, weights: Mapping[str, float]) -> dict[str, Counts]:
        """Ask each release that has a share as often as people did not; what never came back.

        What came back, Envoy has counted.
        """
        lost = {}
        for name, weight in weights.items():
            seen = sample.counts.get(name, Counts()).requests
            wanted = min(AT_ONCE, round(self._rate * sample.seconds)) - seen
            if weight and wanted > 0 and not all(self._ask(name) for _ in range(wanted)):
                lost[name] = Counts(1, 1)
        return lost

    def _ask(self, name: str) -> bool:
        path = self._paths[self.sent % len(self._paths)]
        self.sent += 1
        try:
            self._http.get(
                self._proxy.inside + path, timeout=PATIENCE, headers={RELEASE_HEADER: name}
            )
        except Unreachable:
            return False
        return True
