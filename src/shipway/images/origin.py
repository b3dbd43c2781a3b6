"""What an image is built from, as git tells it."""

from __future__ import annotations

from shipway.core.config import Config
from shipway.core.images.tags import Origin
from shipway.effects.git import committed, differs, head


def origin(root: str, config: Config) -> Origin:
    """The application's origin. Outside a repository the moment is always the same."""
    commit, _ = head(root)
    application = config.application
    return Origin(
        application.name, application.version, commit,
        changed=bool(commit) and differs(root), moment=committed(root),
    )  # fmt: skip
