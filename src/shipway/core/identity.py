"""As whom a job of GitHub's presents itself."""

from __future__ import annotations

from shipway.core.errors import ConfigError
from shipway.core.settings.github import GitHub


def subject(github: GitHub, environment: str) -> str:
    """The `sub` of a job's token in an environment: `repo:OWNER@ID/NAME@ID:environment:ENV`.

    With the ids, a repository that takes over the name is another one (GitHub, "OpenID Connect
    reference", immutable subjects). Raises ConfigError where one of them is not configured.
    """
    owner, slash, name = github.repository.partition("/")
    if not (owner and slash and name and "/" not in name):
        raise ConfigError(
            f"github.repository: OWNER/NAME is wanted, found {github.repository!r}",
            'Write it in shipway.toml: [github] repository = "OWNER/NAME".',
        )
    for key, value in (("owner_id", github.owner_id), ("repository_id", github.repository_id)):
        if not value.isascii() or not value.isdigit():
            raise ConfigError(
                f"github.{key}: a number is wanted, found {value!r}",
                f"gh api repos/{github.repository} --jq '.owner.id, .id' prints both.",
            )
    return f"repo:{owner}@{github.owner_id}/{name}@{github.repository_id}:environment:{environment}"
