"""The step `own-rules`: which of its own gates a change loosens, compared with its base."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from shipway.checks.registry import enabled_checks
from shipway.cli.baseline import (
    checked_out,
    fingerprints_of_file,
    resolve_commit,
    run_git,
)
from shipway.cli.project import CONFIG, Project
from shipway.cli.project_settings import compile_project
from shipway.config.schema import Config
from shipway.errors import CannotRun, ConfigError, ShipwayError
from shipway.github.workflow_step import WORKFLOW_STEP
from shipway.pipeline import codec
from shipway.pipeline.definition import pipeline_steps
from shipway.pipeline.findings_step import source_texts
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure, evaluate_gates
from shipway.pipeline.known_failures import read_known_failures
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.rule_changes import LEVELS, Rules, loosened_rules
from shipway.pipeline.step import Step, StepKind, StepWork
from shipway.pipeline.step_context import StepContext
from shipway.ports import OnOutput
from shipway.scaffold.folder_sources import FolderSources

OWN_RULES = "own-rules"
_SHOWN = 3


def with_own_rules(project: Project, base: str, *, named: bool) -> Project:
    """The project with the step that compares its rules with those of `base`, before any release.

    Where the base says `own_rules = "base"`, its rules take the place of the project's own. named:
    whether somebody named the base, who is told where there is none (ConfigError); else the step
    is unavailable then.
    """
    own = _rules(project.root)
    compared: StepWork = {"action": OWN_RULES, "base": base}
    try:
        commit = _fork_point(project, base)
        with checked_out(project, commit, "rules") as folder:
            rules = _rules(folder) if os.path.isdir(folder) else None
    except ShipwayError as problem:
        if named:
            raise
        return _with_step(project, {**compared, "absent": problem.message})
    if rules is None:  # all of it is new
        return _with_step(project, {**compared, "loosened": [], "own_rules": "report"})
    strictest = max(rules.config.gates.own_rules, own.config.gates.own_rules, key=LEVELS.index)
    if rules.config.gates.own_rules == "base":
        print(f"the rules of {base} count, not those of this change", file=sys.stderr)
        project = _ruled_by(project, rules.config)
    loosened = list(loosened_rules(rules, own))
    return _with_step(project, {**compared, "loosened": loosened, "own_rules": strictest})


def own_rules_step(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """Say what is loosened; with `[gates] own_rules = "review"` that fails."""
    work = step.work
    if "absent" in work:
        raise CannotRun(
            f"this change cannot be compared with {work['base']}: {work['absent']}",
            "Fetch it: git fetch --unshallow origin. In GitHub's workflows: fetch-depth: 0.",
            code="git-failed",
        )
    loosened: list[str] = work["loosened"]
    for sentence in loosened:
        on_output(sentence)
    gates: tuple[GateResult, ...] = ()
    if work["own_rules"] == "review":
        gates = evaluate_gates(
            [Gate("loosened rules", Bound.AT_MOST, 0)],
            [Measure("loosened rules", len(loosened))],
            tuple(loosened),
        )
    broken = [gate for gate in gates if not gate.passed]
    count = f"{len(loosened)} rule{'s are' if len(loosened) > 1 else ' is'}"
    more = f"; and {len(loosened) - _SHOWN} more" if len(loosened) > _SHOWN else ""
    warning = f"{count} looser than in {work['base']}: {'; '.join(loosened[:_SHOWN])}{more}"
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.FAILED if broken else Outcome.PASSED,
        reason=broken[0].sentence if broken else "",
        remedy=_REMEDY if broken else "",
        gates=gates,
        log=context.store("".join(f"{sentence}\n" for sentence in loosened)),
        facts={
            "loosened": loosened,
            "base": work["base"],
            "warnings": [warning] if loosened else [],
        },
    )


_REMEDY = (
    "Take it back, or let somebody who is responsible for these rules review it: once it is "
    "merged, it is the rule."
)


def _with_step(project: Project, work: StepWork) -> Project:
    step = Step(
        name=OWN_RULES,
        stage="security",
        kind=StepKind.ACTION,
        work=work,
        max_age=0,
        expected=1,
    )
    steps = [
        replace(each, needs=(*each.needs, OWN_RULES)) if each.role.looks_behind else each
        for each in project.steps
    ]
    return replace(project, steps=[*steps, step])


def _ruled_by(project: Project, base: Config) -> Project:
    """The project with the rules of its base: its checks, gates, waivers, steps and
    whose outcomes are believed."""
    config = replace(
        project.config,
        checks=base.checks,
        gates=base.gates,
        limits=base.limits,
        security=base.security,
        performance=base.performance,
        cache=base.cache,
        waivers=base.waivers,
        steps=base.steps,
    )
    more = [step for step in project.steps if step.name == WORKFLOW_STEP]
    steps = pipeline_steps(config, enabled_checks(config), more)
    return replace(project, steps=steps, settings=codec.dump_config(config))


def _rules(root: str) -> Rules:
    config, steps, _ = compile_project(FolderSources(root), CONFIG)
    baseline = os.path.join(root, config.security.baseline)
    known = fingerprints_of_file(baseline) if os.path.isfile(baseline) else ()
    failing = read_known_failures(root, config.gates.known_failures).names
    return Rules(config, steps, source_texts(root), frozenset(known), failing)


def _fork_point(project: Project, base: str) -> str:
    """The commit that both have: what the base has got since is none of this change's doing."""
    candidates = (f"origin/{base}", base)
    for name in candidates:
        try:
            return run_git(project.root, "merge-base", "HEAD", resolve_commit(project.root, name))
        except ConfigError:
            continue
    raise ConfigError(
        f"no commit that {base} and HEAD both have is here",
        "Name a commit, branch or tag of this repository.",
        code="git-failed",
    )
