"""Our own rules, by the real semgrep, over a bad and a good example of each.

An example marks the line before a fault: `ruleid: <rule>` in a comment.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.tools import SEMGREP

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parent / "examples"
RULES = Path(__file__).parents[3] / "src" / "shipway" / "checks" / "rules"
UV = Path(sys.executable).with_name("uv")
IDS = sorted(
    name
    for file in RULES.glob("*.yml")
    for name in re.findall(r"^  - id: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
)
FILES = [path.relative_to(EXAMPLES).as_posix() for path in sorted(EXAMPLES.glob("*/*.*"))]
Place = tuple[str, int]


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What semgrep says about all examples: one run, however many processes test at once."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "rules"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / "report.json"
        if not kept.exists():
            kept.write_text(_scanned(folder), encoding="utf-8")
        content: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return content


def _scanned(folder: Path) -> str:
    # A copy, because semgrep of its own accord leaves out whatever is below `tests/`.
    shutil.copytree(EXAMPLES, folder / "examples", dirs_exist_ok=True)
    done = subprocess.run(
        [
            UV,
            "tool",
            "run",
            "--quiet",
            "--from",
            f"semgrep=={SEMGREP.version}",
            "semgrep",
            "scan",
            "--metrics=off",
            "--disable-version-check",
            "--no-git-ignore",
            "--no-rewrite-rule-ids",
            "--jobs=1",
            "--json",
            "--config",
            str(RULES),
            "examples",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        env={
            **os.environ,
            "SEMGREP_SEND_METRICS": "off",
            "SEMGREP_SETTINGS_FILE": str(folder / "settings.yml"),
            "SEMGREP_LOG_FILE": str(folder / "semgrep.log"),
        },
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def found(report: dict[str, Any]) -> dict[str, set[Place]]:
    """By file: which rule fires at which line."""
    places = defaultdict(set)
    for result in report["results"]:
        file = Path(result["path"]).relative_to("examples").as_posix()
        places[file].add((result["check_id"], result["start"]["line"]))
    return places


@cache
def marked(file: str) -> frozenset[Place]:
    """What an example says itself about its faults."""
    lines = (EXAMPLES / file).read_text(encoding="utf-8").splitlines()
    marks = ((re.search(r"ruleid: (\S+)", line), number) for number, line in enumerate(lines, 2))
    return frozenset((mark[1], number) for mark, number in marks if mark)


def example(rule: str, kind: str) -> str:
    """The bad or the good example of a rule."""
    [file] = (EXAMPLES / rule.removeprefix("shipway.")).glob(f"{kind}.*")
    return file.relative_to(EXAMPLES).as_posix()


def test_semgrep_understands_every_rule_and_every_example(report: dict[str, Any]) -> None:
    assert report["errors"] == []
    assert report["skipped_rules"] == []
    assert len(report["paths"]["scanned"]) == len(FILES)


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_fires_where_its_bad_example_says_and_nowhere_else(
    rule: str, found: dict[str, set[Place]]
) -> None:
    bad = example(rule, "bad")
    assert {name for name, _ in marked(bad)} == {rule}
    assert {place for place in found[bad] if place[0] == rule} == marked(bad)


@pytest.mark.parametrize("rule", IDS)
def test_no_rule_fires_in_a_good_example(rule: str, found: dict[str, set[Place]]) -> None:
    good = example(rule, "good")
    assert not marked(good)
    assert found[good] == set()
