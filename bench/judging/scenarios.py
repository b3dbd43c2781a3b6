"""What the judges are shown: releases that are worse, alike, and exactly at a limit."""

from __future__ import annotations

from dataclasses import replace

from judging.traffic import Scenario

WORSE = (
    Scenario("errors 0.1→1 %", error_candidate=0.01),
    Scenario("errors 0.1→5 %", error_candidate=0.05),
    Scenario("errors 0.5→1 %", error_baseline=0.005, error_candidate=0.01),
    Scenario("all 500s", error_candidate=1.0),
    Scenario("p95 +20 %", slower=1.2),
    Scenario("p95 +50 %", slower=1.5),
    Scenario("p95 ×2", slower=2.0),
)
TARGETS = {"errors 0.1→5 %": 30.0, "all 500s": 6.0}  # median seconds, at most
PER_REQUEST = "10 errors of one client in 10 s"
NULLS = (
    (Scenario("healthy"), {}),
    (Scenario("healthy", error_baseline=0.005, error_candidate=0.005), {}),
    (Scenario("healthy, load drifts", wobble=True), {}),
    (Scenario("healthy, 50 % share", share=0.5), {}),
    (Scenario("3 errors a client-second, by request", burst=3), {}),
    (Scenario(f"{PER_REQUEST}, by request", burst=10, burst_seconds=10), {}),
    (Scenario("3 errors a client-second, sticky", burst=3, sticky=True), {"sticky": True}),
    (
        Scenario(f"{PER_REQUEST}, sticky", burst=10, burst_seconds=10, sticky=True),
        {"sticky": True},
    ),
    (
        Scenario(f"{PER_REQUEST}, sticky", burst=10, burst_seconds=10, sticky=True, history=600),
        {"sticky": True},
    ),
    (
        Scenario(
            f"{PER_REQUEST}, sticky, clients known",
            burst=10,
            burst_seconds=10,
            sticky=True,
            clients=True,
        ),
        {},
    ),
)
UNDECLARED = tuple(
    (replace(truth, name=f"{truth.name}, not declared"), {}) for truth, words in NULLS if words
)
AT_LIMIT = (
    Scenario("1 % errors in both", error_baseline=0.01, error_candidate=0.01),
    Scenario("errors 0.1→1 %", error_candidate=0.01),
    Scenario("20 % slower", slower=1.2),
)
ALONE = tuple(
    replace(truth, share=1.0) for truth in (NULLS[0][0], NULLS[1][0], NULLS[2][0], *WORSE)
)
