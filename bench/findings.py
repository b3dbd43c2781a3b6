"""Many findings at once: what it costs to merge them and to write them down.

    python bench/findings.py [--findings 20000] [--files 200] [--lines 250]

Python files are written from a few patterns, no two functions alike, and each has its share of
findings by three tools, some of them reported by two. Then everything is done that the step
`findings` and the two reports do: contents for the fingerprints, merging, waivers, what the code
shows to be none, the baseline, SARIF, HTML. Ends with 1 if that takes 5 s of CPU or the process
300 MB, or more.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TypeVar

from shipway.config.schema import Waiver
from shipway.findings.deduplication import deduplicate
from shipway.findings.false_positives import dismiss_false_positives
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.findings.fingerprint import compare_to_baseline, with_code_context
from shipway.findings.waivers import LocatedWaiver, apply_waivers
from shipway.pipeline.findings_step import gc_paused
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.html import html_report
from shipway.reports.sarif import sarif_report

SECONDS, MEGABYTES = 5, 300
FUNCTION = '''
def handler_{n}(request, cursor, options=None):
    """Answer one request of number {n}."""
    values = dict(request.args)
    name = values.get("name_{n}", "")
    if not name:
        raise ValueError("no name in {n}: {{}}".format(name))
    for key, value in sorted(values.items()):
        if key.startswith("x{n}_") and value is not None:
            values[key] = [part.strip() for part in value.split(",") if part]
    query = f"SELECT id, name FROM table_{n} WHERE name = '{{name}}'"
    rows = cursor.execute(query).fetchall()
    result = {{"rows": [tuple(row) for row in rows], "count_{n}": len(rows)}}
    subprocess.run(
        ["tool_{n}", "--name", "fixed"],
        check=True,
        timeout=options.timeout if options else {n},
    )
    with open("/tmp/file_{n}.txt", "w", encoding="utf-8") as file:
        file.write(json.dumps(result, sort_keys=True))
    logging.getLogger("part{n}").info("answered %s with %d rows", name, len(rows))
    return result

'''
# (tool, rule, CWE): the first two report the same fault where they meet.
REPORTS = (
    ("bandit", "B608", "CWE-89"),
    ("semgrep", "sql-by-text", "CWE-89"),
    ("bandit", "B603", "CWE-78"),
    ("ruff", "S108", ""),
    ("bandit", "B311", "CWE-330"),
    ("semgrep", "open-redirect", "CWE-601"),
)
T = TypeVar("T")


class Parts:
    """Seconds of CPU of each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def measure(self, name: str, work: Callable[[], T]) -> T:
        """Do it and note what it took."""
        started = time.process_time()
        done = work()
        self.seconds[name] = time.process_time() - started
        return done


def sources(files: int, lines: int) -> dict[str, str]:
    """path → text of that many files with at least that many lines."""
    each = -(-lines // FUNCTION.count("\n"))
    return {
        f"app/part{file % 20}/file{file}.py": "".join(
            FUNCTION.format(n=file * each + number) for number in range(each)
        )
        for file in range(files)
    }


def reported(texts: dict[str, str], number: int) -> Iterator[Finding]:
    """Findings, spread over all files and lines; of three, two are at one place, by two tools."""
    paths = list(texts)
    for n in range(number):
        own = n - n // 3 - (n % 3 == 1)
        path = paths[own % len(paths)]
        rows = texts[path].count("\n")
        tool, rule, cwe = REPORTS[n % len(REPORTS)]
        yield Finding(
            tool=tool,
            rule=rule,
            severity=Severity(n % 5),
            path=path,
            line=own // len(paths) * 7919 % rows + 1,
            message=f"value number {n} of the request reaches a place unchecked",
            remedy="Give values as parameters.",
            kind=FindingKind.CODE,
            cwe=(cwe,) if cwe else (),
            link=f"https://example.org/rules/{rule}",
        )


def waivers_of(found: Sequence[Finding]) -> list[LocatedWaiver]:
    """Fifteen by fingerprint and five by rule in one folder, as an old code base has them."""
    some = found[:: max(len(found) // 15, 1)][:15]
    until = date(2030, 1, 1)
    waivers = [Waiver("looked at", "me", until, fingerprint=one.fingerprint) for one in some]
    waivers += [
        Waiver("looked at", "me", until, rule=rule, path="app/part1/*")
        for _, rule, _ in REPORTS[:5]
    ]
    return [LocatedWaiver(waiver, "shipway.toml") for waiver in waivers]


def judged_and_written(found: list[Finding], texts: dict[str, str], parts: Parts) -> None:
    """All that is done with findings, part by part."""
    with gc_paused():
        placed = parts.measure("contents", lambda: list(with_code_context(found, texts)))
        merged = parts.measure("merge", lambda: deduplicate(placed))
        waivers = waivers_of(merged)
        waived = parts.measure("waive", lambda: apply_waivers(merged, waivers, date(2026, 1, 1)))
        aside_too = parts.measure("set aside", lambda: dismiss_false_positives(waived, texts))
        before = [one.fingerprint for one in merged[::2]]
        judged, _ = parts.measure("compare", lambda: compare_to_baseline(aside_too, before))
    aside = sum(one.state is FindingState.DISMISSED for one in judged)
    step = StepResult(
        step="findings",
        stage="security",
        outcome=Outcome.FAILED,
        findings=judged,
        facts={"fixed": 0},
    )
    run = RunResult(
        run="bench",
        application="bench",
        verdict=Verdict.FAILED,
        started=0.0,
        seconds=1.0,
        steps=(step,),
    )
    log = parts.measure("SARIF", lambda: sarif_report(run))
    page = parts.measure("HTML", lambda: html_report(run, lambda digest: b"", texts.get))
    distinct = len({one.fingerprint for one in judged})
    print(
        f"{len(found)} reports, {len(judged)} findings, {distinct} fingerprints, {aside} set aside"
    )
    print(f"SARIF {len(log) / 1e6:.1f} MB, HTML {len(page) / 1e6:.1f} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description="What many findings cost.")
    parser.add_argument("--findings", type=int, default=20_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--lines", type=int, default=250)
    words = parser.parse_args()
    texts = sources(words.files, words.lines)
    found = list(reported(texts, words.findings))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parts, started = Parts(), time.perf_counter()
    judged_and_written(found, texts, parts)
    clock = time.perf_counter() - started
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    total = sum(parts.seconds.values())
    print("| part | CPU s |\n| --- | --- |")
    for name, seconds in parts.seconds.items():
        print(f"| {name} | {seconds:.2f} |")
    print(f"| total | {total:.2f} ({clock:.2f} by the clock) |")
    print(f"memory: {more:.0f} MB more, {before / 1024 + more:.0f} MB in all")
    return 0 if total < SECONDS and before / 1024 + more < MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
