"""Who and where a package is from: what release.toml says; nothing where there is no such file.

An address that is not known is better left out than made up, so none is in pyproject.toml:

    [urls]
    Repository = "https://git.example.org/team/shipway"
    Documentation = "https://docs.example.org/shipway"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

SETTINGS = "release.toml"


class ReleaseSettings(MetadataHookInterface):
    """Adds `urls` to the package's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling. metadata: the table [project]."""
        path = Path(self.root) / SETTINGS
        if not path.exists():
            return
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        if unknown := sorted(settings.keys() - {"urls"}):
            raise ValueError(f"{SETTINGS}: there is no table {', '.join(unknown)}; urls is one")
        metadata["urls"] = settings.get("urls", {})
