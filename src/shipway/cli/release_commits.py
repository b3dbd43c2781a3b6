"""When the commits of releases were made: what a lead time is measured from."""

from __future__ import annotations

from shipway.cli.project import Project
from shipway.system.git import commit_times


def release_commit_times(project: Project) -> dict[str, float]:
    """Release → when its commit was made, in seconds since the epoch, for those that git knows
    here."""
    commits = {str(r["name"]): str(r.get("commit", "")) for r in project.record.releases()}
    times = commit_times(project.root, set(filter(None, commits.values())))
    return {name: times[commit] for name, commit in commits.items() if commit in times}
