"""`[github]`: the repository whose workflows may deploy."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.settings.closed import Closed


@dataclass(frozen=True)
class Github(Closed):
    """repository: `OWNER/NAME`. owner_id, repository_id: GitHub's numbers, which stay when either
    is renamed: `gh api repos/OWNER/NAME --jq '.owner.id, .id'` prints them."""

    repository: str = ""
    owner_id: str = ""
    repository_id: str = ""
