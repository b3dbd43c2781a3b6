"""The instances of an environment, of both releases while one replaces the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from shipway.core.release import Release
from shipway.platforms.local.instances import Instance, Instances, cluster_of
from shipway.platforms.local.proxy import Shares


class Team:
    """members: everything that was started and not dropped. `save` is called at every change,
    so that nothing runs that nobody knows of."""

    def __init__(
        self, instances: Instances, members: Iterable[Instance], save: Callable[[], None]
    ) -> None:
        self.instances = instances
        self.members = list(members)
        self._save = save

    def of(self, digest: str) -> list[Instance]:
        """A release's instances that have joined."""
        return [one for one in self.members if one.joined and one.digest == digest]

    def dead(self, digest: str) -> Instance | None:
        """One of a release that had joined and does not run any more."""
        return next((one for one in self.of(digest) if not self.instances.alive(one)), None)

    def start(
        self, release: Release, count: int, stopped: Callable[[], bool]
    ) -> tuple[str, Instance | None]:
        """Start so many together and wait until they are healthy. If one is not, none stays:
        why, and which."""
        self.drop([one for one in self.members if not one.joined], served=False)
        begun = []
        for _ in range(count):
            self.members.append(self.instances.planned(release))
            self._save()  # a kill between these two leaves nothing that nobody knows of
            self.members[-1] = self.instances.start(release, self.members[-1])
            self._save()
            begun.append(self.members[-1])
        for instance in begun:
            if why := self.instances.await_health(instance, stopped):
                self.drop(begun, served=False)
                return why, instance
        return "", None

    def join(self) -> None:
        """Those that started are there to get requests."""
        self.members = [one if one.joined else replace(one, joined=True) for one in self.members]
        self._save()

    def surplus(self, digest: str, keep: int) -> list[Instance]:
        """A release's instances beyond `keep`, the eldest first."""
        found = self.of(digest)
        return found[: max(0, len(found) - keep)]

    def drop(self, leaving: Sequence[Instance], *, served: bool = True) -> None:
        """Let them finish their requests, and end them: all at the same time."""
        if not leaving:
            return
        self.instances.stop(leaving, served=served)
        self.members = [one for one in self.members if one not in leaving]
        self._save()

    def revive(self, release_of: Callable[[str], Release | None]) -> list[str]:
        """Replace those that died, and let go of what cannot be replaced; what was done."""
        said = []
        for one in [one for one in self.members if not self.instances.alive(one)]:
            self.drop([one], served=False)
            release = release_of(one.digest) if one.joined else None
            if release is not None:
                why, _ = self.start(release, 1, lambda: False)
                said.append(why or f"an instance of {one.release} had ended: replaced")
                self.join()
        self._save()
        return said

    def serving(self, leaving: Sequence[Instance]) -> dict[str, list[str]]:
        """Cluster → addresses of those that have joined and do not leave."""
        found: dict[str, list[str]] = {}
        for one in self.members:
            if one.joined and one not in leaving:
                found.setdefault(one.cluster, []).append(one.address)
        return found

    def shares(
        self, leaving: Sequence[Instance], new: str, weight: float, tested: str = ""
    ) -> Shares:
        """Who serves. weight: percent for the release `new`; the others share the rest. Where only
        one release is there, it gets all: a killed command may have stopped the other already."""
        serving = self.serving(leaving)
        mine = cluster_of(new)
        others = [name for name in serving if name != mine]
        if mine not in serving:
            weight = 0.0
        elif weight and not others:
            weight = 100.0
        weights = {name: (100.0 - weight) / len(others) for name in others}
        if mine in serving:
            weights[mine] = weight
        return Shares(serving, {n: w for n, w in weights.items() if w}, tested)
