"""The verb `run --fix`: formatters and linters repair what is safe, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterable

from shipway.core.check import Site
from shipway.core.errors import CannotRun
from shipway.core.ports import Command, OnOutput
from shipway.core.step import Kind, Step
from shipway.effects.files import Tree
from shipway.flows.programs import program
from shipway.flows.workshop import Workshop

_SHOWN = 5


def fix(steps: Iterable[Step], shop: Workshop, say: OnOutput) -> list[str]:
    """Let every check among the steps repair what it can; the paths that are different now.

    Before the run and in the checks' own order: two tools at the same file would undo each
    other's work, and tests would see it half done.
    """
    everything = ("*",)
    before = Tree(shop.root, {}).fingerprints(everything)
    for step in steps:
        if step.kind is Kind.CHECK:
            _repair(step, shop, say)
    after = Tree(shop.root, {}).fingerprints(everything)
    changed = sorted(path for path in after if after[path] != before.get(path))
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    say(f"repaired: {', '.join(changed[:_SHOWN])}{more}" if changed else "nothing to repair")
    return changed


def _repair(step: Step, shop: Workshop, say: OnOutput) -> None:
    check = shop.checks(step.work["check"])
    site = Site(shop.root, shop.folder(step.name), shop.python())
    arguments = check.fix(shop.config, site)
    if arguments is None:
        return
    os.makedirs(site.out, exist_ok=True)
    try:
        argv = (*program(check, site, shop), *arguments)
        done = shop.processes.run(Command(argv, shop.root, shop.env(step), step.timeout))
    except CannotRun as problem:
        say(f"{step.name} cannot repair: {problem.message}")
        return
    if done.code:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        say(f"{step.name} could not repair everything: {' '.join(last)}")
