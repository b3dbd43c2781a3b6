"""Measurements: in the published format, few enough to be paid for, of nobody in particular."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from application import application
from emf_schema import SCHEMA, targets
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from measuring import NAMESPACE, Lines, measure
from town import EMPTY_WARD, FULL_WARD, settle

from main import logs, metrics
from main.extensions import db
from main.models import Ward
from main.settings import Settings

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"
SAMPLE = Path(__file__).parents[2] / "sample" / "candidates.csv"
VALID = Draft202012Validator(SCHEMA)


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Flask]:
    """An application over a town, which is measured as soon as somebody reads."""
    with application(tmp_path / "town.sqlite3") as app:
        settle(app)
        yield app


@pytest.fixture
def lines(measured: Flask) -> Lines:
    """The measurements written since one last looked."""
    return measure(measured)


def only(found: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one line that has this metric."""
    (line,) = [line for line in found if name in line]
    return line


def test_a_request_is_counted_by_release_and_route(measured: Flask, lines: Lines) -> None:
    measured.test_client().get(f"/wards/{FULL_WARD}")
    line = only(lines(), "RequestCount")
    assert (line["Release"], line["Route"]) == ("1.2.3", "pages.ward")
    *_, directive, _ = line["_aws"]["CloudWatchMetrics"]
    names = ["RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"]
    assert [metric["Name"] for metric in directive["Metrics"]] == names
    assert directive["Namespace"] == NAMESPACE
    assert directive["Dimensions"] == [["Release"], ["Release", "Route"]]
    assert [line[name] for name in names[:2]] == [[1.0], [0.0]]
    assert 0 < line["TargetResponseTime"][0] < 60


def test_an_answer_of_ours_that_failed_is_an_error_and_a_visitors_mistake_is_none(
    measured: Flask, lines: Lines
) -> None:
    measured.add_url_rule("/boom", "boom", lambda: 1 / 0)
    client = measured.test_client()
    client.get("/boom")
    client.get("/wards/none-such")
    client.get("/nowhere/at/all")
    found = {line["Route"]: line["HTTPCode_Target_5XX_Count"] for line in lines()}
    assert found == {"boom": [1.0], "pages.ward": [0.0], "none": [0.0]}


def test_what_a_load_balancer_asks_every_few_seconds_is_not_counted(
    measured: Flask, lines: Lines
) -> None:
    measured.test_client().get("/health/ready")
    assert lines() == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (FULL_WARD, {"Province": "KwaZulu-Natal", "Outcome": "candidates"}),
        (EMPTY_WARD, {"Province": "KwaZulu-Natal", "Outcome": "nobody stands"}),
        ("none-such", {"Province": "none", "Outcome": "no such ward"}),
    ],
)
@pytest.mark.parametrize("address", ["/wards/{}", "/api/v1/wards/{}/candidates"])
def test_a_look_up_has_a_province_and_an_outcome(
    measured: Flask, lines: Lines, address: str, code: str, expected: dict[str, str]
) -> None:
    measured.test_client().get(address.format(code))
    found = lines()
    line = only(found, "WardLookups")
    assert {key: line[key] for key in expected} == expected
    shown = [line["CandidatesShown"] for line in found if "CandidatesShown" in line]
    assert shown == ([[11.0]] if code == FULL_WARD else [])


def test_a_province_that_nobody_knows_is_other(measured: Flask, lines: Lines) -> None:
    with measured.app_context():
        db.session.query(Ward).filter_by(code=FULL_WARD).update({"province": "Atlantis"})
        db.session.commit()
    measured.test_client().get(f"/wards/{FULL_WARD}")
    assert only(lines(), "WardLookups")["Province"] == "other"


@pytest.mark.parametrize(("words", "outcome"), [("Cape", "found"), ("zzzz", "nothing")])
def test_a_search_is_counted_once_however_many_pages_are_turned(
    measured: Flask, lines: Lines, words: str, outcome: str
) -> None:
    client = measured.test_client()
    client.get(f"/wards?q={words}&per_page=5")
    client.get(f"/wards?q={words}&per_page=5&page=2")
    assert only(lines(), "Searches")["Result"] == outcome


@pytest.mark.parametrize(
    ("referer", "source"),
    [
        ("http://localhost/wards?q=Ward+1", "search"), ("http://localhost/about", "site"),
        ("https://news.example.org/wards", "elsewhere"), ("", "direct"),
        ("//[", "elsewhere"), ("nonsense", "elsewhere"),
    ],
)  # fmt: skip
def test_a_wards_page_knows_whether_a_search_led_to_it(
    measured: Flask, lines: Lines, referer: str, source: str
) -> None:
    measured.test_client().get(f"/wards/{FULL_WARD}", headers={"Referer": referer})
    assert only(lines(), "WardViews")["Source"] == source


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (PHONE, "mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X200) Chrome/126.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/127.0", "desktop"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "bot"),
        ("curl/8.5.0", "bot"),
        ("", "unknown"),
    ],
)
def test_a_device_has_a_class(agent: str, expected: str) -> None:
    assert metrics.device_class(agent) == expected


@given(st.text(max_size=300))
def test_whatever_is_sent_a_device_has_one_of_few_classes(agent: str) -> None:
    assert metrics.device_class(agent) in metrics.DEVICES


def test_stylesheets_and_errors_are_no_page_views(measured: Flask, lines: Lines) -> None:
    client = measured.test_client()
    client.get("/", headers={"User-Agent": PHONE})
    assert only(lines(), "PageViews")["Device"] == "mobile"
    client.get("/assets/style-0.css")
    client.get("/wards/none-such")
    client.get("/api/v1/wards")
    assert not [line for line in lines() if "PageViews" in line]


def test_an_import_is_counted_with_its_outcome(
    measured: Flask, lines: Lines, tmp_path: Path
) -> None:
    runner = measured.test_cli_runner()
    bad, empty = tmp_path / "bad.csv", tmp_path / "empty.csv"
    rows = SAMPLE.read_text().splitlines()
    bad.write_text("\n".join([rows[0], rows[1].replace(rows[1].split(",")[7], "yesterday")]))
    empty.write_text("")
    for file in (SAMPLE, bad, empty):
        runner.invoke(args=["import-candidates", str(file), "--quiet"])
    found = [line for line in lines() if "Imports" in line]
    assert [line["Outcome"] for line in found] == ["done", "refused", "failed"]
    assert found[0]["RowsAdded"] == [float(len(rows) - 1)]


def test_lines_are_in_the_published_format(measured: Flask, lines: Lines) -> None:
    client = measured.test_client()
    for address in (f"/wards/{FULL_WARD}", "/wards?q=1", "/wards/none-such", "/nowhere"):
        client.get(address)
    measured.test_cli_runner().invoke(args=["import-candidates", str(SAMPLE), "--quiet"])
    written = lines()
    for line in written:
        assert list(VALID.iter_errors(line)) == []
        assert targets(line) == []
    assert {"RequestCount", "WardLookups", "Searches", "WardViews", "Imports", "PageViews"} <= {
        name for line in written for name in line
    }


def test_a_measurement_says_nothing_of_who_asked_and_for_what(
    measured: Flask, lines: Lines
) -> None:
    headers = {
        "User-Agent": PHONE, "Referer": "https://secret.example.org/x", "X-Request-Id": "me-42",
        "X-Forwarded-For": "203.0.113.9",
    }  # fmt: skip
    client = measured.test_client()
    client.get(f"/wards/{FULL_WARD}", headers=headers)
    client.get("/wards?q=Mlazi", headers=headers)
    written = json.dumps(lines())
    assert written != "[]"
    for personal in (FULL_WARD, "Mlazi", "iPhone", "example.org", "me-42", "203.0.113", "127.0.0"):
        assert personal not in written


def test_without_a_namespace_there_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with application(tmp_path / "town.sqlite3") as app:
        settle(app)
        logs.configure_logging(Settings())
        app.test_client().get(f"/wards/{FULL_WARD}")
        assert '"metrics"' not in capsys.readouterr().out
        assert "meter" not in app.extensions


def test_figures_come_whatever_the_level_of_the_log_is(
    measured: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(measured)
    logs.configure_logging(Settings(log_level="ERROR"))  # to the stream of this very test
    measured.test_client().get("/")
    kinds = {json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()}
    assert kinds == {"metrics"}


def test_the_namespace_comes_from_the_environment_and_only_then_the_library_is_imported() -> None:
    assert Settings.from_environment({"METRICS_NAMESPACE": "a/b"}).metrics_namespace == "a/b"
    code = "import sys; from main import create_app; create_app(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "main.metrics" in done.stdout.split()
    assert "aws_lambda_powertools" not in done.stdout.split()
