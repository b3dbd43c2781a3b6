"""`shipway report` when not everything is there any more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.in_process import project, shipway, step


def test_a_log_that_is_gone_does_not_keep_the_report_from_being_written(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("said", "echo something-was-said; exit 1"))
    assert shipway(web, "run").returncode == 1
    page = web / ".shipway" / "report.html"
    assert "something-was-said" in page.read_text()
    shutil.rmtree(web / ".shipway" / "blobs")
    done = shipway(web, "report")
    assert (done.returncode, done.stderr) == (0, "")
    assert "something-was-said" not in page.read_text()


def test_a_report_is_of_the_newest_run_and_says_what_was_cached(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("first", "true"), {"below/file": ""})
    shipway(web, "run")
    (web / "shipway.toml").write_text(step("first", "true") + step("second", "exit 1"))
    shipway(web, "run")
    found = json.loads(shipway(web, "report", "--json").stdout)
    assert {one["step"]: one["outcome"] for one in found["steps"]} == {
        "first": "cached",
        "second": "failed",
    }
    assert shipway(web / "below", "report").stdout == "../.shipway/report.html\n"
