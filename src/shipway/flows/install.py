"""The actions that make the application's environment and its release."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import AbstractContextManager
from dataclasses import asdict

from shipway.core.errors import CannotRun, ConfigError
from shipway.core.migrations import heads
from shipway.core.outcome import Outcome
from shipway.core.ports import Command, OnOutput
from shipway.core.release import SBOM_FILE, Release
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.effects.alone import alone
from shipway.effects.files import Tree
from shipway.flows.schema import scripts
from shipway.flows.workshop import Workshop


def install(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """The environment for checks and tests, from the lock file with its development part."""
    python = environment(step, shop, on_output, development=True)
    return StepResult(
        step.name, step.stage, Outcome.PASSED, facts={"python": python, "paths": [python]}
    )


def package(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """An immutable copy of the application's files, named by their content."""
    python = environment(step, shop, on_output, development=False)
    tree = Tree(shop.root, {})
    found = tree.fingerprints(step.inputs)
    files = {path: value for path, value in found.items() if value != "special"}
    if not files:
        raise ConfigError(
            "no file belongs to the release", "Look at the patterns in [application] release."
        )
    application = shop.config.application
    lock = _lock_digest(shop)
    content = "\n".join(f"{path}\0{value}" for path, value in files.items())
    identity = "\n".join((application.name, application.version, lock, content))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    path = os.path.join(shop.state, "releases", digest[:32])
    with _alone(shop):
        if os.path.isdir(path):
            os.utime(path)  # wanted again: nothing that cleans up takes it away meanwhile
        else:
            _copy(shop.root, list(files), path)
    release = Release(
        application.name, application.version, shop.commit, digest, lock,
        heads(scripts(path)), path, python, _sbom(shop),
    )  # fmt: skip
    known = f"SBOM {release.sbom[:12]}" if release.sbom else "no SBOM"
    on_output(f"release {release.name}: {len(files)} files, {known}")
    return StepResult(
        step.name, step.stage, Outcome.PASSED,
        facts={"release": asdict(release), "paths": [path, python]},
        reports={SBOM_FILE: release.sbom} if release.sbom else {},
    )  # fmt: skip


def _sbom(shop: Workshop) -> str:
    """The digest of the list that the step sbom wrote, if there is that step and it could."""
    written = shop.upstream.get("sbom")
    return written.reports.get(SBOM_FILE, "") if written else ""


def environment(step: Step, shop: Workshop, on_output: OnOutput, *, development: bool) -> str:
    """Make the environment of the lock file unless it is there; the path of its interpreter.

    It is named by the lock's digest, so all releases of one lock share it.
    """
    name = _lock_digest(shop)[:16] + ("-dev" if development else "")
    folder = os.path.join(shop.state, "venvs", name)
    python = os.path.join(folder, "bin", "python")
    with _alone(shop):
        if os.path.exists(os.path.join(folder, "complete")):
            os.utime(folder)
        else:
            _make(step, shop, on_output, folder, python, development=development)
    return python


def _alone(shop: Workshop) -> AbstractContextManager[None]:
    """One process at a time makes environments and releases here; the others wait for it."""
    return alone(os.path.join(shop.state, "install.lock"), shop.stopping, "installed")


def _make(
    step: Step, shop: Workshop, on_output: OnOutput, folder: str, python: str, *, development: bool
) -> None:
    for argv in _commands(shop, folder, python, development=development):
        env = {**shop.env(step), "UV_PROJECT_ENVIRONMENT": folder, "UV_COMPILE_BYTECODE": "1"}
        done = shop.processes.run(
            Command(argv, shop.root, env, step.timeout, shop.secrets), on_output
        )
        if done.code:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
            raise CannotRun(
                "the application's environment cannot be made: " + "\n".join(last),
                f"Run it by hand to see more: {' '.join(argv)}",
            )
    with open(os.path.join(folder, "complete"), "w", encoding="utf-8") as mark:
        mark.write("made by shipway\n")


def _commands(
    shop: Workshop, folder: str, python: str, *, development: bool
) -> list[tuple[str, ...]]:
    lock = shop.config.application.lock
    if lock == "uv.lock":
        part = () if development else ("--no-dev", "--no-install-project")
        return [(shop.uv, "sync", "--locked", "--quiet", *part)]
    return [
        (shop.uv, "venv", "--quiet", "--clear", folder),
        (shop.uv, "pip", "install", "--quiet", "--python", python, "-r", lock),
    ]


def _lock_digest(shop: Workshop) -> str:
    hasher = hashlib.sha256()
    for name in (shop.config.application.lock, "pyproject.toml"):
        path = os.path.join(shop.root, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                hasher.update(file.read())
    return hasher.hexdigest()


def _copy(root: str, files: list[str], target: str) -> None:
    """Copy to the side and rename, so that a release is there as a whole or not at all."""
    beside = f"{target}.new"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for name in files:
            destination = os.path.join(beside, name)
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            shutil.copy2(os.path.join(root, name), destination, follow_symlinks=False)
            if not os.path.islink(destination):
                os.chmod(destination, os.stat(destination).st_mode & 0o555)
        os.replace(beside, target)
    except OSError as error:
        raise CannotRun(
            f"the release cannot be copied: {error}", "Look at that file, and at the free space."
        ) from error
