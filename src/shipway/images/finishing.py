"""From what a builder made to the image that is published: the same commit, the same digest.

Whatever the builder noted of itself and its hour goes; labels and annotations come.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shipway.core.images import oci
from shipway.core.images.provenance import moment as written
from shipway.core.images.tags import Origin
from shipway.core.images.weight import Weighed, Weight, owner, recorded
from shipway.effects.files import write_atomic
from shipway.images.layout import Layout
from shipway.images.raw import RawImage
from shipway.images.retiming import ALWAYS, Contents, Written, look, pack, rewrite, unpacked

_KNOWN = "layers.json"  # what became of each layer that a builder gave, in the layout's folder
_KEPT = ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels",
         "StopSignal", "Healthcheck", "Shell")  # fmt: skip
_HASH = re.compile(r"\b(file|dir|multi):[0-9a-f]{64}")
_BUILDERS_OWN = ("io.buildah.",)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Finished:
    """The image. descriptor: of its manifest."""

    descriptor: dict[str, Any]
    weight: Weight


@dataclass(frozen=True)
class Finishing:
    """base: digests of the base's layers, unpacked; None where they are not known.

    context: digests of the files that the image was built from. labels: to put on it.
    """

    layout: Layout
    origin: Origin
    context: frozenset[str]
    base: Sequence[str] | None
    labels: Mapping[str, str]
    say: Say

    def finish(self, raw: RawImage) -> Finished:
        """Write the layers and the rest; what did not change is not written again."""
        known = self._known()
        diffs = list(raw.config["rootfs"]["diff_ids"])
        count = len(self.base) if self.base and diffs[: len(self.base)] == [*self.base] else 0
        made = [
            _made_by(one) for one in raw.config.get("history", ()) if not one.get("empty_layer")
        ]
        made += [""] * (len(diffs) - len(made))
        entries: dict[str, dict[str, Any]] = {}
        layers = []
        for number, diff in enumerate(diffs):
            entry = self._layer(raw, number, known.get(diff), base=number < count)
            entries[diff] = entry
            layers.append((Written(**entry["written"]), entry["packages"], made[number]))
        config = oci.encoded(self._config(raw.config, [one.diff for one, _, _ in layers]))
        self.layout.put(config)
        descriptors = [
            {"mediaType": oci.LAYER, "digest": one.digest, "size": one.size} for one, _, _ in layers
        ]
        manifest = oci.manifest(oci.descriptor(oci.CONFIG, config), descriptors, self.labels)
        write_atomic(self._known_path, json.dumps(entries).encode())
        weighed = tuple(
            Weighed(words, one.unpacked, one.size, number < count, packages)
            for number, (one, packages, words) in enumerate(layers)
        )
        return Finished(self.layout.finish(manifest), Weight(weighed, self.base is not None))

    @property
    def _known_path(self) -> str:
        return os.path.join(self.layout.folder, _KNOWN)

    def _known(self) -> dict[str, Any]:
        try:
            with open(self._known_path, encoding="utf-8") as file:
                found: dict[str, Any] = json.load(file)
        except (OSError, ValueError):
            return {}
        return found

    def _layer(
        self, raw: RawImage, number: int, known: dict[str, Any] | None, *, base: bool
    ) -> dict[str, Any]:
        """What is kept of a layer: written (digests and sizes), packages, base, strangers."""
        if known and self._still(known, base=base):
            return known
        if base:
            return self._entry(self._write(raw, number, None), {}, base=True, strangers=[])
        with raw.layer(number) as stored:
            contents = look(unpacked(stored), self.context)
        own = contents.own and not contents.strangers
        moment = self.origin.moment if own else ALWAYS
        self.say(f"layer {number + 1}: {len(contents.files)} files")
        return self._entry(
            self._write(raw, number, moment), _packages(contents), base=False,
            strangers=contents.strangers,
        )  # fmt: skip

    def _still(self, known: Mapping[str, Any], *, base: bool) -> bool:
        """Whether the layer would become the same again, and is there."""
        there = self.layout.has(known["written"]["digest"], known["written"]["size"])
        # Only what is foreign to the context has the same time always.
        foreign = any(one not in self.context for one in known["strangers"])
        return there and known["base"] == base and (base or foreign)

    def _write(self, raw: RawImage, number: int, moment: int | None) -> Written:
        handle, path = tempfile.mkstemp(dir=self.layout.beside)
        try:
            with os.fdopen(handle, "wb") as target, raw.layer(number) as stored:
                tar = unpacked(stored)
                written = pack(tar, target) if moment is None else rewrite(tar, target, moment)
            os.chmod(path, 0o644)
            self.layout.adopt(path, written.digest)
        except BaseException:
            os.unlink(path)
            raise
        return written

    @staticmethod
    def _entry(
        written: Written, packages: Mapping[str, int], *, base: bool, strangers: list[str]
    ) -> dict[str, Any]:
        return {
            "written": asdict(written), "packages": dict(packages), "base": base,
            "strangers": strangers,
        }  # fmt: skip

    def _config(self, given: Mapping[str, Any], diffs: list[str]) -> dict[str, Any]:
        """The image's configuration (image-spec, config.md), without what only docker knows."""
        created = written(self.origin.moment)
        kept = {key: value for key, value in given["config"].items() if key in _KEPT and value}
        labels = {
            name: value for name, value in (kept.get("Labels") or {}).items()
            if not name.startswith(_BUILDERS_OWN)
        }  # fmt: skip
        history = [
            {"created": created, "created_by": _made_by(one)}
            | ({"empty_layer": True} if one.get("empty_layer") else {})
            for one in given.get("history", ())
        ]
        return {
            "created": created, "architecture": given["architecture"], "os": given["os"],
            **({"variant": given["variant"]} if given.get("variant") else {}),
            "config": {**kept, "Labels": {**labels, **self.labels}},
            "rootfs": {"type": "layers", "diff_ids": diffs}, "history": history,
        }  # fmt: skip


def _made_by(entry: Mapping[str, Any]) -> str:
    """The instruction, without digests that builders make of times."""
    return _HASH.sub(r"\1", str(entry.get("created_by", "")))


def _packages(contents: Contents) -> dict[str, int]:
    records = dict(_recorded(contents))
    sizes: dict[str, int] = {}
    for path, size in contents.files.items():
        name = owner(path, records)
        sizes[name] = sizes.get(name, 0) + size
    return sizes


def _recorded(contents: Contents) -> Iterator[tuple[str, str]]:
    for record, text in contents.records.items():
        yield from recorded(record, text)
