"""What Shipway's security stage finds of the planted faults, beside what each tool finds alone.

    python bench/detection.py

Plants tests/e2e/vulnerable into a folder, runs `shipway run security` there with the advisories
that come with it, and compares every finding with the answer sheet, which was written before any
rule. A finding is right if it names the line of a fault; what names neither a fault nor a near miss
counts as neither.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from vulnerable.plant import Place, Spot, answers, places, plant  # noqa: E402  # a test's own

SHIPWAY = str(Path(sys.executable).parent / "shipway")
ADVISORIES = ROOT / "tests" / "e2e" / "vulnerable" / "advisories"
Row = dict[str, Any]


def scan(folder: Path) -> tuple[list[Row], list[Row]]:
    """The findings of the security stage that count, and its steps."""
    words = [SHIPWAY, "-C", str(folder)]
    subprocess.run(
        [*words, "run", "security", "--advisories", str(ADVISORIES)],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    report = subprocess.run([*words, "report", "--json"], stdout=subprocess.PIPE, check=True)
    steps = json.loads(report.stdout)["steps"]
    table = next(step for step in steps if step["step"] == "findings")
    return [one for one in table.get("findings", []) if one.get("state", "open") == "open"], steps


def names(finding: Row, place: Place, entry: Row) -> bool:
    """Whether a finding is about an entry of the answer sheet."""
    if "advisory" in entry and finding.get("kind") == "dependency":
        advisory = json.loads((ADVISORIES / f"{entry['advisory']}.json").read_text())
        wanted = {advisory["id"], *advisory.get("aliases", ())}
        return bool(wanted & {finding["rule"], *finding.get("ids", ())})
    if bool(place.commit) != ("commit" in finding["message"]) and finding.get("kind") == "secret":
        return False
    if place.whole_file:
        return bool(finding["path"] == place.spot.file)
    return Spot(finding["path"], finding["line"]) in (place.spot, *place.also)


def tools(findings: Iterable[Row]) -> set[str]:
    """Who reports them."""
    return {tool for one in findings for tool in (one["tool"], *one.get("also", ()))}


def main() -> None:
    """Plant, scan, compare, print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "quayside"
        plant(folder)
        findings, steps = scan(folder)
        spots, sheet = places(folder), answers()
    alone: dict[str, int] = defaultdict(int)
    by_need: dict[str, list[bool]] = defaultdict(list)
    missed = []
    for entry in sheet["fault"]:
        about = [one for one in findings if names(one, spots[entry["id"]], entry)]
        by_need[entry["needs"]].append(bool(about))
        for tool in tools(about):
            alone[tool] += 1
        if not about:
            missed.append(entry)
    flagged = [
        (entry, about)
        for entry in sheet["near_miss"]
        if (about := [one for one in findings if names(one, spots[entry["id"]], entry)])
    ]
    show(steps, by_need, alone, missed, flagged, len(sheet["near_miss"]))


def show(
    steps: list[Row],
    by_need: dict[str, list[bool]],
    alone: dict[str, int],
    missed: list[Row],
    flagged: list[tuple[Row, list[Row]]],
    near_misses: int,
) -> None:
    """The table."""
    found = [hit for hits in by_need.values() for hit in hits]
    print(f"{sum(found)} of {len(found)} faults found")
    for need, hits in by_need.items():
        print(f"  visible in {need:<8} {sum(hits)} of {len(hits)}")
    for tool, count in sorted(alone.items(), key=lambda one: -one[1]):
        print(f"  {tool:<18} alone {count}")
    print(f"{len(flagged)} of {near_misses} near misses flagged")
    for entry, about in flagged:
        words = ", ".join(f"{one['tool']} {one['rule']}" for one in about)
        print(f"  {entry['id']:<34} {entry['file']}  {words}")
    print("missed")
    for entry in missed:
        print(f"  {entry['id']:<34} {entry['file']}  ({entry['kind']}, {entry['needs']})")
    for step in steps:
        if step["outcome"] in ("unavailable", "blocked"):
            print(f"{step['outcome']} {step['step']}: {step.get('reason', '')}")


if __name__ == "__main__":
    main()
