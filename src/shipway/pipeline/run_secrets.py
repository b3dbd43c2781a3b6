"""The one redaction of a run: all that its steps say passes here before anybody reads it.

It knows the secret variables and what the run's scanners find. A scanner may end after another
tool has printed the secret, so what steps say is held until all of them have ended
(pipeline/run.py). Nothing of a secret is kept: a scanner says where it stands, and it is read
there; so a cached scanner's secrets are known, too.
"""

from __future__ import annotations

import os
import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

from shipway.config.secret_values import forms_of_found
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind
from shipway.findings.secret_place import SecretPlace, place_from
from shipway.pipeline.result import StepFacts, StepResult, TestFailure
from shipway.ports import MANIFEST_FILE
from shipway.system.files import write_atomic
from shipway.system.git import file_in_commit
from shipway.system.redaction import BLOT, Redactor, redacted_bytes

# Checks that look for secrets: what other steps say waits for them.
SECRET_SCANNERS = ("bandit", "gitleaks", "gitleaks-history", "trufflehog")
_LONGEST = 1 << 16  # bytes of a secret
_LARGEST = 1 << 26  # bytes of a file that is looked through
_ENCODED = re.compile(rb"[A-Za-z0-9+/_=%-]{16,}")
# Facts that are no text, but names by which later commands find a release and its files.
_NAMES = ("secret_places", "paths", "python", "release")


class Contents(Protocol):
    """Contents by digest."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


class RunSecrets:
    """The secrets of one run. Thread-safe.

    root: the application's folder. contents: where logs and reports are kept. folder: of what
    steps leave, one folder a step. scanners: the steps of the run that look for secrets.
    """

    def __init__(
        self,
        root: str,
        contents: Contents,
        folder: str = "",
        scanners: Collection[str] = (),
    ) -> None:
        self.contents = HeldContents(contents)
        self._root = root
        self._folder = folder
        self._waiting = set(scanners)
        self._values: set[str] = set()
        self._places: set[SecretPlace] = set()
        self._redactor = Redactor(())
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        """Whether every scanner has ended."""
        return not self._waiting

    def scanner_ended(self, step: str) -> None:
        """It has, or it will not run."""
        self._waiting.discard(step)

    def learn(self, values: Iterable[str]) -> None:
        """Values that nothing may show, each in every form that matters."""
        with self._lock:
            fresh = set(values) - self._values
            if fresh:
                self._values |= fresh
                self._redactor = Redactor(self._values)

    def learn_from(self, result: StepResult) -> None:
        """Read the secrets that a scanner's result tells the places of.

        Raises CannotRun where that is not possible any more for one; the others are known by then.
        """
        unread: CannotRun | None = None
        secrets: set[str] = set()
        places = {place_from(place) for place in result.facts.get("secret_places", ())}
        for place in places - self._places:
            try:
                secrets.update(_texts(self._root, place))
            except CannotRun as problem:
                unread = problem
            else:
                self._places.add(place)
        if result.step in SECRET_SCANNERS:
            secrets |= set(_hard_coded(self._root, result.findings))
        self.learn(form for secret in secrets for form in forms_of_found(secret))
        if unread is not None:
            raise unread

    def redact(self, text: str) -> str:
        """The text without any secret that is known by now, in as many lines."""
        return self._redactor.keeping_lines(text)

    def redact_lines(self, lines: Sequence[str]) -> list[str]:
        """The same of lines that follow one another: what is broken over two of them goes."""
        return self._redactor.keeping_lines("\n".join(lines)).split("\n") if lines else []

    def redact_result(self, result: StepResult) -> StepResult:
        """A step's result as it may be shown and kept: its texts, its log, its reports."""
        shown = redacted_result(result, self._redactor) if self._redactor else result
        name = self.contents.release
        return replace(
            shown,
            log=name(result.log, self._redactor),
            reports={
                # The manifest is compared with the release's files: it stays what it is.
                file: digest if file == MANIFEST_FILE else name(digest, self._redactor)
                for file, digest in result.reports.items()
            },
        )

    def redact_files(self, step: str) -> None:
        """What a step has left in its folder, in its place."""
        if not self._redactor:
            return
        for folder, _, names in os.walk(os.path.join(self._folder, step)):
            for name in names:
                with suppress(OSError):
                    _redact_file(os.path.join(folder, name), self._redactor)


class HeldContents:
    """Texts of tools that are in memory only, until they are redacted and kept."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._held: dict[str, bytes] = {}
        self._kept: dict[str, str] = {}

    def put(self, data: bytes) -> str:
        """Hold it; its name."""
        name = sha256(data).hexdigest()
        self._held[name] = data
        return name

    def get(self, name: str) -> bytes | None:
        """What is held or kept under a name."""
        data = self._held.get(name)
        return self._contents.get(self._kept.get(name, name)) if data is None else data

    def release(self, name: str, redactor: Redactor) -> str:
        """Keep it without secrets; the name of what is kept then."""
        if not name or not (redactor or name in self._held):
            return self._kept.get(name, name)
        data = self.get(name)
        if data is None:
            return name
        redacted = redacted_bytes(data, redactor)
        if name in self._held or redacted != data:
            self._kept[name] = self._contents.put(redacted)
            self._held.pop(name, None)
        return self._kept.get(name, name)


def redacted_result(result: StepResult, redactor: Redactor) -> StepResult:
    """A result whose texts hold no secret."""
    redact = redactor.keeping_lines
    return replace(
        result,
        reason=redact(result.reason),
        remedy=redact(result.remedy),
        command=redact(result.command),
        findings=tuple(redacted_finding(finding, redactor) for finding in result.findings),
        measures=tuple(
            replace(measure, subject=redact(measure.subject)) for measure in result.measures
        ),
        gates=tuple(
            replace(gate, subject=redact(gate.subject), worst=tuple(map(redact, gate.worst)))
            for gate in result.gates
        ),
        tests=result.tests
        and replace(
            result.tests,
            left_out=tuple(map(redact, result.tests.left_out)),
            failures=tuple(_redacted_failure(failure, redact) for failure in result.tests.failures),
            known_failures=tuple(map(redact, result.tests.known_failures)),
            flaky=tuple(
                replace(test, failure=_redacted_failure(test.failure, redact))
                for test in result.tests.flaky
            ),
        ),
        facts=_redacted_facts(result.facts, redactor),
    )


def _redacted_failure(failure: TestFailure, redact: Callable[[str], str]) -> TestFailure:
    return replace(
        failure,
        name=redact(failure.name),
        message=redact(failure.message),
        path=redact(failure.path),
        details=tuple(map(redact, failure.details)),
    )


def redacted_finding(finding: Finding, redactor: Redactor) -> Finding:
    """A finding whose texts hold no secret. Its fingerprint stays what it was."""
    redact = redactor.keeping_lines
    texts: dict[str, Any] = {
        name: redact(getattr(finding, name))
        for name in ("rule", "path", "message", "remedy", "package", "link", "content", "because")
    }
    if all(getattr(finding, name) == text for name, text in texts.items()):
        return finding
    return replace(finding, **texts, known_fingerprint=finding.fingerprint)


def _redacted_facts(facts: StepFacts, redactor: Redactor) -> StepFacts:
    texts = {name: value for name, value in facts.items() if name not in _NAMES}
    return cast(StepFacts, {**facts, **_redacted(texts, redactor)})


def can_be_replayed(result: StepResult, shown: StepResult) -> bool:
    """Whether a later run can judge by what is kept of a result as by the result itself."""

    def judged(step: StepResult) -> StepResult:
        return replace(step, findings=(), log="", reports={})

    return judged(result) == judged(shown) and all(
        (whole.rule, whole.path, whole.content, whole.package)
        == (kept.rule, kept.path, kept.content, kept.package)
        for whole, kept in zip(result.findings, shown.findings, strict=True)
    )


def _redacted(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.keeping_lines(value)
    if isinstance(value, Mapping):
        return {_redacted(key, redactor): _redacted(item, redactor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_redacted(item, redactor) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def _redact_file(path: str, redactor: Redactor) -> None:
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
        return
    with open(path, "rb") as file:
        data = file.read()
    redacted = redacted_bytes(data, redactor)
    if redacted != data:
        write_atomic(path, redacted, 0o600)


# What stands at a place.

_HARD_CODED = {"CWE-259", "CWE-798"}
_QUOTED = re.compile(r"""(["'])((?:(?!\1)[^\\\n]|\\.){6,}?)\1""")
# A name or a path of plain words: to blot that out would make every text unreadable.
_WORDS = re.compile(r"[A-Za-z]+([ _./:-]+[A-Za-z]+)*")


def _hard_coded(root: str, findings: Iterable[Finding]) -> Iterator[str]:
    """The passwords in the code that a scanner quotes, from its messages and their lines."""
    for finding in findings:
        if finding.kind is FindingKind.SECRET or not _HARD_CODED.intersection(finding.cwe):
            continue
        for text in (finding.message, _line(root, finding)):
            for match in _QUOTED.finditer(text):
                if not _WORDS.fullmatch(match[2]) and BLOT not in match[2]:
                    yield match[2]


def _line(root: str, finding: Finding) -> str:
    with suppress(OSError), open(os.path.join(root, finding.path), "rb") as file:
        return next(islice(file, max(finding.line - 1, 0), None), b"").decode("utf-8", "replace")
    return ""


def _texts(root: str, place: SecretPlace) -> Iterator[str]:
    """The secret, or where it is encoded, what holds it and what that may be."""
    data = _bytes_at(root, place)
    yield data.decode("utf-8", "surrogateescape")
    if not place.literal:
        for match in _ENCODED.finditer(data):
            yield match[0].decode()
            yield from _decoded(match[0])


def _decoded(text: bytes) -> Iterator[str]:
    candidates = [unquote_to_bytes(text)]
    with suppress(ValueError):
        candidates.append(bytes.fromhex(text.decode()))
    with suppress(ValueError):
        plain = text.replace(b"+", b"-").replace(b"/", b"_").rstrip(b"=")
        candidates.append(urlsafe_b64decode(plain + b"=" * (-len(plain) % 4)))
    for candidate in candidates:
        with suppress(UnicodeDecodeError):
            decoded = candidate.decode()
            if decoded.isprintable() and decoded != text.decode():
                yield decoded


def _bytes_at(root: str, place: SecretPlace) -> bytes:
    length = min(place.length, _LONGEST)
    if place.commit:
        data = file_in_commit(root, place.commit, place.path)
        data = data[place.offset : place.offset + length]
    else:
        path = os.path.join(root, place.path)
        data = b""
        with suppress(OSError):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    file.seek(place.offset)
                    data = file.read(length)
    if len(data) < length or not data:
        raise CannotRun(
            f"{place.path} changed while secrets were looked for",
            "Run it again; what it says of that file cannot be redacted.",
            code="nothing-to-scan",
        )
    return data
