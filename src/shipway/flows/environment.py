"""The application's environment: made once from its lock, and shared by all who have that lock."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import tomllib
from contextlib import AbstractContextManager

from shipway.core.adoption.lock_header import recorded
from shipway.core.errors import CannotRun
from shipway.core.ports import Command, OnOutput
from shipway.core.step import Step
from shipway.core.texts import decoded
from shipway.effects.alone import alone as one_at_a_time
from shipway.effects.copying import copy_files
from shipway.effects.files import Tree, write_atomic
from shipway.flows.workshop import Workshop


def environment(step: Step, shop: Workshop, on_output: OnOutput, *, development: bool) -> str:
    """Make the environment of the lock file unless it is there; the path of its interpreter.

    It is named by the lock's digest, so all releases of one lock share it.
    """
    name = lock_digest(shop)[:16] + ("-dev" if development else "")
    folder = os.path.join(shop.state, "venvs", name)
    python = os.path.join(folder, "bin", "python")
    with alone(shop):
        if os.path.exists(os.path.join(folder, "complete")) and os.path.exists(python):
            os.utime(folder)
        else:
            _make(step, shop, on_output, folder, python, development=development)
    return python


def alone(shop: Workshop) -> AbstractContextManager[None]:
    """One process at a time makes environments and releases here; the others wait for it."""
    return one_at_a_time(os.path.join(shop.state, "install.lock"), shop.stopping, "installed")


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
                f"Run it by hand to see more: {shlex.join(argv)}",
            )
    if development:
        _install_project(step, shop, on_output, python)
    with open(os.path.join(folder, "complete"), "w", encoding="utf-8") as mark:
        mark.write("made by shipway\n")


def _commands(
    shop: Workshop, folder: str, python: str, *, development: bool
) -> list[tuple[str, ...]]:
    lock = _lock(shop, development=development)
    if lock == "uv.lock":
        part = () if development else ("--no-dev", "--no-install-project")
        return [(shop.uv, "sync", "--locked", "--quiet", *part)]
    return [
        (shop.uv, "venv", "--quiet", "--clear", folder),
        (shop.uv, "pip", "install", "--quiet", "--python", python, "-r", _readable(shop, lock)),
    ]


def _lock(shop: Workshop, *, development: bool) -> str:
    application = shop.config.application
    return (application.test_lock if development else "") or application.lock


def _readable(shop: Workshop, lock: str) -> str:
    """The lock, or a copy of it in UTF-8 where it is in another encoding: uv reads no other."""
    with open(os.path.join(shop.root, lock), "rb") as file:
        data = file.read()
    text = decoded(data)
    if text.encode("utf-8", "surrogateescape") == data:
        return lock
    path = os.path.join(shop.state, "lock", "utf-8.txt")
    write_atomic(path, text.encode("utf-8", "surrogateescape"))
    return path


def _install_project(step: Step, shop: Workshop, on_output: OnOutput, python: str) -> None:
    """The application itself, for its metadata and commands, where it is a package.

    From a copy, because building writes beside the sources. Its modules are found in the working
    tree first (measure_tests.py), so that the copy need not be up to date. Many applications have
    a build system that cannot build them: they are run from their folder and need no more.
    """
    if _lock(shop, development=True) == "uv.lock" or not is_package(shop.root):
        return  # uv sync has done it, or there is nothing to install
    copy = os.path.join(shop.state, "lock", "project")
    shutil.rmtree(copy, ignore_errors=True)
    copy_files(shop.root, list(Tree(shop.root, {}).listing()), copy)
    argv = (shop.uv, "pip", "install", "--quiet", "--no-deps", "--python", python, copy)
    done = shop.processes.run(
        Command(argv, shop.root, shop.env(step), step.timeout, shop.secrets), on_output
    )
    if done.code:
        on_output("the application cannot be built as a package; it is used from its folder")
    shutil.rmtree(copy, ignore_errors=True)


def is_package(root: str) -> bool:
    """Whether the project says that it can be built and installed."""
    if os.path.exists(os.path.join(root, "setup.py")):
        return True
    try:
        with open(os.path.join(root, "pyproject.toml"), "rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError):
        return False
    tools = data.get("tool", {})
    wanted = tools.get("uv", {}).get("package", True) is not False
    return wanted and tools.get("poetry", {}).get("package-mode", True) and "build-system" in data


def outdated(root: str, lock: str) -> str:
    """The first file that changed since the lock was resolved from it; "" where none did."""
    try:
        with open(os.path.join(root, lock), encoding="utf-8", errors="replace") as file:
            made_from = recorded(file.read())
    except OSError:
        return ""
    for path, digest in made_from.items():
        try:
            with open(os.path.join(root, path), "rb") as source:
                same = hashlib.sha256(source.read()).hexdigest() == digest
        except OSError:
            same = False
        if not same:
            return path
    return ""


def lock_digest(shop: Workshop) -> str:
    """What names the environment: the locks and what else decides what is installed."""
    hasher = hashlib.sha256()
    application = shop.config.application
    for name in filter(None, (application.lock, application.test_lock, "pyproject.toml")):
        path = os.path.join(shop.root, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                hasher.update(file.read())
    return hasher.hexdigest()
