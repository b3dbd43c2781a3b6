"""What is left when an image's layers lie over each other."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipway.checks.osv.layers import UnreadableArchive, files_in_layers, path_in_image, read_images

from . import image_files
from .image_files import FOLDER, Layer, Special, hardlink, symlink


def left(tmp_path: Path, *layers: Layer) -> dict[str, str]:
    """All files of an image; every one of them matters."""
    with read_images(str(image_files.docker_archive(tmp_path / "image.tar", *layers))) as (only,):
        return {
            path: data.decode() for path, data in files_in_layers(only, lambda path: True).items()
        }


LOW = {"a/b": "1", "a/c/d": "2", "e": "3"}
CASES: dict[str, tuple[Layer, set[str]]] = {
    "a file is taken away": ({"a/.wh.b": ""}, {"a/c/d", "e"}),
    "a folder is taken away": ({".wh.a": ""}, {"e"}),
    "a folder is emptied": ({"a/.wh..wh..opq": "", "a/new": "4"}, {"a/new", "e"}),
    "everything is emptied": ({".wh..wh..opq": "", "new": "4"}, {"new"}),
    "a file is replaced": ({"./a/b": "9"}, {"a/b", "a/c/d", "e"}),
    "a name with a slash in front": ({"/e": "9"}, {"a/b", "a/c/d", "e"}),
    "a file takes a folder's place": ({"a": "9"}, {"a", "e"}),
    "a folder takes a file's place": ({"e": FOLDER}, {"a/b", "a/c/d"}),
    "a folder that is there already": ({"a": FOLDER, "a/c": FOLDER}, {"a/b", "a/c/d", "e"}),
    "a file that is made anew": ({"a/.wh.b": "", "a/b": "9"}, {"a/b", "a/c/d", "e"}),
    "another's own notes": ({".wh..wh.aufs": ""}, {"a/b", "a/c/d", "e"}),
    "a name that only begins alike": ({".wh.a/b": "", "a/.wh.c.d": ""}, {".wh.a/b"} | set(LOW)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_layer_changes_what_is_below_it(case: str, tmp_path: Path) -> None:
    layer, expected = CASES[case]
    assert set(left(tmp_path, LOW, layer)) == expected


def test_the_highest_layer_says_what_a_file_holds(tmp_path: Path) -> None:
    assert left(tmp_path, LOW, {"e": "4"}, {"e": "5"})["e"] == "5"
    assert left(tmp_path, LOW, {"e": "4"}, {".wh.e": ""}, {"e": "6"})["e"] == "6"


def test_a_whiteout_does_not_touch_its_own_layer(tmp_path: Path) -> None:
    assert left(tmp_path, [("a/b", "1"), ("a/.wh.b", ""), ("a/.wh..wh..opq", "")]) == {"a/b": "1"}


NAMES = st.sampled_from(["a", "b", "a/a", "a/b", "b/a", "a/a/a"])
CHANGES = st.dictionaries(NAMES, st.sampled_from(["file", "gone", "folder", "emptied"]), max_size=4)


@settings(max_examples=60)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_it_is_what_a_folder_holds_to_which_each_change_is_made(
    tmp_path_factory: pytest.TempPathFactory, layers: list[dict[str, str]]
) -> None:
    """Against a model: a set of paths, changed one after the other."""
    model: set[str] = set()
    written: list[Layer] = []
    for changes in layers:
        kept, layer = dict(changes), {}
        for name in changes:  # within one layer, nothing lies below a file
            if any(name.startswith(f"{other}/") for other in changes if changes[other] != "folder"):
                del kept[name]
        for name, what in kept.items():
            folder, _, base = name.rpartition("/")
            layer |= {
                "file": {name: "x"},
                "folder": {name: FOLDER},
                "gone": {f"{folder}/.wh.{base}": ""},
                "emptied": {f"{name}/.wh..wh..opq": ""},
            }[what]
            below = {path for path in model if path.startswith(f"{name}/")}
            model -= {"folder": {name}, "emptied": below}.get(what, below | {name})
        # What a layer adds takes away the files above it.
        model |= {name for name, what in kept.items() if what == "file"}
        written.append(layer)
    assert set(left(tmp_path_factory.mktemp("image"), *written)) == model


# -- links ---------------------------------------------------------------------------------


def test_another_name_of_a_file_holds_the_same(tmp_path: Path) -> None:
    assert left(tmp_path, [("a", "1"), ("b", hardlink("a"))]) == {"a": "1", "b": "1"}
    assert left(tmp_path, {"a": "1"}, {"b": hardlink("./a")})["b"] == "1"


def test_a_link_is_passed_over_where_it_leads_to_a_file_that_is_read(tmp_path: Path) -> None:
    links: Mapping[str, Special] = {"etc/a": symlink("../usr/a"), "b": symlink("/usr/a")}
    assert left(tmp_path, {"usr/a": "1"}, links) == {"usr/a": "1"}


@pytest.mark.parametrize(
    "link",
    [hardlink("gone"), symlink("gone"), symlink("../../../../shadow"), symlink("a")],
    ids=["hard", "soft", "out of it", "to itself"],
)
def test_a_link_that_cannot_be_followed_is_no_empty_file(link: Special, tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match="cannot be followed here"):
        left(tmp_path, {"a": link})


def test_a_link_that_is_taken_away_need_not_be_followed(tmp_path: Path) -> None:
    assert left(tmp_path, {"a": symlink("gone")}, {".wh.a": ""}) == {}
    assert left(tmp_path, {"a": symlink("gone")}, {"a": "1"}) == {"a": "1"}


# -- what somebody made to do harm ---------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        {"../etc/passwd": "x"},
        {"a/../../b": "x"},
        {"/../a": "x"},
        {"a/.wh...": ""},
        {"..": FOLDER},
        {"a": hardlink("../../etc/passwd")},
    ],
)
def test_a_name_that_leads_out_of_the_image_is_refused(layer: Layer, tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match="leads out of it"):
        left(tmp_path, layer)


@given(st.text(alphabet="ab./\0\n", max_size=12))
def test_what_is_inside_never_leads_out(name: str) -> None:
    try:
        path = path_in_image(name)
    except UnreadableArchive:
        assert ".." in name.split("/")
    else:
        assert not path.startswith("/") and ".." not in path.split("/")
        assert path_in_image(path) == path


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_a_device_in_the_place_of_a_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match="a is no file"):
        left(tmp_path, {"a": Special(kind)})


def test_a_file_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a")
    member.size = 1 << 40
    data = member.tobuf() + b"\0" * 512
    with pytest.raises(UnreadableArchive, match="a is too large for what it is"):
        _read(tmp_path, data, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("cut", [700, 1024, 2000])
def test_a_layer_that_is_cut_off_or_changed_is_refused(cut: int, tmp_path: Path) -> None:
    whole = image_files.tar({"a": "x" * 600, "b": "y"})
    digest = hashlib.sha256(whole).hexdigest()
    changed = whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :]
    for data in (whole[:cut], changed):
        with pytest.raises(UnreadableArchive, match="damaged"):
            _read(tmp_path, data, digest)


def test_a_compression_that_is_not_known_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match="zstd"):
        _read(tmp_path, b"\x28\xb5\x2f\xfd rest", "0" * 64)


def _read(tmp_path: Path, layer: bytes, digest: str) -> dict[str, bytes]:
    manifest = '[{"Config": "c", "Layers": ["l"]}]'
    config = '{"rootfs": {"diff_ids": ["sha256:%s"]}}' % digest  # noqa: UP031 (it has braces)
    path = tmp_path / "image.tar"
    members = {"manifest.json": manifest, "c": config, "l": image_files.text(layer)}
    path.write_bytes(image_files.tar(members))
    with read_images(str(path)) as (only,):
        return files_in_layers(only, lambda path: True)
