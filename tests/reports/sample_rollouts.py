"""Made-up receipts: a canary that is promoted, one that is rolled back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shipway.pipeline.outcome import Verdict
from shipway.pipeline.result import RunResult
from shipway.rollouts.report import RolloutReport

from .sample_runs import result, run

BEGAN = 1_790_000_040.0
OLD, NEW = "1.3.9+77aa01b.aa12ff", "1.4.0+3f2a91c.8c1d02"


def sample(at: float, weight: float, new: tuple[float, float, float | None]) -> dict[str, Any]:
    """A second at 50 requests; new: requests, failed, p95 of the new release."""
    requests, failed, p95 = new
    old = 50 - requests
    return {
        "at": BEGAN + at,
        "weight": weight,
        "releases": {
            OLD: {"requests": old, "failed": 0, "p95": 30 + at % 4 if old else None},
            NEW: {"requests": requests, "failed": failed, "p95": p95},
        },
    }


def evidence(at: float, decision: str, sentence: str) -> dict[str, Any]:
    return {"at": BEGAN + at, "decision": decision, "sentence": sentence}


def promoted(old: str = OLD, new: str = NEW) -> RolloutReport:
    shares = [0] * 4 + [10] * 20 + [50] * 20 + [100] * 10
    stages = (
        (0, "SCALE_UP", "start new"),
        (4, "PRODUCTION_TRAFFIC_SHIFT", "10 %"),
        (24, "PRODUCTION_TRAFFIC_SHIFT", "50 %"),
        (44, "BAKE_TIME", "100 %"),
        (54, "SUCCEEDED", ""),
    )
    samples = [
        sample(at, share, (share / 2, 0, 32 + at % 5 if share else None))
        for at, share in enumerate(shares, start=1)
    ]
    return _receipt(
        Verdict.PASSED,
        54.0,
        stages,
        samples,
        (
            evidence(5, "keep watching", "candidate fails 0 % of 5 requests: too few to say"),
            evidence(43, "promote", "candidate fails 0 % of 600 requests, baseline 0 % of 1,900"),
        ),
        (old, new),
    )


def rolled_back(old: str = OLD, new: str = NEW, text: str = "") -> RolloutReport:
    shares = [0] * 3 + [10] * 9 + [0] * 4
    stages = (
        (0, "SCALE_UP", "start new"),
        (3, "PRODUCTION_TRAFFIC_SHIFT", "10 %" + text),
        (12, "ROLLING_BACK", "0 %"),
        (16, "ROLLED_BACK", ""),
    )
    samples = [
        sample(at, share, (share / 2, 2 if share else 0, 80 + 9 * at if share else None))
        for at, share in enumerate(shares, start=1)
    ]
    said = "candidate fails 40 % of 45 requests, baseline 0 % of 450; chance of that under equal"
    return _receipt(
        Verdict.ROLLED_BACK,
        16.0,
        stages,
        samples,
        (
            evidence(
                4, "keep watching", "candidate fails 40 % of 5 requests: too few to say" + text
            ),
            evidence(12, "roll back", f"{said} quality < 1 in 10,000{text}"),
        ),
        (old, new),
        (
            "the new release fails 40 % of its requests" + text,
            "Look at its log: shipway logs local" + text,
        ),
    )


def rollouts_run(text: str = "") -> RunResult:
    """A run with both, with `text` after every name and sentence of the second."""
    second = rolled_back(OLD + text, NEW + text, text)
    steps = (
        replace(result("deploy", stage="deploy"), facts={"receipt": promoted().to_dict()}),
        replace(result("rollback", stage="deploy"), facts={"receipt": second.to_dict()}),
    )
    return replace(run(*steps), run="rollouts")


def _receipt(
    verdict: Verdict,
    seconds: float,
    stages: tuple[tuple[float, str, str], ...],
    samples: list[dict[str, Any]],
    said: tuple[dict[str, Any], ...],
    names: tuple[str, str],
    blame: tuple[str, str] = ("", ""),
) -> RolloutReport:
    old, new = names
    total = {
        name: {
            "requests": sum(s["releases"][name]["requests"] for s in samples),
            "failed": sum(s["releases"][name]["failed"] for s in samples),
            "p50": 9.8,
            "p95": 31.2,
            "p99": 47.9,
        }
        for name in (OLD, NEW)
    }
    called = {OLD: old, NEW: new}
    return RolloutReport(
        environment="local",
        release=new,
        before=old,
        verdict=verdict,
        started=BEGAN,
        seconds=seconds,
        address="http://127.0.0.1:8080",
        strategy="canary",
        cause=blame[0],
        remedy=blame[1],
        releases={called[name]: row for name, row in total.items()},
        timeline=tuple({"at": BEGAN + at, "stage": s, "text": t} for at, s, t in stages),
        samples=tuple(
            {**one, "releases": {called[name]: got for name, got in one["releases"].items()}}
            for one in samples
        ),
        evidence=said,
        synthetic=12,
    )


def counted(report: RolloutReport) -> RolloutReport:
    """The report with whole numbers of requests, and no figure that nobody knows: as rollouts
    leave it."""

    def figures(releases: dict[str, Any]) -> dict[str, Any]:
        return {
            name: {key: int(n) if n == int(n) else n for key, n in row.items() if n is not None}
            for name, row in releases.items()
        }

    samples: Any = [
        {**row, "releases": figures(dict[str, Any](row["releases"]))} for row in report.samples
    ]
    releases = figures(dict[str, Any](report.releases))
    return replace(report, releases=releases, samples=tuple(samples))
