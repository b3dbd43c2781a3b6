"""Metric math, as far as the rules use it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitoring.series import RULES

from shipway.monitoring.alarm_rules import ERROR_RATE
from shipway.monitoring.replay import evaluate_expression

counts = st.one_of(st.none(), st.integers(0, 10_000).map(float))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a+b*2", 7.0),
        ("(a+b)/2", 2.0),
        ("a-b", -2.0),
        ("a/0", None),
        ("a+gone", None),
        ("FILL(gone,0)+a", 1.0),
        ("IF(a>=1, b, 0)", 3.0),
        ("IF(a>1, b, 0)", 0.0),
        ("IF(gone>1, b, 0)", None),
        ("a==1", 1.0),
        ("a!=1", 0.0),
        ("a<b", 1.0),
        ("a<=0", 0.0),
    ],
)
def test_it_is_worked_out_as_cloudwatch_does(expression: str, expected: float | None) -> None:
    assert evaluate_expression(expression, {"a": 1.0, "b": 3.0, "gone": None}) == expected


@pytest.mark.parametrize(
    "expression", ["unknown", "a**2", "__import__('os')", "a.b", "a if a else 0"]
)
def test_what_no_rule_uses_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        evaluate_expression(expression, {"a": 1.0})


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="no metric math"):
        evaluate_expression("IF(", {})


@given(counts, counts, counts)
def test_the_error_rate_is_a_share_of_what_was_asked(
    requests: float | None, broken: float | None, refused: float | None
) -> None:
    broken = None if broken is None else min(broken, requests or 0.0)  # targets answer requests
    found = evaluate_expression(
        ERROR_RATE, {"requests": requests, "broken": broken, "refused": refused}
    )
    assert found is not None
    assert 0 <= found <= 100
    if not broken and not refused:
        assert found == 0
    if not requests and (refused or 0) >= 10:
        assert found == 100


def test_every_rules_expression_can_be_worked_out_without_any_data() -> None:
    for rule in RULES.values():
        if rule.expression:
            evaluate_expression(rule.expression, {metric.id: None for metric in rule.metrics})
