"""Images in the forms that docker and OCI's tools write."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.osv.layers import UnreadableArchive, files_in_layers, read_images

from . import image_files
from .image_files import FORMS, symlink

LAYERS = ({"a": "1"}, {"b": "2"})


def held(path: Path) -> list[dict[str, bytes]]:
    """What each image holds."""
    with read_images(str(path)) as found:
        return [files_in_layers(one, lambda path: True) for one in found]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form: str, tmp_path: Path) -> None:
    assert held(FORMS[form](tmp_path / "image", *LAYERS)) == [{"a": b"1", "b": b"2"}]


def test_an_archive_may_be_compressed(tmp_path: Path) -> None:
    plain = image_files.docker_archive(tmp_path / "image.tar", *LAYERS)
    (tmp_path / "image.tar.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert held(tmp_path / "image.tar.gz") == held(plain)


def test_the_image_of_each_platform_is_read_however_deep(tmp_path: Path) -> None:
    both = image_files.oci_files([{"a": "1"}], [{"a": "2"}], nested=2)
    assert held(image_files.write(both, tmp_path)) == [{"a": b"1"}, {"a": b"2"}]
    with pytest.raises(UnreadableArchive, match="nested too deeply"):
        held(image_files.write(image_files.oci_files([{"a": "1"}], nested=9), tmp_path / "deep"))


def test_what_only_says_how_it_was_built_is_no_image(tmp_path: Path) -> None:
    found = image_files.oci_files([{"a": "1"}], [{"a": "2"}])
    index = json.loads(found["index.json"])
    index["manifests"][1]["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
    found["index.json"] = json.dumps(index)
    assert held(image_files.write(found, tmp_path)) == [{"a": b"1"}]


def test_of_both_manifests_dockers_counts_for_its_layers_are_there(tmp_path: Path) -> None:
    path = image_files.docker_archive(tmp_path / "image.tar", *LAYERS)
    lacking = {"index.json": json.dumps({"manifests": [{"digest": "sha256:" + "0" * 64}]})}
    docker = {"manifest.json": "", "config.json": "", "0/layer.tar": "", "1/layer.tar": ""}
    with tarfile.open(path) as archive:
        for name in docker:
            file = archive.extractfile(name)
            docker[name] = image_files.text(file.read()) if file else ""
    (tmp_path / "both.tar").write_bytes(image_files.tar({**docker, **lacking}))
    assert held(tmp_path / "both.tar") == held(path)


def test_a_layer_may_be_another_name_of_a_member_but_of_no_other_file(tmp_path: Path) -> None:
    layer = image_files.tar({"a": "1"})
    members: dict[str, Any] = {
        "config.json": image_files.config([layer]),
        "x/layer.tar": image_files.text(layer),
        "manifest.json": '[{"Config": "config.json", "Layers": ["y/layer.tar"]}]',
        "y/layer.tar": symlink("../x/layer.tar"),
    }
    path = tmp_path / "image.tar"
    path.write_bytes(image_files.tar(members))
    assert held(path) == [{"a": b"1"}]
    for target in ("/etc/hostname", "../../../../../../etc/hostname", "layer.tar"):
        path.write_bytes(image_files.tar({**members, "y/layer.tar": symlink(target)}))
        with pytest.raises(UnreadableArchive, match=r"y/layer.tar is missing|damaged"):
            held(path)


@pytest.mark.parametrize(
    "digest",
    ["sha256:../../../../etc/passwd", "sha512:" + "0" * 64, "sha256:" + "0" * 63, "../x", ""],
)
def test_a_digest_that_is_none_never_becomes_a_path(digest: str, tmp_path: Path) -> None:
    index = json.dumps({"manifests": [{"digest": digest}]})
    with pytest.raises(UnreadableArchive, match="by something else than SHA-256"):
        held(image_files.write({"index.json": index}, tmp_path))


def test_a_blob_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    layout = image_files.oci_folder(tmp_path / "layout", *LAYERS)
    for blob in (layout / "blobs" / "sha256").iterdir():
        whole = blob.read_bytes()
        blob.write_bytes(whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:])
        with pytest.raises(UnreadableArchive):
            held(layout)
        blob.write_bytes(whole)
        blob.unlink()
        with pytest.raises(UnreadableArchive, match="is missing"):
            held(layout)
        blob.write_bytes(whole)
    assert held(layout)


def _no_layout(path: Path) -> None:
    path.mkdir()


def _empty_index(path: Path) -> None:
    image_files.write({"index.json": '{"manifests": []}'}, path)


def _file(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file or directory"),
        (_no_layout, "neither a docker archive"),
        (_empty_index, "holds no image"),
        (_file(b""), "no tar archive, or damaged"),
        (_file(b"rubbish" * 99), "no tar archive, or damaged"),
        (_file(image_files.tar({"README": "x"})), "neither a docker archive"),
        (_file(image_files.tar({"manifest.json": "[]"})), "holds no image"),
        (_file(image_files.tar({"manifest.json": "[3]"})), "manifest is not understood"),
        (_file(image_files.tar({"manifest.json": "{"})), "manifest is not understood"),
        (_file(image_files.tar({"index.json": "{}"})), "manifest is not understood"),
        (
            _file(image_files.tar({"manifest.json": '[{"Config": "c", "Layers": []}]'})),
            "c is missing",
        ),
        (
            _file(
                image_files.tar(
                    {
                        "manifest.json": '[{"Config": "c", "Layers": ["l"]}]',
                        "c": '{"rootfs": {"diff_ids": []}}',
                    }
                )
            ),
            "manifest is not understood",
        ),
        (_file(image_files.tar({"manifest.json": "x" * (17 << 20)})), "too large"),
    ],
)
def test_what_is_no_image_is_said(make: Callable[[Path], object], why: str, tmp_path: Path) -> None:
    make(tmp_path / "image")
    with pytest.raises(UnreadableArchive, match=why):
        held(tmp_path / "image")
