"""The stand-in for GitHub's expressions, held to what GitHub's documentation says of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.github_expression import (
    ExpressionError,
    Scope,
    Status,
    Value,
    condition,
    equal,
    evaluate,
    interpolate,
    is_true,
    to_string,
)

CONTEXTS: dict[str, Value] = {
    "github": {"ref": "refs/heads/main", "event": {"labels": [{"name": "Bug"}, {"name": "ci"}]}},
    "inputs": {"environment": "staging", "count": 2.0, "dry": False, "empty": ""},
    "needs": {"dependency-check": {"result": "success"}, "snyk": {"result": "skipped"}},
}
SCOPE = Scope(CONTEXTS, files={"uv.lock": "a", "web/requirements.txt": "b"})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 == '1'", True),
        ("null == 0", True),
        ("'' == false", True),
        ("true == 'true'", False),  # 'true' is no number
        ("'Main' == 'mAIN'", True),
        ("' 0xff ' == 255", True),
        ("'abc' != 0", True),
        ("github == github", True),
        ("github.event.labels == fromJSON('[]')", False),
        ("'b' > 'A'", True),
        ("'x' < 1", False),  # NaN is neither
        ("'x' >= 1", False),
        ("inputs.environment || 'weekly'", "staging"),
        ("inputs.missing || 'weekly'", "weekly"),
        ("inputs.empty && 'never' || 'else'", "else"),
        ("inputs.count && 'two'", "two"),
        ("!inputs.dry", True),
        ("!!github", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("1 < 2 == true", True),
        ("needs.dependency-check.result", "success"),
        ("NEEDS.SNYK.RESULT", "skipped"),
        ("needs['snyk'].result", "skipped"),
        ("needs.*.result", ["success", "skipped"]),
        ("contains(needs.*.result, 'SKIPPED')", True),
        ("github.event.labels.*.name", ["Bug", "ci"]),
        ("github.event.labels[1].name", "ci"),
        ("github.event.labels[7].name", None),
        ("contains('Hello', 'ELL')", True),
        ("startsWith(github.ref, 'REFS/heads/')", True),
        ("endsWith(github.ref, 'main')", True),
        ("format('{0}-{1}{{x}}', 'a', 2)", "a-2{x}"),
        ("join(github.event.labels.*.name, '+')", "Bug+ci"),
        ("join(github.event.labels.*.name)", "Bug,ci"),
        ("fromJSON('{\"a\": [1, true]}').a[1]", True),
        ("toJSON(inputs.environment)", '"staging"'),
        ("'It''s'", "It's"),
        ("-2.5e1", -25.0),
        ("hashFiles('**/nothing')", ""),
        ("hashFiles('**/uv.lock') == hashFiles('uv.lock')", True),
        ("hashFiles('**/requirements*.txt') == hashFiles('*.txt')", False),
    ],
)
def test_values_are_those_of_the_documentation(expression: str, value: Value) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    "expression",
    [
        "secrets.TOKEN",
        "github.",
        "1 +",
        "(1",
        "'open",
        '"double"',
        "nothing()",
        "contains('a')",
        "format('{1}', 'a')",
        "fromJSON('{')",
        "1 2",
        "",
        "needs[",
    ],
)
def test_what_github_refuses_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, SCOPE)


def test_what_does_not_count_is_read_and_not_called() -> None:
    assert evaluate("false && fromJSON('{')", SCOPE) is False
    assert evaluate("'a' || fromJSON('{')", SCOPE) == "a"
    with pytest.raises(ExpressionError):
        evaluate("false && secrets.TOKEN", SCOPE)


@pytest.mark.parametrize(
    ("text", "success", "failure", "skipped", "cancelled"),
    [
        ("github.ref == 'refs/heads/main'", True, False, False, False),
        ("${{ !cancelled() }}", True, True, True, False),
        ("${{ !cancelled() && !failure() }}", True, False, True, False),
        ("always()", True, True, True, True),
        ("Failure()", False, True, False, False),
        ("cancelled()", False, False, False, True),
        ("success() || failure()", True, True, False, False),
        ("", True, False, False, False),
    ],
)
def test_a_condition_without_a_status_function_asks_for_success(
    text: str, success: bool, failure: bool, skipped: bool, cancelled: bool
) -> None:
    statuses: tuple[Status, ...] = ("success", "failure", "skipped", "cancelled")
    holds = [condition(text, Scope(CONTEXTS, status)) for status in statuses]
    assert holds == [success, failure, skipped, cancelled]


def test_text_around_an_expression_would_always_be_true() -> None:
    with pytest.raises(ExpressionError, match="always true"):
        condition("${{ false }} ", Scope(CONTEXTS)) or condition("! ${{ false }}", Scope(CONTEXTS))


def test_a_keys_only_expression_keeps_its_type_and_others_are_filled_in() -> None:
    assert interpolate("${{ inputs.count }}", SCOPE) == 2.0
    assert interpolate("a-${{ inputs.count }}-${{ 'x}}y' }}", SCOPE) == "a-2-x}}y"
    assert interpolate("${{ inputs.dry }}-${{ null }}-${{ github }}", SCOPE) == "false--Object"
    assert interpolate("plain", SCOPE) == "plain"


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-99, 99).map(float), st.text())


@given(_SCALARS, _SCALARS)
def test_equality_does_not_depend_on_the_side(left: Value, right: Value) -> None:
    assert equal(left, right) == equal(right, left)


@given(_SCALARS)
def test_a_value_equals_itself_and_is_either_true_or_its_negation_is(value: Value) -> None:
    assert equal(value, value)
    scope = Scope({"inputs": {"x": value}})
    assert evaluate("!inputs.x", scope) is not is_true(value)
    assert evaluate("inputs.x || 'else'", scope) == (value if is_true(value) else "else")


@given(st.text())
def test_a_text_survives_its_own_quotes(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert evaluate(quoted, Scope({})) == text
    assert evaluate(f"fromJSON(toJSON({quoted}))", Scope({})) == text


def test_numbers_are_written_as_github_writes_them() -> None:
    assert [to_string(value) for value in (1.0, -0.5, 1e21, math.nan, math.inf, True)] == [
        "1",
        "-0.5",
        "1e+21",
        "NaN",
        "Infinity",
        "true",
    ]
