"""`shipway cost`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import starmap

from shipway.cli import arguments
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.config.schema import Config
from shipway.config.tables import Price
from shipway.config.validation import validate
from shipway.cost.ci import ci_estimate, ci_use, run_cost
from shipway.cost.estimate import Estimator, make_estimator
from shipway.cost.statement import CiCost, CostStatement, cost_data, cost_lines, cost_statement
from shipway.errors import ConfigError
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.pipeline.outcome import Verdict
from shipway.ports import Estimate
from shipway.source_text import parse_toml, read_text
from shipway.system.clock import SystemClock

# `cost` carried out.


def cost(*, directory: str, environment: str, prices: str, check: bool, json: bool) -> int:
    """Show the estimate; the exit code."""
    project = open_project(directory)
    estimates = make_estimator(project.config, _read(prices) if prices else {})
    if not estimates.environments:
        raise ConfigError(
            "no environment is on AWS, so nothing is known to cost anything",
            'Say which is: [environments.NAME] platform = "ecs".',
            code="wrong-platform",
        )
    today = datetime.fromtimestamp(SystemClock().now(), UTC).date()
    region = project.config.aws.region or os.environ.get("AWS_REGION", "")
    statement = cost_statement(estimates, environment, region, today, _ci(project, estimates))
    if json:
        print(json_module.dumps(cost_data(statement), indent=2))
    else:
        print("\n".join(cost_lines(statement)))
    return _code(statement) if check else 0


def stack_estimate(config: Config) -> Estimate:
    """What `infra plan` says of cost, with the project's prices. Raises ConfigError."""
    estimates = make_estimator(config)
    return lambda kind, parameters: estimates.stack(kind, parameters).usd


def _code(statement: CostStatement) -> int:
    if statement.exceeded:
        return Verdict.FAILED.exit_code(strict=True)
    return Verdict.INCOMPLETE.exit_code(strict=True) if statement.unknown else 0


def _read(path: str) -> Mapping[str, Price]:
    """Prices in a file: `[prices.NAME]`, as `[cost.prices.NAME]`. Raises ConfigError."""
    try:
        data = parse_toml(read_text(path))
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


def _ci(project: Project, estimates: Estimator) -> CiCost | None:
    """What the finished runs on record took."""
    costs = []
    for run in starmap(run_with_steps_from_json, project.record.finished_runs()):
        digests = {
            name for step in run.steps for name in (*step.reports.values(), step.log) if name
        }
        sizes = {name: project.blobs.size(name) for name in digests}
        costs.append(run_cost(run.started, run.steps, sizes))
    use, config = ci_use(costs), project.config
    if use is None:
        return None
    return CiCost(
        use, ci_estimate(use, config.cost.usage, config.github.retention_days, estimates.prices)
    )


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("cost", _cost, cost)


def _cost(parser: Parser) -> None:
    """Estimate what a month costs, line by line, and what would cost less. Asks nobody.

    Quantities follow the levers in shipway.toml; prices have a date and a source, and yours in
    [cost.prices] come first. Limits: [cost.limits], and aws.budget for all. With --check the exit
    code is 1 above a limit, 5 where a price is not known.

    Example: shipway cost staging
    """
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?",
        default="",
        complete=arguments.complete_environments,
        help="An environment on AWS; all of them without it.",
    )
    parser.add("--prices", metavar="FILE", default="", help="A TOML file of newer prices.")
    parser.add("--check", action="store_true", help="Exit code 1 when a limit is exceeded.")
    add_json(parser)
