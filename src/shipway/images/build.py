"""Builds the application's image into the state folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from shipway.codec import DocumentFormat
from shipway.config.schema import Config
from shipway.errors import CannotRun, ConfigError, RecordError
from shipway.images import oci
from shipway.images.builders import Argv, Builder, BuildJob, ImageDescription, choose_builder
from shipway.images.layout import FOLDER, OciLayout, open_image
from shipway.images.provenance import BuildFacts
from shipway.images.provenance import timestamp as written
from shipway.images.reference import ImageOrigin, base_image_of
from shipway.images.reproducible import ImageFinisher
from shipway.images.size_budget import ImageSize
from shipway.ports import Clock, Command, Completed, Processes
from shipway.system.files import file_lock, write_atomic
from shipway.system.git import commit_time, has_changes, head_commit

# What a build may see: a copy of the files that git knows, the same on every machine.
#
# What git ignores (secrets for development, databases, caches) never reaches a builder. Modes are
# those that git knows, 644 and 755, whatever the umask was; times are the commit's.


@dataclass(frozen=True)
class SourceCopy:
    """A folder to build from. contents: SHA-256 of each file that is not empty."""

    folder: str
    contents: frozenset[str]


def copy_sources(root: str, files: Iterable[str], target: str, moment: int) -> SourceCopy:
    """Copy the files. moment: seconds since the epoch that all of them get."""
    contents = set()
    folders = {target}
    try:
        os.makedirs(target, mode=0o755)
        for name in sorted(files):
            source, copy = os.path.join(root, name), os.path.join(target, name)
            folder = os.path.dirname(copy)
            while folder not in folders:
                folders.add(folder)
                folder = os.path.dirname(folder)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            contents.add(_copy(source, copy, moment))
        for folder in sorted(folders, reverse=True):  # after the files in them
            os.chmod(folder, 0o755)
            os.utime(folder, (moment, moment))
    except OSError as problem:
        raise CannotRun(
            f"{problem.filename} cannot be copied for the build: {problem.strerror}",
            "Look at that file, and at the free space.",
            code="image-build-failed",
        ) from None
    return SourceCopy(target, frozenset(contents - {""}))


def _copy(source: str, copy: str, moment: int) -> str:
    """The content's digest; "" where there is none to speak of."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), copy)
        os.utime(copy, (moment, moment), follow_symlinks=False)
        return ""
    shutil.copyfile(source, copy)
    executable = os.stat(source).st_mode & stat.S_IXUSR
    os.chmod(copy, 0o755 if executable else 0o644)
    os.utime(copy, (moment, moment))
    with open(copy, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if os.path.getsize(copy) else ""


# What an image is built from, as git tells it.


def read_origin(root: str, config: Config) -> ImageOrigin:
    """The application's origin. Outside a repository the moment is always the same.

    Raises CannotRun where git does not say whether files differ from the commit.
    """
    commit, _ = head_commit(root)
    application = config.application
    return ImageOrigin(
        application.name,
        application.version,
        commit,
        changed=bool(commit) and has_changes(root),
        moment=commit_time(root),
    )


_FACTS = "built.json"
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """Where an image is built.

    root: the application's folder. state: its .shipway folder. files: those that belong to it.
    env: what builders see. secrets: values to blot out. stopping: whether it was cancelled.
    """

    root: str
    state: str
    config: Config
    files: Sequence[str]
    processes: Processes
    clock: Clock
    env: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    stopping: Callable[[], bool] = lambda: False

    @property
    def layout(self) -> OciLayout:
        """Where the image is kept."""
        return OciLayout(os.path.join(self.state, FOLDER))

    def ask(self, argv: Argv) -> Completed:
        """Ask a builder something short."""
        return self.processes.run(Command(argv, self.root, self.env, 30.0, self.secrets))


@dataclass(frozen=True)
class BuiltImage:
    """The image that was built last."""

    digest: str
    origin: ImageOrigin
    weight: ImageSize
    facts: BuildFacts


BUILT_IMAGE = DocumentFormat(BuiltImage, "the description of the image")


def build_image(build_context: BuildContext, origin: ImageOrigin, run: str, say: Say) -> BuiltImage:
    """Build; the image replaces the one before. run: the pipeline's run, for its provenance.

    Raises CannotRun where no builder works, and BuildFailed where the build itself fails.
    """
    dockerfile = build_context.config.application.dockerfile
    if not dockerfile:
        raise CannotRun(
            "there is no Dockerfile",
            "Write one, or name it: application.dockerfile.",
            code="image-build-failed",
        )
    settings = build_context.config.image
    builder, why = choose_builder(settings.builder, build_context.ask)
    say(f"builder: {why}")
    os.makedirs(build_context.state, exist_ok=True)
    lock = os.path.join(build_context.state, "image.lock")
    with (
        file_lock(lock, build_context.stopping, "built"),
        tempfile.TemporaryDirectory(prefix="image-", dir=build_context.state) as folder,
    ):
        return _built(build_context, origin, run, builder, folder, say)


def _built(
    build_context: BuildContext,
    origin: ImageOrigin,
    run: str,
    builder: Builder,
    folder: str,
    say: Say,
) -> BuiltImage:
    started = build_context.clock.now()
    dockerfile = build_context.config.application.dockerfile
    context = copy_sources(
        build_context.root,
        {*build_context.files, dockerfile},
        os.path.join(folder, "context"),
        origin.moment,
    )
    args = _args(build_context.config, origin)
    job = BuildJob(
        context.folder,
        dockerfile,
        f"shipway/{_local(origin.application)}:built",
        tuple(args.items()),
        build_context.config.image.isolation,
        os.path.join(folder, "given"),
    )
    _run(build_context, builder, builder.build(job), say)
    base = _base(context, dockerfile, args)
    described = _described(build_context, builder, base)
    _run(build_context, builder, builder.give(job), lambda line: None)
    with open_image(job.target) as raw:
        done = ImageFinisher(
            build_context.layout,
            origin,
            context.contents,
            described.layers if described else None,
            image_labels(origin, build_context.config.image.source),
            say,
        ).finish(raw)
    facts = BuildFacts(
        builder=builder.name,
        source=build_context.config.image.source,
        revision=origin.revision,
        dockerfile=dockerfile,
        args=args,
        base=base,
        base_digest=described.digest if described else "",
        run=run,
        started=started,
        finished=build_context.clock.now(),
    )
    built = BuiltImage(done.descriptor["digest"], origin, done.weight, facts)
    write_atomic(
        os.path.join(build_context.layout.folder, _FACTS), BUILT_IMAGE.write(built).encode()
    )
    return built


class BuildFailed(ConfigError):
    """The builder says no; its last lines are the message."""

    exit_code = 1
    default_code = "image-build-failed"


def image_labels(origin: ImageOrigin, source: str) -> dict[str, str]:
    """OCI's annotations (image-spec, annotations.md), as labels and on the manifest."""
    values = {
        oci.TITLE: origin.application,
        oci.VERSION: origin.version,
        oci.REVISION: origin.revision,
        oci.SOURCE: source,
        oci.CREATED: written(origin.moment),
    }
    return {name: value for name, value in values.items() if value}


def last_image(state: str) -> BuiltImage:
    """The image that was built last. Raises ConfigError where there is none, or it is not whole."""
    layout = OciLayout(os.path.join(state, FOLDER))
    digest = layout.descriptor()["digest"]
    try:
        with open(os.path.join(layout.folder, _FACTS), "rb") as file:
            built = BUILT_IMAGE.read(file.read(), os.path.join(layout.folder, _FACTS))
    except (OSError, RecordError):
        raise _again() from None
    if built.digest != digest:
        raise _again()
    return built


def _again() -> ConfigError:
    return ConfigError(
        "the image was not built to its end",
        "Build it again: shipway image build.",
        code="no-image",
    )


def _args(config: Config, origin: ImageOrigin) -> dict[str, str]:
    """SOURCE_DATE_EPOCH by reproducible-builds.org/specs/source-date-epoch."""
    base = {"PYTHON_IMAGE": config.image.python_image} if config.image.python_image else {}
    return {**base, "SOURCE_DATE_EPOCH": str(origin.moment), **config.image.args}


def _local(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "a"


def _base(context: SourceCopy, dockerfile: str, args: Mapping[str, str]) -> str:
    with open(os.path.join(context.folder, dockerfile), encoding="utf-8") as file:
        return base_image_of(file.read(), args)


def _described(
    build_context: BuildContext, builder: Builder, image: str
) -> ImageDescription | None:
    """What the builder knows of the base; None where it does not."""
    if not image:
        return ImageDescription("", ())
    command = Command(
        builder.describe(image),
        build_context.root,
        {**build_context.env, **dict(builder.env)},
        60.0,
        build_context.secrets,
    )
    done = build_context.processes.run(command)
    try:
        return builder.described(json.loads(done.stdout)) if done.code == 0 else None
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _run(build_context: BuildContext, builder: Builder, argv: Argv, say: Say) -> None:
    command = Command(
        argv,
        build_context.root,
        {**build_context.env, **dict(builder.env)},
        build_context.config.image.timeout,
        build_context.secrets,
    )
    done = build_context.processes.run(command, say)
    if done.cancelled:
        raise CannotRun("it was stopped", code="interrupted")
    if done.timed_out:
        raise BuildFailed(
            f"{builder.name} took longer than {command.timeout:g} s and was ended",
            "Raise image.timeout, or find out what it waits for.",
        )
    if done.code:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise BuildFailed(
            f"{builder.name} ended with {done.code}: " + "\n".join(lines[-6:]),
            "Read its lines above; the Dockerfile, or what it fetches, is the cause.",
        )
