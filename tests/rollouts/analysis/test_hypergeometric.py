"""The laws of one window's e-values, by enumeration and against scipy."""

from __future__ import annotations

from math import comb, exp, inf, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.analysis.hypergeometric import (
    EXACT,
    ContingencyTable,
    log_ratios,
    log_ratios_alone,
    log_weight,
)

sizes = st.integers(1, 40)
odds = st.sampled_from([0.05, 0.5, 0.85, 1.0, 1.25, 3.0, 30.0, 1000.0])


def outcomes(ours: int, theirs: int, drawn: int) -> list[ContingencyTable]:
    """All ways to share out so many events."""
    return [
        ContingencyTable(ours, theirs, k, drawn - k)
        for k in range(max(0, drawn - theirs), min(ours, drawn) + 1)
    ]


@given(sizes, sizes, st.data(), odds)
def test_the_weight_is_the_sum_of_its_terms(
    ours: int, theirs: int, data: st.DataObject, ratio: float
) -> None:
    drawn = data.draw(st.integers(0, ours + theirs))
    terms = sum(
        comb(ours, one.candidate_events)
        * comb(theirs, one.baseline_events)
        * ratio**one.candidate_events
        for one in outcomes(ours, theirs, drawn)
    )
    found = log_weight(outcomes(ours, theirs, drawn)[0], ratio)
    assert found == pytest.approx(log(terms), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("ratio", [0.3, 1.5, 10.0, 300.0])
@pytest.mark.parametrize(
    "table",
    [
        ContingencyTable(5, 45, 2, 1),
        ContingencyTable(300, 900, 40, 60),
        ContingencyTable(9, 9, 9, 3),
    ],
)
def test_probabilities_are_those_of_scipy(table: ContingencyTable, ratio: float) -> None:
    from scipy.stats import nchypergeom_fisher  # a second of CPU: for this test alone

    total = table.candidate + table.baseline
    law = nchypergeom_fisher(total, table.candidate, table.events, ratio)
    plain = nchypergeom_fisher(total, table.candidate, table.events, 1.0)
    expected = law.logpmf(table.candidate_events) - plain.logpmf(table.candidate_events)
    assert log_ratios(table, [ratio])[0] == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(sizes, sizes, st.data(), odds, st.sampled_from([1.0, 1.5, 3.0]))
def test_the_mean_is_at_most_one_if_the_candidate_is_no_worse(
    ours: int, theirs: int, data: st.DataObject, truth: float, null: float
) -> None:
    drawn = data.draw(st.integers(0, ours + theirs))
    tables = outcomes(ours, theirs, drawn)
    truth = min(truth, null)
    weights = [
        comb(ours, one.candidate_events)
        * comb(theirs, one.baseline_events)
        * truth**one.candidate_events
        for one in tables
    ]
    for tried in (1.25 * null, 10.0 * null, 1000.0 * null):
        values = [exp(log_ratios(one, [tried], null)[0]) for one in tables]
        mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
        assert mean <= 1.0 + 1e-9
        if truth == null:
            assert mean == pytest.approx(1.0, rel=1e-8)


@given(st.integers(1, 25), st.floats(0.001, 0.5), st.floats(0.0, 1.0))
def test_alone_the_mean_is_at_most_one_within_the_limit(
    requests: int, limit: float, part: float
) -> None:
    rate = limit * part
    for ratio in (1.5, 10.0, 1000.0):
        mean = sum(
            comb(requests, k)
            * rate**k
            * (1 - rate) ** (requests - k)
            * exp(log_ratios_alone(requests, k, [ratio], limit)[0])
            for k in range(requests + 1)
        )
        assert mean <= 1.0 + 1e-9


@given(sizes, sizes, st.data())
def test_one_more_error_of_the_candidate_is_more_evidence(
    ours: int, theirs: int, data: st.DataObject
) -> None:
    events = data.draw(st.integers(0, ours - 1))
    others = data.draw(st.integers(0, theirs))
    fewer = log_ratios(ContingencyTable(ours, theirs, events, others), [1.25, 5.0, 1000.0])
    more = log_ratios(ContingencyTable(ours, theirs, events + 1, others), [1.25, 5.0, 1000.0])
    assert all(b >= a - 1e-9 for a, b in zip(fewer, more, strict=True))


@pytest.mark.parametrize("total", [10**4, 10**5, 10**6])
@pytest.mark.parametrize("rate", [1e-5, 0.01, 0.5, 0.999])
def test_a_million_requests_are_no_trouble(total: int, rate: float) -> None:
    events = int(total * rate)
    logs = log_ratios(ContingencyTable(total, total, events, events), [1.25, 1000.0])
    assert all(isfinite(one) and -inf < one <= 1e-6 for one in logs)


def test_the_bound_for_many_is_below_the_exact_value() -> None:
    ours, theirs = EXACT + 1, 4 * EXACT
    for more in (0, 200, 1000):
        table = ContingencyTable(ours, theirs, EXACT // 2 + more, 2 * EXACT)
        bound = log_ratios(table, [1.25])[0]
        exact = (
            table.candidate_events * log(1.25) + log_weight(table, 1.0) - log_weight(table, 1.25)
        )
        assert bound <= exact + 1e-6
