"""What runs in an application's own environment is read by the oldest Python that it may have."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from shipway.checks import scripts
from shipway.pipeline.injected import HERE
from shipway.scaffold.python_version import OLDEST

SCRIPTS = Path(os.path.dirname(scripts.__file__))
INSIDE = [
    Path(HERE) / "shipway_fault.py",
    Path(HERE) / "shipway_routes.py",
    *(
        SCRIPTS / f"{name}.py"
        for name in ("measure_tests", "measure_django", "measured_run", "import_packages")
    ),
    *(SCRIPTS / f"{name}.py" for name in ("executed_tests", "code_blocks", "reported_test")),
    SCRIPTS / "combine_coverage.py",
]
NEWER = {"removeprefix", "removesuffix", "cache", "pairwise", "batched"}


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path.stem)
def test_it_has_no_newer_syntax_and_no_newer_names(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=OLDEST)
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not used & NEWER
    evaluated = [
        statement
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Subscript)
    ]
    assert not evaluated  # `list[str]` outside an annotation is an error before 3.9
