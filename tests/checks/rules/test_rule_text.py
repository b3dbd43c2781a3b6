"""What every rule must say, read from its file: there is one form to write one in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.checks.recordings import SITE
from tests.checks.tiny_application import CONFIG

from shipway.checks.semgrep import SEMGREP

_WORDS = SEMGREP.argv(CONFIG, SITE)
RULES = Path(_WORDS[_WORDS.index("--config") + 1])
EXAMPLES = Path(__file__).parent / "examples"
TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in sorted(RULES.glob("*.yml"))}
RULE = {
    text.split("\n", 1)[0]: text
    for whole in TEXTS.values()
    for text in re.split(r"^  - id: ", whole, flags=re.MULTILINE)[1:]
}
each = pytest.mark.parametrize("rule", RULE)


def told(rule: str, key: str) -> str:
    """What stands at one of its keys."""
    [value] = re.findall(rf"^ +{key}: (.+)$", RULE[rule], re.MULTILINE)
    return str(value)


def message(rule: str) -> str:
    """Its message, in one line."""
    [lines] = re.findall(r"^    message: >-\n((?: {6}.+\n)+)", RULE[rule], re.MULTILINE)
    return " ".join(lines.split())


def test_there_are_as_many_rules_as_names() -> None:
    assert len(RULE) == sum(text.count("\n  - id: ") for text in TEXTS.values()) > 24


@each
def test_it_is_named_after_its_file(rule: str) -> None:
    [file] = (name for name, text in TEXTS.items() if f"  - id: {rule}\n" in text)
    assert re.fullmatch(rf"shipway\.{file}\.[a-z][a-z-]+[a-z]", rule)


@each
def test_it_names_weakness_confidence_severity_and_one_link(rule: str) -> None:
    assert re.fullmatch(r'\["CWE-\d+"(, "CWE-\d+")*\]', told(rule, "cwe"))
    assert told(rule, "confidence") in ("high", "medium", "low")
    assert told(rule, "severity") in ("ERROR", "WARNING", "INFO")
    assert told(rule, "category") == "security"
    assert re.fullmatch(r'\["https://[^"\s]+"\]', told(rule, "references"))


@each
def test_its_message_says_what_is_wrong_and_what_to_do_instead(rule: str) -> None:
    fault, _, remedy = message(rule).partition(" Instead: ")
    assert re.fullmatch(r"[A-Z].{20,}\.", fault)
    assert re.fullmatch(r"\S.{9,}\.", remedy)
    assert len(message(rule)) < 300


@each
def test_it_has_a_bad_and_a_good_example(rule: str) -> None:
    folder = EXAMPLES / rule.removeprefix("shipway.")
    assert sorted(file.stem for file in folder.iterdir()) == ["bad", "good"]
    [bad] = folder.glob("bad.*")
    assert f"ruleid: {rule}\n" in bad.read_text(encoding="utf-8").replace(" -->", "")


def test_every_example_belongs_to_a_rule() -> None:
    assert {f"shipway.{folder.name}" for folder in EXAMPLES.iterdir()} == set(RULE)


def test_what_a_request_brings_is_the_same_in_every_file_that_has_it() -> None:
    heads = {
        name: text[text.index("# What a request brings") : text.index("\nrules:\n")]
        for name, text in TEXTS.items()
        if "*request" in text
    }
    assert len(heads) > 5
    assert len(set(heads.values())) == 1
