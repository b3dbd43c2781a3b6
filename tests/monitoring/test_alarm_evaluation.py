"""What CloudWatch makes of datapoints, against its user guide's own tables, and laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitoring.series import plain, points

from shipway.monitoring.alarm import AlarmMetric, AlarmRule, MissingData
from shipway.monitoring.replay import AlarmState, alarm_states, evaluate_alarm, has_too_few

OK, ALARM, NONE = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT
KEPT = "kept"

# "Configuring how CloudWatch alarms treat missing data": the columns are missing, ignore,
# breaching, notBreaching. First three of three, then two of three.
ALL_OF_THREE = [
    ("0 - X - X", OK, OK, OK, OK),
    ("0 - - - -", OK, OK, OK, OK),
    ("- - - - -", NONE, KEPT, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
    ("- - X - -", ALARM, KEPT, ALARM, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
    ("0 - X - -", OK, OK, ALARM, OK),
    ("- - - - 0", OK, OK, ALARM, OK),
    ("- - - X -", ALARM, KEPT, ALARM, OK),
]
COLUMNS = (
    MissingData.MISSING,
    MissingData.IGNORE,
    MissingData.BREACHING,
    MissingData.NOT_BREACHING,
)


@pytest.mark.parametrize("before", list(AlarmState))
@pytest.mark.parametrize(
    ("datapoints", "row"),
    [(3, row) for row in ALL_OF_THREE] + [(2, row) for row in TWO_OF_THREE],
)
def test_the_user_guides_tables_hold(
    datapoints: int, row: tuple[str, ...], before: AlarmState
) -> None:
    for missing, expected in zip(COLUMNS, row[1:], strict=True):
        found = evaluate_alarm(plain(datapoints, 3, missing), points(row[0]), before)
        assert found == (before if expected == KEPT else expected), missing


values = st.lists(st.sampled_from([0.0, 1.0, None]), max_size=12)
shapes = st.integers(1, 6).flatmap(lambda of: st.tuples(st.integers(1, of), st.just(of)))
states = st.sampled_from(list(AlarmState))
treatments = st.sampled_from(list(MissingData))


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=8, max_size=12), shapes, states, treatments)
def test_with_all_data_there_only_the_newest_periods_count(
    row: list[float], shape: tuple[int, int], before: AlarmState, missing: MissingData
) -> None:
    datapoints, of = shape
    found = evaluate_alarm(plain(datapoints, of, missing), row, before)
    assert found == (ALARM if sum(row[-of:]) >= datapoints else OK)


@given(values, shapes, states)
def test_missing_data_that_is_bad_never_rings_less_than_when_it_is_good(
    row: list[float | None], shape: tuple[int, int], before: AlarmState
) -> None:
    good = evaluate_alarm(plain(*shape, MissingData.NOT_BREACHING), row, before)
    bad = evaluate_alarm(plain(*shape, MissingData.BREACHING), row, before)
    assert (good, bad) != (ALARM, OK)


@given(values, shapes, states, treatments, st.integers(0, 11))
def test_a_worse_datapoint_never_ends_an_alarm(
    row: list[float | None],
    shape: tuple[int, int],
    before: AlarmState,
    missing: MissingData,
    at: int,
) -> None:
    worse = [1.0 if place == at and one == 0.0 else one for place, one in enumerate(row)]
    rule = plain(*shape, missing)
    if evaluate_alarm(rule, row, before) == ALARM:
        assert evaluate_alarm(rule, worse, before) == ALARM


@given(values, shapes, states)
def test_only_treatments_that_say_so_depend_on_the_state_before(
    row: list[float | None], shape: tuple[int, int], before: AlarmState
) -> None:
    for missing in (MissingData.MISSING, MissingData.BREACHING, MissingData.NOT_BREACHING):
        rule = plain(*shape, missing)
        assert evaluate_alarm(rule, row, before) == evaluate_alarm(rule, row, OK)


def test_a_new_alarm_has_no_data_and_then_a_state_for_every_period() -> None:
    rule = plain(2, 2, MissingData.MISSING)
    assert alarm_states(rule, {"m": points("- X X 0 0 -")}) == (NONE, OK, ALARM, OK, OK, OK)


def test_a_series_that_lacks_a_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="for each metric"):
        alarm_states(plain(1, 1, MissingData.MISSING), {"other": [1.0]})


def percentile(which: str, low: str) -> AlarmRule:
    metric = AlarmMetric("m", "N", "M", (), which)
    return plain(1, 1, MissingData.MISSING, metrics=(metric,), low_samples=low)


@pytest.mark.parametrize(
    ("which", "enough"), [("p50", 20), ("p95", 200), ("p99", 1000), ("p10", 100)]
)
def test_a_percentile_needs_ten_measurements_beyond_it(which: str, enough: int) -> None:
    rule = percentile(which, "ignore")
    assert has_too_few(rule, enough - 1)
    assert not has_too_few(rule, enough)
    assert not has_too_few(percentile(which, "evaluate"), 1)


def test_with_too_few_measurements_the_state_stays() -> None:
    series = {"m": [1.0, 0.0, 0.0]}
    samples = [1000, 999, 1000]
    assert alarm_states(percentile("p99", "ignore"), series, samples=samples) == (ALARM, ALARM, OK)
    assert alarm_states(percentile("p99", "evaluate"), series, samples=samples) == (ALARM, OK, OK)
