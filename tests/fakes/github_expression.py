"""The expressions of GitHub's workflows, evaluated as GitHub does; for tests.

Sources: "Evaluate expressions in workflows and actions" (operators, coercions, functions) and
"Contexts reference" (docs.github.com/en/actions/reference); no library for Python has them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Never

Value = None | bool | float | str | list["Value"] | dict[str, "Value"]
# Of what came before: "skipped" is neither a success nor a failure.
Status = Literal["success", "failure", "skipped", "cancelled"]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?0x[0-9a-fA-F]+|[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||[=!<>]=|[<>!().,*]|\[|\]))"
)
_EXPRESSION = re.compile(r"\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}")
_STATUS_FUNCTIONS = re.compile(r"\b(success|failure|cancelled|always)\s*\(", re.IGNORECASE)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class ExpressionError(AssertionError):
    """GitHub would refuse the workflow, or fail the job."""


@dataclass(frozen=True)
class Scope:
    """What an expression may look at.

    contexts: name → value; one that is not there may not be used in this place (contexts
    reference, "Context availability"). status: of what came before. files: path → content, for
    hashFiles().
    """

    contexts: Mapping[str, Value]
    status: Status = "success"
    files: Mapping[str, str] = field(default_factory=dict)


def evaluate(expression: str, scope: Scope) -> Value:
    """The value of what stands between `${{` and `}}`. Raises ExpressionError."""
    parser = _Parser(expression, scope)
    value = parser.disjunction(live=True)
    parser.end()
    return value


def interpolate(text: str, scope: Scope) -> Value:
    """The value of a key: of its only expression, with its type, or the text filled in."""
    if (whole := _EXPRESSION.fullmatch(text.strip())) is not None:
        return evaluate(whole[1], scope)
    return _EXPRESSION.sub(lambda match: to_string(evaluate(match[1], scope)), text)


def condition(text: str, scope: Scope) -> bool:
    """Whether an `if` holds: without a status function, `success() &&` goes before it."""
    match = _EXPRESSION.fullmatch(text.strip())
    expression = match[1] if match else text
    if match is None and "${{" in text:
        raise ExpressionError(f"{text!r} is text around an expression: it is always true")
    if not expression.strip():
        return scope.status == "success"
    holds = is_true(evaluate(expression, scope))
    return holds and (bool(_STATUS_FUNCTIONS.search(expression)) or scope.status == "success")


def is_true(value: Value) -> bool:
    """Falsy are false, 0, -0, "", null and NaN; every list and object is true."""
    if isinstance(value, list | dict):
        return True
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def to_number(value: Value) -> float:
    """null is 0, a truth value 0 or 1, text what JSON or 0x says, everything else NaN."""
    if value is None:
        return 0.0
    if isinstance(value, bool | float | int):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return 0.0
        for base, prefix in ((16, "0x"), (8, "0o")):
            if text.lower().startswith(prefix):
                try:
                    return float(int(text[2:], base))
                except ValueError:
                    return math.nan
        if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?Infinity", text):
            return float(text)
    return math.nan


def to_string(value: Value) -> str:
    """As it stands in a text. A list or object is only its kind."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        if math.isnan(value):
            return "NaN"
        return (
            f"{value:.15g}" if math.isfinite(value) else ("-Infinity" if value < 0 else "Infinity")
        )
    if isinstance(value, str):
        return value
    return "Array" if isinstance(value, list) else "Object"


def equal(left: Value, right: Value) -> bool:
    """`==`: text without regard to case; of different types, both as numbers; lists and objects
    only where they are the same one."""
    if isinstance(left, str) and isinstance(right, str):
        return left.upper() == right.upper()
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return left is right
    return to_number(left) == to_number(right)


def _compare(sign: str, left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        above, below = left.upper(), right.upper()
        return _COMPARISONS[sign](float((above > below) - (above < below)), 0.0)
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return left is right and "=" in sign
    return _COMPARISONS[sign](to_number(left), to_number(right))


@dataclass(frozen=True)
class _Filtered:
    """What `.*` leaves: the next property is taken of each."""

    items: list[Value]


class _Parser:
    """Evaluates while it reads. live: whether the value counts; what && and || leave out is only
    read, for its grammar."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._scope, self._at = text, scope, 0
        self._kind, self._token = "", ""
        self._next()

    def end(self) -> None:
        if self._kind:
            self._fault(f"unexpected {self._token!r}")

    def disjunction(self, *, live: bool) -> Value:
        value = self._conjunction(live=live)
        while self._take("||"):
            decided = is_true(value)
            other = self._conjunction(live=live and not decided)
            value = value if decided else other
        return value

    def _conjunction(self, *, live: bool) -> Value:
        value = self._equality(live=live)
        while self._take("&&"):
            decided = not is_true(value)
            other = self._equality(live=live and not decided)
            value = value if decided else other
        return value

    def _equality(self, *, live: bool) -> Value:
        value = self._relation(live=live)
        while self._token in ("==", "!=") and self._kind == "sign":
            same = self._token == "=="
            self._next()
            value = equal(value, self._relation(live=live)) is same
        return value

    def _relation(self, *, live: bool) -> Value:
        value = self._negation(live=live)
        while self._kind == "sign" and self._token in _COMPARISONS:
            sign = self._token
            self._next()
            value = _compare(sign, value, self._negation(live=live))
        return value

    def _negation(self, *, live: bool) -> Value:
        if self._take("!"):
            return not is_true(self._negation(live=live))
        return self._access(live=live)

    def _access(self, *, live: bool) -> Value:
        value: Value | _Filtered = self._primary(live=live)
        while True:
            if self._take("."):
                key: Value = "*" if self._take("*") else self._name()
            elif self._take("["):
                key = "*" if self._take("*") else self.disjunction(live=live)
                self._expect("]")
            else:
                return value.items if isinstance(value, _Filtered) else value
            value = _property(value, key)

    def _primary(self, *, live: bool) -> Value:
        kind, token = self._kind, self._token
        self._next()
        if kind == "string":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return to_number(token)
        if token == "(":
            value = self.disjunction(live=live)
            self._expect(")")
            return value
        if kind != "name":
            self._fault(f"unexpected {token or 'end'!r}")
        if self._take("("):
            return self._call(token, live=live)
        words: dict[str, Value] = {"true": True, "false": False, "null": None}
        if token in words:
            return words[token]
        contexts = {name.lower(): value for name, value in self._scope.contexts.items()}
        if token.lower() not in contexts:
            self._fault(f"{token} may not be used here")
        return contexts[token.lower()]

    def _call(self, name: str, *, live: bool) -> Value:
        arguments: list[Value] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self.disjunction(live=live))
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            self._fault(f"there is no function {name}")
        if not live:
            return None
        try:
            return function(self._scope, *arguments)
        except TypeError:
            self._fault(f"{name} does not take {len(arguments)} arguments")

    def _name(self) -> str:
        if self._kind != "name":
            self._fault(f"a property's name is wanted, not {self._token!r}")
        name = self._token
        self._next()
        return name

    def _take(self, sign: str) -> bool:
        if self._kind == "sign" and self._token == sign:
            self._next()
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._fault(f"{sign} is missing")

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            if self._text[self._at :].strip():
                self._fault(f"cannot read {self._text[self._at :].strip()!r}")
            self._kind = self._token = ""
            return
        self._at = match.end()
        self._kind = match.lastgroup or ""
        self._token = match[self._kind]

    def _fault(self, problem: str) -> Never:
        raise ExpressionError(f"{self._text.strip()}: {problem}")


def _property(value: Value | _Filtered, key: Value) -> Value | _Filtered:
    """A property is looked up without regard to case; what is not there is null, and a filter
    leaves it out."""
    if isinstance(value, _Filtered):
        parts = [_property(item, key) for item in value.items if _has(item, key)]
        flat: list[Value] = []
        for part in parts:
            flat += part.items if isinstance(part, _Filtered) else [part]
        return _Filtered(flat)
    if key == "*":
        if isinstance(value, dict):
            return _Filtered(list(value.values()))
        return _Filtered(value if isinstance(value, list) else [])
    if isinstance(value, dict):
        wanted = to_string(key).lower()
        return next((item for name, item in value.items() if name.lower() == wanted), None)
    if isinstance(value, list):
        index = to_number(key)
        return value[int(index)] if index in range(len(value)) else None
    return None


def _has(value: Value, key: Value) -> bool:
    if key == "*" or isinstance(value, list):
        return True
    return isinstance(value, dict) and to_string(key).lower() in map(str.lower, value)


def _contains(scope: Scope, where: Value, what: Value) -> Value:
    if isinstance(where, list):
        return any(equal(item, what) for item in where)
    return to_string(what).upper() in to_string(where).upper()


def _starts_with(scope: Scope, text: Value, start: Value) -> Value:
    return to_string(text).upper().startswith(to_string(start).upper())


def _ends_with(scope: Scope, text: Value, end: Value) -> Value:
    return to_string(text).upper().endswith(to_string(end).upper())


def _format(scope: Scope, pattern: Value, *values: Value) -> Value:
    def fill(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match[1] is None or int(match[1]) >= len(values):
            raise ExpressionError(f"format: {match[0]} of {to_string(pattern)!r} has no value")
        return to_string(values[int(match[1])])

    return re.sub(r"\{\{|\}\}|\{(\d+)\}|[{}]", fill, to_string(pattern))


def _join(scope: Scope, values: Value, separator: Value = ",") -> Value:
    items: Sequence[Value] = values if isinstance(values, list) else [values]
    return to_string(separator).join(map(to_string, items))


def _to_json(scope: Scope, value: Value) -> Value:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _from_json(scope: Scope, text: Value) -> Value:
    try:
        value: Value = json.loads(to_string(text), parse_int=float)
    except ValueError as problem:
        raise ExpressionError(f"fromJSON: {problem}") from None
    return value


def _hash_files(scope: Scope, *patterns: Value) -> Value:
    """ "" where no file matches; else a digest of those that do."""
    shapes = [_glob(to_string(pattern)) for pattern in patterns]
    paths = [path for path in sorted(scope.files) if any(shape.fullmatch(path) for shape in shapes)]
    if not paths:
        return ""
    content = "\0".join(scope.files[path] for path in paths)
    return hashlib.sha256(content.encode()).hexdigest()


def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    shapes = {"**/": r"(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(shapes.get(part, re.escape(part)) for part in parts))


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "contains": _contains,
    "startswith": _starts_with,
    "endswith": _ends_with,
    "format": _format,
    "join": _join,
    "tojson": _to_json,
    "fromjson": _from_json,
    "hashfiles": _hash_files,
    "success": lambda scope: scope.status == "success",
    "failure": lambda scope: scope.status == "failure",
    "cancelled": lambda scope: scope.status == "cancelled",
    "always": lambda scope: True,
}
