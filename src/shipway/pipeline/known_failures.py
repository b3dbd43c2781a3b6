"""Tests that failed before Shipway came: they run, are shown, and alone fail no run.

The file that `[gates] known_failures` names is TOML: a table for each step of tests, in it a line
for each test. `shipway init` writes it; whoever mends a test takes its line out.

    recorded = 2026-11-28

    [unit]
    "tests.test_mail::test_sends" = "OSError: no route to host"
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from shipway.errors import ConfigError
from shipway.source_text import parse_toml, read_text


@dataclass(frozen=True)
class KnownFailures:
    """recorded: the day on which they failed. tests: step → test → why it failed then."""

    recorded: date | None = None
    tests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, step: str) -> Mapping[str, str]:
        """The tests of one step, with the reason of each."""
        return self.tests.get(step, {})

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Every step and test."""
        return frozenset((step, test) for step, tests in self.tests.items() for test in tests)


def parse_known_failures(text: str, path: str) -> KnownFailures:
    """The tests in a file's text. Raises ConfigError, which names the path and what is wrong."""
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise _invalid(path, f"it is {error}") from None
    recorded = data.pop("recorded", None)
    if recorded is not None and type(recorded) is not date:
        raise _invalid(path, f"recorded is {recorded!r} and no date")
    tests: dict[str, dict[str, str]] = {}
    for step, listed in data.items():
        if not isinstance(listed, dict):
            raise _invalid(path, f"{step} is no table of tests")
        for test, reason in listed.items():
            if not isinstance(reason, str):
                raise _invalid(path, f"the reason of {step}, {test} is no text")
        tests[step] = dict(listed)
    return KnownFailures(recorded, tests)


def read_known_failures(root: str, path: str) -> KnownFailures:
    """The tests that a file lists. path: below root; "" for none.

    Where there is no such file, no failure is known: each of them counts. Raises ConfigError where
    it cannot be read.
    """
    if path:
        with suppress(FileNotFoundError):
            return parse_known_failures(read_text(os.path.join(root, path)), path)
    return KnownFailures()


def _invalid(path: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{path} cannot be read: {problem}",
        "Correct it, or delete it: then every test that fails counts.",
        code="invalid-setting",
    )
