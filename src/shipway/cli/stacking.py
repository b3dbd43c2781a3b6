"""`infra plan`, `apply`, `destroy` and `drift` carried out. Each returns the exit code."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shipway.aws.applying import finish, readable, settle
from shipway.aws.data import last_snapshot, unprotect
from shipway.aws.database_user import prepare_database
from shipway.aws.stack import ChangeSet
from shipway.cli.agreeing import agree, typed
from shipway.cli.progress import progress
from shipway.cli.stack_site import StackSite, open_site
from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError
from shipway.core.infrastructure.drift import drift_lines
from shipway.core.infrastructure.guard import losses, misroutings
from shipway.core.infrastructure.parameters import Live
from shipway.core.infrastructure.wording import plan_lines, sentence
from shipway.core.naming import Names


def infra_plan(*, directory: str, environment: str, json: bool) -> int:
    """Show what apply would do."""
    plan_site(open_site(directory, environment), json=json)
    return 0


def infra_apply(
    *, directory: str, environment: str, yes: bool, allow_destroy: bool, json: bool
) -> int:
    """Bring the stack to what is configured."""
    site = open_site(directory, environment)
    apply_site(site, yes=yes, allow_destroy=allow_destroy, json=json)
    return 0


def infra_destroy(*, directory: str, environment: str, allow_destroy: bool, json: bool) -> int:
    """Delete the stack."""
    destroy_site(open_site(directory, environment), allow_destroy=allow_destroy, json=json)
    return 0


def infra_drift(*, directory: str, environment: str, json: bool) -> int:
    """Show what is not as it was made; 1 when there is something."""
    site = open_site(directory, environment)
    if not site.stack.status():
        raise ConfigError(
            f"there is no stack {site.stack.name}",
            f"Make it: {command_line('infra', 'apply', environment)}.",
        )
    found = site.stack.drifts()
    if json:
        _print({"stack": site.stack.name, "drifts": [asdict(one) for one in found]})
    else:
        print("\n".join(drift_lines(found) or [f"{site.stack.name} is as it was made"]))
    return 1 if found else 0


def plan_site(site: StackSite, *, json: bool) -> None:
    """Work out the changes, show them, and leave nothing behind."""
    readable(site.stack)
    running = site.live()
    change_set = site.stack.prepare(site.template, site.parameters(running), site.tags)
    if change_set:
        site.stack.discard(change_set)
    _show(site, change_set, running, json=json)


def apply_site(site: StackSite, *, yes: bool, allow_destroy: bool, json: bool) -> None:
    """Settle what is unfinished, then do what differs. Raises StackFailed, ConfigError, Busy."""
    say = progress(json=json)
    stack = site.stack
    settle(stack, say)
    running = site.live()
    change_set = stack.prepare(site.template, site.parameters(running), site.tags)
    status = stack.status()
    if change_set:
        if not json:
            _show(site, change_set, running, json=False)
        try:
            _refuse(site, change_set, running)
            agree(site.person, site.where, change_set.changes, yes=yes, gone=allow_destroy)
        except BaseException:
            stack.discard(change_set)
            raise
        status = stack.execute(change_set, say)
        finish(stack, status)
    if not site.bootstrap:
        settings = site.config.environments[site.where].ecs
        prepare_database(site.clients, stack, site.names, settings, site.clock, say)
    _show_applied(site, change_set, status, running, json=json)


def destroy_site(site: StackSite, *, allow_destroy: bool, json: bool) -> None:
    """Delete the stack, after a last snapshot. Raises StackFailed, ConfigError."""
    say, stack = progress(json=json), site.stack
    if not stack.status():
        _told({"stack": stack.name, "status": "", "snapshot": ""}, "there is nothing to delete",
              json=json)  # fmt: skip
        return
    if site.bootstrap:
        _refuse_needed(site)
    if not allow_destroy:
        raise ConfigError(
            f"{stack.name} would be deleted with everything in it",
            f"Say that it may: {command_line('infra', 'destroy', site.where, '--allow-destroy')}.",
        )
    typed(site.person, site.where)
    snapshot = ""
    if not site.bootstrap:
        snapshot = last_snapshot(site.clients, stack, site.names, site.clock, say)
        unprotect(site.clients, stack)
    status = stack.delete(say)
    finish(stack, status)
    kept = "images and releases" if site.bootstrap else f"the log and {snapshot or 'no snapshot'}"
    _told({"stack": stack.name, "status": status, "snapshot": snapshot},
          f"{stack.name} is deleted; what stays: {kept}", json=json)  # fmt: skip


def _refuse(site: StackSite, change_set: ChangeSet, running: Live) -> None:
    """Raises ConfigError where people would be sent to a release that no longer runs."""
    rules = misroutings(change_set.changes, at_rest=running.at_rest)
    if rules:
        raise ConfigError(
            f"this writes {' and '.join(rules)} again, and with them the weights that "
            "the last deployment set",
            f"Deploy once more ({command_line('deploy', site.where)}): it ends on the other target "
            "and then the weights are the stack's own. Then apply.",
        )


def _refuse_needed(site: StackSite) -> None:
    """Raises ConfigError while an environment is still there."""
    names = [name for name, one in site.config.environments.items() if one.platform == "ecs"]
    left = [
        name for name in names
        if site.named(Names(site.config.application.name, name).stack).status()
    ]  # fmt: skip
    if left:
        raise ConfigError(
            f"there are still environments: {', '.join(left)}",
            f"First: {command_line('infra', 'destroy', left[0], '--allow-destroy')}.",
        )


def _show(site: StackSite, change_set: ChangeSet | None, running: Live, *, json: bool) -> None:
    changes = change_set.changes if change_set else ()
    cost = site.cost(running)
    if json:
        _print({"stack": site.stack.name, "image": running.image, "changes": _data(changes),
                "losses": losses(changes), "cost": cost})  # fmt: skip
        return
    print("\n".join(plan_lines(changes, cost)))
    if running.image:
        print(f"what runs stays: {running.image}")


def _show_applied(
    site: StackSite, change_set: ChangeSet | None, status: str, running: Live, *, json: bool
) -> None:
    outputs = site.stack.outputs()
    changes = change_set.changes if change_set else ()
    if json:
        _print({"stack": site.stack.name, "status": status, "changes": _data(changes),
                "outputs": outputs})  # fmt: skip
        return
    if not change_set:
        print(f"{site.stack.name} is as configured")
    for key in ("Address", "Database", "DatabaseMaster", "Redis", "DeployRole", "Repository",
                "Bucket"):  # fmt: skip
        if key in outputs:
            print(f"{key:<15} {outputs[key]}")
    if not (site.bootstrap or running.task_definition):
        deploy = site.here.command(command_line("deploy", site.where))
        print(f"next: {deploy}; then apply once more: scaling needs a release")


def _data(changes: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "type": one.type, "change": str(one.kind), "words": sentence(one)}
        for one in changes
    ]


def _told(data: dict[str, str], words: str, *, json: bool) -> None:
    if json:
        _print(data)
    else:
        print(words)


def _print(data: Any) -> None:
    print(json_module.dumps(data, indent=2))
