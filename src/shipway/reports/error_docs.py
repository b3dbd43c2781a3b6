"""Which error code stands for a cause, and the text that explains a code.

An error has its code with it (errors.py). A cause has none: why a gate, a rollout or a step failed
is a sentence, made in many places and read again from the record. Its code is known by its words.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from shipway.errors import ErrorCode
from shipway.pipeline.command_line import Invocation

UNCLASSIFIED: ErrorCode = "unclassified"
PAGE = "troubleshooting.md"  # of docs/: a section for each code
# Code → what its causes have in common. The first one that matches counts.
CAUSES: Mapping[ErrorCode, str] = {
    "suite-not-run": r"did not run, so nobody knows",
    "suite-broken": r"^the tests did not run to their end",
    "test-failed": r"^[\d,]+ of [\d,]+ tests failed",
    "gate-failed": r"; (none|at most .+|at least .+) (is|are) (allowed|required)|; the limit is ",
    "judge-rolled-back": r"^the judge rolled it back",
    "judge-inconclusive": r"^the judge holds it",
    "smoke-test-failed": r"^a smoke test failed",
    "instance-exited": r"ended while it served",
    "instance-not-started": r"did not become healthy|ended while it was starting|"
    r"cannot be started: ",
    "pause-timed-out": r"nobody answered (the|a) pause",
    "interrupted": r"^somebody stopped it|^it was interrupted|it was stopped|"
    r"--fail-fast was given|was stopped before it",
    "port-taken": r"^port .* is taken|no free port",
    "envoy-unavailable": r"^Envoy |Envoy .*within",
    "task-failed": r"^`.*` (did not run|failed|ended with code)|"
    r"^the (migration|seed) ended with ",
    "aws-unreachable": r"^AWS (does not answer|is busy)",
    "aws-refused": r"^AWS|the AWS credentials do not work",
    "disk-full": r"the disk is full",
    "timed-out": r"took longer than its limit|did not end within",
    "command-failed": r"ended with ",
    "internal-error": r"Shipway itself failed",
}
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def cause_code(cause: str) -> ErrorCode:
    """The code of a cause, by its words."""
    for code, pattern in CAUSES.items():  # compiled when first needed: a good run needs none
        if re.search(pattern, cause, re.MULTILINE):
            return code
    return UNCLASSIFIED


def explain_command(code: ErrorCode, here: Invocation) -> str:
    """What is typed to read on: `shipway explain port-taken`. It needs no project, so no -C."""
    return shlex.join((*here.program, "explain", code))


def explanations(page: str) -> dict[str, str]:
    """Code → what docs/troubleshooting.md says of it, for a terminal.

    The code is the heading's anchor: "Port taken" explains port-taken.
    """
    parts = _HEADING.split(page)[1:]
    return {
        heading.lower().replace(" ", "-"): _LINK.sub(_address, text.split("\n# ")[0].strip())
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _address(link: re.Match[str]) -> str:
    """A link as text: where the page stands in Shipway's repository."""
    label, target = link.groups()
    return f"docs/{target}" if label == target else f"{label} (docs/{target})"
