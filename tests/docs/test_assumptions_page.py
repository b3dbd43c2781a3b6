"""The page of assumptions has every rule of the stand-ins, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8")
_RULE = re.compile(r"# rule ([\w-]+): (LIVE|DOC|MODEL) (.+)")
_ROW = re.compile(r"^\| `([\w-]+)` \| .+ \| (.*(?:LIVE|DOC|MODEL) .+) \|$", re.MULTILINE)


def rules() -> dict[str, str]:
    """Rule → file, as the stand-ins have them."""
    return {
        found[1]: path.name
        for path in (ROOT / "tests").rglob("*.py")
        for found in _RULE.finditer(path.read_text(encoding="utf-8"))
        if path != Path(__file__)
    }


def test_every_rule_of_a_stand_in_is_on_the_page_with_its_source() -> None:
    rows = [row[1] for row in _ROW.finditer(PAGE)]
    assert sorted(rows) == sorted(rules())
    assert len(rows) == len(set(rows)) > 10


def test_every_file_that_has_rules_is_named() -> None:
    assert not [name for name in set(rules().values()) if name not in PAGE]
