from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.checks.locust import PERFORMANCE
from shipway.checks.scripts import HERE
from shipway.config.schema import Application, Config, EndpointGate, Gates, Performance
from shipway.pipeline.check import ToolOutput
from shipway.pipeline.gates import Bound, Gate, Measure

from . import tiny_application
from .check_results import argv, fix, read, refusal, refused
from .recordings import SITE, load

HEADER = "Type,Name,Request Count,Failure Count,Requests/s,50%,95%,99%\r\n"
NO_GATES = replace(tiny_application.CONFIG, gates=Gates())


def load_of(*rows: str) -> ToolOutput:
    return ToolOutput(0, "", "", {"load.csv": (HEADER + "\r\n".join(rows)).encode()})


def test_all_users_start_at_once_and_failed_requests_are_left_to_the_gates() -> None:
    assert argv("performance") == (
        "--headless",
        "--only-summary",
        "--locustfile",
        f"load/locustfile.py,{HERE}/load_statistics.py",
        "--host",
        "http://127.0.0.1:8080",
        "--users",
        "2",
        "--spawn-rate",
        "2",
        "--run-time",
        "2s",
        "--statistics",
        "/app/.shipway/out/load.csv",
        "--exit-code-on-error",
        "0",
        "--stop-timeout",
        "5",
    )
    assert fix("performance") is None


def test_each_critical_endpoint_has_two_limits() -> None:
    config = Config(gates=Gates(endpoints={"wards": EndpointGate(p95_ms=80, error_rate=1)}))
    assert PERFORMANCE.gates(config) == (
        Gate("p95", Bound.AT_MOST, 80, "wards"),
        Gate("error-rate", Bound.AT_MOST, 1, "wards"),
    )


def test_tests_and_prose_make_nothing_slower() -> None:
    application = Application(unit_tests="tests/unit/")
    assert PERFORMANCE.inputs(Config(application=application)) == (
        "**",
        "!/*.md",
        "!/docs/**",
        "!/tests/unit/**",
        "load/**",
    )
    beside = Config(application=application, performance=Performance(locustfile="load.py"))
    assert PERFORMANCE.inputs(beside)[-1] == "load.py"


def test_a_critical_endpoint_is_measured() -> None:
    assert read("performance", "bad").measures == (
        Measure("p50", 2.0, "ms", "ward page"),
        Measure("p95", 5.0, "ms", "ward page"),
        Measure("p99", 8.0, "ms", "ward page"),
        Measure("error-rate", 0.0, "%", "ward page"),
        Measure("requests", 631, "", "ward page"),
        Measure("rps", pytest.approx(358.6, abs=0.1), "/s", "ward page"),  # type: ignore[arg-type]
    )


def test_no_request_is_left_out_not_even_the_last() -> None:
    output = load("performance", "bad")
    counted = {one.value for one in read("performance", "bad").measures if one.name == "requests"}
    summary = next(line for line in output.stderr.splitlines() if "ward page" in line)
    assert counted == {int(summary.split("ward page")[1].split()[0])}


def test_where_no_endpoint_is_critical_every_one_is_measured() -> None:
    measures = read("performance", "bad", NO_GATES).measures
    rates = {one.subject: one.value for one in measures if one.name == "error-rate"}
    assert rates == {"missing page": 100.0, "ward page": 0.0}


def test_an_endpoint_with_two_methods_is_as_slow_as_the_slower_one() -> None:
    output = load_of("GET,wards,30,0,3.0,5,6,7", "POST,wards,10,1,1.0,4,8,9")
    measures = PERFORMANCE.read(output, NO_GATES, SITE).measures
    assert [one.value for one in measures] == [5.0, 8.0, 9.0, 2.5, 40, 4.0]


def test_only_locusts_own_sum_is_left_out() -> None:
    output = load_of("GET,Aggregated,10,0,1.0,1,2,3", ",Aggregated,10,10,1.0,1,2,3")
    measures = PERFORMANCE.read(output, NO_GATES, SITE).measures
    assert [one.value for one in measures if one.name == "error-rate"] == [0.0]


def test_a_critical_endpoint_that_was_not_asked_is_not_a_pass() -> None:
    problem = refusal("performance", load("performance", "other-names"))
    assert problem.message == "the load test made no request named 'ward page'"
    assert problem.remedy == "Name it so in load/locustfile.py, or correct gates.endpoints."
    unasked = load_of("GET,ward page,0,0,0.0,N/A,N/A,N/A")
    assert refusal("performance", unasked).message == problem.message


def test_without_a_locustfile_there_is_no_result() -> None:
    assert refused("performance", "no-locustfile").startswith(
        "locust ended with 1 and no result: Could not find 'load/locustfile.py'."
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        "rubbish\r\nmore\r\n",
        HEADER + "GET,wards,many,0,1,1,1,1\r\n",
        HEADER + "GET,wards\r\n",
        HEADER + 'GET,"' + "x" * 200_000,
    ],
    ids=["empty", "no row", "other columns", "no number", "cut off", "one endless field"],
)
def test_statistics_of_another_form_are_no_result(text: str) -> None:
    output = ToolOutput(0, "", "", {"load.csv": text.encode()})
    assert "no result" in refusal("performance", output).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for code in (1, 2, -9):
        output = replace(load("performance", "bad"), code=code)
        assert "no result" in refusal("performance", output).message
