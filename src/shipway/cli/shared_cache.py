"""Opens the cache that a team and its CI share, as `[cache]` has it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipway import __version__
from shipway.cli.project import Project
from shipway.config.aws import Aws
from shipway.config.tables import Cache
from shipway.pipeline.shared_cache import PATIENCE, SharedCache, Sharing
from shipway.pipeline.step import Step
from shipway.ports import OutcomeStore
from shipway.system.clock import SystemClock
from shipway.system.git import head_commit, is_shallow
from shipway.system.outcome_store import FolderOutcomeStore, HttpOutcomeStore
from shipway.system.signature import PrivateKey, verify_signature


def shared_cache(project: Project, steps: Iterable[Step], commit: str) -> SharedCache:
    """What the outcomes of a run's steps are shared through. steps: each after what it needs.

    Raises ConfigError for a private key that is none, and for credentials that would be readable
    on their way.
    """
    settings = project.config.cache
    permission = may_write(project, os.environ)
    sharing = Sharing(
        application=project.name,
        version=__version__,
        commit=commit,
        trusted=settings.trust,
        verify=verify_signature,
        signer=PrivateKey(os.environ[settings.key]) if permission.granted else None,
        shallow=is_shallow(project.root),
    )
    return SharedCache(
        outcome_store(settings, project.config.aws, os.environ),
        steps,
        sharing,
        project.record,
        project.blobs,
        SystemClock(),
    )


def outcome_store(settings: Cache, aws: Aws, environment: Mapping[str, str]) -> OutcomeStore:
    """The store at `cache.remote`, which is not empty."""
    address = settings.remote
    if address.startswith("file:"):
        return FolderOutcomeStore(address)
    if address.startswith("s3:"):
        from shipway.aws.clients import AwsClients  # most stores are not in AWS
        from shipway.aws.outcome_store import S3OutcomeStore
        from shipway.aws.retry import Patience

        patience = Patience(first_answer=0, later=0, connect=PATIENCE, read=PATIENCE)
        return S3OutcomeStore(address, AwsClients(aws, patience=patience))
    return HttpOutcomeStore(address, environment.get(settings.credentials, ""))


@dataclass(frozen=True)
class Permission:
    """Whether this run puts outcomes into the store. why: a sentence."""

    granted: bool
    why: str


def may_write(project: Project, environment: Mapping[str, str]) -> Permission:
    """Only CI on a protected branch may: what it signs is believed everywhere."""
    settings = project.config.cache
    branches = settings.write or (project.main_branch,)
    branch = environment.get("GITHUB_REF_NAME") or environment.get("CI_COMMIT_BRANCH")
    if branch is None:
        _, branch = head_commit(project.root)
    protected = environment.get("GITHUB_REF_PROTECTED", environment.get("CI_COMMIT_REF_PROTECTED"))
    if not environment.get(settings.key, "").strip():
        return Permission(False, f"the variable {settings.key} with a private key is not set")
    if environment.get("CI", "").lower() in ("", "0", "false"):
        return Permission(False, "this is not CI: the variable CI is not set")
    if environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return Permission(False, "this run is of a pull request")
    if branch not in branches:
        return Permission(False, f"the branch {branch or 'unknown'} is not {' or '.join(branches)}")
    if protected == "false":
        return Permission(False, f"the branch {branch} is not protected")
    return Permission(True, f"this is CI on {branch}")
