"""Which modules of Shipway are imported inside functions, and that none import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import shipway

ROOT = Path(shipway.__file__).parent
# Importing them at the top would slow --help, an unchanged run or the start of a deploy: see
# test_startup.py and bench/startup.py.
LATE = {
    "shipway.cli.app": {"shipway.cli.completion", "shipway.cli.overview", "shipway.cli.verbose"},
    "shipway.cli.attestation": {"shipway.cli.attached_verdict"},
    "shipway.cli.dispatch": {"shipway.cli.error_message"},
    "shipway.cli.outcome_sharing": {"shipway.cli.shared_cache"},
    "shipway.cli.plan": {
        "shipway.checks.test_selection",
        "shipway.cli.deploy",
    },
    "shipway.cli.platforms": {
        "shipway.cli.ecs_dependencies",
        "shipway.rollouts.local.platform",
    },
    "shipway.cli.project": {"shipway.cli.project_settings"},
    "shipway.cli.rollout_notifier": {"shipway.cli.telemetry"},
    "shipway.cli.rollout_page": {"shipway.reports.html"},
    "shipway.cli.run": {
        "shipway.cli.baseline",
        "shipway.cli.own_rules",
        "shipway.cli.report",
        "shipway.cli.run_notifier",
        "shipway.cli.watch",
        "shipway.cli.telemetry",
        "shipway.reports.live_console",
    },
    "shipway.cli.shared_cache": {
        "shipway.aws.clients",
        "shipway.aws.outcome_store",
        "shipway.aws.retry",
    },
    "shipway.cli.step_executor": {"shipway.cli.step_worker"},
    "shipway.cli.step_worker": {
        "shipway.checks.registry",
        "shipway.cli.deploy",
        "shipway.cli.image_steps",
        "shipway.cli.own_rules",
        "shipway.cli.workflows",
        "shipway.releases.package",
    },
    "shipway.cli.telemetry": {"shipway.telemetry.otlp"},
    "shipway.pipeline.codec": {"shipway.config.schema"},
}


def modules() -> dict[str, ast.Module]:
    """Name → syntax tree."""
    return {
        ".".join(("shipway", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): ast.parse(path.read_text(encoding="utf-8"))
        for path in ROOT.rglob("*.py")
    }


def imports(tree: ast.AST, known: dict[str, ast.Module]) -> Iterator[str]:
    """The modules of Shipway that the code imports, wherever it does."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            full = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            names = [name if name in known else node.module for name in full.values()]
        yield from (name for name in names if name in known)


def late(tree: ast.Module, known: dict[str, ast.Module]) -> set[str]:
    """Those that functions import."""
    functions = (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {name for function in functions for name in imports(function, known)}


def test_a_late_import_is_seen() -> None:
    tree = ast.parse("import a\ndef f():\n    def g():\n        from a import b, c\n")
    assert late(tree, {"a": tree, "a.b": tree}) == {"a", "a.b"}
    assert late(ast.parse("import a"), {"a": tree}) == set()


def test_only_what_slows_the_start_is_imported_inside_functions() -> None:
    known = modules()
    imported = {name: names for name, tree in known.items() if (names := late(tree, known))}
    assert imported == LATE


def test_no_modules_import_each_other_not_even_inside_functions() -> None:
    known = modules()
    assert len(known) > 300
    graph = {name: set(imports(tree, known)) - {name} for name, tree in known.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
