"""Builds the application's image into the state folder."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from shipway.core.config import Config
from shipway.core.errors import CannotRun, ConfigError
from shipway.core.images import oci
from shipway.core.images.dockerfile import base_of
from shipway.core.images.job import Argv, Builder, Described, Job
from shipway.core.images.provenance import BuildFacts
from shipway.core.images.provenance import moment as written
from shipway.core.images.tags import Origin
from shipway.core.images.weight import Weighed, Weight
from shipway.core.ports import Clock, Command, Completed, Processes
from shipway.effects.alone import alone
from shipway.effects.files import write_atomic
from shipway.images.builders import choose
from shipway.images.context import Context, stage
from shipway.images.finishing import Finishing
from shipway.images.layout import FOLDER, Layout
from shipway.images.raw import opened

_FACTS = "built.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Site:
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
    def layout(self) -> Layout:
        """Where the image is kept."""
        return Layout(os.path.join(self.state, FOLDER))

    def ask(self, argv: Argv) -> Completed:
        """Ask a builder something short."""
        return self.processes.run(Command(argv, self.root, self.env, 30.0, self.secrets))


@dataclass(frozen=True)
class Built:
    """The image that was built last."""

    digest: str
    origin: Origin
    weight: Weight
    facts: BuildFacts


def build(site: Site, origin: Origin, run: str, say: Say) -> Built:
    """Build; the image replaces the one before. run: the pipeline's run, for its provenance.

    Raises CannotRun where no builder works, and BuildFailed where the build itself fails.
    """
    dockerfile = site.config.application.dockerfile
    if not dockerfile:
        raise CannotRun("there is no Dockerfile", "Write one, or name it: application.dockerfile.")
    settings = site.config.image
    builder, why = choose(settings.builder, site.ask)
    say(f"builder: {why}")
    os.makedirs(site.state, exist_ok=True)
    lock = os.path.join(site.state, "image.lock")
    with (
        alone(lock, site.stopping, "built"),
        tempfile.TemporaryDirectory(prefix="image-", dir=site.state) as folder,
    ):
        return _built(site, origin, run, builder, folder, say)


def _built(site: Site, origin: Origin, run: str, builder: Builder, folder: str, say: Say) -> Built:
    started = site.clock.now()
    dockerfile = site.config.application.dockerfile
    context = stage(
        site.root, {*site.files, dockerfile}, os.path.join(folder, "context"), origin.moment
    )
    args = _args(site.config, origin)
    job = Job(
        context.folder, dockerfile, f"shipway/{_local(origin.application)}:built",
        tuple(args.items()), site.config.image.isolation, os.path.join(folder, "given"),
    )  # fmt: skip
    _run(site, builder, builder.build(job), say)
    base = _base(context, dockerfile, args)
    known = _described(site, builder, base)
    _run(site, builder, builder.give(job), lambda line: None)
    with opened(job.target) as raw:
        done = Finishing(
            site.layout, origin, context.contents, known.layers if known else None,
            labels(origin, site.config.image.source), say,
        ).finish(raw)  # fmt: skip
    facts = BuildFacts(
        builder.name, site.config.image.source, origin.revision, dockerfile, args, base,
        known.digest if known else "", run, started, site.clock.now(),
    )  # fmt: skip
    built = Built(done.descriptor["digest"], origin, done.weight, facts)
    write_atomic(os.path.join(site.layout.folder, _FACTS), json.dumps(asdict(built)).encode())
    return built


class BuildFailed(ConfigError):
    """The builder says no; its last lines are the message."""

    exit_code = 1


def labels(origin: Origin, source: str) -> dict[str, str]:
    """OCI's annotations (image-spec, annotations.md), as labels and on the manifest."""
    said = {
        oci.TITLE: origin.application, oci.VERSION: origin.version, oci.REVISION: origin.revision,
        oci.SOURCE: source, oci.CREATED: written(origin.moment),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def last(state: str) -> Built:
    """The image that was built last. Raises ConfigError where there is none, or it is not whole."""
    layout = Layout(os.path.join(state, FOLDER))
    digest = layout.descriptor()["digest"]
    try:
        with open(os.path.join(layout.folder, _FACTS), encoding="utf-8") as file:
            data = json.load(file)
        layers = tuple(Weighed(**one) for one in data["weight"]["layers"])
        weight = Weight(layers, data["weight"]["base_known"])
        built = Built(data["digest"], Origin(**data["origin"]), weight, BuildFacts(**data["facts"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise _again() from None
    if built.digest != digest:
        raise _again()
    return built


def _again() -> ConfigError:
    return ConfigError("the image was not built to its end", "Build it again: shipway image build.")


def _args(config: Config, origin: Origin) -> dict[str, str]:
    """SOURCE_DATE_EPOCH by reproducible-builds.org/specs/source-date-epoch."""
    base = {"PYTHON_IMAGE": config.image.python_image} if config.image.python_image else {}
    return {**base, "SOURCE_DATE_EPOCH": str(origin.moment), **config.image.args}


def _local(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "a"


def _base(context: Context, dockerfile: str, args: Mapping[str, str]) -> str:
    with open(os.path.join(context.folder, dockerfile), encoding="utf-8") as file:
        return base_of(file.read(), args)


def _described(site: Site, builder: Builder, image: str) -> Described | None:
    """What the builder knows of the base; None where it does not."""
    if not image:
        return Described("", ())
    command = Command(
        builder.describe(image), site.root, {**site.env, **dict(builder.env)}, 60.0, site.secrets
    )
    done = site.processes.run(command)
    try:
        return builder.described(json.loads(done.stdout)) if done.code == 0 else None
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _run(site: Site, builder: Builder, argv: Argv, say: Say) -> None:
    command = Command(
        argv, site.root, {**site.env, **dict(builder.env)}, site.config.image.timeout, site.secrets
    )
    done = site.processes.run(command, say)
    if done.cancelled:
        raise CannotRun("it was stopped")
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
