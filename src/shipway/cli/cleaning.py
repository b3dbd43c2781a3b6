"""`clean` carried out."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.cli.project import open_project
from shipway.core.command_line import command_line
from shipway.effects.clock import SystemClock
from shipway.flows.prune import remove, size
from shipway.flows.surplus import Past, Surplus

_KINDS = ("release", "venv", "run", "report", "log", "blob")
_NAMED = ("release", "venv")  # the others are too many to be read
_SHOWN = 5  # names on a line


@dataclass(frozen=True)
class Weighed:
    """Something that can go, and the bytes that it gives back."""

    what: Surplus
    bytes: int


def clean(*, directory: str, yes: bool, dry_run: bool, json: bool) -> int:
    """Show what can go, and remove it when somebody says so; the exit code.

    1 when something of it stayed.
    """
    project = open_project(directory)
    past = Past(project.state, project.record, project.config.retention, SystemClock().now())
    found = [Weighed(one, size(one.path) if one.path else 0) for one in past.surplus()]
    if not json:
        _show(found)
    removing = project.invocation().command(command_line("clean", "--yes"))
    agreed = bool(found) and not dry_run and (yes or (not json and asked(removing)))
    gone = remove(past, [one.what for one in found]) if agreed else []
    if json:
        print(json_module.dumps(_data(found, gone, agreed=agreed), indent=2))
    elif agreed:
        freed = sum(one.bytes for one in found if one.what in gone)
        print(f"removed: {_amount(freed)} freed")
    left = [one.what for one in found if one.what not in gone]
    if agreed and left:
        what = left[0].path or left[0].name
        sys.stderr.write(
            f"{len(left)} of {len(found)} stayed, {what} among them\n"
            "  next: Nothing, where a rollout needs them by now; else look at whose they are.\n"
        )
        return 1
    return 0


def _show(found: Sequence[Weighed]) -> None:
    for kind in _KINDS:
        some = [one for one in found if one.what.kind == kind]
        if some:
            names = [one.what.name for one in some][:_SHOWN] if kind in _NAMED else []
            more = ", …" if names and len(some) > _SHOWN else ""
            amount = _amount(sum(one.bytes for one in some))
            print(f"{kind:<8} {len(some):>5} {amount:>10}  {', '.join(names)}{more}".rstrip())
    if found:
        print(f"{'in all':<8} {len(found):>5} {_amount(sum(one.bytes for one in found)):>10}")
    else:
        print("nothing can go")


def asked(command: str) -> bool:
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


def _data(found: Sequence[Weighed], gone: Sequence[Surplus], *, agreed: bool) -> dict[str, object]:
    rows = [
        {"kind": one.what.kind, "name": one.what.name, "path": one.what.path, "bytes": one.bytes,
         "removed": one.what in gone}
        for one in found
    ]  # fmt: skip
    return {"agreed": agreed, "bytes": sum(one.bytes for one in found), "found": rows}


def _amount(count: int) -> str:
    """Bytes for people: `12.4 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
