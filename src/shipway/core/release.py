"""A release: what can be deployed. Immutable, named by its content."""

from __future__ import annotations

import re
from dataclasses import dataclass

SBOM_FILE = "sbom.cdx.json"  # the report of the step sbom, and of the release that carries it


@dataclass(frozen=True)
class Release:
    """What can be deployed.

    digest: SHA-256 over the files, the lock and the names below: the release's identity.
    name: what people read, `version+commit` and the digest's first characters.
    lock: digest of the lock file; releases of the same lock share one environment.
    migrations: the schema heads that this release's migrations lead to.
    path: the folder of its files; python: the interpreter of its environment.
    sbom: digest of its software bill of materials, which is kept in the store of blobs; "" where
    none was made. It is no part of the identity: it tells when it was written.
    image: where its image is published, by digest (`registry/repository@sha256:…`); "" where it
    has none.
    """

    application: str
    version: str
    commit: str
    digest: str
    lock: str
    migrations: tuple[str, ...]
    path: str
    python: str
    sbom: str = ""
    image: str = ""

    @property
    def name(self) -> str:
        """`1.4.0+3f2a91c.8c1d02`: the version, the commit, the start of the digest."""
        commit = self.commit[:7] or "nocommit"
        version = re.sub(r"[^0-9A-Za-z.]", ".", self.version) or "0"
        return f"{version}+{commit}.{self.digest[:6]}"
