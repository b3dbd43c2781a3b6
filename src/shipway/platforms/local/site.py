"""One environment on this machine as it stands: what serves, what is unfinished, who runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from shipway.core.config import Config, Environment
from shipway.core.errors import ConfigError
from shipway.core.ports import Clock, Http, Processes, Releases
from shipway.core.release import Release
from shipway.core.secrets import secret_values
from shipway.core.watching import RolloutListener
from shipway.platforms.local.hosting import hosting_of
from shipway.platforms.local.instances import Instances, instance_from
from shipway.platforms.local.lease import Lease
from shipway.platforms.local.proxy import Proxy, Shares
from shipway.platforms.local.team import Team


class Site:
    """Written down before and after every action, so that the next command finds what a killed
    one left: a rollout that is not finished, instances that nobody counts, dead ones.

    current: the release that serves, as the record has it. unfinished: the rollout that is not
    at its end: {number, started, before, release, walk}.
    """

    def __init__(
        self, config: Config, name: str, state: str, processes: Processes, http: Http,
        clock: Clock, releases: Releases,
    ) -> None:  # fmt: skip
        if name not in config.environments:
            known = ", ".join(config.environments) or "none"
            raise ConfigError(
                f"no environment is named {name!r}", f"Configured: {known}. See shipway.toml."
            )
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.folder = os.path.join(state, "environments", name)
        self.clock = clock
        self.http = http
        self.record = releases
        self.instances = Instances(
            config.application, self.settings, self.folder, processes, http, clock,
            hosting_of(config.application, self.settings, self.folder, processes),
            secret_values(config, os.environ),
        )  # fmt: skip
        self.proxy = Proxy(
            os.path.join(self.folder, "envoy"), self.settings, processes, http, clock
        )
        self.lease = Lease(self.folder, name)
        self.team = Team(self.instances, (), self.save)
        self.current: dict[str, Any] | None = None
        self.unfinished: dict[str, Any] | None = None
        self.load()

    @property
    def address(self) -> str:
        """What people open."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @contextmanager
    def working(self, listener: RolloutListener) -> Iterator[None]:
        """Alone, on what is really there. Raises Busy while another command works here."""
        with self.lease.held():
            self.load()
            self.heal(listener)
            yield

    def load(self) -> None:
        """What was written down last."""
        state = self.record.state(self.name) or {}
        self.team.members = [instance_from(one) for one in state.get("instances", [])]
        self.current = state.get("current")
        self.unfinished = state.get("unfinished")
        self.proxy.load(state.get("proxy", {}))

    def save(self) -> None:
        """Write it down. Raises RecordError."""
        self.record.put_state(
            self.name,
            {
                "instances": [one.to_dict() for one in self.team.members],
                "current": self.current,
                "unfinished": self.unfinished,
                "proxy": self.proxy.to_dict(),
            },
        )

    def healthy(self) -> bool:
        """Whether as many as are wanted are there, and well."""
        return (
            len(self.team.members) == self.settings.instances
            and self.proxy.alive()
            and all(not self.instances.health(one) for one in self.team.members)
        )

    def heal(self, listener: RolloutListener) -> None:
        """Make what runs agree with what should: see the class."""
        known = {one["digest"]: one for one in (self.current, *self._named()) if one}
        for one in [one for one in self.team.members if one.digest not in known]:
            listener.said(f"an instance of {one.release} is left over: stopped")
            self.team.drop([one])
        for line in self.team.revive(lambda digest: release_of(known[digest])):
            listener.said(line)
        missing = self.settings.instances - len(self.team.members)
        if self.current and not self.unfinished and missing > 0:
            self.team.start(release_of(self.current), missing, lambda: False)
            self.team.join()
        if not self.team.members:
            return
        shares = self._shares()
        if self.proxy.alive():
            self.proxy.serve(shares, anew=True)
        else:
            listener.said("Envoy was not running: started")
            self.proxy.shares = shares
            self.proxy.start()
        self.save()

    def settle(self, release: Release, *, succeeded: bool, tidy: bool) -> None:
        """A rollout has ended. tidy: nothing else than the release that serves is left."""
        self.unfinished = None
        if succeeded:
            self.current = recorded(release)
        digest = self.current["digest"] if self.current else ""
        if tidy:
            self.team.drop([one for one in self.team.members if one.digest != digest])
        if not self.team.members:
            self.proxy.stop()
            self.proxy.shares = Shares()
        self.save()

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        with self.lease.held():
            self.load()
            found = [one for one in self.team.members if self.instances.alive(one)]
            count = len(found) + self.proxy.alive()
            self.proxy.stop()
            self.proxy.shares = Shares()
            self.current = self.unfinished = None
            self.team.drop(list(self.team.members))
            self.save()
            return count

    def _shares(self) -> Shares:
        """Who serves now: as the unfinished rollout has it, or the current release."""
        if not self.unfinished or "walk" not in self.unfinished:
            return self.team.shares((), self.current["digest"] if self.current else "", 100.0)
        state = self.unfinished["walk"]["state"]
        return self.team.shares((), self.unfinished["release"]["digest"], state["weight"])

    def _named(self) -> list[dict[str, Any] | None]:
        """The releases of the unfinished rollout."""
        unfinished = self.unfinished or {}
        return [unfinished.get("release"), unfinished.get("before")]


def recorded(release: Release) -> dict[str, Any]:
    """A release as the record keeps it."""
    return {**asdict(release), "name": release.name}


def release_of(data: dict[str, Any]) -> Release:
    """The release in what `recorded` gave, also after JSON made a list of its tuple."""
    fields = {name: value for name, value in data.items() if name != "name"}
    return Release(**{**fields, "migrations": tuple(fields["migrations"])})
