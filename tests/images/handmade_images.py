"""Images as a builder would give them away, made by hand at an hour of one's choice."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.images.oci import digest_of

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Hour:
    """When and by whom an image was made: what must leave no mark."""

    moment: float = 1_700_000_000.25
    builder: str = "one"


def layer(files: Files, hour: Hour) -> bytes:
    """A layer as a builder writes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo("app")
        folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, hour.moment
        archive.addfile(folder)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), hour.moment
            member.uname = hour.builder
            member.pax_headers = {"atime": str(hour.moment), "SCHILY.xattr.user.x": "kept"}
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def config(layers: Sequence[bytes], hour: Hour) -> dict[str, Any]:
    """An image's configuration with what docker adds to it."""
    copied = [f"COPY dir:{hashlib.sha256(one).hexdigest()} in /app" for one in layers]
    history = [{"created": str(hour.moment), "created_by": one} for one in copied]
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": str(hour.moment),
        "container": hour.builder,
        "docker_version": hour.builder,
        "author": hour.builder,
        "config": {
            "Cmd": ["serve"],
            "Env": ["A=b"],
            "Image": hour.builder,
            "User": "10001",
            "Labels": {"io.buildah.version": hour.builder, "own": "kept"},
            "Healthcheck": {"Test": ["CMD", "true"]},
        },
        "history": [*history, {"created_by": "CMD", "empty_layer": True}],
        "rootfs": {"type": "layers", "diff_ids": [digest_of(one) for one in layers]},
    }


def archive(path: Path, layers: Sequence[bytes], hour: Hour) -> Path:
    """As `docker save` writes it."""
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    members = {
        **dict(zip(names, layers, strict=True)),
        "config.json": json.dumps(config(layers, hour)).encode(),
        "manifest.json": json.dumps([{"Config": "config.json", "Layers": names}]).encode(),
    }
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def layout(path: Path, layers: Sequence[bytes], hour: Hour) -> Path:
    """As `podman save --format oci-dir` writes it."""
    folder = path / "blobs" / "sha256"
    folder.mkdir(parents=True)

    def put(data: bytes) -> dict[str, Any]:
        (folder / digest_of(data).removeprefix("sha256:")).write_bytes(data)
        return {"digest": digest_of(data), "size": len(data)}

    manifest = {
        "config": put(json.dumps(config(layers, hour)).encode()),
        "layers": [put(one) for one in layers],
    }
    index = {"manifests": [put(json.dumps(manifest).encode())]}
    (path / "index.json").write_text(json.dumps(index))
    return path
