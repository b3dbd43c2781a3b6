"""Images made by hand: layers of a few files, kept in each of the forms that there are."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n'
STATUS = (
    "Package: libssl3\nStatus: install ok installed\nSource: openssl\n"
    "Version: 3.0.11-1~deb12u2\n\n"
    "Package: libc6\nStatus: install ok installed\nSource: glibc\nVersion: 2.36-9+deb12u3\n"
)
SITE = "usr/local/lib/python3.12/site-packages"
FLASK = f"{SITE}/Flask-0.12.2.dist-info/METADATA"
BASE: dict[str, Any] = {
    "etc/os-release": DEBIAN,
    "var/lib/dpkg/status": STATUS,
    FLASK: "Metadata-Version: 2.1\nName: Flask\nVersion: 0.12.2\n\nA framework.\n",
}


@dataclass(frozen=True)
class Special:
    """What is no file: by tar's type. target: of a link."""

    kind: bytes
    target: str = ""


FOLDER = Special(tarfile.DIRTYPE)
Layer = Mapping[str, "str | Special"] | Sequence[tuple[str, "str | Special"]]


def symlink(target: str) -> Special:
    """A symbolic link."""
    return Special(tarfile.SYMTYPE, target)


def hardlink(target: str) -> Special:
    """Another name of a file."""
    return Special(tarfile.LNKTYPE, target)


def tar(members: Layer) -> bytes:
    """A layer, or an archive."""
    buffer = io.BytesIO()
    pairs = list(members.items()) if isinstance(members, Mapping) else members
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in pairs:
            member = tarfile.TarInfo(name)
            if isinstance(content, Special):
                member.type, member.linkname = content.kind, content.target
                archive.addfile(member)
            else:
                member.size = len(content.encode("latin-1"))
                archive.addfile(member, io.BytesIO(content.encode("latin-1")))
    return buffer.getvalue()


def config(layers: Sequence[bytes]) -> str:
    """An image's configuration: what its layers are when they are not compressed."""
    digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in layers]
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": digests}})


def text(data: bytes) -> str:
    """Bytes as `tar` takes them."""
    return data.decode("latin-1")


def docker_archive(path: Path, *layers: Layer) -> Path:
    """As `docker save` writes it."""
    tars = [tar(one) for one in layers]
    names = [f"{number}/layer.tar" for number in range(len(tars))]
    manifest = [{"Config": "config.json", "RepoTags": ["town:1"], "Layers": names}]
    files = {"config.json": config(tars), "manifest.json": json.dumps(manifest)}
    path.write_bytes(tar({**files, **dict(zip(names, map(text, tars), strict=True))}))
    return path


def oci_files(*images: Sequence[Layer], nested: int = 0) -> dict[str, str]:
    """An OCI layout's files, the layers compressed; one image for each platform."""
    files = {"oci-layout": '{"imageLayoutVersion": "1.0.0"}'}

    def blob(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        files[f"blobs/sha256/{digest}"] = text(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    manifests = []
    for layers in images:
        tars = [tar(one) for one in layers]
        manifest = {
            "config": blob(config(tars).encode()),
            "layers": [blob(gzip.compress(one, mtime=0)) for one in tars],
        }
        manifests.append(blob(json.dumps(manifest).encode()))
    for _ in range(nested):
        manifests = [blob(json.dumps({"manifests": manifests}).encode())]
    files["index.json"] = json.dumps({"manifests": manifests})
    return files


def oci_archive(path: Path, *layers: Layer) -> Path:
    """As `buildah push … oci-archive:` writes it."""
    path.write_bytes(tar(oci_files(layers)))
    return path


def write(files: Mapping[str, str], folder: Path) -> Path:
    """A layout as a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode("latin-1"))
    return folder


def oci_folder(path: Path, *layers: Layer) -> Path:
    """As `buildah push … oci:` writes it."""
    return write(oci_files(layers), path)


FORMS: dict[str, Callable[..., Path]] = {
    "docker archive": docker_archive,
    "OCI archive": oci_archive,
    "OCI layout": oci_folder,
}
