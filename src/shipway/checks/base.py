"""What most checks have in common, as defaults to build on."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shipway.config.schema import Config
from shipway.errors import CannotRun, ConfigError
from shipway.findings.finding import Severity
from shipway.pipeline.check import CheckContext, CheckResult, Tool, ToolOutput
from shipway.pipeline.gates import Bound, Gate
from shipway.source_text import read_text

NO_FINDINGS = Gate("findings", Bound.AT_MOST, 0)
_COMPLAINT = re.compile(r"(error|fatal)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CheckDefaults:
    """Defaults for a check that looks at source files and reports findings.

    settings_in: (file, what stands in it) of the tool's own settings, in its own order.
    """

    name: str
    summary: str
    tool: Tool
    configuration: tuple[str, ...] = ("pyproject.toml",)
    stage: str = "quality"
    needs: tuple[str, ...] = ()
    expected: float = 2.0
    cores: int = 1
    max_age: float | None = None
    served: bool = False
    serviced: bool = False
    reports: tuple[str, ...] = ()
    kept: str = ""
    default: bool = True
    settings_in: tuple[tuple[str, str], ...] = ()

    def applies(self, config: Config) -> bool:
        """Where there is Python."""
        application = config.application
        return bool(application.packages or application.unit_tests or application.serve)

    def tool_for(self, context: CheckContext) -> Tool:
        """The same in every repository."""
        return self.tool

    def inputs(self, config: Config) -> tuple[str, ...]:
        """All Python files, and the files that configure the tool."""
        return ("*.py", "*.pyi", *self.configuration, ".gitignore")

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """No finding is let pass."""
        return (NO_FINDINGS,)

    def settings(self, config: Config, context: CheckContext) -> str:
        """The file of its own settings, where the tool has any."""
        if not self.settings_in:
            return ""
        file = settings_file(context.root, self.settings_in)
        return f"settings: {file or 'none of the repository'}"

    def retried(
        self,
        first: CheckResult,
        again: ToolOutput,
        config: Config,
        context: CheckContext,
        today: date,
    ) -> CheckResult:
        """What looks at files finds the same again."""
        return first

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...] | None:
        """Nothing, unless the tool can repair."""
        return None


def settings_file(root: str, places: Sequence[tuple[str, str]]) -> str:
    """The first file that has a tool's settings, "" where none has.

    places: (file, what stands in it then), in the tool's own order; "" where the file is enough.
    """
    for file, section in places:
        try:
            if section in read_text(os.path.join(root, file)):
                return file
        except (OSError, ConfigError):  # a pipe or a device has no settings
            continue
    return ""


def tool_crashed(output: ToolOutput, tool: str) -> CannotRun:
    """The tool ended in a way that says nothing about the code."""
    how = f"was ended by signal {-output.code}" if output.code < 0 else f"ended with {output.code}"
    return CannotRun(
        f"{tool} {how} and no result: {_complaint(output)}",
        "Read its log above; if it could not be fetched, look at the network.",
        code="tool-failed",
    )


def _complaint(output: ToolOutput) -> str:
    """The first line that calls itself an error, else the last one."""
    lines = (output.stderr.strip() or output.stdout.strip()).splitlines()
    if not lines:
        return "it printed nothing"
    line = next((line for line in lines if _COMPLAINT.match(line)), lines[-1])
    return re.sub(r"\s+", " ", line)[:300]


def nothing_to_check(tool: str) -> CannotRun:
    """The tool found no file: no data is never a pass."""
    return CannotRun(
        f"{tool} found no Python files",
        f"Look at what its settings exclude, or switch it off: [checks] {tool} = false.",
        code="nothing-to-scan",
    )


def relative_path(path: str, root: str) -> str:
    """A path as it is seen from the application's root."""
    return path.removeprefix(root.rstrip("/") + "/").removeprefix("./")


# What scanners of code and configuration have in common.


@dataclass(frozen=True)
class Scanner(CheckDefaults):
    """Defaults for a check of the security stage."""

    stage: str = "security"

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """None of its own: the findings of all scanners are judged together."""
        return ()


def dockerfiles(config: Config) -> tuple[str, ...]:
    """All Dockerfiles, that of the application first, each once."""
    application = config.application
    paths = (application.dockerfile, *application.dockerfiles)
    return tuple(dict.fromkeys(filter(None, paths)))


def workflow_files(config: Config, context: CheckContext) -> tuple[str, ...]:
    """The workflow files, for tools that look into no folder."""
    folder = config.application.workflows
    below = os.path.join(context.root, folder)
    names = sorted(os.listdir(below)) if folder and os.path.isdir(below) else []
    return tuple(f"{folder}/{name}" for name in names if name.endswith((".yml", ".yaml")))


def unreadable_files(tool: str, files: Sequence[str], remedy: str) -> CannotRun:
    """The tool could not read some files: what it says of the others is not the whole."""
    more = f" and {len(files) - 1} more" if files[1:] else ""
    return CannotRun(f"{tool} could not read {files[0]}{more}", remedy, code="nothing-to-scan")


def nothing_to_scan(tool: str, what: str) -> CannotRun:
    """The tool had nothing to look at: no data is never a pass. what: "no workflow"."""
    return CannotRun(
        f"{tool} found {what} to look at",
        f"See what [application] names, or switch it off: [checks] {tool} = false.",
        code="nothing-to-scan",
    )


# What checks of configuration are about, by their names.
#
# checkov rates none of its checks, and neither it nor trivy names the weakness; the names are
# plain.

# Words in a check's name → severity, weakness, what to do. The first that fit.
_TOPICS = (
    ("hard-coded secret|chpasswd", Severity.HIGH, "CWE-798", "Take it from a secret store."),
    ("shell injection", Severity.HIGH, "CWE-94", "Give it by env, and use it as a variable."),
    ("UNSECURE_COMMANDS", Severity.HIGH, "CWE-77", "Remove it; write to GITHUB_ENV."),
    ("write-all", Severity.HIGH, "CWE-250", "Give each job only the permissions that it needs."),
    (
        "privilege|IAM polic|assume|principal|Lambda function permissions",
        Severity.HIGH,
        "CWE-269",
        "Name the actions, resources and principals that are needed.",
    ),
    ("certificate", Severity.HIGH, "CWE-295", "Let it verify certificates."),
    ("signature", Severity.HIGH, "CWE-347", "Let it verify signatures."),
    (
        "block public|ignore public|RestrictPublic",
        Severity.MEDIUM,
        "CWE-668",
        "Switch on all four of PublicAccessBlockConfiguration.",
    ),
    (
        "ingress|implicit SSH|public|to everyone|open |exposed|private|unauthenticated|AuthType",
        Severity.HIGH,
        "CWE-668",
        "Let in only those who must reach it.",
    ),
    (
        "transit|HTTPS|TLS|SSL|node-to-node|communications",
        Severity.MEDIUM,
        "CWE-319",
        "Let it speak with encryption only.",
    ),
    ("encrypt|CMK|KMS", Severity.MEDIUM, "CWE-311", "Switch its encryption on."),
    (
        "root|sudo|user for the container",
        Severity.MEDIUM,
        "CWE-250",
        "Let it run as a user of its own.",
    ),
    ("latest|immutable", Severity.MEDIUM, "CWE-1357", "Name the version."),
    ("Metadata Service|IMDSv2", Severity.MEDIUM, "CWE-918", "Demand IMDSv2: HttpTokens: required."),
    ("Runtime is not deprecated", Severity.MEDIUM, "CWE-1104", "Name one that is maintained."),
    (
        r"\blogs?\b|logging|CloudTrail|monitoring|insights|tracing",
        Severity.LOW,
        "CWE-778",
        "Switch it on.",
    ),
    (
        "backup|versioning|Multi-AZ|retention|deletion protection|concurrent|Dead Letter|caching"
        "|HEALTHCHECK|description|WORKDIR|Alias|MAINTAINER|APT|update instructions",
        Severity.LOW,
        "",
        "",
    ),
)


def rule_topic(name: str) -> tuple[Severity, tuple[str, ...], str]:
    """Severity, weaknesses and remedy of a check; what fits nothing is of medium severity."""
    for pattern, severity, cwe, remedy in _TOPICS:
        if re.search(pattern, name, re.IGNORECASE):
            return severity, (cwe,) if cwe else (), remedy
    return Severity.MEDIUM, (), ""
