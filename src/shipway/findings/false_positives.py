"""Findings that nobody need read: a look at the code shows that they are none.

Some rules of bandit go by the look of a call alone: any subprocess, any SQL with braces. Where
every value in it is written in the same file, nothing from outside can reach it, and the finding is
set aside; where that is not certain, it stays. Other tools' findings at the same place stay, too.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from shipway.findings.finding import Finding, FindingState
from shipway.source_text import parse_source

# What is written in a Python file: expressions that nothing from outside can change.

_DEEPEST = 20  # of names that stand for names; also what ends a circle
_TEXT = {"format", "join", "strip", "lstrip", "rstrip", "lower", "upper", "replace", "encode"}
_CHANGING = {
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
    "update",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SHOWN = {ast.Call, ast.JoinedStr, ast.BinOp, ast.Assign, ast.AnnAssign}
_NOTED = {
    ast.Name,
    ast.arg,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.alias,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
    ast.MatchMapping,
    ast.Global,
    ast.Nonlocal,
    ast.Assign,
    ast.AnnAssign,
    ast.Subscript,
    ast.Attribute,
}


class ConstantAnalyzer:
    """Knows of every expression of a file whether all of its values stand in the file.

    In doubt it says no: for a name that is bound twice, a parameter, an attribute, a call.
    nodes: its calls, assignments, and texts that are put together.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._around: dict[ast.AST, tuple[Function, ...]] = {}
        self._bound: dict[Function | None, Counter[str]] = defaultdict(Counter)
        self._value: dict[tuple[Function | None, str], ast.expr] = {}
        self._changed: set[str] = set()
        self.nodes: list[ast.expr | ast.stmt] = []
        self._enter(tree, ())

    def constant(self, node: ast.AST | None, depth: int = 0) -> bool:
        """Whether each value that it can have is written in the file."""
        if depth > _DEEPEST:
            return False
        if isinstance(node, ast.Name):
            value = self._only_value(node)
            return value is not None and self.constant(value, depth + 1)
        if isinstance(node, ast.Subscript):  # whatever is looked up in it
            return self.constant(node.value, depth)
        if isinstance(node, ast.Call):
            return self._constant_call(node, depth)
        parts = _parts(node)
        return parts is not None and all(self.constant(part, depth) for part in parts)

    def listed(self, node: ast.AST | None) -> bool:
        """Whether it is a list of values, all written in the file."""
        if isinstance(node, ast.Name):
            value = self._only_value(node)
            return isinstance(value, ast.List | ast.Tuple) and self.constant(value)
        return isinstance(node, ast.List | ast.Tuple) and self.constant(node)

    def once(self, node: ast.Name) -> bool:
        """Whether its name is bound at one place only of the function that it stands in."""
        scope = next(iter(self._around[node]), None)
        return self._bound[scope][node.id] == 1

    def _constant_call(self, node: ast.Call, depth: int) -> bool:
        method = node.func
        if not isinstance(method, ast.Attribute) or not self.constant(method.value, depth):
            return False
        arguments = [*node.args, *(word.value for word in node.keywords)]
        if method.attr == "get":  # a table's; it is asked for anything, and answers its own
            arguments = arguments[1:]
        elif method.attr not in _TEXT:
            return False
        return all(self.constant(argument, depth) for argument in arguments)

    def _only_value(self, node: ast.Name) -> ast.expr | None:
        for scope in (*self._around[node], None):
            if count := self._bound[scope][node.id]:
                once = count == 1 and node.id not in self._changed
                return self._value.get((scope, node.id)) if once else None
        return None

    def _enter(self, node: ast.AST, around: tuple[Function, ...]) -> None:
        """Remember what is bound where; around: the functions around it, the innermost first."""
        todo = [(node, around)]
        while todo:
            node, around = todo.pop()
            kind = type(node)
            if kind in _NOTED:
                self._around[node] = around
                self._note(node, around[0] if around else None)
            if kind in _SHOWN:
                self.nodes.append(node)  # type: ignore[arg-type]  # both have lines
            inner = (node, *around) if isinstance(node, Function) else around
            for name in kind._fields:
                child = getattr(node, name, None)
                if isinstance(child, list):
                    todo += [(item, inner) for item in child if isinstance(item, ast.AST)]
                elif isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                    todo.append((child, inner))

    def _note(self, node: ast.AST, scope: Function | None) -> None:
        for name in _binds(node):
            self._bound[scope][name] += 1
        if isinstance(node, ast.Global | ast.Nonlocal):
            self._changed.update(node.names)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    self._value[scope, target.id] = node.value
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self._changed.update(_name_of(node.value))
        if isinstance(node, ast.Attribute) and node.attr in _CHANGING:
            self._changed.update(_name_of(node.value))


_MADE_OF_PARTS = (
    ast.Constant,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.BinOp,
    ast.BoolOp,
    ast.UnaryOp,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.Starred,
)


def _parts(node: ast.AST | None) -> list[ast.expr] | None:
    """What it is made of; None where its value depends on more."""
    if isinstance(node, ast.IfExp):  # whatever decides
        return [node.body, node.orelse]
    if isinstance(node, _MADE_OF_PARTS):
        return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    return None


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id
        case ast.arg():
            yield node.arg
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.alias():
            yield (node.asname or node.name).split(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name


def _name_of(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


CONSTANT = "every value in it is written in the code"
NAME = "it names where the secret is, and is none itself"
# Checks of checkov about how a service is run, not about who gets in: advice, each at a price.
OPERATIONS = {
    "CKV_AWS_18": "a bucket's own log of who came; CloudTrail can keep one for all",
    "CKV_AWS_21": "earlier versions of objects: for mistakes of one's own",
    "CKV_AWS_115": "how many copies of a function run at once",
    "CKV_AWS_116": "what becomes of events that a function could not use",
    "CKV_AWS_118": "measurements of the database's machine",
    "CKV_AWS_120": "a cache for answers",
    "CKV_AWS_157": "a second database in another building",
    "CKV_AWS_161": "another way to log in beside the password",
}


def dismiss_false_positives(
    findings: Sequence[Finding], texts: Mapping[str, str]
) -> tuple[Finding, ...]:
    """The findings, those that are none or advice only with state and reason.

    texts: path → text of the files. Only what one tool alone reports, and is open, is looked at.
    """
    judged = list(findings)
    lines: dict[str, set[int]] = defaultdict(set)
    for finding in judged:
        if _of_code(finding):
            lines[finding.path].add(finding.line)
    file, path = _File(""), ""
    # One file after the other, so that only one is held.
    for index in sorted(range(len(judged)), key=lambda index: judged[index].path):
        finding = judged[index]
        if finding.path != path and _of_code(finding) and finding.path in texts:
            file, path = _File(texts[finding.path], lines[finding.path]), finding.path
        judged[index] = _judged(finding, texts, file if finding.path == path else None)
    return tuple(judged)


def _of_code(finding: Finding) -> bool:
    alone = not finding.also and finding.state is FindingState.OPEN
    return alone and finding.tool == "bandit" and finding.rule in _JUDGES


def _judged(finding: Finding, texts: Mapping[str, str], file: _File | None) -> Finding:
    if finding.also or finding.state is not FindingState.OPEN:
        return finding
    because = OPERATIONS.get(finding.rule, "") if finding.tool == "checkov" else ""
    if (finding.tool, finding.rule) == ("hadolint", "DL3064"):
        because = _names_files(
            texts.get(finding.path, "").splitlines()[finding.line - 1 : finding.line]
        )
    if file and _of_code(finding):
        because = file.harmless(finding)
    return replace(finding, state=FindingState.DISMISSED, because=because) if because else finding


def _names_files(rows: Sequence[str]) -> str:
    """ENV PASSWORD_FILE=/run/secrets/password: how images are told where a mounted secret is."""
    return NAME if rows and all(_FILES_ONLY.fullmatch(row.strip()) for row in rows) else ""


class _File:
    """A Python file; one that Python cannot read says nothing for anybody."""

    def __init__(self, text: str, lines: Set[int] = frozenset()) -> None:
        self._at: dict[int, list[ast.AST]] = {line: [] for line in lines}
        tree = parse_source(text)
        if tree is None:
            return
        self._written = ConstantAnalyzer(tree)
        requested = sorted(lines)
        for node in self._written.nodes:
            first = bisect_left(requested, node.lineno)
            for line in requested[first : bisect_right(requested, node.end_lineno or node.lineno)]:
                self._at[line].append(node)

    def harmless(self, finding: Finding) -> str:
        """Why a finding is none; "" where that is not certain."""
        nodes = self._at.get(finding.line, [])
        because, judge = _JUDGES[finding.rule]
        return because if nodes and judge(nodes, self._written) else ""


def _constant_command(nodes: Sequence[ast.AST], written: ConstantAnalyzer) -> bool:
    """Every program that is started there is started with words of the file."""
    arguments = [_argument(node, "args") for node in nodes if _called(node) in _STARTS]
    return bool(arguments) and all(written.constant(argument) for argument in arguments)


def _constant_query(nodes: Sequence[ast.AST], written: ConstantAnalyzer) -> bool:
    """Every text that is put together there, and nothing is added to it later."""
    texts = [
        node
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        or _called(node) in ("format", "replace")
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod))
    ]
    names = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [
        target
        for node in names
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    simple = all(isinstance(target, ast.Name) and written.once(target) for target in targets)
    return bool(texts) and simple and all(written.constant(text) for text in texts)


def _constant_address(nodes: Sequence[ast.AST], written: ConstantAnalyzer) -> bool:
    """Every address that is opened there is one of the file, and no file: of this machine."""
    arguments = [
        _argument(node, "url") for node in nodes if _called(node) in ("urlopen", "Request")
    ]
    starts = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
    secure = all(isinstance(start, str) and start.startswith("https://") for start in starts)
    return bool(arguments) and len(starts) == len(arguments) and secure


def _constant_choice(nodes: Sequence[ast.AST], written: ConstantAnalyzer) -> bool:
    """A choice, alone, from a list of the file: nobody keeps a secret in one. Many of them put
    together, as from a list of words or letters, can be one."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    arguments = [_argument(node, "seq") for node in calls if _called(node) == "choice"]
    alone = len(calls) == len(arguments) == 1
    return alone and all(written.listed(argument) for argument in arguments)


def _names_a_secret(nodes: Sequence[ast.AST], written: ConstantAnalyzer) -> bool:
    """PASSWORD_FIELD = "password": the name says that its value is another name."""
    names = [
        target.id
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    return bool(names) and all(_OF_A_NAME.search(name) for name in names)


def _argument(node: ast.AST, word: str) -> ast.expr | None:
    """The first argument of a call, by place or by word."""
    assert isinstance(node, ast.Call)
    values = (key.value for key in node.keywords if key.arg == word)
    return node.args[0] if node.args else next(values, None)


def _called(node: ast.AST) -> str:
    """The last name of what is called; "" where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


_STARTS = {
    "run",
    "call",
    "check_call",
    "check_output",
    "Popen",
    "getoutput",
    "getstatusoutput",
    "system",
    "popen",
}
_OF_A_NAME = re.compile(r"(?i)_(field|column|header|label|parameter|param|variable|env|path|file)$")
_FILES_ONLY = re.compile(r"(?i)env(\s+\w+_(file|path|dir)=[\"']?/[^\s\"'\\]*[\"']?)+")
_Judge = Callable[[Sequence[ast.AST], ConstantAnalyzer], bool]
# Rules of bandit → why their findings are none, and when.
_JUDGES: dict[str, tuple[str, _Judge]] = {
    "B105": (NAME, _names_a_secret),
    "B310": (CONSTANT, _constant_address),
    "B311": (CONSTANT, _constant_choice),
    **dict.fromkeys(("B602", "B603", "B605"), (CONSTANT, _constant_command)),
    "B608": (CONSTANT, _constant_query),
}
