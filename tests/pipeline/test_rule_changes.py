"""Which rules a change loosens."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from shipway.config.schema import (
    Config,
    Environment,
    FindingGates,
    Gates,
    JudgeSettings,
    Limits,
    Waiver,
)
from shipway.config.tables import Cache
from shipway.pipeline.rule_changes import Rules, loosened_rules
from shipway.pipeline.step import Step, StepKind

NOTHING = Config()
LIMITS = st.none() | st.integers(0, 5)
ROWS = st.lists(
    st.sampled_from(
        ("x = 1", "import a  # noqa", "b()  # nosec B602", "# type: ignore", "def test_a():", "")
    ),
    max_size=6,
)


def rules(config: Config = NOTHING, *steps: Step, **texts: str) -> Rules:
    return Rules(config, steps, {name.replace("_py", ".py"): text for name, text in texts.items()})


def gated(findings: FindingGates) -> Rules:
    return rules(Config(gates=Gates(findings=findings)))


def coverage(limit: float) -> Step:
    gates = [["coverage", "at least", limit, ""], ["size", "at most", 100 - limit, ""]]
    return Step(name="c", stage="test", kind=StepKind.CHECK, work={"gates": gates})


@given(LIMITS, LIMITS)
def test_a_limit_of_findings_is_told_exactly_where_it_lets_more_pass(
    before: int | None, now: int | None
) -> None:
    looser = before is not None and (now is None or now > before)
    for name in ("critical", "high", "medium", "low", "secrets", "licences"):
        told = loosened_rules(
            gated(replace(FindingGates(), **{name: before})),
            gated(replace(FindingGates(), **{name: now})),
        )
        assert bool(told) == looser


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_limit_of_a_check_is_told_exactly_where_it_asks_less(before: int, now: int) -> None:
    told = loosened_rules(rules(Config(), coverage(before)), rules(Config(), coverage(now)))
    assert len(told) == (2 if now < before else 0)


@given(ROWS, ROWS)
def test_lines_that_move_are_not_new_and_every_new_one_is_counted(
    before: list[str], more: list[str]
) -> None:
    old, moved = "\n".join(before), "\n".join(reversed(before))
    assert loosened_rules(rules(a_py=old), rules(b_py=moved)) == ()
    marks = [row for row in more if row.startswith(("import", "b()", "# type"))]
    told = loosened_rules(rules(a_py=old), rules(a_py="\n".join([*before, *more])))
    assert [f"({len(marks)})" in sentence for sentence in told] == ([True] if marks else [])


def test_what_judges_a_rollout_is_a_rule_too() -> None:
    before = Config(environments={"production": Environment()})
    now = Config(environments={"production": Environment(judge=JudgeSettings(alpha=0.0001))})
    assert loosened_rules(rules(before), rules(now)) == ("environments.production.judge changed",)


def test_limits_of_a_step_and_the_network_of_unit_tests_are_rules() -> None:
    before = rules(Config(checks={"network": False}, limits=Limits(memory_gb=2, processes=10)))
    now = rules(Config(limits=Limits(memory_gb=0, processes=20)))
    assert loosened_rules(before, now) == (
        "unit tests may reach the network",
        "limits.memory_gb is looser: 2 → 0",
        "limits.processes is looser: 10 → 20",
    )
    assert loosened_rules(now, before) == ()


def test_workflows_and_settings_of_tools_are_told_and_prose_is_not() -> None:
    before = {".github/workflows/ci.yml": "a", "mypy.ini": "[mypy]\nstrict = true\n"}
    now = {
        "mypy.ini": "[mypy]\n",
        "README.md": "x  # noqa\n",
        "setup.cfg": "[flake8]\nignore = E\n",
    }
    told = loosened_rules(Rules(Config(), (), before), Rules(Config(), (), now))
    assert told == (
        ".github/workflows/ci.yml is gone",
        "mypy.ini changed",
        "setup.cfg: the settings of flake8 changed",
    )


def test_a_test_that_may_fail_from_now_on_is_told_and_one_that_may_not_is_none() -> None:
    before = Rules(NOTHING, (), failing=frozenset({("unit", "a"), ("unit", "b")}))
    listed = Config(gates=Gates(known_failures="known.toml"))
    now = Rules(listed, (), failing=frozenset({("unit", "b"), ("unit", "c")}))
    assert loosened_rules(before, now) == ("known.toml lets more tests fail (1): unit, c",)
    assert loosened_rules(now, replace(now, failing=frozenset())) == ()


def test_a_gate_of_flaky_tests_that_is_looser_and_a_quarantine_are_named() -> None:
    strict = rules(Config(gates=Gates(flaky="fail")))
    quarantine = Waiver("a race", "ann", date(2027, 1, 31), "flaky-test", path="t::a")
    assert loosened_rules(strict, rules(Config(gates=Gates(), waivers=(quarantine,)))) == (
        "gates.flaky is looser: fail → report",
        "flaky-test is waived in t::a until 2027-01-31, by ann",
    )
    assert loosened_rules(rules(Config(gates=Gates())), strict) == ()


def test_whose_outcomes_are_believed_is_told_where_it_is_somebody_more() -> None:
    ours, theirs = "A" * 43 + "=", "B" * 43 + "="
    base = Config(cache=Cache(remote="https://c.example", trust={"CI": ours}))

    def told(**changes: object) -> tuple[str, ...]:
        cache = replace(base.cache, **changes)  # type: ignore[arg-type]
        return loosened_rules(rules(base), rules(replace(base, cache=cache)))

    assert told() == told(trust={}) == told(trust={"robot": ours}) == ()
    assert told(trust={"CI": ours, "ann": theirs}) == (
        "outcomes that others signed are believed: cache.trust has ann",
    )
    assert told(trust={"CI": theirs}) == (
        "outcomes that others signed are believed: cache.trust has CI",
    )
    other = ("cache.key or cache.write changed: other runs may share their outcomes",)
    assert told(write=("feature",)) == told(key="ANOTHER") == other
