"""Findings that nobody need read: a look at the code shows that they are none.

Some rules of bandit go by the look of a call alone: any subprocess, any SQL with braces. Where
every value in it is written in the same file, nothing from outside can reach it, and the finding is
set aside; where that is not certain, it stays. Other tools' findings at the same place stay, too.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace

from shipway.core.finding import Finding, State
from shipway.core.parsing import parsed
from shipway.core.written import Written

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


def set_aside(findings: Sequence[Finding], texts: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings, those that are none or advice only with state and reason.

    texts: path → text of the files. Only what one tool alone reports, and is open, is looked at.
    """
    judged = list(findings)
    lines: dict[str, set[int]] = defaultdict(set)
    for one in judged:
        if _of_code(one):
            lines[one.path].add(one.line)
    file, path = _File(""), ""
    # One file after the other, so that only one is held.
    for place in sorted(range(len(judged)), key=lambda place: judged[place].path):
        one = judged[place]
        if one.path != path and _of_code(one) and one.path in texts:
            file, path = _File(texts[one.path], lines[one.path]), one.path
        judged[place] = _judged(one, texts, file if one.path == path else None)
    return tuple(judged)


def _of_code(one: Finding) -> bool:
    alone = not one.also and one.state is State.OPEN
    return alone and one.tool == "bandit" and one.rule in _JUDGES


def _judged(one: Finding, texts: Mapping[str, str], file: _File | None) -> Finding:
    if one.also or one.state is not State.OPEN:
        return one
    because = OPERATIONS.get(one.rule, "") if one.tool == "checkov" else ""
    if (one.tool, one.rule) == ("hadolint", "DL3064"):
        because = _names_files(texts.get(one.path, "").splitlines()[one.line - 1 : one.line])
    if file and _of_code(one):
        because = file.harmless(one)
    return replace(one, state=State.SET_ASIDE, because=because) if because else one


def _names_files(rows: Sequence[str]) -> str:
    """ENV PASSWORD_FILE=/run/secrets/password: how images are told where a mounted secret is."""
    return NAME if rows and all(_FILES_ONLY.fullmatch(row.strip()) for row in rows) else ""


class _File:
    """A Python file; one that Python cannot read says nothing for anybody."""

    def __init__(self, text: str, lines: Set[int] = frozenset()) -> None:
        self._at: dict[int, list[ast.AST]] = {line: [] for line in lines}
        tree = parsed(text)
        if tree is None:
            return
        self._written = Written(tree)
        asked = sorted(lines)
        for node in self._written.nodes:
            first = bisect_left(asked, node.lineno)
            for line in asked[first : bisect_right(asked, node.end_lineno or node.lineno)]:
                self._at[line].append(node)

    def harmless(self, finding: Finding) -> str:
        """Why a finding is none; "" where that is not certain."""
        found = self._at.get(finding.line, [])
        because, judge = _JUDGES[finding.rule]
        return because if found and judge(found, self._written) else ""


def _constant_command(nodes: Sequence[ast.AST], written: Written) -> bool:
    """Every program that is started there is started with words of the file."""
    given = [_argument(node, "args") for node in nodes if _called(node) in _STARTS]
    return bool(given) and all(written.constant(one) for one in given)


def _constant_query(nodes: Sequence[ast.AST], written: Written) -> bool:
    """Every text that is put together there, and nothing is added to it later."""
    texts = [
        node for node in nodes
        if isinstance(node, ast.JoinedStr) or _called(node) in ("format", "replace")
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod))
    ]  # fmt: skip
    names = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [
        target for node in names
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]  # fmt: skip
    kept = all(isinstance(one, ast.Name) and written.once(one) for one in targets)
    return bool(texts) and kept and all(written.constant(one) for one in texts)


def _constant_address(nodes: Sequence[ast.AST], written: Written) -> bool:
    """Every address that is opened there is one of the file, and no file: of this machine."""
    given = [_argument(node, "url") for node in nodes if _called(node) in ("urlopen", "Request")]
    starts = [one.value for one in given if isinstance(one, ast.Constant)]
    secure = all(isinstance(one, str) and one.startswith("https://") for one in starts)
    return bool(given) and len(starts) == len(given) and secure


def _constant_choice(nodes: Sequence[ast.AST], written: Written) -> bool:
    """A choice, alone, from a list of the file: nobody keeps a secret in one. Many of them put
    together, as from a list of words or letters, can be one."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    given = [_argument(node, "seq") for node in calls if _called(node) == "choice"]
    alone = len(calls) == len(given) == 1
    return alone and all(written.listed(one) for one in given)


def _names_a_secret(nodes: Sequence[ast.AST], written: Written) -> bool:
    """PASSWORD_FIELD = "password": the name says that its value is another name."""
    named = [
        target.id for node in nodes if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    ]  # fmt: skip
    return bool(named) and all(_OF_A_NAME.search(one) for one in named)


def _argument(node: ast.AST, word: str) -> ast.expr | None:
    """The first argument of a call, by place or by word."""
    assert isinstance(node, ast.Call)
    given = (key.value for key in node.keywords if key.arg == word)
    return node.args[0] if node.args else next(given, None)


def _called(node: ast.AST) -> str:
    """The last name of what is called; "" where nothing is."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


_STARTS = {
    "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput",
    "system", "popen",
}  # fmt: skip
_OF_A_NAME = re.compile(r"(?i)_(field|column|header|label|parameter|param|variable|env|path|file)$")
_FILES_ONLY = re.compile(r"(?i)env(\s+\w+_(file|path|dir)=[\"']?/[^\s\"'\\]*[\"']?)+")
_Judge = Callable[[Sequence[ast.AST], Written], bool]
# Rules of bandit → why their findings are none, and when.
_JUDGES: dict[str, tuple[str, _Judge]] = {
    "B105": (NAME, _names_a_secret),
    "B310": (CONSTANT, _constant_address),
    "B311": (CONSTANT, _constant_choice),
    **dict.fromkeys(("B602", "B603", "B605"), (CONSTANT, _constant_command)),
    "B608": (CONSTANT, _constant_query),
}
