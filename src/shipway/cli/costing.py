"""`cost` carried out."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Mapping
from datetime import UTC, datetime

from shipway.cli.project import Project, open_project
from shipway.core.codec import run_from_json, step_from_json
from shipway.core.config import Config
from shipway.core.cost.ci import ci_estimate, ci_use, run_cost
from shipway.core.cost.estimate import Estimator, estimator
from shipway.core.cost.statement import Ci, Statement, state
from shipway.core.errors import ConfigError
from shipway.core.outcome import Verdict
from shipway.core.ports import Estimate
from shipway.core.settings.cost import Price
from shipway.effects.clock import SystemClock
from shipway.outputs.costs import cost_data, cost_lines


def cost(*, directory: str, environment: str, prices: str, check: bool, json: bool) -> int:
    """Show the estimate; the exit code."""
    project = open_project(directory)
    found = estimator(project.config, _read(prices) if prices else {})
    if not found.environments:
        raise ConfigError(
            "no environment is on AWS, so nothing is known to cost anything",
            'Say which is: [environments.NAME] platform = "ecs".',
        )
    today = datetime.fromtimestamp(SystemClock().now(), UTC).date()
    region = project.config.aws.region or os.environ.get("AWS_REGION", "")
    made = state(found, environment, region, today, _ci(project, found))
    if json:
        print(json_module.dumps(cost_data(made), indent=2))
    else:
        print("\n".join(cost_lines(made)))
    return _code(made) if check else 0


def stack_estimate(config: Config) -> Estimate:
    """What `infra plan` says of cost, with the project's prices. Raises ConfigError."""
    found = estimator(config)
    return lambda kind, parameters: found.stack(kind, parameters).usd


def _code(made: Statement) -> int:
    if made.exceeded:
        return Verdict.FAILED.exit_code(strict=True)
    return Verdict.INCOMPLETE.exit_code(strict=True) if made.unknown else 0


def _read(path: str) -> Mapping[str, Price]:
    """Prices in a file: `[prices.NAME]`, as `[cost.prices.NAME]`. Raises ConfigError."""
    import tomllib

    from shipway.core.validate import validate

    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", "Name a TOML file with tables [prices.NAME]."
        ) from None
    if set(data) != {"prices"}:
        raise ConfigError(
            f"{path}: only tables [prices.NAME] are wanted, found {', '.join(data) or 'nothing'}",
            "docs/cost.md has an example.",
        )
    return validate({"cost": data}, path).cost.prices


def _ci(project: Project, found: Estimator) -> Ci | None:
    """What the finished runs on record took."""
    costs = []
    for result, steps in project.record.finished_runs():
        run = run_from_json(result, tuple(step_from_json(step) for step in steps))
        digests = {name for one in run.steps for name in (*one.reports.values(), one.log) if name}
        sizes = {name: project.blobs.size(name) for name in digests}
        costs.append(run_cost(run.started, run.steps, sizes))
    use, config = ci_use(costs), project.config
    if use is None:
        return None
    return Ci(use, ci_estimate(use, config.cost.usage, config.github.retention_days, found.prices))
