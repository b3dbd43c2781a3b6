"""What is signed, and what a reader refuses: by laws over everything that can be changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.codec import step_to_json
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import Origin, StepResult
from shipway.pipeline.shared_outcome import (
    BLOB_LIMIT,
    Refused,
    SharedOutcome,
    entry_name,
    is_shareable,
    portable,
    read_entry,
    write_entry,
)
from shipway.pipeline.step import Step, StepKind, StepWork
from shipway.system.signature import PrivateKey, new_private_key, verify_signature

KEY, FOREIGN = PrivateKey(new_private_key()), PrivateKey(new_private_key())
TRUSTED = {"CI": KEY.public_key}
LOG = "ab" * 32
ENTRY = entry_name("town", "1.0", "key of ruff")
RUFF = Step(name="ruff", stage="quality", kind=StepKind.CHECK, work={"check": "ruff", "load": []})
PASSED = StepResult(step="ruff", stage="quality", outcome=Outcome.PASSED, log=LOG)
SIGNED = SharedOutcome(
    entry=ENTRY,
    step="ruff",
    result=step_to_json(PASSED),
    blobs={LOG: 7},
    commit="3f2a91c",
    stored=1_700_000_000.0,
)
BODY = write_entry(SIGNED, KEY)


def read(body: bytes, entry: str = ENTRY, step: Step = RUFF) -> StepResult:
    return read_entry(body, entry, step, TRUSTED, verify_signature)[1]


def test_what_a_trusted_writer_signed_is_believed_and_says_where_it_is_from() -> None:
    assert read(BODY) == replace(PASSED, origin=Origin("CI", "3f2a91c", 1_700_000_000.0))


def test_a_field_that_a_store_adds_changes_nothing() -> None:
    assert read(b"\x20\x00" + BODY + b"\x4a\x06worker" + b"\x0d1234" + b"\x0912345678").log == LOG


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(place: int, change: int) -> None:
    """Nothing: in what JSON leaves open, such as the escape of a letter."""
    body = bytearray(BODY)
    body[place] ^= change
    try:
        result = read(bytes(body))
    except Refused:
        return
    assert replace(result, origin=None) == PASSED


@given(st.integers(0, len(BODY) - 1))
def test_the_beginning_of_an_entry_is_refused(length: int) -> None:
    with pytest.raises(Refused, match="only the beginning"):
        read(BODY[:length])


@given(st.binary(max_size=200))
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read(body)


def test_another_writer_is_refused_also_under_the_name_of_a_trusted_one() -> None:
    with pytest.raises(Refused, match="a key that \\[cache\\] trust does not have"):
        read(write_entry(SIGNED, FOREIGN))

    class Impostor:
        public_key = KEY.public_key
        sign = FOREIGN.sign

    with pytest.raises(Refused, match="it is not what CI signed"):
        read(write_entry(SIGNED, Impostor()))


def test_an_entry_under_another_key_or_of_another_step_is_refused() -> None:
    with pytest.raises(Refused, match="signed for another key"):
        read(BODY, entry=entry_name("town", "1.0", "key of black"))
    with pytest.raises(Refused, match="it is an outcome of quality ruff"):
        read(BODY, step=replace(RUFF, name="black"))


@pytest.mark.parametrize(
    ("result", "blobs", "words"),
    [
        (replace(PASSED, outcome=Outcome.FAILED), {LOG: 7}, "did not pass"),
        (replace(PASSED, origin=Origin("x", "", 0)), {LOG: 7}, "did not pass"),
        (replace(PASSED, facts={"paths": ["/etc"]}), {LOG: 7}, "files of another machine"),
        (replace(PASSED, facts={"python": "/bin/sh"}), {LOG: 7}, "files of another machine"),
        (PASSED, {}, "not those that were signed"),
        (PASSED, {LOG: 7, "cd" * 32: 1}, "not those that were signed"),
        (replace(PASSED, log="../../key"), {"../../key": 7}, "something else than its digest"),
        (PASSED, {LOG: BLOB_LIMIT + 1}, "larger than 64 MB"),
        (PASSED, {LOG: -1}, "larger than 64 MB"),
        *(
            (replace(PASSED, reports={name: LOG}), {LOG: 7}, "outside of its folder")
            for name in ("../x", "/etc/x", "a/../../x", "", "a//b", "a\\b", "a\nb", ".")
        ),
    ],
)
def test_what_is_not_shared_is_refused_although_it_is_signed(
    result: StepResult, blobs: dict[str, int], words: str
) -> None:
    signed = replace(SIGNED, result=step_to_json(result), blobs=blobs)
    with pytest.raises(Refused, match=words):
        read(write_entry(signed, KEY))


def test_an_outcome_of_a_newer_shipway_is_refused() -> None:
    newer = json.dumps({**json.loads(step_to_json(PASSED)), "schema": 99})
    with pytest.raises(Refused, match="newer Shipway"):
        read(write_entry(replace(SIGNED, result=newer), KEY))


def test_the_name_of_an_entry_depends_on_all_that_it_is_made_of() -> None:
    names = {
        entry_name(application, version, key)
        for application in ("town", "shop")
        for version in ("1", "2")
        for key in ("a", "b")
    }
    assert len(names) == 8
    assert entry_name("a", "bc", "d") != entry_name("ab", "c", "d")


@pytest.mark.parametrize(
    ("kind", "work", "max_age", "shared"),
    [
        (StepKind.CHECK, {"check": "ruff", "load": []}, None, True),
        (StepKind.CHECK, {"check": "pip-audit", "load": []}, 86_400.0, True),
        (StepKind.CHECK, {"check": "trivy", "load": []}, 0.0, False),
        (StepKind.CHECK, {"check": "performance", "load": ["gunicorn"]}, 86_400.0, False),
        (StepKind.COMMAND, {"argv": ["npm", "test"]}, None, False),
        (StepKind.COMMAND, {"argv": ["npm", "test"], "shared": True}, None, True),
        (StepKind.COMMAND, {"argv": ["npm", "test"], "shared": True}, 0.0, False),
        (StepKind.ACTION, {"action": "install"}, None, True),
        (StepKind.ACTION, {"action": "package"}, None, False),
        (StepKind.ACTION, {"action": "deploy"}, 0.0, False),
        (StepKind.ACTION, {"action": "workflows"}, None, False),
    ],
)
def test_what_depends_on_the_machine_is_not_shared(
    kind: StepKind, work: StepWork, max_age: float | None, shared: bool
) -> None:
    step = Step(name="s", stage="test", kind=kind, work=work, max_age=max_age)
    assert is_shareable(step) is shared


def test_a_result_is_shared_without_what_is_on_one_machine_only() -> None:
    installed = replace(PASSED, facts={"python": "/home/ann/x", "paths": ["/home/ann/x"]})
    assert portable(installed, shallow=False) == PASSED
    for outcome in set(Outcome) - {Outcome.PASSED}:
        assert portable(replace(PASSED, outcome=outcome), shallow=False) is None
    assert portable(replace(PASSED, origin=Origin("CI", "", 0)), shallow=False) is None


def test_fingerprints_that_only_one_user_can_make_are_not_shared() -> None:
    secret = Finding(
        tool="gitleaks",
        rule="r",
        severity=Severity.HIGH,
        path="a",
        line=1,
        message="m",
        kind=FindingKind.SECRET,
    )
    scanned = replace(PASSED, findings=(secret,))
    assert portable(scanned, shallow=True) is None
    assert portable(scanned, shallow=False) == scanned
    assert portable(PASSED, shallow=True) == PASSED
