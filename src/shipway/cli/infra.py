"""`shipway infra plan`, `apply`, `destroy`, `drift` and `policy`: the words they take."""

from __future__ import annotations

import json
import json as json_module
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import Account, AwsResourceNames, partition_of
from shipway.cli import arguments
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.cost import stack_estimate
from shipway.cli.hold import environment_named
from shipway.cli.image_registry import configured_registry
from shipway.cli.invocation import invocation
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.cli.terminal import Prompt, confirm, confirm_by_name, progress_printer
from shipway.config.schema import Config
from shipway.config.tables import ECR
from shipway.errors import Busy, ConfigError, ShipwayError
from shipway.infrastructure.account import (
    ACCOUNT_REGION,
    ensure_service_role,
    has_other_provider,
    other_service_monitor,
)
from shipway.infrastructure.change import change_sentence, data_losses, plan_lines, routing_resets
from shipway.infrastructure.database import last_snapshot, prepare_database, unprotect
from shipway.infrastructure.iam_policy import PolicyScope, trust_policy
from shipway.infrastructure.iam_policy import deploy_policy as policy_of
from shipway.infrastructure.parameters import (
    ACCOUNT,
    BOOTSTRAP,
    RELEASE,
    RunningService,
    account_parameters,
    bootstrap_parameters,
    environment_parameters,
    stack_tags,
)
from shipway.infrastructure.stack import (
    ChangeSet,
    Say,
    Stack,
    raise_if_failed,
    raise_if_unsettled,
    running_service,
    wait_until_settled,
)
from shipway.infrastructure.stack_status import drift_lines
from shipway.infrastructure.template import load_template, with_static_names
from shipway.pipeline.command_line import Invocation, command_line
from shipway.ports import Clients, Clock, Estimate
from shipway.releases.release import Release
from shipway.rollouts.ecs.one_off_task import running_ecs_service
from shipway.rollouts.ecs.preview import read_template
from shipway.rollouts.ecs.task_definition import render_task_definition
from shipway.system.clock import SystemClock

# A stack of this project, with all that is needed to plan and to change it.


@dataclass(frozen=True, kw_only=True)
class StackContext:
    """One stack: that of all environments (`bootstrap`), the account's (`account`) or an
    environment's.

    every: seconds between two looks. person: who is asked whether it may be. estimate: what it
    costs, where somebody knows. here: how commands are typed.
    """

    config: Config
    where: str
    clients: Clients
    account: Account
    template: str
    clock: Clock = field(default_factory=SystemClock)
    every: float = 3.0
    person: Prompt = field(default_factory=Prompt)
    estimate: Estimate | None = None
    here: Invocation = field(default_factory=Invocation)

    @property
    def bootstrap(self) -> bool:
        """Whether it is that of all environments."""
        return self.where == BOOTSTRAP

    @property
    def shared(self) -> bool:
        """Whether it is no environment's."""
        return self.where in (BOOTSTRAP, ACCOUNT)

    @property
    def names(self) -> AwsResourceNames:
        """What is called how."""
        return AwsResourceNames(self.config.application.name, self.where)

    @property
    def stack(self) -> Stack:
        """The stack itself."""
        names = self.names
        named = {BOOTSTRAP: names.bootstrap_stack, ACCOUNT: names.account_stack}
        return self.named(named.get(self.where, names.stack))

    def named(self, name: str) -> Stack:
        """Another stack of the same account."""
        return Stack(self.clients, name, self.clock, self.every)

    def live(self) -> RunningService:
        """What runs in it. Raises Busy while a rollout is going on."""
        if self.shared:
            return RunningService()
        settings = self.config.environments[self.where].ecs
        return running_service(self.clients, self.stack, self.names, settings)

    def parameters(self, running: RunningService) -> dict[str, str]:
        """What the stack is given. Raises ConfigError for levers that contradict."""
        if self.bootstrap:
            wanted = self.config.aws.github_provider
            known = wanted and has_other_provider(self.clients, self.stack)
            return bootstrap_parameters(self.config, self.account, has_provider=known)
        if self.where == ACCOUNT:
            monitor = self.config.aws.alerts and other_service_monitor(self.clients, self.stack)
            return account_parameters(self.config, monitor)
        return environment_parameters(self.config, self.where, self.account, running)

    def cost(self, running: RunningService) -> tuple[float, float] | None:
        """US dollars a month, as it is and as it would be; None where nobody knows."""
        if self.estimate is None or self.where == ACCOUNT:  # what it has is free
            return None
        kind, now = BOOTSTRAP if self.bootstrap else "environment", self.stack.parameters()
        before = self.estimate(kind, now) if now else 0.0
        return before, self.estimate(kind, self.parameters(running))

    @property
    def tags(self) -> dict[str, str]:
        """The tags of everything in it."""
        return stack_tags(self.config, "all" if self.shared else self.where)

    def prepare(self, running: RunningService) -> ChangeSet | None:
        """The changes to what is configured; None where nothing would change."""
        parameters = self.parameters(running)
        template = with_static_names(self.template, parameters)
        return self.stack.prepare(template, parameters, self.tags)


def open_stack(directory: str, where: str) -> StackContext:
    """The stack of an environment, or the account's. Raises ConfigError and CannotRun."""
    config = open_project(directory).config
    kind = where if where in (BOOTSTRAP, ACCOUNT) else "environment"
    nowhere = Account("0" * 12, "nowhere")
    if kind == "environment":  # a wrong word is told before AWS is asked for anything
        environment_parameters(config, where, nowhere, RunningService())
    clients = AwsClients(config.aws)
    with translate_aws_errors():
        account = identify_account(clients, config.aws)
    if kind == ACCOUNT:
        if account.partition != "aws":
            raise ConfigError(
                f"AWS has no budgets of its own for {account.partition}",
                "Watch its cost in the account that pays for it.",
                code="wrong-platform",
            )
        clients = AwsClients(replace(config.aws, region=ACCOUNT_REGION))
    estimate = stack_estimate(config)
    here = invocation(directory, where)
    return StackContext(
        config=config,
        where=where,
        clients=clients,
        account=account,
        template=load_template(kind),
        estimate=estimate,
        here=here,
    )


# `infra plan`, `apply`, `destroy` and `drift` carried out. Each returns the exit code.


def infra_plan(*, directory: str, environment: str, json: bool) -> int:
    """Show what apply would do."""
    plan_stack(open_stack(directory, environment), json=json)
    return 0


def infra_apply(
    *, directory: str, environment: str, yes: bool, allow_destroy: bool, json: bool
) -> int:
    """Bring the stack to what is configured."""
    context = open_stack(directory, environment)
    apply_stack(context, yes=yes, allow_destroy=allow_destroy, json=json)
    return 0


def infra_destroy(*, directory: str, environment: str, allow_destroy: bool, json: bool) -> int:
    """Delete the stack."""
    destroy_stack(open_stack(directory, environment), allow_destroy=allow_destroy, json=json)
    return 0


def infra_drift(*, directory: str, environment: str, json: bool) -> int:
    """Show what is not as it was made; 1 when there is something."""
    context = open_stack(directory, environment)
    if not context.stack.status():
        raise ConfigError(
            f"there is no stack {context.stack.name}",
            f"Make it: {command_line('infra', 'apply', environment)}.",
            code="no-stack",
        )
    drifts = context.stack.drifts()
    if json:
        _print({"stack": context.stack.name, "drifts": [asdict(drift) for drift in drifts]})
    else:
        print("\n".join(drift_lines(drifts) or [f"{context.stack.name} is as it was made"]))
    return 1 if drifts else 0


def plan_stack(context: StackContext, *, json: bool) -> None:
    """Work out the changes, show them, and leave nothing behind."""
    raise_if_unsettled(context.stack)
    running = context.live()
    change_set = context.prepare(running)
    if change_set:
        context.stack.discard(change_set)
    _show(context, change_set, running, json=json)


def apply_stack(context: StackContext, *, yes: bool, allow_destroy: bool, json: bool) -> None:
    """Settle what is unfinished, then do what differs. Raises StackFailed, ConfigError, Busy."""
    say = progress_printer(json=json)
    stack = context.stack
    wait_until_settled(stack, say, lambda: unprotect(context.clients, stack))
    running = context.live()
    if not (context.shared or stack.status()):
        ensure_service_role(context.clients)
    change_set = context.prepare(running)
    status = stack.status()
    if change_set:
        if not json:
            _show(context, change_set, running, json=False)
        try:
            _refuse(context, change_set, running)
            confirm(context.person, context.where, change_set.changes, yes=yes, gone=allow_destroy)
            if context.live() != running:
                raise Busy(
                    "another release has begun to run since the changes were worked out",
                    "Look at them again: the same command once more.",
                    code="rollout-in-progress",
                )
        except BaseException:
            stack.discard(change_set)
            raise
        status = _executed(context, stack, change_set, running, say)
        raise_if_failed(stack, status)
    if not context.shared:
        settings = context.config.environments[context.where].ecs
        prepare_database(context.clients, stack, context.names, settings, context.clock, say)
    _show_applied(context, change_set, status, running, json=json)


def _executed(
    context: StackContext, stack: Stack, change_set: ChangeSet, running: RunningService, say: Say
) -> str:
    """Carry a change set out; the status.

    A stack whose change fails goes back to what it knows, and without this to the release of its
    last change. So it first learns, by that parameter alone, which one runs: the service has it
    already, and nothing is deployed.
    """
    known = stack.parameters().get(RELEASE)
    if running.task_definition and known not in (None, running.task_definition):
        stack.discard(change_set)  # another one that is carried out first makes it obsolete
        learned = stack.prepare_parameter(RELEASE, running.task_definition)
        if learned:
            raise_if_failed(stack, stack.execute(learned, say))
        again = context.prepare(running)
        if again is None:
            return stack.status()
        change_set = again
    return stack.execute(change_set, say)


def destroy_stack(context: StackContext, *, allow_destroy: bool, json: bool) -> None:
    """Delete the stack, after a last snapshot. Raises StackFailed, ConfigError."""
    say, stack = progress_printer(json=json), context.stack
    if not stack.status():
        _told(
            {"stack": stack.name, "status": "", "snapshot": ""},
            "there is nothing to delete",
            json=json,
        )
        return
    if context.bootstrap:
        _refuse_needed(context)
    if not allow_destroy:
        raise ConfigError(
            f"{stack.name} would be deleted with everything in it",
            "Say that it may: "
            f"{command_line('infra', 'destroy', context.where, '--allow-destroy')}.",
            code="data-loss",
        )
    confirm_by_name(context.person, context.where)
    snapshot = ""
    if not context.shared:
        snapshot = last_snapshot(context.clients, stack, context.names, context.clock, say)
        unprotect(context.clients, stack)
    status = stack.delete(say)
    raise_if_failed(stack, status)
    remaining = {BOOTSTRAP: "images and releases", ACCOUNT: "nothing"}.get(
        context.where, f"the log and {snapshot or 'no snapshot'}"
    )
    _told(
        {"stack": stack.name, "status": status, "snapshot": snapshot},
        f"{stack.name} is deleted; what stays: {remaining}",
        json=json,
    )


def _refuse(context: StackContext, change_set: ChangeSet, running: RunningService) -> None:
    """Raises ConfigError where people would be sent to a release that no longer runs."""
    rules = routing_resets(change_set.changes, at_rest=running.at_rest)
    if rules:
        raise ConfigError(
            f"this writes {' and '.join(rules)} again, and with them the weights that "
            "the last deployment set",
            f"Deploy once more ({command_line('deploy', context.where)}): it ends on the other "
            "target and then the weights are the stack's own. Then apply.",
            code="data-loss",
        )


def _refuse_needed(context: StackContext) -> None:
    """Raises ConfigError while an environment is still there."""
    names = [
        name
        for name, environment in context.config.environments.items()
        if environment.platform == "ecs"
    ]
    left = [
        name
        for name in names
        if context.named(AwsResourceNames(context.config.application.name, name).stack).status()
    ]
    if left:
        raise ConfigError(
            f"there are still environments: {', '.join(left)}",
            f"First: {command_line('infra', 'destroy', left[0], '--allow-destroy')}.",
            code="stack-failed",
        )


def _show(
    context: StackContext, change_set: ChangeSet | None, running: RunningService, *, json: bool
) -> None:
    changes = change_set.changes if change_set else ()
    cost = context.cost(running)
    if json:
        _print(
            {
                "stack": context.stack.name,
                "image": running.image,
                "changes": _data(changes),
                "losses": data_losses(changes),
                "cost": cost,
            }
        )
        return
    print("\n".join(plan_lines(changes, cost)))
    if running.image:
        print(f"what runs stays: {running.image}")


def _show_applied(
    context: StackContext,
    change_set: ChangeSet | None,
    status: str,
    running: RunningService,
    *,
    json: bool,
) -> None:
    outputs = context.stack.outputs()
    changes = change_set.changes if change_set else ()
    if json:
        _print(
            {
                "stack": context.stack.name,
                "status": status,
                "changes": _data(changes),
                "outputs": outputs,
            }
        )
        return
    if not change_set:
        print(f"{context.stack.name} is as configured")
    for key in (
        "Address",
        "Database",
        "DatabaseMaster",
        "Redis",
        "DeployRole",
        "Repository",
        "Bucket",
    ):
        if key in outputs:
            print(f"{key:<15} {outputs[key]}")
    aws = context.config.aws
    if context.bootstrap and aws.alerts and context.account.partition == "aws":
        cost = context.here.command(command_line("infra", "apply", ACCOUNT))
        print(f"next: {cost}: who hears of cost")
    if not (context.shared or running.task_definition):
        deploy = context.here.command(command_line("deploy", context.where))
        print(f"next: {deploy}; then apply once more: scaling needs a release")


def _data(changes: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": change.name,
            "type": change.type,
            "change": str(change.kind),
            "words": change_sentence(change),
        }
        for change in changes
    ]


def _told(data: dict[str, str], text: str, *, json: bool) -> None:
    if json:
        _print(data)
    else:
        print(text)


def _print(data: Any) -> None:
    print(json_module.dumps(data, indent=2))


# `infra policy` carried out.


def policy(*, directory: str, environment: str, trust: bool) -> int:
    """Print a policy; the exit code. AWS is asked for what the next deploy starts from, and for
    the account where aws.account does not say it."""
    project = open_project(directory)
    settings = environment_named(project, environment)
    if settings.platform != "ecs":
        raise ConfigError(
            f"{environment} is no environment on ECS: deploying there needs no permission of AWS",
            f'Set environments.{environment}.platform = "ecs", or name another one.',
            code="wrong-platform",
        )
    config = project.config
    account = _account(config)
    if trust:
        document = trust_policy(account, config.github, environment)
    else:
        names = AwsResourceNames(project.name, environment)
        scope = PolicyScope(
            account,
            names,
            settings,
            config.aws.bucket or names.bucket(account.number, account.region),
            configured_registry(config) == ECR,
            config.image.repository,
        )
        document = policy_of(with_next_definition(scope, AwsClients(config.aws), project.root))
    print(json.dumps(document, indent=2))
    return 0


# The policy is the same whichever image it is.
_ANY_RELEASE = Release(
    application="",
    version="",
    commit="",
    digest="",
    lock="",
    migrations=(),
    path="",
    python="",
    image=f"image@sha256:{'0' * 64}",
)


def with_next_definition(scope: PolicyScope, clients: Clients, root: str) -> PolicyScope:
    """With the task definition that the next deploy registers: its roles and secrets. What cannot
    be looked at is said on stderr. root: the project's, where a template lies."""
    settings, names = scope.settings, scope.names
    base, traffic_role = None, ""
    try:
        with translate_aws_errors():
            service = running_ecs_service(clients, settings, names)
            base = clients.client("ecs").describe_task_definition(
                taskDefinition=service["taskDefinition"]
            )["taskDefinition"]
        balancers = service.get("loadBalancers", ())
        roles = (row.get("advancedConfiguration", {}).get("roleArn", "") for row in balancers)
        traffic_role = next(filter(None, roles), "")
    except ShipwayError as problem:
        print(
            f"shipway infra policy: what runs could not be looked at ({problem.message}): roles "
            "and secrets that only its task definition names are not in this policy",
            file=sys.stderr,
        )
    if settings.ecs.template:
        where = f"environments.{names.environment}.ecs.template"
        base = read_template(root, settings.ecs.template, where)
    if base is None:
        return scope
    definition = render_task_definition(settings, names, _ANY_RELEASE, base, account=scope.account)
    return replace(scope, definition=definition, traffic_role=traffic_role)


def _account(config: Config) -> Account:
    clients = AwsClients(config.aws)
    if config.aws.account:
        return Account(config.aws.account, clients.region, partition_of(clients.region))
    with translate_aws_errors():
        return identify_account(clients, config.aws)


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("infra", _infra)


def _infra(parser: Parser) -> None:
    """The account's and the environments' stacks in AWS.

    Example: shipway infra plan staging
    """
    parser.add_command("plan", _plan, infra_plan)
    parser.add_command("apply", _apply, infra_apply)
    parser.add_command("destroy", _destroy, infra_destroy)
    parser.add_command("drift", _drift, infra_drift)
    parser.add_command("policy", _policy, policy)


def _plan(parser: Parser) -> None:
    """Show what apply would create, change, replace and delete, and what is interrupted.

    Example: shipway infra plan staging
    """
    _add_stack(parser)
    add_json(parser)


def _apply(parser: Parser) -> None:
    """Bring a stack to what shipway.toml says. It may be repeated, also after it was cut off.

    The release that runs stays, and so do the listener's weights. Data that would go needs
    --allow-destroy and the environment's name, typed.

    Example: shipway infra apply staging
    """
    _add_stack(parser)
    parser.add("--yes", "-y", action="store_true", help="Apply without asking.")
    _add_allow_destroy(parser)
    add_json(parser)


def _destroy(parser: Parser) -> None:
    """Delete a stack. A last snapshot of the database, the log, images and releases stay.

    Example: shipway infra destroy development --allow-destroy
    """
    _add_stack(parser)
    _add_allow_destroy(parser)
    add_json(parser)


def _drift(parser: Parser) -> None:
    """Show what somebody changed by hand. Exit code 1 when there is something.

    What deployments move (weights, the image, the number of tasks) does not count.

    Example: shipway infra drift production
    """
    _add_stack(parser)
    add_json(parser)


def _policy(parser: Parser) -> None:
    """Print, as JSON, the exact IAM policy that deploying to an environment needs.

    Nothing is changed. With --trust: the trust policy for GitHub's workflows, from [github].

    Example: shipway infra policy production > policy.json
    """
    add_environment(parser)
    parser.add(
        "--trust",
        action="store_true",
        help="Print whom the deploying role has to trust instead.",
    )


def _add_stack(parser: Parser) -> None:
    parser.add(
        "environment",
        metavar="ENV",
        complete=_complete_stacks,
        help="The environment; bootstrap: what all have in common; account: who hears of cost.",
    )


def _complete_stacks(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Environments that begin so, and the account's own stack."""
    names = [*arguments.complete_environments(prefix, parsed_args), BOOTSTRAP, ACCOUNT]
    return [name for name in names if name.startswith(prefix)]


def _add_allow_destroy(parser: Parser) -> None:
    parser.add(
        "--allow-destroy",
        action="store_true",
        help="Data may go. The name is asked for; a script writes it to stdin.",
    )
