"""A layer written again, so that when it was made leaves no mark.

Builders put the time of the build on every file. A layer whose files are all from the context
(the application's code) gets the commit's time: Flask makes ETags of sizes and times, so that two
releases must not have the same. Every other layer gets the same time always: it stays the same
layer from commit to commit, and is not sent again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import IO, Any

from shipway.codec import DocumentFormat, JsonObject
from shipway.errors import RecordError
from shipway.images import oci
from shipway.images.layout import OciLayout, RawImage
from shipway.images.provenance import timestamp as written
from shipway.images.reference import ImageOrigin
from shipway.images.size_budget import ImageSize, SizedLayer, files_of_distribution, owner_of_file
from shipway.system.files import write_atomic

ALWAYS = 315532800  # 1980-01-01: the first moment that a zip can tell
_DROPPED = ("mtime", "atime", "ctime")  # of pax headers: parts of seconds
_LEVEL = 6


@dataclass
class LayerContents:
    """What a layer holds. files: path → bytes; records: RECORD's path → its text.

    strangers: digests of two files at most that are not of the context.
    """

    files: dict[str, int] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    own: bool = False


@dataclass(frozen=True)
class RewrittenLayer:
    """A layer that was written. Digests have their prefix `sha256:`. size: compressed."""

    diff: str
    digest: str
    size: int
    unpacked: int


def decompressed(stored: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    """A layer's tar."""
    start = stored.read(2)
    stored.seek(0)
    return gzip.GzipFile(fileobj=stored) if start == b"\x1f\x8b" else stored


def inspect_layer(tar: IO[bytes] | gzip.GzipFile, context: Set[str]) -> LayerContents:
    """Read a layer through. Stops at nothing: sizes are wanted of all files."""
    contents = LayerContents()
    with tarfile.open(fileobj=tar, mode="r|") as archive:
        for member in archive:
            if not member.isreg():
                continue
            name = member.name.removeprefix("./").lstrip("/")
            contents.files[name] = member.size
            _look_into(member, name, archive, contents, context)
    return contents


def _look_into(
    member: tarfile.TarInfo,
    name: str,
    archive: tarfile.TarFile,
    contents: LayerContents,
    context: Set[str],
) -> None:
    record = name.endswith(".dist-info/RECORD")
    if not member.size or (len(contents.strangers) > 1 and not record):
        return
    file = archive.extractfile(member)
    data = file.read() if file else b""
    if record:
        contents.records[name] = data.decode("utf-8", "replace")
    digest = hashlib.sha256(data).hexdigest()
    if digest in context:
        contents.own = True
    elif len(contents.strangers) < 2:
        contents.strangers.append(digest)


def rewrite_layer(tar: IO[bytes] | gzip.GzipFile, target: IO[bytes], moment: int) -> RewrittenLayer:
    """Write a layer with one time for all, compressed. moment: seconds since the epoch."""
    packed = _Counted(target)
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as pressed:
        plain = _Counted(pressed)
        with (
            tarfile.open(fileobj=tar, mode="r|") as old,
            tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as new,
        ):
            for member in old:
                member.mtime = moment
                member.uname = member.gname = ""  # the numbers count, and names differ
                member.pax_headers = {
                    key: value for key, value in member.pax_headers.items() if key not in _DROPPED
                }
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
    return RewrittenLayer(plain.digest, packed.digest, packed.size, plain.size)


def compress_layer(tar: IO[bytes] | gzip.GzipFile, target: IO[bytes]) -> RewrittenLayer:
    """Write a layer as it is, compressed."""
    packed = _Counted(target)
    with gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as pressed:
        plain = _Counted(pressed)
        while data := tar.read(1 << 20):
            plain.write(data)
    return RewrittenLayer(plain.digest, packed.digest, packed.size, plain.size)


class _Counted(io.RawIOBase):
    """A stream that knows how much went through it, and the digest of that."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Pass on."""
        self._stream.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> str:
        """With its prefix."""
        return f"sha256:{self._hash.hexdigest()}"


# From what a builder made to the image that is published: the same commit, the same digest.
#
# Whatever the builder noted of itself and its hour goes; labels and annotations come.

_KNOWN = "layers.json"  # what became of each layer that a builder gave, in the layout's folder
_KEPT = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "Healthcheck",
    "Shell",
)
_HASH = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}")
_BUILDERS_OWN = ("io.buildah.",)
Say = Callable[[str], None]


@dataclass(frozen=True)
class ReproducibleImage:
    """The image. descriptor: of its manifest."""

    descriptor: oci.Descriptor
    weight: ImageSize


@dataclass(frozen=True)
class KnownLayer:
    """A layer that was finished before. packages: bytes by package. strangers: digests of files
    that are not of the context."""

    written: RewrittenLayer
    packages: Mapping[str, int]
    base: bool
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownLayers:
    """By the digest of the layer that the builder made, unpacked."""

    layers: Mapping[str, KnownLayer] = field(default_factory=dict)


KNOWN_LAYERS = DocumentFormat(
    KnownLayers, "the list of finished layers", (lambda layers: {"layers": layers},)
)


@dataclass(frozen=True)
class ImageFinisher:
    """base: digests of the base's layers, unpacked; None where they are not known.

    context: digests of the files that the image was built from. labels: to put on it.
    """

    layout: OciLayout
    origin: ImageOrigin
    context: frozenset[str]
    base: Sequence[str] | None
    labels: Mapping[str, str]
    say: Say

    def finish(self, raw: RawImage) -> ReproducibleImage:
        """Write the layers and the rest; what did not change is not written again."""
        cached = self._known()
        diffs = list(raw.config["rootfs"]["diff_ids"])
        count = len(self.base) if self.base and diffs[: len(self.base)] == [*self.base] else 0
        commands = [
            _made_by(step) for step in raw.config.get("history", ()) if not step.get("empty_layer")
        ]
        commands += [""] * (len(diffs) - len(commands))
        entries: dict[str, KnownLayer] = {}
        layers = []
        for number, diff in enumerate(diffs):
            entry = self._layer(raw, number, cached.get(diff), base=number < count)
            entries[diff] = entry
            layers.append((entry.written, entry.packages, commands[number]))
        config = oci.encode_document(
            self._config(raw.config, [written.diff for written, _, _ in layers])
        )
        self.layout.put(config)
        descriptors: list[oci.Descriptor] = [
            {"mediaType": oci.LAYER, "digest": written.digest, "size": written.size}
            for written, _, _ in layers
        ]
        manifest = oci.image_manifest(oci.descriptor(oci.CONFIG, config), descriptors, self.labels)
        write_atomic(self._known_path, KNOWN_LAYERS.write(KnownLayers(entries)).encode())
        weighed = tuple(
            SizedLayer(instruction, written.unpacked, written.size, number < count, packages)
            for number, (written, packages, instruction) in enumerate(layers)
        )
        return ReproducibleImage(
            self.layout.finish(manifest), ImageSize(weighed, self.base is not None)
        )

    @property
    def _known_path(self) -> str:
        return os.path.join(self.layout.folder, _KNOWN)

    def _known(self) -> Mapping[str, KnownLayer]:
        try:
            with open(self._known_path, "rb") as file:
                return KNOWN_LAYERS.read(file.read(), self._known_path).layers
        except (OSError, RecordError):
            return {}

    def _layer(
        self, raw: RawImage, number: int, cached: KnownLayer | None, *, base: bool
    ) -> KnownLayer:
        """What is kept of a layer."""
        if cached and self._still(cached, base=base):
            return cached
        if base:
            return KnownLayer(self._write(raw, number, None), {}, base=True)
        with raw.layer(number) as stored:
            contents = inspect_layer(decompressed(stored), self.context)
        own = contents.own and not contents.strangers
        moment = self.origin.moment if own else ALWAYS
        self.say(f"layer {number + 1}: {len(contents.files)} files")
        return KnownLayer(
            self._write(raw, number, moment),
            _packages(contents),
            base=False,
            strangers=tuple(contents.strangers),
        )

    def _still(self, cached: KnownLayer, *, base: bool) -> bool:
        """Whether the layer would become the same again, and is there."""
        present = self.layout.has(cached.written.digest, cached.written.size)
        # Only what is foreign to the context has the same time always.
        foreign = any(digest not in self.context for digest in cached.strangers)
        return present and cached.base == base and (base or foreign)

    def _write(self, raw: RawImage, number: int, moment: int | None) -> RewrittenLayer:
        handle, path = tempfile.mkstemp(dir=self.layout.beside)
        try:
            with os.fdopen(handle, "wb") as target, raw.layer(number) as stored:
                tar = decompressed(stored)
                written = (
                    compress_layer(tar, target)
                    if moment is None
                    else rewrite_layer(tar, target, moment)
                )
            os.chmod(path, 0o644)
            self.layout.adopt(path, written.digest)
        except BaseException:
            os.unlink(path)
            raise
        return written

    def _config(self, original: oci.ImageConfig, diffs: list[str]) -> oci.ImageConfig:
        """The image's configuration (image-spec, config.md), without what only docker knows."""
        created = written(self.origin.moment)
        retained = {
            key: value for key, value in original["config"].items() if key in _KEPT and value
        }
        labels = retained.get("Labels")
        kept: JsonObject = {
            name: value
            for name, value in (labels if isinstance(labels, dict) else {}).items()
            if not name.startswith(_BUILDERS_OWN)
        }
        config: oci.ImageConfig = {
            "created": created,
            "architecture": original["architecture"],
            "os": original["os"],
            "config": {**retained, "Labels": {**kept, **self.labels}},
            "rootfs": {"type": "layers", "diff_ids": diffs},
            "history": [_instruction(step, created) for step in original.get("history", ())],
        }
        if original.get("variant"):
            config["variant"] = original["variant"]
        return config


def _instruction(step: oci.HistoryEntry, created: str) -> oci.HistoryEntry:
    entry: oci.HistoryEntry = {"created": created, "created_by": _made_by(step)}
    if step.get("empty_layer"):
        entry["empty_layer"] = True
    return entry


def _made_by(entry: oci.HistoryEntry) -> str:
    """The instruction, without digests that builders make of times."""
    return _HASH.sub(r"\1", str(entry.get("created_by", "")))


def _packages(contents: LayerContents) -> dict[str, int]:
    records = dict(_recorded(contents))
    sizes: dict[str, int] = {}
    for path, size in contents.files.items():
        name = owner_of_file(path, records)
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def _recorded(contents: LayerContents) -> Iterator[tuple[str, str]]:
    for record, text in contents.records.items():
        yield from files_of_distribution(record, text)
