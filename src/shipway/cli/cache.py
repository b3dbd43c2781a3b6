"""`shipway cache`: the words it takes."""

from __future__ import annotations

import json as json_module
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.cli.shared_cache import may_write, outcome_store
from shipway.config.tables import Cache
from shipway.errors import CannotRun, ConfigError, ShipwayError
from shipway.pipeline.codec import run_with_steps_from_json
from shipway.ports import OutcomeStore
from shipway.reports.sanitize import one_line
from shipway.system.signature import PrivateKey, new_private_key

# `cache status` carried out.

_ASKED = 5.0  # seconds that a person waits for an answer
_ABSENT = "0" * 64  # a name that no digest has


@dataclass(frozen=True)
class StoreAnswer:
    """Whether a store answers. what: how fast, or what is wrong."""

    good: bool
    what: str


def ask_store(store: OutcomeStore, limit: float = _ASKED) -> StoreAnswer:
    """Ask a store for what it does not have. limit: seconds."""
    try:
        store.open()
        began = time.monotonic()
        store.get("ac", _ABSENT, 1, limit)
    except ShipwayError as problem:
        return StoreAnswer(False, problem.message)
    return StoreAnswer(True, f"it answers in {(time.monotonic() - began) * 1000:.0f} ms")


def status(*, directory: str, json: bool) -> int:
    """Show what is cached here, and whether the shared cache can be used; the exit code."""
    project = open_project(directory)
    settings = project.config.cache
    outcomes, size = len(project.record.cached()), _size(project.blobs.folder)
    taken = _taken(project)
    answer = None
    if settings.remote:
        answer = ask_store(outcome_store(settings, project.config.aws, os.environ))
    permission = may_write(project, os.environ)
    if json:
        document = {
            "outcomes": outcomes,
            "bytes": size,
            "taken": taken,
            "remote": settings.remote,
            "answers": answer.good if answer else None,
            "answer": answer.what if answer else "",
            "trusted": dict(settings.trust),
            "writes": bool(settings.remote) and permission.granted,
            "why": permission.why if settings.remote else "",
        }
        print(json_module.dumps(document, indent=2))
    else:
        print(f"here     {outcomes} outcomes, {size / 1e6:.1f} MB of logs and reports")
        print("\n".join(_shared_lines(settings, answer, permission.why, permission.granted)))
        for writer, count in taken.items():
            print(f"taken    {count} outcomes of the last run are from {one_line(writer)}")
    return 0 if answer is None or answer.good else CannotRun.exit_code


def _shared_lines(
    settings: Cache, answer: StoreAnswer | None, why: str, writes: bool
) -> Iterator[str]:
    if answer is None:
        yield "shared   nothing: cache.remote is not set in shipway.toml"
        return
    yield f"shared   {settings.remote}: {one_line(answer.what)}"
    names = ", ".join(settings.trust) or "nobody: cache.trust has no key, so nothing is taken"
    yield f"trusted  {names}"
    yield f"writes   {'yes' if writes else 'no'}: {why}"


def _size(folder: str) -> int:
    """Bytes of the contents in a folder."""
    return sum(
        os.lstat(os.path.join(below, name)).st_size
        for below, _, names in os.walk(folder)
        for name in names
    )


def _taken(project: Project) -> dict[str, int]:
    """Writer → how many outcomes of the last run that ended are theirs."""
    counts: dict[str, int] = {}
    last = project.record.last_run()
    if last is not None and last[1] is not None:
        for step in run_with_steps_from_json(last[1], last[2]).steps:
            if step.origin is not None:
                counts[step.origin.writer] = counts.get(step.origin.writer, 0) + 1
    return counts


# `cache key` carried out.


def make_key(*, directory: str, file: str, json: bool) -> int:
    """Make a writer's pair of keys: the private one goes to a file, the public one is shown."""
    text = new_private_key()
    path = os.path.join(directory, file)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be made: {error.strerror}",
            "Name a file that is not there yet, outside of the repository.",
            code="invalid-input",
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as private:
        private.write(text + "\n")
    public = PrivateKey(text).public_key
    if json:
        print(json_module.dumps({"public_key": public, "file": file}, indent=2))
        return 0
    variable, place = Cache().key, one_line(file)
    print(
        f"""The private key is in {place}, which only you can read. Give it to CI, and to nobody
else, as the secret {variable}:

    gh secret set {variable} < {place}

Then remove the file. Readers of the cache are told in shipway.toml whom to believe:

    [cache]
    remote = "https://cache.example.org"
    trust = {{ CI = "{public}" }}"""
    )
    return 0


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("cache", _cache)


def _cache(parser: Parser) -> None:
    """The outcomes of steps that are cached here, and shared with a team and its CI.

    Example: shipway cache status
    """
    parser.add_command("status", _status, status)
    parser.add_command("key", _key, make_key)


def _status(parser: Parser) -> None:
    """Show what is cached here, whether the shared cache answers, and who may write to it.

    Exit code 5 where it does not answer.

    Example: shipway cache status
    """
    add_json(parser)


def _key(parser: Parser) -> None:
    """Make the pair of keys by which a writer's outcomes are known, and say what goes where.

    Example: shipway cache key ~/ci.key
    """
    parser.add("file", metavar="FILE", help="Where the private key is written; not over a file.")
    add_json(parser)
