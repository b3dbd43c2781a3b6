"""`shipway clean`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.aws.client import RenewingClient
from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import Account, AwsResourceNames
from shipway.cleanup.aws_orphans import OrphanScan, orphan_kinds, remove_orphans, scan_orphans
from shipway.cleanup.ecs_orphans import environments_with_rollouts, resources_in_use
from shipway.cleanup.expired_artifacts import (
    ArtifactHistory,
    ExpiredArtifact,
    folder_size,
    remove_artifacts,
)
from shipway.cleanup.owned_resources import OwnedResources
from shipway.cleanup.retention import Orphan, ResourcesInUse, rollback_targets
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.config.tables import Price
from shipway.cost.estimate import make_estimator
from shipway.errors import CannotRun, ConfigError, RecordError, ShipwayError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.service_kinds import ServiceNote
from shipway.pipeline.services import remove_service
from shipway.reports.sanitize import one_line
from shipway.rollouts.ecs.history import merge_histories
from shipway.rollouts.ecs.history_store import S3HistoryStore
from shipway.rollouts.local.services import service_notes
from shipway.rollouts.local.state import LOCAL_STATE
from shipway.rollouts.report import rollout_records
from shipway.system.clock import SystemClock
from shipway.system.process import SystemProcesses

# `clean` carried out.

_KINDS = ("release", "venv", "run", "report", "log", "blob", "service")
_NAMED = ("release", "venv", "service")  # the others are too many to be read
_ARTIFACTS_SHOWN = 5  # names on a line


@dataclass(frozen=True)
class SizedArtifact:
    """Something that can go, and the bytes that it gives back."""

    what: ExpiredArtifact
    bytes: int


def cleaning_clean(*, directory: str, yes: bool, dry_run: bool, json: bool) -> int:
    """Show what can go, and remove it when somebody says so; the exit code.

    1 when something of it stayed.
    """
    project = open_project(directory)
    past = ArtifactHistory(
        project.state, project.record, project.config.retention, SystemClock().now()
    )
    items = [
        SizedArtifact(item, folder_size(item.path) if item.path else 0) for item in past.surplus()
    ]
    idle = {_service_of(service): service for service in idle_services(project)}
    items += [SizedArtifact(what, folder_size(note.folder)) for what, (_, note) in idle.items()]
    if not json:
        _show_artifacts(items)
    removing = project.invocation().command(command_line("clean", "--yes"))
    agreed = bool(items) and not dry_run and (yes or (not json and ask_to_clean(removing)))
    gone = remove_artifacts(past, [item.what for item in items]) if agreed else []
    if agreed:
        gone += [what for what, service in idle.items() if _remove_service(project, service)]
    if json:
        print(json_module.dumps(_data(items, gone, agreed=agreed), indent=2))
    elif agreed:
        freed = sum(item.bytes for item in items if item.what in gone)
        print(f"removed: {_human_size(freed)} freed")
    left = [item.what for item in items if item.what not in gone]
    if agreed and left:
        what = left[0].path or left[0].name
        sys.stderr.write(
            f"{len(left)} of {len(items)} stayed, {what} among them\n"
            "  next: Nothing, where a rollout needs them by now; else look at whose they are.\n"
        )
        return 1
    return 0


# The services of an environment that was taken down, with their data.

IdleService = tuple[str, ServiceNote]  # the path of its note, and the note


def idle_services(project: Project) -> list[IdleService]:
    """Those of the environments in which nothing runs."""
    folder = os.path.join(project.state, "environments")
    return [
        service
        for name in (sorted(os.listdir(folder)) if os.path.isdir(folder) else ())
        if not _occupied(project, name)
        for service in service_notes(os.path.join(folder, name))
    ]


def _occupied(project: Project, environment: str) -> bool:
    """Whether anything runs in it, or may: a state that cannot be read proves nothing."""
    document = project.record.state(environment)
    if document is None:
        return False
    try:
        state = LOCAL_STATE.from_object(document, f"the record, environment {environment}")
    except RecordError:
        return True
    return bool(state.instances or state.current or state.unfinished)


def _service_of(service: IdleService) -> ExpiredArtifact:
    path, note = service
    environment = os.path.basename(os.path.dirname(os.path.dirname(path)))
    return ExpiredArtifact("service", f"{note.name} of {environment} with its data", path)


def _remove_service(project: Project, service: IdleService) -> bool:
    """Unless the environment runs again by now."""
    if service not in idle_services(project):
        return False
    remove_service(*service, SystemProcesses())
    return not os.path.exists(service[0])


def _show_artifacts(items: Sequence[SizedArtifact]) -> None:
    for kind in _KINDS:
        some = [item for item in items if item.what.kind == kind]
        if some:
            names = [item.what.name for item in some][:_ARTIFACTS_SHOWN] if kind in _NAMED else []
            more = ", …" if names and len(some) > _ARTIFACTS_SHOWN else ""
            amount = _human_size(sum(item.bytes for item in some))
            print(f"{kind:<8} {len(some):>5} {amount:>10}  {', '.join(names)}{more}".rstrip())
    if items:
        print(f"{'in all':<8} {len(items):>5} {_human_size(sum(item.bytes for item in items)):>10}")
    else:
        print("nothing can go")


def ask_to_clean(command: str) -> bool:
    """Whether the person at the terminal agrees; nobody there, nobody agrees.

    command: the one that removes it without asking.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(f"nothing is removed; {command} removes it")
        return False
    try:
        answer = input("Remove all of this? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _data(
    items: Sequence[SizedArtifact], gone: Sequence[ExpiredArtifact], *, agreed: bool
) -> dict[str, object]:
    rows = [
        {
            "kind": item.what.kind,
            "name": item.what.name,
            "path": item.what.path,
            "bytes": item.bytes,
            "removed": item.what in gone,
        }
        for item in items
    ]
    return {"agreed": agreed, "bytes": sum(item.bytes for item in items), "found": rows}


def _human_size(count: int) -> str:
    """Bytes for people: `12.4 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


# `clean --aws` carried out.

_ORPHANS_SHOWN = 20  # of a kind
_UNKNOWN = "images and task definitions"


def clean_aws(*, directory: str, yes: bool, dry_run: bool, json: bool) -> int:
    """Show what can go and what it costs, and remove it when somebody says so; the exit code.

    1 when something of it stayed, 5 when something could not be looked at.
    """
    project = open_project(directory)
    clients, config = AwsClients(project.config.aws), project.config
    with translate_aws_errors():
        account = identify_account(clients, config.aws)
    premises = OwnedResources(clients, config, SystemClock().now())
    if not premises.environments:
        raise ConfigError(
            "no environment is on AWS, so nothing can be left there",
            'Say which is: [environments.NAME] platform = "ecs". For this machine: shipway clean.',
            code="wrong-platform",
        )
    return clean_account(project, premises, account, yes=yes, dry_run=dry_run, json=json)


def clean_account(
    project: Project,
    premises: OwnedResources,
    account: Account,
    *,
    yes: bool,
    dry_run: bool,
    json: bool,
) -> int:
    """As `clean_aws`, in an account that is known."""
    needed, why = _needed(project, premises, account)
    looked_at = orphan_kinds(premises, needed)
    looked = scan_orphans(looked_at)
    unseen = {**looked.unseen, **({_UNKNOWN: why} if needed is None else {})}
    prices = make_estimator(project.config).prices
    if not json:
        _show_orphans(looked, unseen, prices)
    removing = project.invocation().command(command_line("clean", "--aws", "--yes"))
    agreed = bool(looked.found) and not dry_run and (yes or (not json and ask_to_clean(removing)))
    gone, problems = remove_orphans(looked_at, looked.found) if agreed else ([], [])
    if json:
        _print(looked, unseen, prices, [resource.key for resource in gone] if agreed else None)
    elif agreed:
        print(
            f"{len(gone)} of {len(looked.found)} done: {_monthly_cost(gone, prices)} a month less"
        )
    return _code(looked, unseen, gone if agreed else looked.found, problems)


def _needed(
    project: Project, premises: OwnedResources, account: Account
) -> tuple[ResourcesInUse | None, str]:
    """What has to stay; None and the reason where that cannot be told."""
    try:
        with translate_aws_errors():
            return resources_in_use(premises) | _recorded(project, premises, account), ""
    except ShipwayError as problem:
        return None, problem.message


def _recorded(project: Project, premises: OwnedResources, account: Account) -> ResourcesInUse:
    """What a rollback may go back to, from this machine's record and from the bucket."""
    config, record = project.config, project.record
    clients = AwsClients(config.aws)
    names = AwsResourceNames(config.application.name, "")
    bucket = config.aws.bucket or names.bucket(account.number, account.region)
    candidates = {
        *premises.environments,
        *record.environments(),
        *environments_with_rollouts(clients, bucket, config.application.name),
    }
    calls = RenewingClient(clients, SystemClock(), random.random)
    needed = ResourcesInUse()
    for environment in sorted(candidates):
        unread: list[str] = []
        resource_names = AwsResourceNames(config.application.name, environment)
        stored = S3HistoryStore(calls, config.aws, resource_names, unread.append).rollouts()
        if unread:
            raise CannotRun(unread[0], "See that the bucket can be read.")
        rollouts = merge_histories(
            rollout_records(record.rollouts(environment), f"the record, {environment}"), stored
        )
        needed |= rollback_targets(
            [rollout.to_dict() for rollout in rollouts], config.retention.releases
        )
    return needed


def _show_orphans(
    looked: OrphanScan, unseen: Mapping[str, str], prices: Mapping[str, Price]
) -> None:
    by_kind: dict[str, list[Orphan]] = {}
    for resource in looked.found:
        by_kind.setdefault(resource.kind, []).append(resource)
    for kind, some in by_kind.items():
        for resource in some[:_ORPHANS_SHOWN]:
            done = "" if resource.done == "removed" else f"; would be {resource.done}"
            what = one_line(f"{_short(resource.id)}  {resource.why}{done}", 160)
            print(f"{kind:<16} {_monthly_cost([resource], prices):>8}  {what}")
        if len(some) > _ORPHANS_SHOWN:
            rest = some[_ORPHANS_SHOWN:]
            print(f"{kind:<16} {_monthly_cost(rest, prices):>8}  {len(rest)} more")
    for kind, why in unseen.items():
        print(f"{kind}: could not be looked at: {one_line(why, 300)}")
    if looked.found:
        count = len(looked.found)
        print(f"{'in all':<16} {_monthly_cost(looked.found, prices):>8}  a month, {count} things")
    else:
        print("nothing can go" + (" of what could be looked at" if unseen else ""))


def _short(identity: str) -> str:
    """A digest's start; an ARN's end."""
    if identity.startswith("sha256:"):
        return identity[:19]
    return identity.rpartition(":task-definition/")[2] or identity


def _usd(resource: Orphan, prices: Mapping[str, Price]) -> float:
    """US dollars a month, at most: images share layers, snapshots blocks."""
    price = prices.get(resource.price)
    return price.usd * resource.quantity if price else 0.0


def _monthly_cost(resources: Sequence[Orphan], prices: Mapping[str, Price]) -> str:
    return f"${sum(_usd(resource, prices) for resource in resources):.2f}"


def _print(
    looked: OrphanScan,
    unseen: Mapping[str, str],
    prices: Mapping[str, Price],
    gone: Sequence[tuple[str, str, str]] | None,
) -> None:
    """gone: keys of what was done; None where nobody agreed."""
    rows: list[dict[str, Any]] = [
        {
            "kind": resource.kind,
            "id": resource.id,
            "why": resource.why,
            "action": resource.done,
            "usd": round(_usd(resource, prices), 4),
            "removed": resource.key in (gone or ()),
        }
        for resource in looked.found
    ]
    print(
        json_module.dumps(
            {
                "agreed": gone is not None,
                "usd": round(sum(row["usd"] for row in rows), 2),
                "found": rows,
                "unseen": dict(unseen),
            },
            indent=2,
        )
    )


def _code(
    looked: OrphanScan, unseen: Mapping[str, str], gone: Sequence[Orphan], problems: Sequence[str]
) -> int:
    left = len(looked.found) - len(gone)
    if left > 0:
        why = f": {one_line(problems[0], 300)}" if problems else ""
        sys.stderr.write(
            f"{left} of {len(looked.found)} stayed{why}\n"
            "  next: Nothing, where something needs them by now; else do what it says, and ask "
            "again.\n"
        )
        return Verdict.FAILED.exit_code(strict=True)
    return Verdict.INCOMPLETE.exit_code(strict=True) if unseen else 0


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("clean", _clean, clean)


def clean(*, directory: str, aws: bool, yes: bool, dry_run: bool, json: bool) -> int:
    """Clean up this machine, or the AWS account; the exit code."""
    remove = clean_aws if aws else cleaning_clean
    return remove(directory=directory, yes=yes, dry_run=dry_run, json=json)


def _clean(parser: Parser) -> None:
    """Show what the policy [retention] no longer keeps and how much it is, then remove it.

    The services of an environment that is down go, too, with their data.

    A terminal is asked first; anywhere else nothing is removed without --yes. What runs, and
    what a rollout that is not finished names, always stays.

    With --aws: images, task definitions, log groups, snapshots, addresses, volumes and target
    groups that nothing needs, with what they cost a month. What a rollback may go back to stays.

    Example: shipway clean --aws --dry-run
    """
    parser.add("--yes", "-y", action="store_true", help="Remove without asking.")
    parser.add("--dry-run", action="store_true", help="Only show what can go.")
    parser.add(
        "--aws", action="store_true", help="What is left in the AWS account, not on this machine."
    )
    add_json(parser)
