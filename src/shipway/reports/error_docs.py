"""Which entry of docs/troubleshooting.md explains a message.

By the message's own words, not by where it is raised: causes come back from the record and from
stored outcomes, too. A message that no pattern knows is explained by the entry of its kind.
"""

from __future__ import annotations

import re

from shipway.errors import (
    ApplicationFault,
    Busy,
    CannotRun,
    ConfigError,
    RecordError,
    ShipwayError,
    StackFailed,
    StillGoing,
    Unreachable,
)

PAGE = "docs/troubleshooting.md"  # below Shipway's own repository
# Entry → what its messages have in common. The first one that matches counts.
ENTRIES = {
    "a-suite-did-not-run": r"did not run, so nobody knows|^no suite ran",
    "a-suite-broke": r"^the tests did not run to their end",
    "a-gate-failed": r"; the limit is |was not measured; ",
    "the-judge-rolled-it-back": r"^the judge rolled it back",
    "the-judge-holds-it": r"^the judge holds it",
    "a-smoke-test-failed": r"^a smoke test failed",
    "an-instance-ended": r"ended while it served",
    "an-instance-does-not-start": r"did not become healthy|ended while it was starting|"
    r"cannot be started: (?!.*Errno)|did not come up at",
    "nobody-answered-a-pause": r"nobody answered the pause",
    "it-was-stopped": r"^somebody stopped it|^it was interrupted|it was stopped|was interrupted|"
    r"--fail-fast was given|was stopped before it",
    "going-back-is-not-safe": r"may not work with today's database|migrations cannot be read",
    "there-is-no-earlier-release": r"no good release named|no earlier good release",
    "there-is-no-release": r"no release is packaged|no release to roll out|nothing to promote|"
    r"no file belongs to the release|the release cannot be copied|is not whole: ",
    "a-release-has-not-passed": r"has not passed: ",
    "a-rollout-is-not-finished": r"is not finished|no rollout is unfinished|is carrying it out",
    "the-environment-is-held": r" is held by .* since |the hold of .* cannot be read",
    "another-command-works": r"another command works on|a rehearsal goes on",
    "a-port-is-taken": r"^port .* is taken|no free port",
    "envoy-does-not-answer": r"^Envoy |Envoy .*within",
    "there-is-no-such-name": r"no environment is named|^no .* is named|which is no step|"
    r"there is no strategy|there is no folder|cannot be promoted to itself|--fault |"
    r"--allow-unavailable |CHECK=REASON|there is nothing to run",
    "the-pipeline-makes-no-sense": r"two steps are named|need each other in a circle|is empty$|"
    r"there is no lock file|names no application to wrap|No closing quotation|^.*: .*: .*quot",
    "the-settings-are-wrong": r"is not TOML|is no table|there is no such key|: found ",
    "nobody-is-told": r"^\[notify\]|not told of ",
    "the-network-is-in-the-way": r"could not reach|could not fetch|does not trust the certificate",
    "advisories-are-missing": r"advisor",
    "git-does-not-know-it": r"^git |pointer of Git LFS|a submodule that|sparse checkout|"
    r"no git repository|clone is shallow|no commit yet|git cannot",
    "a-report-cannot-be-read": r"^\$|Clair saw|Dependency-Check|ECR has not|Snyk did not|no report "
    r"that is known|empty report|scan of .* is incomplete|is not JSON|nested too deeply|is not UTF|"
    r"has more than \d+ MB|is expected$| is missing$|"
    r"names what is not in the report|results are in other files",
    "the-applications-environment": r"application's environment|another run installed",
    "there-are-no-tests": r"there are no tests in|every test was skipped|made no request named",
    "there-is-nothing-to-scan": r"found no |to look at$|could not read |cannot be looked at|"
    r"could audit none of|could not be scanned",
    "a-tool-is-missing": r"is not here|cannot be started|is not version|has no account|"
    r"that tells secrets apart",
    "a-tool-gave-no-result": r"no result|the load failed|could not be read",
    "something-is-not-ready": r"not ready; nothing was changed",
    "a-one-off-task-failed": r"^`.*` (did not run|ended with code)",
    "data-would-go": r"^data would go|would be deleted with everything|name was not typed|"
    r"^this writes .* again",
    "a-stack-could-not-be-changed": r": (create|update|delete|rollback|review)[a-z ]*\)$|"
    r"creating it failed|is being changed just now|CloudFormation|what drifted cannot|"
    r"there is no snapshot of database|could not be prepared|there is no stack|"
    r"there are still environments|is not ready after",
    "aws-does-not-let-us": r"^AWS|no AWS region",
    "there-is-no-run": r"there is no run on record|it has no verdict",
    "the-disk-is-full": r"the disk is full",
    "the-record-is-damaged": r"is damaged: ",
    "the-record-is-newer": r"was written by a newer Shipway",
    "it-took-too-long": r"took longer than its limit|did not end within",
    "a-command-failed": r"ended with ",
    "shipway-itself-failed": r"Shipway itself failed",
}
# Where no pattern matches.
_KINDS: tuple[tuple[type[ShipwayError], str], ...] = (
    (ConfigError, "words-or-settings-are-wrong"),
    (CannotRun, "it-cannot-run-here"),
    (ApplicationFault, "the-application-is-at-fault"),
    (Unreachable, "nobody-answers"),
    (Busy, "somebody-else-holds-it"),
    (RecordError, "the-record-cannot-be-used"),
    (StackFailed, "cloudformation-could-not-do-it"),
    (StillGoing, "it-goes-on-without-us"),
)
OTHER = "something-else"
KINDS = tuple(entry for _, entry in _KINDS)


def entry_for(message: str, kind: type[BaseException] | None = None) -> str:
    """The entry's heading as an anchor. kind: of the error, where there is one."""
    for entry, pattern in ENTRIES.items():  # compiled when first needed: a good run needs none
        if re.search(pattern, message, re.MULTILINE):
            return entry
    for of, entry in _KINDS:
        if kind is not None and issubclass(kind, of):
            return entry
    return OTHER


def docs_link(message: str, kind: type[BaseException] | None = None) -> str:
    """Where to read on: `docs/troubleshooting.md#a-port-is-taken`."""
    return f"{PAGE}#{entry_for(message, kind)}"
