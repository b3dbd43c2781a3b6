"""Findings with what stands at their places, of which their fingerprints are made."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from shipway.findings.finding import Finding, FindingKind, FindingState
from shipway.source_text import parse_source

# What stands at a place, in one form: the same after reformatting, moving and renaming.
#
# For Python it is the innermost statement that covers the line, as `ast.unparse` writes it, so that
# neither spaces nor quotes nor line breaks matter; of a compound statement (def, with, if …) only
# the head. Anything else, and what is not valid Python, is its line with single spaces.

_SPACES = re.compile(r"\s+")
_HOLDING = ("handlers", "orelse", "finalbody", "cases")  # beside "body", in ast.walk's order


def code_contexts(path: str, text: str, lines: Sequence[int]) -> dict[int, str]:
    """What stands at each of some lines of a file; nothing for lines that it does not have."""
    tree = parse_source(text) if path.endswith((".py", ".pyi")) else None
    return code_contexts_of(tree, text, lines)


def code_contexts_of(tree: ast.Module | None, text: str, lines: Sequence[int]) -> dict[int, str]:
    """The same for a file that is parsed already; None: one that is not Python."""
    rows = text.splitlines()
    line_numbers = sorted({line for line in lines if 0 < line <= len(rows)})
    nodes = _innermost(tree, line_numbers) if tree else {}
    # Several lines often stand in one statement, and to write one takes long.
    written = {node: ast.unparse(_head(node)) for node in dict.fromkeys(nodes.values())}
    return {
        line: _SPACES.sub(" ", written[nodes[line]] if line in nodes else rows[line - 1]).strip()
        for line in line_numbers
    }


def _innermost(tree: ast.Module, line_numbers: Sequence[int]) -> dict[int, ast.stmt]:
    """The shortest statement at each of some lines, in order; of equally long ones the outer."""
    innermost: dict[int, ast.stmt] = {}
    lengths: dict[int, int] = {}
    for start, end, node in _statements(tree):
        for index in range(bisect_left(line_numbers, start), bisect_right(line_numbers, end)):
            line = line_numbers[index]
            if line not in innermost or end - start < lengths[line]:
                innermost[line], lengths[line] = node, end - start
    return innermost


def _statements(tree: ast.Module) -> Iterator[tuple[int, int, ast.stmt]]:
    """(first line, last line of its own part, statement), outer ones first.

    Only what can hold statements is looked into: most of a tree are expressions.
    """
    todo: deque[ast.AST] = deque([tree])
    while todo:
        node = todo.popleft()
        body: list[ast.stmt] = getattr(node, "body", None) or []
        if isinstance(node, ast.stmt):
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            decorators = getattr(node, "decorator_list", ())
            start = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            yield start, max(end, node.lineno), node
        todo += body
        for name in _HOLDING:
            todo += getattr(node, name, ())


def _head(node: ast.stmt) -> ast.stmt:
    """A compound statement without what it holds."""
    if not getattr(node, "body", None):
        return node
    fields = dict(ast.iter_fields(node))
    fields["body"] = [ast.Expr(ast.Constant(...))]
    for name in ("orelse", "finalbody", "handlers", "cases"):
        if name in fields:
            fields[name] = []
    if isinstance(node, ast.Try | ast.TryStar):
        fields["finalbody"] = fields["body"]
    if isinstance(node, ast.Match):
        return ast.Expr(node.subject)
    return ast.copy_location(type(node)(**fields), node)


def with_code_context(findings: Sequence[Finding], texts: Mapping[str, str]) -> Iterable[Finding]:
    """Each finding with what stands at its place, unless its check gave that already.

    texts: path → text of the files. Only code and configuration have a content of that kind.
    """
    lines: dict[str, set[int]] = {}
    for finding in findings:
        if _wants(finding):
            lines.setdefault(finding.path, set()).add(finding.line)
    by_path = {
        path: code_contexts(path, texts[path], sorted(numbers))
        for path, numbers in lines.items()
        if path in texts
    }
    for finding in findings:
        content = by_path.get(finding.path, {}).get(finding.line, "") if _wants(finding) else ""
        yield replace(finding, content=content, known_fingerprint="") if content else finding


def _wants(finding: Finding) -> bool:
    return finding.kind in (FindingKind.CODE, FindingKind.CONFIGURATION) and not finding.content


# New against old: which findings a change adds, and which it mends.


def compare_to_baseline(
    findings: Sequence[Finding], before: Iterable[str]
) -> tuple[tuple[Finding, ...], int]:
    """The findings with those marked that were there before, and how many of those are gone.

    before: fingerprints. One that was there twice excuses two findings, not three.
    """
    left = Counter(before)
    marked = []
    for finding in findings:
        if finding.state is FindingState.OPEN and left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            finding = replace(finding, state=FindingState.KNOWN, because="it was there before")
        elif finding.state in (FindingState.WAIVED, FindingState.DISMISSED):
            left[finding.fingerprint] -= 1
        marked.append(finding)
    return tuple(marked), sum(count for count in left.values() if count > 0)
