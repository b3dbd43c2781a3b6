"""Amazon ECS as a platform: releases as revisions of a task definition in one service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shipway.core.command_line import command_line
from shipway.core.config import Config, Environment
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.core.outcome import Verdict
from shipway.core.platform import NO_REMARKS
from shipway.core.ports import Clock, Http, Releases, RenewableClients
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.watching import RolloutListener
from shipway.platforms.ecs import history
from shipway.platforms.ecs.balancer import Balancer
from shipway.platforms.ecs.bucket import Bucket
from shipway.platforms.ecs.calls import Calls
from shipway.platforms.ecs.configuration import deploying, going_back
from shipway.platforms.ecs.ledger import Ledger
from shipway.platforms.ecs.log_lines import LogLines
from shipway.platforms.ecs.others import Others
from shipway.platforms.ecs.parts import Parts
from shipway.platforms.ecs.readiness import marked, must_be_ready, warn_of_alarms
from shipway.platforms.ecs.service import Place, Service
from shipway.platforms.ecs.showing import instances
from shipway.platforms.ecs.tools import Tools
from shipway.platforms.ecs.venture import Venture


class EcsPlatform:
    """One environment on ECS.

    The deployment in progress is the lease: there is one at a time, and ECS knows of it however
    this process ends. What a killed one left is in the record's state under "unfinished".
    """

    def __init__(
        self, config: Config, name: str, clients: RenewableClients, clock: Clock, http: Http,
        record: Releases, tools: Tools,
    ) -> None:  # fmt: skip
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.names = Names(config.application.name, name)
        self._clients = clients
        self._tools = tools
        self._say: Callable[[str], None] = lambda line: None
        calls = Calls(clients, clock, tools.random)
        service = Service(calls, Place.of(self.settings, self.names))
        self._parts = Parts(calls, service, Balancer(calls), LogLines(calls), clock, http)
        self._bucket = Bucket(calls, config.aws, self.names, lambda line: self._say(line))
        self._others = Others(service, name)
        self._ledger = Ledger(name, record, self._bucket)
        self._past: list[Mapping[str, Any]] | None = None

    @property
    def unfinished(self) -> Mapping[str, Any] | None:
        """The rollout that is not finished, as the record has it."""
        return self._ledger.unfinished

    @property
    def address(self) -> str:
        """What people open: the load balancer's; the service's name where it has none."""
        found = self._parts.balancer.address(self._parts.service.describe())
        place = self._parts.service.place
        return found or f"{place.cluster}/{place.service}"

    @property
    def serves(self) -> Release | None:
        """The release whose task definition the service has; None where it is none of ours."""
        definition = self._parts.service.describe().get("taskDefinition", "")
        found = history.running(self._rollouts(), definition)
        return self._ledger.release(found["release_data"]) if found else None

    def deploy(
        self, release: Release, listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False, remarks: Mapping[str, str] = NO_REMARKS,
    ) -> Receipt:  # fmt: skip
        """Roll out a release; one that runs already, with these settings, is left as it is.

        Goes on with a rollout of the same release that is not finished. Raises Busy where
        another one is, NotReady where the preflight finds something: nothing is changed then.
        """
        self._say = listener.said
        venture = self._left(listener, stopping)
        if venture is not None and venture.closed is None:
            if venture.digest == release.digest:
                return venture.follow()
            raise self._others.busy(venture.release, venture.deployment)
        service = self._parts.service.describe()
        self._others.refuse()
        now = history.running(self._rollouts(), service.get("taskDefinition", ""))
        mark = marked(self.settings)
        if now and now.get("digest") == release.digest and now.get("settings") == mark:
            return self._runs_already(release, listener)
        base = self._parts.service.task_definition(service["taskDefinition"])
        definition = self._tools.render(self.settings, self.names, release, base)
        must_be_ready(
            self._tools.preflight(
                self._clients, self.settings, self.names, release, definition
            )
        )  # fmt: skip
        firing = warn_of_alarms(self._parts.calls, self.settings.ecs.alarms)
        venture = self._venture(listener, stopping)
        venture.begin(
            {**asdict(release), "name": release.name}, now, self.settings.strategy,
            {**remarks, "settings": mark},
        )  # fmt: skip
        for line in firing:
            venture.say(line)
        configuration = deploying(self.settings, int(service.get("desiredCount", 0)))
        return venture.start(definition, configuration, self._preparations())

    def rollback(self, name: str, listener: RolloutListener) -> Receipt:
        """Go back to an earlier release: the one named, or the last that was good before; all at
        once, without building or migrating anything. Where a rollout is not finished, undo it."""
        self._say = listener.said
        venture = self._left(listener) or self._adopted(listener)
        if venture is not None and venture.closed is None:
            return venture.undo()
        service = self._parts.service.describe()
        found = self._earlier(name, service.get("taskDefinition", ""))
        now = history.running(self._rollouts(), service.get("taskDefinition", ""))
        strategy = "rolling" if self.settings.strategy == "rolling" else "blue-green"
        venture = self._venture(listener)
        venture.begin(
            found["release_data"], now, strategy, {"settings": found.get("settings", "")},
            back=True,
        )  # fmt: skip
        configuration = going_back(self.settings, int(service.get("desiredCount", 0)))
        return venture.start(found["task_definition"], configuration, ())

    def resume(self, listener: RolloutListener) -> Receipt:
        """Go on with a rollout that was held or paused, that a killed command left, or that
        another machine began. Raises ConfigError where there is none."""
        self._say = listener.said
        venture = self._open(listener)
        return venture.closed or venture.follow(answered=True)

    def cancel(self, listener: RolloutListener) -> Receipt:
        """Undo a rollout that is not finished. Raises as `resume` does."""
        self._say = listener.said
        venture = self._open(listener)
        return venture.closed or venture.undo()

    def down(self) -> int:
        """Raises ConfigError: a service on ECS is its stack's."""
        raise ConfigError(
            f"{self.name} is on ECS: what runs there belongs to its stack",
            f"{command_line('infra', 'destroy', self.name)} takes everything down.",
        )

    def status(self) -> dict[str, Any]:
        """What runs here, as ECS says."""
        service = self._parts.service.describe()
        found = history.running(self._rollouts(), service.get("taskDefinition", ""))
        going = self._others.going()
        shown = service.get("taskDefinition", "").rsplit("/", 1)[-1]
        wanted, running = service.get("desiredCount", 0), service.get("runningCount", 0)
        return {
            "environment": self.name,
            "address": self.address,
            "release": found["release"] if found else shown,
            "proxy": service.get("status") == "ACTIVE" and running >= wanted,
            "rollout": {
                "release": self._others.release_in(going),
                "stage": going.stage, "weight": going.weight or 0.0,
                "held": going.waiting is not None,
            } if going else None,
            "instances": instances(self._parts.service.tasks("RUNNING")),
        }  # fmt: skip

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError when there is none."""
        now = self._parts.service.describe().get("taskDefinition", "")
        return self._ledger.release(self._earlier(name, now)["release_data"])

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last: they may have migrated."""
        found = history.later(self._rollouts(), release.digest)
        known = {one["digest"]: one["release_data"] for one in found if one.get("release_data")}
        return [self._ledger.release(data) for data in known.values()]

    def rollouts(self, say: Callable[[str], None]) -> Sequence[Mapping[str, Any]]:
        """This machine's and, by the bucket, those of others, newest first."""
        self._say = say
        return self._rollouts()

    # -- below ----------------------------------------------------------------------------

    def _earlier(self, name: str, task_definition: str) -> Mapping[str, Any]:
        rollouts = self._rollouts()
        now = history.running(rollouts, task_definition)
        found = history.earlier(rollouts, name, now["digest"] if now else "")
        if found is None:
            raise ConfigError(
                f"no good release named {name!r} is on record here" if name
                else "there is no earlier good release to roll back to",
                f"See what was: {command_line('status', self.name, '--history')}.",
            )  # fmt: skip
        return found

    def _rollouts(self) -> list[Mapping[str, Any]]:
        """Read once."""
        if self._past is None:
            self._past = history.merged(self._ledger.rollouts(), self._bucket.rollouts())
        return self._past

    def _preparations(self) -> tuple[str, ...]:
        """Commands before traffic moves: the migration, and before the first release the seed."""
        never_good = not any(map(history.can_return, self._rollouts()))
        commands = (self.application.migrate, self.application.seed if never_good else "")
        return tuple(filter(None, commands))

    def _runs_already(self, release: Release, listener: RolloutListener) -> Receipt:
        listener.said(f"{release.name} runs already")
        return Receipt(
            self.name, release.name, release.name, Verdict.PASSED, self._parts.clock.now(), 0.0,
            self.address, self.settings.strategy,
        )  # fmt: skip

    def _open(self, listener: RolloutListener) -> Venture:
        venture = self._left(listener) or self._adopted(listener)
        if venture is None:
            raise ConfigError(
                f"no rollout is unfinished in {self.name}",
                f"See what was: {command_line('status', self.name, '--history')}.",
            )
        return venture

    def _left(
        self, listener: RolloutListener, stopping: Callable[[], bool] = lambda: False
    ) -> Venture | None:
        """The rollout that is not finished, as far as this machine knows; closed, where ECS has
        ended it meanwhile."""
        if self._ledger.unfinished is None:
            return None
        venture = self._venture(listener, stopping)
        venture.reopen()
        self._past = None
        return venture

    def _adopted(self, listener: RolloutListener) -> Venture | None:
        """A deployment in progress that another machine began."""
        going = self._others.going()
        if going is None:
            return None
        venture = self._venture(listener)
        venture.adopt(going, self._others.release_in(going))
        return venture

    def _venture(
        self, listener: RolloutListener, stopping: Callable[[], bool] = lambda: False
    ) -> Venture:
        return Venture(
            self.settings, self._parts, self._clients, self._tools, self._ledger, listener,
            stopping, self.address,
        )  # fmt: skip
