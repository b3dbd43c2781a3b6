"""docs/monitoring.md, docs/runbooks/ and the alarms say the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from tests.monitoring.series import PLACE

from shipway.config.aws import Monitoring
from shipway.monitoring import dashboard as own
from shipway.monitoring.alarm_rules import alarm_rule_names, alarm_rules
from shipway.monitoring.composite_alarms import alarm_route, composite_alarms
from shipway.monitoring.log_queries import metric_filters

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "monitoring.md").read_text(encoding="utf-8")
RULES = alarm_rules(PLACE, Monitoring(least_traffic=100))
ALL = [*alarm_rule_names(), *(one.name for one in composite_alarms(RULES))]


@pytest.mark.parametrize("name", ALL)
def test_every_alarm_has_a_runbook_with_something_to_do(name: str) -> None:
    text = (DOCS / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}: ")
    assert re.search(r"^1\. \S", text, re.MULTILINE)


def test_every_runbook_is_for_an_alarm_and_leads_somewhere() -> None:
    books = sorted((DOCS / "runbooks").glob("*.md"))
    assert {book.stem for book in books} == set(ALL)
    for book in books:
        for link in re.findall(r"\]\(([^)]+)\)", book.read_text(encoding="utf-8")):
            assert (book.parent / link).exists(), (book.name, link)


def test_the_table_of_alarms_is_the_alarms() -> None:
    rows = [
        f"| [{rule.name}](runbooks/{rule.name}.md) | {rule.severity} | {rule.condition} "
        f"| {rule.meaning} | {alarm_route(rule)} |"
        for rule in RULES
    ]
    assert re.findall(r"^\| \[.*\]\(runbooks/.*$", PAGE, re.MULTILINE) == rows


def test_every_setting_has_a_row() -> None:
    table = PAGE.partition("| key |")[2].partition("## Alarms")[0]
    first = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    named = [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(one.name for one in fields(Monitoring))


def test_what_is_paid_for_is_counted_right() -> None:
    usual = alarm_rules(PLACE, Monitoring())
    count, made = sum(len(rule.metrics) for rule in usual), len(composite_alarms(usual))
    assert f"{count} metrics in alarms at $0.10 and {made} composites at $0.50" in PAGE
    assert f"are ${0.10 * count + 0.50 * made:.2f}" in PAGE
    assert f"each of {len(metric_filters(PLACE))} metrics from logs" in PAGE


def test_an_applications_metrics_have_the_names_that_the_judge_asks_for() -> None:
    """The ECS platform asks a release's source for the load balancer's metrics, whichever it is."""
    folder = DOCS.parent
    asking = (folder / "src/shipway/rollouts/ecs/analysis.py").read_text(encoding="utf-8")
    asking += (folder / "src/shipway/rollouts/ecs/analysis.py").read_text(encoding="utf-8")
    sending = (folder / "mycandidate/main/metrics.py").read_text(encoding="utf-8")
    for name in (own.REQUESTS, own.RELEASE_ERRORS, own.LATENCY, own.RELEASE):
        assert f'"{name}"' in asking
        assert f'"{name}"' in sending
    assert f'"{own.ROUTE}"' in sending
