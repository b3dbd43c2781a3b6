"""Tiny projects with a lock file and a folder of advisories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import tiny_application

LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "flask"
version = "0.12.2"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "jinja2" }]

[[package]]
name = "jinja2"
version = "2.10"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "pytest"
version = "9.2.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "town"
version = "1.0.0"
source = { virtual = "." }
dependencies = [{ name = "flask" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]
"""


def advisory(
    name: str, package: str, events: Sequence[Mapping[str, str]], **other: Any
) -> dict[str, Any]:
    """An advisory in OSV format for one package of PyPI."""
    affected = {
        "package": {"ecosystem": "PyPI", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": name, "modified": "2026-01-02T03:04:05Z", "affected": [affected], **other}


FLASK = advisory(
    "GHSA-562c-5r94-xh97",
    "Flask",
    [{"introduced": "0"}, {"fixed": "0.12.3"}],
    aliases=["CVE-2018-1000656"],
    summary="JSON in an unexpected encoding takes all memory",
    severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
    database_specific={"cwe_ids": ["CWE-20"], "severity": "HIGH"},
    references=[{"type": "ADVISORY", "url": "https://example.org/flask"}],
)
# The same fault, as PyPI's own database names it: without a rating.
FLASK_AGAIN = advisory(
    "PYSEC-2018-66",
    "flask",
    [{"introduced": "0"}, {"fixed": "0.12.3"}],
    aliases=["CVE-2018-1000656"],
    details="The Pallets Project flask contains CWE-20.\nMore.",
)
PYTEST = advisory("PYSEC-2026-1", "pytest", [{"introduced": "9"}], summary="It tells all")
OLD_JINJA = advisory("PYSEC-2016-1", "jinja2", [{"introduced": "0"}, {"fixed": "2.8.1"}])
WITHDRAWN = advisory(
    "PYSEC-2019-1", "jinja2", [{"introduced": "0"}], withdrawn="2020-01-01T00:00:00Z"
)

# With a package as uv locks it, which the tiny application's environment has, too.
SBOM_LOCK = """version = 1
requires-python = ">=3.11"

[[package]]
name = "iniconfig"
version = "2.3.1"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/iniconfig-2.3.1.tar.gz", hash = "sha256:67f4b9c50da0dedf52af349e7749a80a9057a5031199791b906c3bb3ae878960" }
wheels = [
    { url = "https://files.pythonhosted.org/iniconfig-2.3.1-py3-none-any.whl", hash = "sha256:9121e2c1fdb355232495be3194c8dfe87ccc2d5dee45947b78e68f499790d7a7" },
]

[[package]]
name = "pytest"
version = "9.2.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "iniconfig" }]

[[package]]
name = "town"
version = "1.0.0"
source = { virtual = "." }
dependencies = [{ name = "iniconfig" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]
"""  # noqa: E501

KNOWN_FAULTS = {
    **tiny_application.CLEAN,
    "uv.lock": LOCK,
    **{
        f"advisories/{one['id']}.json": json.dumps(one)
        for one in (FLASK, FLASK_AGAIN, PYTEST, OLD_JINJA, WITHDRAWN)
    },
}
NO_FAULTS = {
    **tiny_application.CLEAN,
    "uv.lock": LOCK,
    "advisories/PYSEC-2016-1.json": json.dumps(OLD_JINJA),
}
NO_PACKAGES = {**NO_FAULTS, "uv.lock": "version = 1\n"}
NO_ADVISORIES = {**tiny_application.CLEAN, "uv.lock": LOCK, "advisories/README.md": "none yet\n"}
DAMAGED = {**NO_FAULTS, "advisories/PYSEC-2.json": '{"id": "PYSEC'}
BROKEN_LOCK = {**NO_FAULTS, "uv.lock": "version =\n"}

CASES: dict[tuple[str, str], Mapping[str, str]] = {
    ("pip-audit", "nothing"): tiny_application.NOTHING,
    ("advisories", "bad"): KNOWN_FAULTS,
    ("advisories", "clean"): NO_FAULTS,
    ("advisories", "nothing"): NO_PACKAGES,
    ("advisories", "no-advisories"): NO_ADVISORIES,
    ("advisories", "damaged"): DAMAGED,
    ("advisories", "syntax"): BROKEN_LOCK,
    ("licences", "clean"): tiny_application.CLEAN,
    ("licences", "nothing"): tiny_application.NOTHING,
    ("sbom", "clean"): {**tiny_application.CLEAN, "uv.lock": SBOM_LOCK},
    ("sbom", "nothing"): {"uv.lock": "version = 1\n"},
    ("sbom", "syntax"): BROKEN_LOCK,
}
# Where the application's environment is empty.
BARE = {("pip-audit", "nothing"), ("licences", "nothing"), ("sbom", "nothing")}
