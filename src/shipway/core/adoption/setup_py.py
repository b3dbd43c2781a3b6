"""The requirements in a setup.py, without running it."""

from __future__ import annotations

import ast

from shipway.core.parsing import parsed


def install_requires(text: str) -> tuple[str, ...] | None:
    """What `setup(install_requires=…)` lists; None where only running it would tell."""
    tree = parsed(text)
    if tree is None:
        return None
    constants = {
        target.id: node.value
        for node in ast.walk(tree) if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for key in node.keywords:
                if key.arg == "install_requires":
                    return _listed(key.value, constants)
    return ()


def _listed(node: ast.expr, constants: dict[str, ast.expr]) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        node = constants.get(node.id, node)
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    texts = [one.value for one in node.elts if isinstance(one, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    return tuple(words) if len(words) == len(node.elts) else None
