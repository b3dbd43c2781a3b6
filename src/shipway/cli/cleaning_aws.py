"""`clean --aws` carried out."""

from __future__ import annotations

import json as json_module
import random
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from shipway.aws.leftovers.look import Looked, kinds, look, remove
from shipway.aws.leftovers.premises import Premises
from shipway.aws.leftovers.rollouts import environments
from shipway.aws.leftovers.running import running
from shipway.cli.cleaning import asked
from shipway.cli.project import Project, open_project
from shipway.core.account import Account
from shipway.core.command_line import command_line
from shipway.core.cost.estimate import estimator
from shipway.core.errors import CannotRun, ConfigError, ShipwayError
from shipway.core.leftovers import Leftover, Needed, rollback_targets
from shipway.core.naming import Names
from shipway.core.outcome import Verdict
from shipway.core.settings.cost import Price
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words
from shipway.effects.clock import SystemClock
from shipway.outputs.clean import one_line
from shipway.platforms.ecs.bucket import Bucket
from shipway.platforms.ecs.calls import Calls
from shipway.platforms.ecs.history import merged

_SHOWN = 20  # of a kind
_UNKNOWN = "images and task definitions"


def clean_aws(*, directory: str, yes: bool, dry_run: bool, json: bool) -> int:
    """Show what can go and what it costs, and remove it when somebody says so; the exit code.

    1 when something of it stayed, 5 when something could not be looked at.
    """
    project = open_project(directory)
    clients, config = AwsClients(project.config.aws), project.config
    with in_words():
        account = identify(clients, config.aws)
    premises = Premises(clients, config, SystemClock().now())
    if not premises.environments:
        raise ConfigError(
            "no environment is on AWS, so nothing can be left there",
            'Say which is: [environments.NAME] platform = "ecs". For this machine: shipway clean.',
        )
    return clean_premises(project, premises, account, yes=yes, dry_run=dry_run, json=json)


def clean_premises(
    project: Project, premises: Premises, account: Account, *, yes: bool, dry_run: bool, json: bool
) -> int:
    """As `clean_aws`, in an account that is known."""
    needed, why = _needed(project, premises, account)
    looked_at = kinds(premises, needed)
    looked = look(looked_at)
    unseen = {**looked.unseen, **({_UNKNOWN: why} if needed is None else {})}
    prices = estimator(project.config).prices
    if not json:
        _show(looked, unseen, prices)
    removing = project.invocation().command(command_line("clean", "--aws", "--yes"))
    agreed = bool(looked.found) and not dry_run and (yes or (not json and asked(removing)))
    gone, problems = remove(looked_at, looked.found) if agreed else ([], [])
    if json:
        _print(looked, unseen, prices, [one.key for one in gone] if agreed else None)
    elif agreed:
        print(f"{len(gone)} of {len(looked.found)} done: {_amount(gone, prices)} a month less")
    return _code(looked, unseen, gone if agreed else looked.found, problems)


def _needed(project: Project, premises: Premises, account: Account) -> tuple[Needed | None, str]:
    """What has to stay; None and the reason where that cannot be told."""
    try:
        with in_words():
            return running(premises) | _recorded(project, premises, account), ""
    except ShipwayError as problem:
        return None, problem.message


def _recorded(project: Project, premises: Premises, account: Account) -> Needed:
    """What a rollback may go back to, from this machine's record and from the bucket."""
    config, record = project.config, project.record
    clients = AwsClients(config.aws)
    names = Names(config.application.name, "")
    bucket = config.aws.bucket or names.bucket(account.number, account.region)
    known = {*premises.environments, *record.environments(),
             *environments(clients, bucket, config.application.name)}  # fmt: skip
    calls = Calls(clients, SystemClock(), random.random)
    needed = Needed()
    for environment in sorted(known):
        unread: list[str] = []
        place = Names(config.application.name, environment)
        kept = Bucket(calls, config.aws, place, unread.append).rollouts()
        if unread:
            raise CannotRun(unread[0], "See that the bucket can be read.")
        rollouts = merged(record.rollouts(environment), kept)
        needed |= rollback_targets(rollouts, config.retention.releases)
    return needed


def _show(looked: Looked, unseen: Mapping[str, str], prices: Mapping[str, Price]) -> None:
    by_kind: dict[str, list[Leftover]] = {}
    for one in looked.found:
        by_kind.setdefault(one.kind, []).append(one)
    for kind, some in by_kind.items():
        for one in some[:_SHOWN]:
            done = "" if one.done == "removed" else f"; would be {one.done}"
            what = one_line(f"{_short(one.id)}  {one.why}{done}", 160)
            print(f"{kind:<16} {_amount([one], prices):>8}  {what}")
        if len(some) > _SHOWN:
            rest = some[_SHOWN:]
            print(f"{kind:<16} {_amount(rest, prices):>8}  {len(rest)} more")
    for kind, why in unseen.items():
        print(f"{kind}: could not be looked at: {one_line(why, 300)}")
    if looked.found:
        count = len(looked.found)
        print(f"{'in all':<16} {_amount(looked.found, prices):>8}  a month, {count} things")
    else:
        print("nothing can go" + (" of what could be looked at" if unseen else ""))


def _short(identity: str) -> str:
    """A digest's start; an ARN's end."""
    if identity.startswith("sha256:"):
        return identity[:19]
    return identity.rpartition(":task-definition/")[2] or identity


def _usd(one: Leftover, prices: Mapping[str, Price]) -> float:
    """US dollars a month, at most: images share layers, snapshots blocks."""
    price = prices.get(one.price)
    return price.usd * one.quantity if price else 0.0


def _amount(found: Sequence[Leftover], prices: Mapping[str, Price]) -> str:
    return f"${sum(_usd(one, prices) for one in found):.2f}"


def _print(
    looked: Looked, unseen: Mapping[str, str], prices: Mapping[str, Price],
    gone: Sequence[tuple[str, str, str]] | None,
) -> None:  # fmt: skip
    """gone: keys of what was done; None where nobody agreed."""
    rows: list[dict[str, Any]] = [
        {"kind": one.kind, "id": one.id, "why": one.why, "action": one.done,
         "usd": round(_usd(one, prices), 4), "removed": one.key in (gone or ())}
        for one in looked.found
    ]  # fmt: skip
    print(json_module.dumps({
        "agreed": gone is not None, "usd": round(sum(row["usd"] for row in rows), 2),
        "found": rows, "unseen": dict(unseen),
    }, indent=2))  # fmt: skip


def _code(
    looked: Looked, unseen: Mapping[str, str], gone: Sequence[Leftover], problems: Sequence[str]
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
