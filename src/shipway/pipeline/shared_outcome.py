"""An outcome that machines share: what is signed, how it is stored, and what is not shared. Pure.

The body of an entry is an ActionResult of Bazel's Remote Execution API, version 2, whose standard
output is the signed document: bazel-remote refuses any other body, and adds a field of its own to
it. Stores that look at nothing keep the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from shipway.codec import DocumentFormat
from shipway.errors import RecordError
from shipway.findings.finding import FindingKind
from shipway.pipeline.codec import step_from_json
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import Origin, StepFacts, StepResult
from shipway.pipeline.step import Step, StepKind

ENTRY_LIMIT = 8 << 20  # bytes of an entry
BLOB_LIMIT = 64 << 20  # bytes of a log or a report
_MOST_BLOBS = 64
_ACTIONS = ("install",)  # what it makes is made here, by the first step that needs it
_HERE = ("python", "paths")  # facts that say where something is on one machine
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PURPOSE = "shipway outcome 1"  # a signature for this says nothing in another place
_STDOUT_RAW = 5  # ActionResult.stdout_raw


class Refused(Exception):
    """An entry that is not believed. Its text says why, as the end of a sentence."""


@dataclass(frozen=True, kw_only=True)
class SharedOutcome:
    """What a writer signs.

    entry: the name that it is stored under. step: whose outcome it is. result: the outcome as the
    record keeps it. blobs: digest of its log and each report → bytes. commit: what was checked.
    stored: when the step ended, in seconds since the epoch.
    """

    entry: str
    step: str
    result: str
    blobs: dict[str, int]
    commit: str
    stored: float


_FORMAT = DocumentFormat(SharedOutcome, "the shared outcome")


class Signer(Protocol):
    """Who may sign (system/signature.py)."""

    @property
    def public_key(self) -> str: ...
    def sign(self, data: bytes) -> bytes: ...


class Verifier(Protocol):
    """Whether a signature of some data was made with the private key of a public one."""

    def __call__(self, public_key: str, signature: bytes, data: bytes) -> bool: ...


def is_shareable(step: Step) -> bool:
    """Whether its outcome depends on nothing but what its key is made of, on any machine.

    Not that of a load test, of a step that is never cached, of what makes files here (a release),
    and of a step of the team's own, unless it says so: nobody knows which programs it starts.
    """
    if step.max_age == 0:
        return False
    if step.kind is StepKind.CHECK:
        return not step.work.get("load")
    if step.kind is StepKind.ACTION:
        return step.work["action"] in _ACTIONS
    return step.work.get("shared", False)


def entry_name(application: str, version: str, key: str) -> str:
    """What an outcome is stored under. version: of Shipway, which decides how a tool is read."""
    return hashlib.sha256("\0".join((_PURPOSE, application, version, key)).encode()).hexdigest()


def portable(result: StepResult, *, shallow: bool) -> StepResult | None:
    """A passed result as any machine may take it; None where it holds on this one only.

    shallow: whether the clone lacks the repository's first commit. Fingerprints of secrets are
    made with a key of this user's then, and nobody else knows them again.
    """
    if shallow and any(finding.kind is FindingKind.SECRET for finding in result.findings):
        return None
    facts = {name: value for name, value in result.facts.items() if name not in _HERE}
    if result.outcome is not Outcome.PASSED or result.origin is not None:
        return None
    return replace(result, facts=StepFacts(**facts))  # type: ignore[typeddict-item]


def blob_names(result: StepResult) -> set[str]:
    """The contents that a result names: its log and its reports."""
    return {*result.reports.values(), *([result.log] if result.log else [])}


def write_entry(outcome: SharedOutcome, signer: Signer) -> bytes:
    """The body of an entry."""
    payload = _FORMAT.write(outcome)
    signature = signer.sign(_signed(payload))
    envelope = {
        "payload": payload,
        "key": signer.public_key,
        "signature": b64encode(signature).decode(),
    }
    return _as_action_result(json.dumps(envelope).encode())


def read_entry(
    data: bytes, entry: str, step: Step, trusted: Mapping[str, str], verify: Verifier
) -> tuple[SharedOutcome, StepResult]:
    """What an entry holds, and the result in it with its origin. Raises Refused.

    entry: the name that it was asked for by. trusted: writer → public key.
    """
    payload, public_key, signature = _envelope(data)
    writer = next((name for name, key in trusted.items() if key == public_key), "")
    if not writer:
        raise Refused("it is signed by a key that [cache] trust does not have")
    if not verify(public_key, signature, _signed(payload)):
        raise Refused(f"it is not what {writer} signed")
    try:
        outcome = _FORMAT.read(payload, "the entry")
        result = step_from_json(outcome.result)
    except RecordError as problem:
        raise Refused(problem.message) from None
    if outcome.entry != entry:
        raise Refused("it was signed for another key")
    if (outcome.step, result.step, result.stage) != (step.name, step.name, step.stage):
        raise Refused(f"it is an outcome of {result.stage} {result.step}")
    _refuse_unshared(outcome, result)
    origin = Origin(writer, outcome.commit, outcome.stored)
    return outcome, replace(result, origin=origin)


def _refuse_unshared(outcome: SharedOutcome, result: StepResult) -> None:
    """What a writer that keeps to the rules does not sign."""
    if result.outcome is not Outcome.PASSED or result.origin is not None:
        raise Refused("it did not pass where it was signed")
    if any(name in result.facts for name in _HERE):
        raise Refused("it names files of another machine")
    if blob_names(result) != outcome.blobs.keys() or len(outcome.blobs) > _MOST_BLOBS:
        raise Refused("its log and its reports are not those that were signed")
    if not all(_DIGEST.fullmatch(name) for name in outcome.blobs):
        raise Refused("it names a content by something else than its digest")
    if not all(0 <= size <= BLOB_LIMIT for size in outcome.blobs.values()):
        raise Refused(f"a log or a report is larger than {BLOB_LIMIT >> 20} MB")
    if not all(_is_file_name(name) for name in result.reports):
        raise Refused("a report would be written outside of its folder")


def _is_file_name(name: str) -> bool:
    return name.isprintable() and "\\" not in name and _is_below(name.split("/"))


def _is_below(parts: list[str]) -> bool:
    return all(part not in ("", ".", "..") for part in parts)


def _signed(payload: str) -> bytes:
    return f"{_PURPOSE}\n{payload}".encode("utf-8", "surrogateescape")


def _envelope(data: bytes) -> tuple[str, str, bytes]:
    try:
        envelope = json.loads(_stdout_of(data))
        payload, key, signature = (envelope[name] for name in ("payload", "key", "signature"))
        if not isinstance(payload, str) or not isinstance(key, str):
            raise TypeError
        return payload, key, b64decode(signature, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("it is no signed outcome, or only the beginning of one") from None


# As much of protocol buffers as one field of bytes takes (protobuf.dev, "Encoding").


def _as_action_result(data: bytes) -> bytes:
    return bytes([_STDOUT_RAW << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _stdout_of(message: bytes) -> bytes:
    """The field stdout_raw; others, as a store adds them, are passed over. Raises ValueError."""
    contents = [content for number, content in _fields(message) if number == _STDOUT_RAW]
    if len(contents) != 1:
        raise ValueError("there is no such field, or several")
    return contents[0]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """(number, content) of each field that has a length."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        if tag & 7 == 2:
            size, at = _read_varint(message, at)
            if at + size > len(message):
                raise ValueError("it ends too early")
            yield tag >> 3, message[at : at + size]
            at += size
        elif tag & 7 == 0:
            _, at = _read_varint(message, at)
        elif tag & 7 in (1, 5):
            at += 8 if tag & 7 == 1 else 4
        else:
            raise ValueError("there is no such kind of field")


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number does not end")
