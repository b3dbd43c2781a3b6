"""The step `findings`: everything that the scanners found, as one table with one judgement."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shipway.core.baseline import compare
from shipway.core.codec import finding_from_dict
from shipway.core.finding import Finding, State
from shipway.core.finding_gates import hold
from shipway.core.merging import merge
from shipway.core.outcome import Outcome
from shipway.core.placing import with_content
from shipway.core.ports import OnOutput
from shipway.core.result import StepResult
from shipway.core.setting_aside import set_aside
from shipway.core.step import Step
from shipway.core.suppressions import suppressions
from shipway.core.waiving import Placed, inline, waive
from shipway.effects.files import Tree
from shipway.effects.garbage import no_search
from shipway.flows.workshop import Workshop

IMPORTED = "imported"  # the folder of what came from elsewhere, in the state folder
_LARGEST = 1_000_000  # bytes; larger files are data
_CONFIGURATION = "shipway.toml"


def findings(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Merge, waive, set aside, compare with the baseline, and hold the gates."""
    upstream = [shop.upstream[need] for need in step.needs if need in shop.upstream]
    found = [finding for result in upstream for finding in result.findings]
    found += imported(shop.state)
    texts = _texts(shop.root)
    with no_search():
        merged = merge(with_content(found, texts))
    waivers = [Placed(waiver, _CONFIGURATION) for waiver in shop.config.waivers]
    faults: list[Finding] = []
    for path, text in texts.items():
        placed, misunderstood = inline(path, text)
        waivers += placed
        faults += misunderstood
    today = datetime.fromtimestamp(shop.now(), UTC).date()
    waived = waive(merged, waivers, today)
    with no_search():
        looked_at = set_aside(waived, texts)
    judged, fixed = compare((*looked_at, *faults), shop.baseline)
    gates = hold(shop.config.gates.findings, judged)
    broken = [gate for gate in gates if not gate.passed]
    silenced = [one for path, text in texts.items() for one in suppressions(path, text)]
    for line in _table(judged, fixed, silenced):
        on_output(line)
    return StepResult(
        step.name, step.stage, Outcome.FAILED if broken else Outcome.PASSED,
        reason=broken[0].sentence if broken else "",
        remedy=_REMEDY if broken else "", findings=judged, gates=gates,
        facts={"fixed": fixed, "suppressions": silenced, "compared": bool(shop.baseline)},
    )  # fmt: skip


_REMEDY = (
    "Mend them; or waive one with reason, owner and date in shipway.toml ([[waivers]]); "
    "or compare with what was there before: --baseline REF."
)


def imported(state: str) -> list[Finding]:
    """The findings of scanners that run elsewhere (`shipway findings import`)."""
    folder = os.path.join(state, IMPORTED)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found: list[Finding] = []
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            found += [finding_from_dict(one) for one in json.load(file)["findings"]]
    return found


def _texts(root: str) -> dict[str, str]:
    """The application's text files, as git knows them."""
    texts = {}
    for path in Tree(root, {}).listing():
        full = os.path.join(root, path)
        try:
            if os.path.islink(full) or os.path.getsize(full) > _LARGEST:
                continue
            with open(full, encoding="utf-8") as file:
                texts[path] = file.read()
        except (OSError, UnicodeDecodeError):
            continue
    return texts


def _table(
    found: Sequence[Finding], fixed: int, silenced: Sequence[tuple[str, str]]
) -> Iterable[str]:
    """What a reviewer reads in the log: every finding that counts, then the counts."""
    for one in found:
        if one.state is State.OPEN:
            where = one.package or one.place
            words = f"{where}: {one.rule} {one.message}"
            yield f"{one.severity.name:<8} {'+'.join(one.tools):<18} {words}"
    states = Counter(one.state for one in found)
    yield (
        f"{states[State.OPEN]} open, {states[State.KNOWN]} known, {states[State.WAIVED]} waived, "
        f"{states[State.SET_ASIDE]} set aside, {fixed} mended, {len(silenced)} silenced by comments"
    )
