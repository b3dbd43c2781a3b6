"""The instances of an environment, of both releases while one replaces the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from shipway.releases.release import Release
from shipway.rollouts.local.instances import Instance, Instances, cluster_of
from shipway.rollouts.local.proxy import TrafficSplit


class ReplicaSet:
    """members: everything that was started and not dropped. `save` is called at every change,
    so that nothing runs that nobody knows of."""

    def __init__(
        self, instances: Instances, members: Iterable[Instance], save: Callable[[], None]
    ) -> None:
        self.instances = instances
        self.members = list(members)
        self._save = save

    def instances_of(self, digest: str) -> list[Instance]:
        """A release's instances that have joined."""
        return [
            instance for instance in self.members if instance.joined and instance.digest == digest
        ]

    def dead_instance(self, digest: str) -> Instance | None:
        """One of a release that had joined and does not run any more."""
        return next(
            (
                instance
                for instance in self.instances_of(digest)
                if not self.instances.alive(instance)
            ),
            None,
        )

    def start(
        self, release: Release, count: int, stopped: Callable[[], bool]
    ) -> tuple[str, Instance | None]:
        """Start so many together and wait until they are healthy. If one is not, none stays:
        why, and which."""
        self.terminate([member for member in self.members if not member.joined], served=False)
        begun = []
        for _ in range(count):
            self.members.append(self.instances.planned(release))
            self._save()  # a kill between these two leaves nothing that nobody knows of
            self.members[-1] = self.instances.start(release, self.members[-1])
            self._save()
            begun.append(self.members[-1])
        for instance in begun:
            if why := self.instances.await_health(instance, stopped):
                self.terminate(begun, served=False)
                return why, instance
        return "", None

    def mark_ready(self) -> None:
        """Those that started are there to get requests."""
        self.members = [
            instance if instance.joined else replace(instance, joined=True)
            for instance in self.members
        ]
        self._save()

    def excess(self, digest: str, keep: int) -> list[Instance]:
        """A release's instances beyond `keep`, the eldest first."""
        instances = self.instances_of(digest)
        return instances[: max(0, len(instances) - keep)]

    def terminate(self, leaving: Sequence[Instance], *, served: bool = True) -> None:
        """Let them finish their requests, and end them: all at the same time."""
        if not leaving:
            return
        self.instances.stop(leaving, served=served)
        self.members = [instance for instance in self.members if instance not in leaving]
        self._save()

    def replace_dead(self, release_of: Callable[[str], Release | None]) -> list[str]:
        """Replace those that died, and let go of what cannot be replaced; what was done."""
        messages = []
        for instance in [
            instance for instance in self.members if not self.instances.alive(instance)
        ]:
            self.terminate([instance], served=False)
            release = release_of(instance.digest) if instance.joined else None
            if release is not None:
                why, _ = self.start(release, 1, lambda: False)
                messages.append(why or f"an instance of {instance.release} had ended: replaced")
                self.mark_ready()
        self._save()
        return messages

    def endpoints(self, leaving: Sequence[Instance]) -> dict[str, list[str]]:
        """Cluster → addresses of those that have joined and do not leave."""
        addresses: dict[str, list[str]] = {}
        for instance in self.members:
            if instance.joined and instance not in leaving:
                addresses.setdefault(instance.cluster, []).append(instance.address)
        return addresses

    def traffic_split(
        self, leaving: Sequence[Instance], new: str, weight: float, tested: str = ""
    ) -> TrafficSplit:
        """Who serves. weight: percent for the release `new`; the others share the rest. Where only
        one release is there, it gets all: a killed command may have stopped the other already."""
        serving = self.endpoints(leaving)
        mine = cluster_of(new)
        others = [name for name in serving if name != mine]
        if mine not in serving:
            weight = 0.0
        elif weight and not others:
            weight = 100.0
        weights = {name: (100.0 - weight) / len(others) for name in others}
        if mine in serving:
            weights[mine] = weight
        return TrafficSplit(serving, {n: w for n, w in weights.items() if w}, tested)
