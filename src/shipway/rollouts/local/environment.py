"""One environment on this machine as it stands: what serves, what is unfinished, who runs."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shipway.config.names import unknown_environment
from shipway.config.schema import Config, Environment
from shipway.config.secret_values import secret_values
from shipway.errors import CannotRun
from shipway.ports import Clock, Command, Http, Processes, Releases, Server
from shipway.releases.release import Release
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.local.environment_lock import EnvironmentLock
from shipway.rollouts.local.instances import Instances, unhealthy_remedy
from shipway.rollouts.local.proxy import EnvoyProxy, TrafficSplit
from shipway.rollouts.local.replica_set import ReplicaSet
from shipway.rollouts.local.runtime import runtime_of
from shipway.rollouts.local.services import EnvironmentServices
from shipway.rollouts.local.state import LOCAL_STATE, LocalState, UnfinishedRollout
from shipway.rollouts.local.supervisor import supervisor_command
from shipway.system.process import this_process


class EnvironmentState:
    """Written down before and after every action, so that the next command finds what a killed
    one left: a rollout that is not finished, instances that nobody counts, dead ones.

    current: the release that serves, as the record has it. unfinished: the rollout that is not
    at its end. successor: the program that takes back the rollout of a number
    (`LocalPlatform.take_back`); None where a killed command leaves its rollout to the next one.
    """

    def __init__(
        self,
        config: Config,
        name: str,
        state: str,
        processes: Processes,
        http: Http,
        clock: Clock,
        releases: Releases,
    ) -> None:
        if name not in config.environments:
            raise unknown_environment(name, config.environments)
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.folder = os.path.join(state, "environments", name)
        self.clock = clock
        self.http = http
        self.processes = processes
        self.record = releases
        self.successor: Callable[[int], Command] | None = None
        self.services = EnvironmentServices(config, self.settings, self.folder, processes)
        self.instances = Instances(
            application=config.application,
            environment=self.settings,
            folder=self.folder,
            processes=processes,
            http=http,
            clock=clock,
            hosting=runtime_of(config.application, self.settings, self.folder, processes),
            services=self.services,
            hidden=secret_values(config, os.environ),
        )
        self.proxy = EnvoyProxy(
            folder=os.path.join(self.folder, "envoy"),
            settings=self.settings,
            protocol=config.application.protocol,
            processes=processes,
            http=http,
            clock=clock,
        )
        self.lease = EnvironmentLock(self.folder, name)
        self.team = ReplicaSet(self.instances, (), self.save)
        self.current: Release | None = None
        self.unfinished: UnfinishedRollout | None = None
        self.load()

    @property
    def address(self) -> str:
        """What people open."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @contextmanager
    def transaction(self, listener: RolloutListener) -> Iterator[None]:
        """Alone, on what is really there. Raises Busy while another command works here."""
        with self.lease.acquire():
            self.load()
            unrecorded = self.unrecorded()
            if unrecorded:
                listener.on_message(
                    f"{len(unrecorded)} processes run here that the record does not know: it was "
                    "lost, with the releases, rollouts and holds in it; they are stopped at the end"
                )
            self.services.start(listener.on_message)
            self.replace_unhealthy(listener)
            yield
            for server in unrecorded:  # an Envoy that was replaced meanwhile is gone already
                self.processes.stop(server, self.settings.drain_timeout)

    @contextmanager
    def supervised(self, number: int, listener: RolloutListener) -> Iterator[None]:
        """While this is open, a rollout whose command is killed is taken back by another process.

        Where this ends with an exception, the rollout may not be at its end: then that process
        waits for the end of this one.
        """
        if self.successor is None:
            yield
            return
        command = supervisor_command(
            this_process(), self.settings.lease_duration, self.successor(number)
        )
        try:
            supervisor = self.processes.spawn(command, os.path.join(self.folder, "supervisor.log"))
        except CannotRun as problem:  # a full disk: the rollout itself says more
            listener.on_message(f"nobody takes this back if it is killed: {problem.message}")
            yield
            return
        yield
        self.processes.stop(supervisor, 1.0)

    def load(self) -> None:
        """What was written down last."""
        document = self.record.state(self.name)
        state = LocalState()
        if document is not None:
            state = LOCAL_STATE.from_object(document, f"the record, environment {self.name}")
        self.team.members = [self.instances.own(instance) for instance in state.instances]
        self.current = state.current
        self.unfinished = state.unfinished
        self.proxy.restore(state.proxy)

    def save(self) -> None:
        """Write it down. Raises RecordError."""
        state = LocalState(
            instances=tuple(self.team.members),
            current=self.current,
            unfinished=self.unfinished,
            proxy=self.proxy.snapshot(),
        )
        self.record.put_state(self.name, LOCAL_STATE.fields(state))

    def healthy(self) -> bool:
        """Whether as many as are wanted are there, and well."""
        return (
            len(self.team.members) == self.settings.instances
            and self.proxy.alive()
            and all(not self.instances.health(instance) for instance in self.team.members)
        )

    def replace_unhealthy(self, listener: RolloutListener) -> None:
        """Make what runs agree with what should: see the class."""
        releases = {
            release.digest: release for release in (self.current, *self._named()) if release
        }
        for instance in [
            instance for instance in self.team.members if instance.digest not in releases
        ]:
            listener.on_message(f"an instance of {instance.release} is left over: stopped")
            self.team.terminate([instance])
        for line in self.team.replace_dead(lambda digest: releases[digest]):
            listener.on_message(line)
        missing = self.settings.instances - len(self.team.members)
        if self.current and not self.unfinished and missing > 0:
            self.team.start(self.current, missing, lambda: False)
            self.team.mark_ready()
        if not self.team.members:
            return
        shares = self._shares()
        if self.proxy.alive():
            self.proxy.route(shares, anew=True)
        else:
            listener.on_message("Envoy was not running: started")
            self.proxy.shares = shares
            self.proxy.start()
        self.save()

    def restore_instances(self, release: Release, listener: RolloutListener) -> None:
        """Have as many healthy instances of the release that serves as are configured.

        Nothing leaves before what replaces it has requests. An instance is known by its process,
        never by what it was made from. Raises CannotRun where one does not start.
        """
        self.current = release  # the same content, maybe in another folder
        unhealthy = [member for member in self.team.members if self.instances.health(member)]
        healthy = [member for member in self.team.members if member not in unhealthy]
        excess = healthy[: max(0, len(healthy) - self.settings.instances)]
        missing = max(0, self.settings.instances - len(healthy))
        listener.on_message(
            f"{release.name} runs already; {missing} instances are started, "
            f"{len(unhealthy) + len(excess)} stopped"
        )
        if missing:
            why, sick = self.team.start(release, missing, lambda: False)
            if sick is not None:
                raise CannotRun(why, unhealthy_remedy(why, sick.log), code="instance-not-started")
            self.team.mark_ready()
        leaving = [*unhealthy, *excess]
        shares = self.team.traffic_split(leaving, release.digest, 100.0)
        if self.proxy.alive():
            self.proxy.route(shares)
        else:
            self.proxy.shares = shares
            self.proxy.start()
        self.save()
        self.team.terminate(leaving)

    def finish_unfinished(self, release: Release, *, succeeded: bool, tidy: bool) -> None:
        """A rollout has ended. tidy: nothing else than the release that serves is left."""
        self.unfinished = None
        if succeeded:
            self.current = release
        digest = self.current.digest if self.current else ""
        if tidy:
            self.team.terminate(
                [instance for instance in self.team.members if instance.digest != digest]
            )
        if not self.team.members:
            self.proxy.stop()
            self.proxy.shares = TrafficSplit()
        self.save()

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        with self.lease.acquire():
            self.load()
            running = [instance for instance in self.team.members if self.instances.alive(instance)]
            unrecorded = self.unrecorded()
            count = len(running) + self.proxy.alive() + len(unrecorded)
            self.proxy.stop()
            self.proxy.shares = TrafficSplit()
            self.current = self.unfinished = None
            if self.team.members:
                self.instances.stop(self.team.members)
            self.team.members = []
            for server in unrecorded:
                self.processes.stop(server, self.settings.drain_timeout)
            self.services.stop()
            self.save()  # last: on a full disk, too, everything has been stopped by then
            return count

    def unrecorded(self) -> list[Server]:
        """Envoy and instances that run here although the record knows nothing of them: it was lost,
        or is another one. They are known by their marks (`Processes.orphans`)."""
        logs = sorted(glob.glob(os.path.join(glob.escape(self.folder), "logs", "*.log")))
        orphans = [self.processes.orphans(log) for log in [self.proxy.log, *logs]]
        known = {self.proxy.pid, *(instance.pid for instance in self.team.members)}
        names = {self.proxy.log} if self.proxy.pid or self.team.members else set()
        names.update(instance.log for instance in self.team.members)
        return [
            server
            for server in orphans
            if server is not None and server.pid not in known and server.log not in names
        ]

    def _shares(self) -> TrafficSplit:
        """Who serves now: as the unfinished rollout has it, or the current release."""
        if self.unfinished is None or self.unfinished.execution is None:
            return self.team.traffic_split((), self.current.digest if self.current else "", 100.0)
        weight = self.unfinished.execution.state.weight
        return self.team.traffic_split((), self.unfinished.candidate.digest, weight)

    def _named(self) -> tuple[Release | None, ...]:
        """The releases of the unfinished rollout."""
        return (self.unfinished.candidate, self.unfinished.stable) if self.unfinished else ()
