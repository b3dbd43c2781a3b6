"""What an image weighs, and where: layers, packages, and whether that is within the budget."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipway.config.tables import Image
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure, evaluate_gates

SIZE, ADDED = "image size", "added to the base"
_MB = 1e6


@dataclass(frozen=True)
class SizedLayer:
    """One layer.

    made_by: the instruction, as its builder wrote it down. unpacked, packed: bytes of the tar, and
    compressed. base: whether it is the base image's. packages: name → bytes of files.
    """

    made_by: str
    unpacked: int
    packed: int
    base: bool
    packages: Mapping[str, int]

    @property
    def words(self) -> str:
        """For people."""
        instruction = " ".join(self.made_by.split())
        instruction = instruction.removeprefix("/bin/sh -c ").removeprefix("#(nop) ")
        return f"{megabytes(self.unpacked)} {instruction[:60] or 'a layer of the base'}"


@dataclass(frozen=True)
class ImageSize:
    """An image's layers, lowest first. base_known: whether it is known which are the base's."""

    layers: tuple[SizedLayer, ...]
    base_known: bool

    @property
    def unpacked(self) -> int:
        """Bytes of all layers."""
        return sum(layer.unpacked for layer in self.layers)

    @property
    def packed(self) -> int:
        """Bytes of all layers, compressed: what a first push sends."""
        return sum(layer.packed for layer in self.layers)

    @property
    def added(self) -> int:
        """Bytes above the base."""
        return sum(layer.unpacked for layer in self.layers if not layer.base)

    def packages(self) -> list[tuple[str, int]]:
        """Name and bytes of what the layers above the base hold, the largest first."""
        total: dict[str, int] = {}
        for layer in self.layers:
            for name, size in layer.packages.items() if not layer.base else ():
                total[name] = total.get(name, 0) + size
        return sorted(total.items(), key=lambda item: (-item[1], item[0]))

    def largest(self) -> list[SizedLayer]:
        """The layers above the base, the largest first."""
        own = [layer for layer in self.layers if not layer.base]
        return sorted(own, key=lambda layer: -layer.unpacked)


def megabytes(size: float) -> str:
    """Bytes for people, in MB of 10^6."""
    return f"{size / _MB:.1f} MB" if size >= _MB / 10 else f"{size / 1e3:.1f} kB"


def size_measures(weight: ImageSize) -> tuple[Measure, ...]:
    """What the gates look at. Without a known base, nothing says what was added."""
    total = Measure(SIZE, round(weight.unpacked / _MB, 3), "MB")
    added = Measure(ADDED, round(weight.added / _MB, 3), "MB")
    return (total, added) if weight.base_known else (total,)


def evaluate_size_budget(weight: ImageSize, settings: Image) -> tuple[GateResult, ...]:
    """The budget's gates; a broken one names the largest layer and the largest packages."""
    limits = ((SIZE, settings.size_mb), (ADDED, settings.added_mb))
    gates = [Gate(name, Bound.AT_MOST, limit) for name, limit in limits if limit is not None]
    return evaluate_gates(gates, size_measures(weight), largest_parts(weight))


def largest_parts(weight: ImageSize) -> tuple[str, ...]:
    """The largest layer and the two largest packages."""
    layer = [f"layer {weighed.words}" for weighed in weight.largest()[:1]]
    packages = [f"{name} {megabytes(size)}" for name, size in weight.packages()[:2]]
    return (*layer, *packages)


def owner_of_file(path: str, records: Mapping[str, str]) -> str:
    """Whose a file is: its distribution by RECORD, else the two folders it is in.

    records: path → distribution.
    """
    if path in records:
        return records[path]
    parts = path.split("/")
    for folder in ("site-packages", "dist-packages"):
        if folder in parts[:-1]:
            return parts[parts.index(folder) + 1].partition("-")[0]
    return "/" + "/".join(parts[:-1][:2])


def files_of_distribution(record: str, text: str) -> Iterable[tuple[str, str]]:
    """The files that a distribution's RECORD names, as (path, distribution).

    record: where it is (`…/site-packages/flask-3.1.dist-info/RECORD`). The format is CSV
    (packaging.python.org, "Recording installed projects"); what leads out of the folder is scripts.
    """
    folder, _, rest = record.rpartition("/site-packages/")
    name = rest.partition(".dist-info")[0].rpartition("-")[0]
    for path, *_ in filter(None, csv.reader(text.splitlines())):
        if not path.startswith(("..", "/")):
            yield f"{folder}/site-packages/{path}", name
