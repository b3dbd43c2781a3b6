"""An environment that exists already, written into shipway.toml: `init --from-ecs`,
`init --from-copilot`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict

from shipway.errors import ConfigError, ShipwayError
from shipway.pipeline.command_line import command_line
from shipway.ports import Clients
from shipway.scaffold.apply import SETTINGS, write_changes
from shipway.scaffold.documents import parse_toml, table, text
from shipway.scaffold.from_copilot import (
    find_copilot_services,
    manifest_remarks,
    propose_from_manifest,
    read_copilot,
)
from shipway.scaffold.from_ecs import (
    LEVELS,
    EnvironmentProposal,
    Remark,
    propose_environment,
    read_service,
)
from shipway.scaffold.generated_files import FileChange, tables_text
from shipway.scaffold.traffic_shift import TrafficShiftChange, traffic_shift_change
from shipway.source_text import read_text

Say = Callable[[str], None]
_RULE = "-" * 72


def add_running_service(
    root: str, reference: str, environment: str, clients: Clients, say: Say, *, dry_run: bool
) -> dict[str, object]:
    """Write the environment of `CLUSTER/SERVICE`, and say what a person should know of it. What
    was done, for --json."""
    running = read_service(clients, reference)
    proposal = propose_environment(running, environment)
    change = traffic_shift_change(running)
    return _add(root, proposal, change, say, dry_run=dry_run)


def add_copilot_service(
    root: str, path: str, environment: str, clients: Clients, say: Say, *, dry_run: bool
) -> list[dict[str, object]]:
    """Write the environments of a manifest of Copilot's, or the one that is named: each as it runs,
    or, where AWS cannot be asked, as the manifest has it."""
    service = read_copilot(os.path.join(root, path))
    names = [environment] if environment else list(service.manifests)
    if not names or not set(names) <= service.manifests.keys():
        known = ", ".join(service.manifests) or "none"
        raise ConfigError(
            f"--from-copilot: {service.name} has no environment {environment or 'at all'}; it has "
            f"{known}",
            "Name one of copilot/environments, or of `environments` in the manifest.",
            code="unknown-name",
        )
    try:
        references = find_copilot_services(clients, service, names)
        problem = ""
    except ShipwayError as error:  # once: nobody waits again for what does not answer
        references, problem = {}, error.message
    rows = []
    for name in names:
        if reference := references.get(name, ""):
            running = read_service(clients, reference)
            proposal, change = propose_environment(running, name), traffic_shift_change(running)
            proposal.remarks += manifest_remarks(service, name)
        else:
            proposal = propose_from_manifest(service, name)
            cause = problem or f"there is no service of {service.name} in {name} in this region"
            proposal.remarks.append(Remark("without", f"a look at AWS: {cause}"))
            change = TrafficShiftChange(impossible="what runs is not known")
        rows.append(_add(root, proposal, change, say, dry_run=dry_run))
    return rows


def _add(
    root: str,
    proposal: EnvironmentProposal,
    change: TrafficShiftChange,
    say: Say,
    *,
    dry_run: bool,
) -> dict[str, object]:
    settings = _settings(root, proposal)  # has remarks of its own
    proposal.remarks.sort(key=lambda remark: LEVELS.index(remark.level))
    for remark in proposal.remarks:
        say(f"{remark.level:<8} {remark.sentence}")
    for line in change_lines(change, proposal.name):
        say(line)
    if dry_run:
        for line in settings.diff():
            say(line)
    else:
        write_changes(root, [settings], say)
    return {
        "environment": proposal.name,
        "settings": proposal.settings(),
        "remarks": [asdict(remark) for remark in proposal.remarks],
        "strategies": asdict(change),
        "written": not dry_run,
    }


def change_lines(change: TrafficShiftChange, environment: str) -> list[str]:
    """What blue-green, linear and canary need, for people."""
    if change.impossible:
        return [f"without  blue-green, linear and canary: {change.impossible}"]
    if not change.lacking:
        table_name = f"[environments.{environment}]"
        return [f"is       ready for blue-green, linear and canary: {table_name} strategy"]
    return [
        f"without  blue-green, linear and canary, which need {'; '.join(change.lacking)}",
        _RULE,
        "What is new, as CloudFormation:",
        "",
        change.template,
        "What becomes of the service and its rule, where CloudFormation has them (with Terraform "
        "or CDK, write the same there, or the next apply undoes it):",
        "",
        change.properties,
        "Or all of it by the AWS command line:",
        "",
        *change.commands,
        _RULE,
        f'Then: [environments.{environment}] strategy = "canary", and '
        f"{command_line('plan', environment)}",
    ]


def _settings(root: str, proposal: EnvironmentProposal) -> FileChange:
    """shipway.toml with the environment at its end: nothing that is there is changed."""
    path = os.path.join(root, SETTINGS)
    before = read_text(path) if os.path.exists(path) else None
    document = parse_toml(before or "")
    if proposal.name in table(document, "environments"):
        raise ConfigError(
            f"{SETTINGS} has an environment {proposal.name} already",
            "Name another one: --environment NAME; or remove it from the file first.",
            code="invalid-setting",
        )
    tables = proposal.settings()
    for name in ("image", "aws"):
        present = table(document, name)
        if not present:
            continue
        values = tables.pop(name, {})
        differing = {key: each for key, each in values.items() if text(present.get(key)) != each}
        if differing:
            lines = ", ".join(f'{key} = "{value}"' for key, value in differing.items())
            proposal.remarks.append(
                Remark("first", f"[{name}] of {SETTINGS} says otherwise; the service has {lines}")
            )
    end = "" if before is None or before.endswith("\n") else "\n"
    return FileChange(SETTINGS, before, f"{before or ''}{end}\n{tables_text(tables)}")
