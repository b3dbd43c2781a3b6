"""What comes before a rollout's first action: its plan, its migration, its seed."""

from __future__ import annotations

from math import ceil

from shipway.core.config import Application, Environment
from shipway.core.release import Release
from shipway.core.strategy import OnTimeout, Plan, Strategy, steps_of
from shipway.core.watching import RolloutListener
from shipway.platforms.local.instances import Instances, must_succeed


def plan_of(settings: Environment, wanted: int, replaced: int) -> Plan:
    """As configured. A first release is not waited for: there is nothing to go back to."""
    strategy = Strategy(settings.strategy)
    pauses = settings.pauses.items() if replaced else ()
    return Plan(
        strategy, wanted, replaced, settings.batch,
        ceil(max(wanted, replaced) * settings.minimum_healthy / 100),
        steps_of(strategy, settings.canary_percent, settings.step_percent),
        settings.step_bake, settings.bake if replaced else 0.0, bool(settings.test_port),
        {stage: OnTimeout(pause.on_timeout) for stage, pause in pauses},
        settings.failed_starts,
    )  # fmt: skip


def prepare(
    instances: Instances, application: Application, release: Release, listener: RolloutListener,
    *, seed: bool,
) -> None:  # fmt: skip
    """Migrations, and on the first rollout the seed: before anything moves. Raises CannotRun."""
    steps = [("the migration", application.migrate)]
    if seed:
        steps.append(("the seed", application.seed))
    for what, words in steps:
        if words:
            listener.said(f"{what}: {words}")
            must_succeed(instances.once(release, words), what)
