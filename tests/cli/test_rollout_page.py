"""The page of a rollout by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.cli.in_process import only, project

from shipway.cli.project import Project, open_project
from shipway.cli.rollout_page import write_page, write_rehearsed_page
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutReport

SHIFT = {"at": 11.0, "stage": "SUCCEEDED", "text": ""}
MOVED = RolloutReport(
    environment="local",
    release="new",
    before="old",
    verdict=Verdict.PASSED,
    started=10.0,
    seconds=2.5,
    address="http://127.0.0.1:1",
    timeline=(SHIFT,),
)
AGAIN = RolloutReport(
    environment="local",
    release="new",
    before="new",
    verdict=Verdict.PASSED,
    started=20.0,
    seconds=0.0,
    address="http://127.0.0.1:1",
)


def opened(folder: Path) -> Project:
    return open_project(str(project(folder / "web", '[application]\nname = "web"\n' + only(), {})))


def test_a_rollout_that_moved_nothing_leaves_the_last_ones_page(tmp_path: Path) -> None:
    here = opened(tmp_path)
    page = Path(here.state) / "environments" / "local" / "rollout.html"
    write_page(AGAIN, here)
    assert "SUCCEEDED" not in page.read_text()  # better than none
    write_page(MOVED, here)
    write_page(AGAIN, here)
    assert "SUCCEEDED" in page.read_text()


def test_a_rehearsals_page_names_no_address_and_sends_nobody_to_mend(tmp_path: Path) -> None:
    here = opened(tmp_path)
    bad = replace(MOVED, verdict=Verdict.ROLLED_BACK, cause="slow", remedy="Correct the release")
    text = Path(write_rehearsed_page(bad, here, str(tmp_path), "slow=2x")).read_text()
    assert "Nothing: the fault was ordered (--fault slow=2x)." in text
    assert "127.0.0.1" not in text
    assert "Correct the release" not in text
    unordered = Path(write_rehearsed_page(bad, here, str(tmp_path), "")).read_text()
    assert "Correct the release" in unordered
