"""What checks of configuration are about, by their names.

checkov rates none of its checks, and neither it nor trivy names the weakness; the names are plain.
"""

from __future__ import annotations

import re

from shipway.core.finding import Severity

# Words in a check's name → severity, weakness, what to do. The first that fit.
_TOPICS = (
    ("hard-coded secret|chpasswd", Severity.HIGH, "CWE-798", "Take it from a secret store."),
    ("shell injection", Severity.HIGH, "CWE-94", "Give it by env, and use it as a variable."),
    ("UNSECURE_COMMANDS", Severity.HIGH, "CWE-77", "Remove it; write to GITHUB_ENV."),
    ("write-all", Severity.HIGH, "CWE-250", "Give each job only the permissions that it needs."),
    ("privilege|IAM polic|assume|principal|Lambda function permissions", Severity.HIGH, "CWE-269",
     "Name the actions, resources and principals that are needed."),
    ("certificate", Severity.HIGH, "CWE-295", "Let it verify certificates."),
    ("signature", Severity.HIGH, "CWE-347", "Let it verify signatures."),
    ("block public|ignore public|RestrictPublic", Severity.MEDIUM, "CWE-668",
     "Switch on all four of PublicAccessBlockConfiguration."),
    ("ingress|implicit SSH|public|to everyone|open |exposed|private|unauthenticated|AuthType",
     Severity.HIGH, "CWE-668", "Let in only those who must reach it."),
    ("transit|HTTPS|TLS|SSL|node-to-node|communications", Severity.MEDIUM, "CWE-319",
     "Let it speak with encryption only."),
    ("encrypt|CMK|KMS", Severity.MEDIUM, "CWE-311", "Switch its encryption on."),
    ("root|sudo|user for the container", Severity.MEDIUM, "CWE-250",
     "Let it run as a user of its own."),
    ("latest|immutable", Severity.MEDIUM, "CWE-1357", "Name the version."),
    ("Metadata Service|IMDSv2", Severity.MEDIUM, "CWE-918", "Demand IMDSv2: HttpTokens: required."),
    ("Runtime is not deprecated", Severity.MEDIUM, "CWE-1104", "Name one that is maintained."),
    (r"\blogs?\b|logging|CloudTrail|monitoring|insights|tracing", Severity.LOW, "CWE-778",
     "Switch it on."),
    ("backup|versioning|Multi-AZ|retention|deletion protection|concurrent|Dead Letter|caching"
     "|HEALTHCHECK|description|WORKDIR|Alias|MAINTAINER|APT|update instructions",
     Severity.LOW, "", ""),
)  # fmt: skip


def topic(name: str) -> tuple[Severity, tuple[str, ...], str]:
    """Severity, weaknesses and remedy of a check; what fits nothing is of medium severity."""
    for words, severity, cwe, remedy in _TOPICS:
        if re.search(words, name, re.IGNORECASE):
            return severity, (cwe,) if cwe else (), remedy
    return Severity.MEDIUM, (), ""
