"""The actions that make the application's environment and its release."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace

from shipway.codec import to_plain
from shipway.errors import ApplicationFault, CannotRun, ConfigError
from shipway.pipeline.application_server import own_program, own_variables
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.release_source import REMEDY
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import StepContext
from shipway.ports import MANIFEST_FILE, Command, OnOutput, Sandbox
from shipway.releases.index_access import index_environment, index_secrets
from shipway.releases.interpreter import Interpreters
from shipway.releases.local_packages import from_copies, local_folders
from shipway.releases.lock_header import LOCK_PROBLEM, input_digest, is_resolved, lock_inputs
from shipway.releases.manifest import damage, manifest
from shipway.releases.migration_safety import migration_scripts
from shipway.releases.migrations.analysis import migration_heads
from shipway.releases.release import SBOM_FILE, Release
from shipway.source_text import decode_text, parse_toml, read_bytes, read_tail, read_text
from shipway.system.files import FileTree, copy_files, write_atomic
from shipway.system.files import file_lock as one_at_a_time

# What uv says where this machine is to blame, not the lock: no network, access, Python or space.
_HERE = re.compile(
    r"error sending request|network was disabled|dns error|timed out|operation timeout"
    r"|HTTP status (?:server error|client error \((?:401|403|407|429))"
    r"|[Nn]o interpreter found|No space left on device|Permission denied|Read-only file system"
)
_COMPLETE = "complete"  # in an environment's folder: all of its lock has been installed
_BUILT = ".shipway-built"  # in a release's folder: its build command has ended well
# The application's environment: made once from its lock, and shared by all who have that lock.


def prepare_environment(
    step: Step, context: StepContext, on_output: OnOutput, *, development: bool
) -> str:
    """Make the environment of the lock file unless it is there; the path of its interpreter.

    It is named by the lock's digest, so all releases of one lock share it.
    """
    name = lock_digest(context)[:16] + ("-dev" if development else "")
    folder = os.path.join(context.state, "venvs", name)
    python = os.path.join(folder, "bin", "python")
    with environment_lock(context):
        if os.path.exists(os.path.join(folder, _COMPLETE)) and is_environment(python):
            os.utime(folder)
        else:
            with suppress(FileNotFoundError):  # until it is whole again
                os.unlink(os.path.join(folder, _COMPLETE))
            if not is_environment(python):  # uv makes none in what is none
                shutil.rmtree(folder, ignore_errors=True)
            _make(step, context, on_output, folder, python, development=development)
    return python


def is_environment(python: str) -> bool:
    """Whether an interpreter is there, and in an environment: without pyvenv.cfg it has only the
    packages of the Python that it was made from."""
    marker = os.path.join(os.path.dirname(os.path.dirname(python)), "pyvenv.cfg")
    return os.path.exists(python) and os.path.exists(marker)


def environment_lock(context: StepContext) -> AbstractContextManager[None]:
    """One process at a time makes environments and releases here; the others wait for it."""
    return one_at_a_time(os.path.join(context.state, "install.lock"), context.stopping, "installed")


def _make(
    step: Step,
    context: StepContext,
    on_output: OnOutput,
    folder: str,
    python: str,
    *,
    development: bool,
) -> None:
    access = _index_access(context)
    secrets = (*context.secrets, *index_secrets(access))
    env = {
        **context.env(step),
        **access,
        "UV_PROJECT_ENVIRONMENT": folder,
        "UV_COMPILE_BYTECODE": "1",
    }

    def run(*arguments: str) -> None:
        argv = (context.uv, *arguments)
        sandbox = _building(context)
        command = Command(argv, context.root, env, step.timeout, secrets, sandbox=sandbox)
        done = context.processes.run(command, on_output)
        if done.code:
            output = done.stderr.strip() or done.stdout.strip()
            error = CannotRun if done.code < 0 or _HERE.search(output) else ApplicationFault
            raise error(
                "the application's environment cannot be made: " + _cause(output),
                f"Run it by hand to see more: {shlex.join(argv)}",
                code="application-environment",
            )

    _install(context, run, folder, python, development=development)
    if development:
        _install_project(step, context, on_output, python)
    with open(os.path.join(folder, _COMPLETE), "w", encoding="utf-8") as mark:
        mark.write("made by shipway\n")


def _building(context: StepContext) -> Sandbox:
    """What holds uv, which runs the code of all that it has to build.

    It makes environments and builds in copies below the state. Folders there cannot be mounts of
    their own: uv links files from its cache, and no link leads from one mount to another.
    """
    with os.scandir(context.state) as entries:
        folders = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    others = [path for path in folders if os.path.basename(path) not in ("venvs", "lock")]
    return replace(context.sandbox(), read_only=tuple(others))


def _install(
    context: StepContext,
    run: Callable[..., None],
    folder: str,
    python: str,
    *,
    development: bool,
) -> None:
    """Have uv install what the lock says. run: calls uv."""
    lock = _lock(context, development=development)
    text = _lock_text(context, lock)
    if lock == "uv.lock" and (development or not local_folders(text)):
        part = () if development else ("--no-dev", "--no-install-project")
        run("sync", "--locked", "--quiet", *_python(context), *part)
        return
    run("venv", "--quiet", "--clear", *_python(context), folder)
    complete = is_resolved(text)
    if lock == "uv.lock":
        lock, complete = os.path.join(context.state, "lock", "uv-lock.txt"), True
        os.makedirs(os.path.dirname(lock), exist_ok=True)
        source = ("--locked", "--no-dev", "--no-emit-project", "--no-editable")
        form = ("--quiet", "--no-annotate", "--no-header", "--emit-index-url", "-o", lock)
        run("export", *source, *form, *_python(context))
        text = _lock_text(context, lock)
    # All is in such a lock, by hash: whichever index has a file of that hash has the right one.
    options = ("--no-deps", "--no-sources", "--index-strategy", "unsafe-best-match")
    target = ("--quiet", "--python", python, *(options if complete else ()))
    run("pip", "install", *target, "-r", _installable(context, lock, text))


_BUILD = re.compile(r"Failed to (?:download and )?build `([A-Za-z0-9._-]+)")


def unbuildable_package(complaint: str) -> str:
    """The package that uv could not build, by what prepare_environment raised; "" where it was
    another thing."""
    match = _BUILD.search(complaint)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else ""


def _cause(output: str) -> str:
    """The end of uv's output; of a build that failed, which package, and the end of its error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    package = next((line for line in lines if _BUILD.search(line)), "")
    if not package:
        return "\n".join(lines[-12:])
    end = next(
        (number for number, line in enumerate(lines) if line.startswith("hint:")), len(lines)
    )
    return "\n".join([package.lstrip("×├╰─▶ "), *lines[max(end - 3, 0) : end]])


def _lock_text(context: StepContext, lock: str) -> str:
    """The lock. Raises CannotRun where there is none, with why it could not be resolved."""
    try:
        return read_text(os.path.join(context.root, lock))
    except FileNotFoundError:
        raise CannotRun(
            f"{lock} is not here{lock_problem(context.state)}",
            _lock_remedy(context.state),
            code="application-environment",
        ) from None


def lock_problem(state: str) -> str:
    """Why `shipway init` could not resolve the lock, to be appended; "" where nothing is known."""
    try:
        return f": {read_tail(os.path.join(state, LOCK_PROBLEM)).strip()}"
    except (OSError, ConfigError):
        return ""


def _lock_remedy(state: str) -> str:
    if lock_problem(state):
        return "Correct what it says, then run: shipway init --relock."
    return "Restore it from git; or have it resolved from the requirements: shipway init --relock."


def _index_access(context: StepContext) -> dict[str, str]:
    """What uv may see to reach the indexes of the locks, from the caller's variables."""
    application = context.config.application
    names = filter(None, (application.lock, application.test_lock))
    texts = [_lock_text(context, name) for name in names]
    return index_environment(context.environment, texts)


def _python(context: StepContext) -> tuple[str, ...]:
    """The option that names the application's Python; none where its configuration names none."""
    version = context.config.application.python
    if not version:
        return ()
    interpreters = Interpreters(context.uv, context.processes, context.root, context.environment)
    return ("--python", interpreters.find(version))


def _lock(context: StepContext, *, development: bool) -> str:
    application = context.config.application
    return (application.test_lock if development else "") or application.lock


def _installable(context: StepContext, lock: str, text: str) -> str:
    """The lock, or a copy that uv can install from: in UTF-8, without folders that change."""
    folders = local_folders(text)
    data = read_bytes(os.path.join(context.root, lock))
    if not folders and text.encode("utf-8", "surrogateescape") == data:
        return lock
    copies = {path: _copied_folder(context, path) for path in folders}
    above = os.path.dirname(os.path.join(context.root, lock))
    changed = from_copies(text, above, lambda path: copies[path])
    path = os.path.join(context.state, "lock", "installable.txt")
    write_atomic(path, changed.encode("utf-8", "surrogateescape"))
    return path


def _copied_folder(context: StepContext, folder: str) -> str:
    """A copy of a package of the repository: building writes beside the sources."""
    source = os.path.join(context.root, folder)
    if not os.path.isdir(source):
        raise CannotRun(
            f"the lock names the folder {folder}, which is not here",
            "Bring it back, or run `shipway init --relock`.",
            code="application-environment",
        )
    name = hashlib.sha256(os.path.realpath(source).encode()).hexdigest()[:16]
    copy = os.path.join(context.state, "lock", "local", name)
    shutil.rmtree(copy, ignore_errors=True)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    copy_files(source, list(FileTree(source, {}).listing()), copy)
    return copy


def _install_project(step: Step, context: StepContext, on_output: OnOutput, python: str) -> None:
    """The application itself, for its metadata and commands, where it is a package.

    From a copy, because building writes beside the sources. Its modules are found in the working
    tree first (measure_tests.py), so that the copy need not be up to date. Many applications have
    a build system that cannot build them: they are run from their folder and need no more.
    """
    if _lock(context, development=True) == "uv.lock" or not is_package(context.root):
        return  # uv sync has done it, or there is nothing to install
    copy = os.path.join(context.state, "lock", "project")
    shutil.rmtree(copy, ignore_errors=True)
    copy_files(context.root, list(FileTree(context.root, {}).listing()), copy)
    argv = (context.uv, "pip", "install", "--quiet", "--no-deps", "--python", python, copy)
    sandbox = _building(context)
    env = context.env(step)
    command = Command(argv, context.root, env, step.timeout, context.secrets, sandbox=sandbox)
    done = context.processes.run(command, on_output)
    if done.code:
        on_output("the application cannot be built as a package; it is used from its folder")
    shutil.rmtree(copy, ignore_errors=True)


def is_package(root: str) -> bool:
    """Whether the project says that it can be built and installed."""
    if os.path.exists(os.path.join(root, "setup.py")):
        return True
    try:
        data = parse_toml(read_text(os.path.join(root, "pyproject.toml")))
    except (OSError, ValueError):
        return False
    tools = data.get("tool", {})
    enabled = tools.get("uv", {}).get("package", True) is not False
    return enabled and tools.get("poetry", {}).get("package-mode", True) and "build-system" in data


def outdated_inputs(root: str, lock: str) -> str:
    """The first file that changed since the lock was resolved from it; "" where none did."""
    try:
        made_from = lock_inputs(read_text(os.path.join(root, lock)))
    except OSError:
        return ""
    for path, digest in made_from.items():
        try:
            data = read_bytes(os.path.join(root, path))
            same = digest in (input_digest(data), hashlib.sha256(data).hexdigest())
        except OSError:
            same = False
        if not same:
            return path
    return ""


def lock_digest(context: StepContext) -> str:
    """What names the environment: the locks and what else decides what is installed."""
    application = context.config.application
    hasher = hashlib.sha256(application.python.encode())
    for name in filter(None, (application.lock, application.test_lock, "pyproject.toml")):
        path = os.path.join(context.root, name)
        if os.path.exists(path):
            data = read_bytes(path)
            hasher.update(data)
            for folder in () if name == "pyproject.toml" else local_folders(decode_text(data)):
                tree = FileTree(os.path.join(context.root, folder), {})
                hasher.update(repr(sorted(tree.fingerprints(("**",)).items())).encode())
    return hasher.hexdigest()


def install_step(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """The environment for checks and tests, from the lock file with its development part."""
    lock = context.config.application.lock
    if not os.path.exists(os.path.join(context.root, lock)):
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.FAILED,
            reason=f"{lock} is not here{lock_problem(context.state)}",
            remedy=_lock_remedy(context.state),
            code="application-environment",
        )
    if changed := outdated_inputs(context.root, lock):
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.FAILED,
            reason=f"{changed} changed since {lock} was resolved from it",
            remedy="Resolve it again: shipway init --relock.",
        )
    python = prepare_environment(step, context, on_output, development=True)
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.PASSED,
        facts={"python": python, "paths": [python]},
    )


def package_release(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """An immutable copy of the application's files, named by their content."""
    python = prepare_environment(step, context, on_output, development=False)
    tree = FileTree(context.root, {})
    tree.require_whole(step.inputs)
    fingerprints = tree.fingerprints(step.inputs)
    files = {path: value for path, value in fingerprints.items() if value != "special"}
    if not files:
        raise ConfigError(
            "no file belongs to the release",
            "Look at the patterns in [application] release.",
            code="no-release",
        )
    if context.source is not None and (change := context.source.compare_all(files)):
        raise CannotRun(
            f"{change}: the steps before saw something else", REMEDY, code="release-changed"
        )
    application = context.config.application
    lock = lock_digest(context)
    content = "\n".join(f"{path}\0{value}" for path, value in files.items())
    parts = (application.name, application.version, lock, content)
    identity = "\n".join((*parts, application.build) if application.build else parts)
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    path = os.path.join(context.state, "releases", digest[:32])
    listed = manifest(files)
    with environment_lock(context):
        _copy(context.root, files, path, listed)
        if problem := damage(path, listed):
            raise CannotRun(
                f"a file changed while it was copied: {problem}", REMEDY, code="release-changed"
            )
        if application.build and not os.path.exists(mark := os.path.join(path, _BUILT)):
            build_release(step, context, on_output, path, python)
            write_atomic(mark, b"")
    release = Release(
        application=application.name,
        version=application.version,
        commit=context.commit,
        digest=digest,
        lock=lock,
        migrations=migration_heads(migration_scripts(path)),
        path=path,
        python=python,
        sbom=_sbom(context),
    )
    sbom = f"SBOM {release.sbom[:12]}" if release.sbom else "no SBOM"
    on_output(f"release {release.name}: {len(files)} files, {sbom}")
    return StepResult(
        step=step.name,
        stage=step.stage,
        outcome=Outcome.PASSED,
        facts={"release": to_plain(asdict(release)), "paths": [path, python]},
        reports={
            MANIFEST_FILE: context.blobs.put(listed),
            **({SBOM_FILE: release.sbom} if release.sbom else {}),
        },
    )


def build_release(
    step: Step, context: StepContext, on_output: OnOutput, path: str, python: str
) -> None:
    """Run `[application] build` in a copy of the application's files. Raises ApplicationFault where
    it fails.

    path: the copy. python: the interpreter of the environment whose programs it finds first.
    """
    application = context.config.application
    data = os.path.join(context.state, "build")
    shutil.rmtree(data, ignore_errors=True)  # of a build that was killed: no release depends on it
    os.makedirs(data)
    values = {name: text.replace("{data}", data) for name, text in application.env.items()}
    env = own_variables(application, path, python, {**context.env(step), **values})
    argv = own_program(application.build, python)
    sandbox = context.sandbox(path, data)
    command = Command(argv, path, env, step.timeout, context.secrets, sandbox=sandbox)
    try:
        done = context.processes.run(command, on_output)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    if done.code:
        log = done.stdout + done.stderr
        last = " / ".join(log.strip().splitlines()[-3:])
        raise ApplicationFault(
            f"`{application.build}` ended with {done.code}: {last}",
            "Correct what it runs, or take `build` out of [application].",
            log,
            code="command-failed",
        )


def _copy(root: str, files: Mapping[str, str], path: str, listed: bytes) -> None:
    """Have the release's files there, whole. What is damaged makes way for them."""
    if not damage(path, listed):
        os.utime(path)  # wanted again: nothing that cleans up takes it away meanwhile
        return
    aside = f"{path}.damaged"
    if os.path.isdir(path):
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(path, aside)
    copy_files(root, list(files), path)
    shutil.rmtree(aside, ignore_errors=True)


def _sbom(context: StepContext) -> str:
    """The digest of the list that the step sbom wrote, if there is that step and it could."""
    written = context.upstream.get("sbom")
    return written.reports.get(SBOM_FILE, "") if written else ""
