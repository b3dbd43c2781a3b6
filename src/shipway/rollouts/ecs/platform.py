"""Amazon ECS as a platform: releases as revisions of a task definition in one service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from shipway.aws.client import RenewingClient
from shipway.aws.errors import AwsApiError
from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Config, Environment
from shipway.errors import Busy, CannotRun, ConfigError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.ports import (
    Clients,
    Clock,
    Http,
    Releases,
    RenewableClients,
)
from shipway.releases.migration_safety import not_on_record
from shipway.releases.release import Release
from shipway.rollouts.ecs import history
from shipway.rollouts.ecs.deployment import Deployment, task_statuses
from shipway.rollouts.ecs.deployment_configuration import (
    deployment_configuration,
    rollback_configuration,
    settings_at_once,
)
from shipway.rollouts.ecs.history_store import RolloutHistory, S3HistoryStore
from shipway.rollouts.ecs.load_balancer import Entrance, LoadBalancer
from shipway.rollouts.ecs.logs import LogLines
from shipway.rollouts.ecs.ports import EcsClients, PreflightFailure, TaskDefinitionOps
from shipway.rollouts.ecs.rollout import EcsRollout
from shipway.rollouts.ecs.service import EcsService, ServiceRef
from shipway.rollouts.ecs.state import UnfinishedDeployment
from shipway.rollouts.ecs.task_definition import release_of_task_definition
from shipway.rollouts.ecs.traffic import TrafficOutlook, request_rate, traffic_outlook
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.platform import NO_REMARKS, PlatformStatus
from shipway.rollouts.report import RolloutRecord, RolloutReport

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceTypeDef

# What is looked at before anything is changed.


class PreflightFailed(CannotRun):
    """Something stands in the way; nothing was changed."""

    exit_code = 1
    default_code = "preflight-failed"


def raise_if_not_ready(obstacles: Sequence[PreflightFailure]) -> None:
    """Raises PreflightFailed with all of them."""
    if not obstacles:
        return
    lines = [f"  - {obstacle.message} {obstacle.remedy}".rstrip() for obstacle in obstacles]
    count = "one thing is" if len(lines) == 1 else f"{len(lines)} things are"
    raise PreflightFailed(
        "\n".join((f"{count} not ready; nothing was changed:", *lines)),
        "Correct what is listed, and deploy again.",
    )


def settings_digest(settings: Environment) -> str:
    """A digest of what a task definition is made of, besides the release: where that changed,
    the same release is deployed again."""
    made_of = repr((settings.env, settings.secrets, settings.ecs))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def warn_of_alarms(calls: Clients, names: Sequence[str]) -> list[str]:
    """A warning for every alarm that fires already: ECS watches none in a deployment that
    begins so (docs/ecs.md). Where they cannot be read, that is said."""
    if not names:
        return []
    try:
        answer = calls.client("cloudwatch").describe_alarms(
            AlarmNames=list(names), StateValue="ALARM"
        )
    except AwsApiError as problem:
        return [f"whether alarms fire already is not known: {problem.message}"]
    firing = [alarm["AlarmName"] for alarm in answer.get("MetricAlarms", [])]
    firing += [alarm["AlarmName"] for alarm in answer.get("CompositeAlarms", [])]
    return [
        f"WARNING: the alarm {name} fires already: ECS watches no alarm in a "
        "deployment that begins so"
        for name in firing
    ]


# Deployments that are in progress, whoever began them: on ECS, that is the lease.


class DeploymentsInProgress:
    """Of one service. Raises AwsApiError and AwsUnreachable in every method."""

    def __init__(self, service: EcsService, environment: str) -> None:
        self._service = service
        self._environment = environment

    def current(self) -> Deployment | None:
        """The one that is in progress."""
        deployments = self._service.deployments(self._service.under_way())
        return deployments[0] if deployments else None

    def raise_if_in_progress(self) -> None:
        """Raises Busy where one is."""
        if deployment := self.current():
            raise self.busy_error(self.release_in(deployment), deployment.arn)

    def busy_error(self, release: str, deployment: str) -> Busy:
        """What another command is told."""
        name = self._environment
        return Busy(
            f"another rollout goes on in {name}: of {release} ({deployment.rsplit('/', 1)[-1]})",
            f"Wait for it; or {command_line('resume', name)}, {command_line('cancel', name)}.",
            code="rollout-in-progress",
        )

    def release_in(self, deployment: Deployment) -> str:
        """The release that it brings, as the task definition's RELEASE tells; else that one's
        name."""
        target = deployment.candidate
        revisions = self._service.revisions([target] if target else [])
        arn = revisions[target].get("taskDefinition", "") if target in revisions else ""
        if not arn:
            return "a release"
        return (
            release_of_task_definition(self._service.task_definition(arn)) or arn.rsplit("/", 1)[-1]
        )


class EcsPlatform:
    """One environment on ECS.

    The deployment in progress is the lease: there is one at a time, and ECS knows of it however
    this process ends. What a killed one left is in the record's state under "unfinished".
    """

    def __init__(
        self,
        config: Config,
        name: str,
        clients: RenewableClients,
        clock: Clock,
        http: Http,
        record: Releases,
        tools: TaskDefinitionOps,
    ) -> None:
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.names = AwsResourceNames(config.application.name, name)
        self._clients = clients
        self._tools = tools
        self._say: Callable[[str], None] = lambda line: None
        calls = RenewingClient(clients, clock, tools.random)
        service = EcsService(calls, ServiceRef.of(self.settings, self.names))
        self._parts = EcsClients(calls, service, LoadBalancer(calls), LogLines(calls), clock, http)
        self._bucket = S3HistoryStore(calls, config.aws, self.names, lambda line: self._say(line))
        self._others = DeploymentsInProgress(service, name)
        self._ledger = RolloutHistory(name, record, self._bucket)
        self._past: list[RolloutRecord] | None = None

    @property
    def unfinished(self) -> UnfinishedDeployment | None:
        """The rollout that is not finished, as the record has it."""
        return self._ledger.unfinished

    @property
    def address(self) -> str:
        """What people open: the load balancer's; the service's name where it has none."""
        return self._address(self._entrance)

    @property
    def _entrance(self) -> Entrance:
        service = self._parts.service.describe()
        return self._parts.balancer.entrance(service, self.settings.infrastructure.host)

    def _address(self, entrance: Entrance) -> str:
        reference = self._parts.service.place
        return entrance.address or f"{reference.cluster}/{reference.service}"

    @property
    def serves(self) -> Release | None:
        """The release whose task definition the service has; None where it is none of ours."""
        definition = self._parts.service.describe().get("taskDefinition", "")
        rollout = history.running_rollout(self._rollouts(), definition)
        return self._release(rollout) if rollout else None

    def deploy(
        self,
        release: Release,
        listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> RolloutReport:
        """Roll out a release; one that runs already, with these settings, is left as it is.

        Goes on with a rollout of the same release that is not finished. Raises Busy where
        another one is, PreflightFailed where the preflight finds something: nothing is changed
        then.
        """
        self._say = listener.on_message
        rollout = self._left(listener, stopping)
        if rollout is not None and rollout.closed is None:
            if rollout.digest == release.digest:
                return rollout.follow()
            raise self._others.busy_error(rollout.release, rollout.deployment)
        service = self._parts.service.describe()
        self._others.raise_if_in_progress()
        now = history.running_rollout(self._rollouts(), service.get("taskDefinition", ""))
        mark = settings_digest(self.settings)
        desired = int(service.get("desiredCount", 0))
        if desired and now and now.digest == release.digest and now.settings == mark:
            return self._runs_already(release, listener)
        base = self._parts.service.task_definition(service["taskDefinition"])
        definition = self._tools.render(self.settings, self.names, release, base)
        if tags := self._parts.service.task_definition_tags(service["taskDefinition"]):
            definition.setdefault("tags", tags)
        raise_if_not_ready(
            self._tools.preflight(self._clients, self.settings, self.names, release, definition)
        )
        firing = warn_of_alarms(self._parts.calls, self.settings.ecs.alarms)
        outlook = self._outlook(service)
        settings = settings_at_once(self.settings, outlook.shift)
        rollout = self._new_rollout(listener, stopping)
        rollout.begin(
            release,
            now,
            settings.strategy,
            {**remarks, "settings": mark},
            shift=outlook.shift,
        )
        for line in filter(None, (*firing, outlook.sentence)):
            rollout.log_message(line)
        configuration = deployment_configuration(settings, desired or self._first_tasks)
        return rollout.start(
            definition, configuration, self._preparations(), None if desired else self._first_tasks
        )

    def rollback(self, name: str, listener: RolloutListener) -> RolloutReport:
        """Go back to an earlier release: the one named, or the last that was good before; all at
        once, without building or migrating anything. Where a rollout is not finished, undo it."""
        self._say = listener.on_message
        rollout = self._left(listener) or self._adopted(listener)
        if rollout is not None and rollout.closed is None:
            return rollout.roll_back()
        service = self._parts.service.describe()
        target = self._earlier(name, service.get("taskDefinition", ""))
        now = history.running_rollout(self._rollouts(), service.get("taskDefinition", ""))
        strategy = "rolling" if self.settings.strategy == "rolling" else "blue-green"
        rollout = self._new_rollout(listener)
        assert target.candidate is not None  # `_earlier` finds only those that are known
        rollout.begin(
            target.candidate,
            now,
            strategy,
            {"settings": target.settings},
            back=True,
        )
        desired = int(service.get("desiredCount", 0))
        if not desired:
            rollout.log_message(self._cold_message(desired))
        configuration = rollback_configuration(self.settings, desired or self._first_tasks)
        return rollout.start(
            target.task_definition, configuration, (), None if desired else self._first_tasks
        )

    def resume(self, listener: RolloutListener) -> RolloutReport:
        """Go on with a rollout that was held or paused, that a killed command left, or that
        another machine began. Raises ConfigError where there is none."""
        self._say = listener.on_message
        rollout = self._open(listener)
        return rollout.closed or rollout.follow(answered=True)

    def cancel(self, listener: RolloutListener) -> RolloutReport:
        """Undo a rollout that is not finished. Raises as `resume` does."""
        self._say = listener.on_message
        rollout = self._open(listener)
        return rollout.closed or rollout.roll_back()

    def down(self) -> int:
        """Raises ConfigError: a service on ECS is its stack's."""
        raise ConfigError(
            f"{self.name} is on ECS: what runs there belongs to its stack",
            f"{command_line('infra', 'destroy', self.name)} takes everything down.",
            code="wrong-platform",
        )

    def status(self) -> PlatformStatus:
        """What runs here, as ECS says."""
        service = self._parts.service.describe()
        rollout = history.running_rollout(self._rollouts(), service.get("taskDefinition", ""))
        going = self._others.current()
        shown = service.get("taskDefinition", "").rsplit("/", 1)[-1]
        desired, running = service.get("desiredCount", 0), service.get("runningCount", 0)
        return {
            "environment": self.name,
            "address": self.address,
            "release": rollout.release if rollout else shown,
            "proxy": service.get("status") == "ACTIVE" and running >= desired,
            "rollout": {
                "release": self._others.release_in(going),
                "stage": going.stage,
                "weight": going.weight or 0.0,
                "held": going.waiting_hooks is not None,
            }
            if going
            else None,
            "instances": task_statuses(self._parts.service.tasks("RUNNING")),
        }

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError when there is none."""
        now = self._parts.service.describe().get("taskDefinition", "")
        return self._release(self._earlier(name, now))

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last: they may have migrated.

        Raises CannotRun where the record has nothing of one: nobody knows what it did.
        """
        rollouts = history.rollouts_after(self._rollouts(), release.digest)
        releases = {rollout.digest: rollout for rollout in rollouts}
        kept = []
        for rollout in releases.values():
            if rollout.candidate is None:
                raise not_on_record(rollout.release)
            kept.append(self._ledger.release(rollout.candidate))
        return kept

    def rollouts(self, say: Callable[[str], None]) -> Sequence[RolloutRecord]:
        """This machine's and, by the bucket, those of others, newest first."""
        self._say = say
        return self._rollouts()

    # -- below ----------------------------------------------------------------------------

    def _earlier(self, name: str, task_definition: str) -> RolloutRecord:
        rollouts = self._rollouts()
        now = history.running_rollout(rollouts, task_definition)
        rollout = history.rollback_target(rollouts, name, now.digest if now else "")
        if rollout is None:
            raise ConfigError(
                f"no good release named {name!r} is on record here"
                if name
                else "there is no earlier good release to roll back to",
                f"See what was: {command_line('status', self.name, '--history')}.",
                code="no-earlier-release",
            )
        return rollout

    def _rollouts(self) -> list[RolloutRecord]:
        """Read once."""
        if self._past is None:
            self._past = history.merge_histories(self._ledger.rollouts(), self._bucket.rollouts())
        return self._past

    @property
    def _first_tasks(self) -> int:
        """How many tasks a service gets that has to have none: as many as scaling leaves it."""
        return self.settings.infrastructure.min_tasks

    def _outlook(self, service: ServiceTypeDef) -> TrafficOutlook:
        """What the judge can know of a release, by the traffic that there is."""
        if not service.get("runningCount"):
            return TrafficOutlook("unjudged", self._cold_message(service.get("desiredCount", 0)))
        balancers = service.get("loadBalancers", [])
        groups = [
            group
            for balancer in balancers
            for group in (
                balancer.get("targetGroupArn", ""),
                balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn", ""),
            )
            if group
        ]
        if self.settings.strategy == "rolling" or not (self.settings.judged and groups):
            return TrafficOutlook("", "")
        try:
            sources = [self._parts.balancer.source(group) for group in groups]
            rate = request_rate(
                self._parts.calls, self._parts.clock, [source for source in sources if source]
            )
        except AwsApiError as problem:
            return TrafficOutlook("", f"how much traffic there is is not known: {problem.message}")
        return traffic_outlook(self.settings, rate)

    def _cold_message(self, desired: int) -> str:
        """What is done where no task runs."""
        tasks = f"{self._first_tasks} tasks are started" if not desired else "no task runs"
        count = len(self.settings.smoke)
        judged = f"health checks and {count} smoke tests" if count else "only health checks"
        return (
            f"nothing runs in {self.name}: {tasks}, and the release gets all traffic at once; "
            f"there is nothing to compare it with, so {judged} decide"
        )

    def _release(self, rollout: RolloutRecord) -> Release:
        """What a good rollout has brought; `is_rollback_target` says that it is known."""
        assert rollout.candidate is not None
        return self._ledger.release(rollout.candidate)

    def _preparations(self) -> tuple[str, ...]:
        """Commands before traffic moves: the migration, and before the first release the seed."""
        never_good = not any(map(history.is_rollback_target, self._rollouts()))
        commands = (self.application.migrate, self.application.seed if never_good else "")
        return tuple(filter(None, commands))

    def _runs_already(self, release: Release, listener: RolloutListener) -> RolloutReport:
        listener.on_message(f"{release.name} runs already")
        return RolloutReport(
            environment=self.name,
            release=release.name,
            before=release.name,
            verdict=Verdict.PASSED,
            started=self._parts.clock.now(),
            seconds=0.0,
            address=self.address,
            strategy=self.settings.strategy,
        )

    def _open(self, listener: RolloutListener) -> EcsRollout:
        rollout = self._left(listener) or self._adopted(listener)
        if rollout is None:
            raise ConfigError(
                f"no rollout is unfinished in {self.name}",
                f"See what was: {command_line('status', self.name, '--history')}.",
                code="rollout-in-progress",
            )
        return rollout

    def _left(
        self, listener: RolloutListener, stopping: Callable[[], bool] = lambda: False
    ) -> EcsRollout | None:
        """The rollout that is not finished, as far as this machine knows; closed, where ECS has
        ended it meanwhile."""
        if self._ledger.unfinished is None:
            return None
        rollout = self._new_rollout(listener, stopping)
        rollout.reopen()
        self._past = None
        return rollout

    def _adopted(self, listener: RolloutListener) -> EcsRollout | None:
        """A deployment in progress that another machine began."""
        going = self._others.current()
        if going is None:
            return None
        rollout = self._new_rollout(listener)
        rollout.adopt(going, self._others.release_in(going))
        return rollout

    def _new_rollout(
        self, listener: RolloutListener, stopping: Callable[[], bool] = lambda: False
    ) -> EcsRollout:
        entrance = self._entrance
        return EcsRollout(
            settings=self.settings,
            parts=self._parts,
            clients=self._clients,
            tools=self._tools,
            history=self._ledger,
            listener=listener,
            stopping=stopping,
            entrance=entrance,
            address=self._address(entrance),
        )
