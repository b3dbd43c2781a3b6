"""The image that is published: from every builder at every hour the same."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.images import handmade_images
from tests.images.handmade_images import Hour

from shipway.checks.osv.layers import read_images
from shipway.errors import CannotRun, ConfigError
from shipway.images import oci
from shipway.images.build import image_labels
from shipway.images.layout import OciLayout, open_image
from shipway.images.reference import ImageOrigin
from shipway.images.reproducible import ALWAYS, ImageFinisher, ReproducibleImage

COMMIT = 1_600_000_000
ORIGIN = ImageOrigin("town", "1.4.0", "3f2a" * 10, changed=False, moment=COMMIT)
CODE = {"app/main.py": b"print(1)", "app/empty.py": b""}
VENV = {
    "venv/lib/python3.11/site-packages/flask/app.py": b"x" * 4000,
    "venv/lib/python3.11/site-packages/flask-3.1.dist-info/RECORD": b"flask/app.py,,4000\n",
}
BASE = {"usr/bin/python3": b"python" * 1000}
CONTEXT = frozenset(hashlib.sha256(data).hexdigest() for data in CODE.values() if data)


def layers(hour: Hour, code: dict[str, bytes] = CODE) -> list[bytes]:
    return [
        handmade_images.layer(BASE, Hour()),
        handmade_images.layer(VENV, hour),
        handmade_images.layer(code, hour),
    ]


def finish(
    folder: Path,
    raw: Path,
    *,
    origin: ImageOrigin = ORIGIN,
    context: frozenset[str] = CONTEXT,
    base: tuple[str, ...] | None = (oci.digest_of(handmade_images.layer(BASE, Hour())),),
) -> tuple[OciLayout, ReproducibleImage, list[str]]:
    said: list[str] = []
    layout = OciLayout(str(folder / "image"))
    finishing = ImageFinisher(
        layout, origin, context, base, image_labels(origin, "https://example.org/town"), said.append
    )
    with open_image(str(raw)) as given_away:
        return layout, finishing.finish(given_away), said


def times(layout: OciLayout, number: int) -> set[float]:
    layer = layout.manifest()["layers"][number]
    with layout.open(layer["digest"]) as file, tarfile.open(fileobj=file) as tar:
        return {member.mtime for member in tar}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moment=st.floats(1e9, 2e9),
    builder=st.text(alphabet="abc", min_size=1, max_size=5),
    form=st.sampled_from([handmade_images.archive, handmade_images.layout]),
)
def test_neither_hour_nor_builder_nor_form_changes_the_digest(
    tmp_path_factory: pytest.TempPathFactory, moment: float, builder: str, form: Any
) -> None:
    folder = tmp_path_factory.mktemp("two")
    first = finish(folder / "1", handmade_images.archive(folder / "1.tar", layers(Hour()), Hour()))[
        1
    ]
    hour = Hour(moment, builder)
    second = finish(folder / "2", form(folder / "given", layers(hour), hour))[1]
    assert first.descriptor == second.descriptor


def test_other_code_is_another_image_of_which_only_the_code_is_new(tmp_path: Path) -> None:
    layout, before, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "1.tar", layers(Hour()), Hour())
    )
    old = [one["digest"] for one in layout.manifest()["layers"]]
    other = {"app/main.py": b"print(2)"}
    context = frozenset({hashlib.sha256(b"print(2)").hexdigest()})
    later = ImageOrigin("town", "1.4.0", "99" * 20, changed=False, moment=COMMIT + 60)
    raw = handmade_images.archive(tmp_path / "2.tar", layers(Hour(1.8e9), other), Hour(1.8e9))
    layout, after, _ = finish(tmp_path, raw, origin=later, context=context)
    new = [one["digest"] for one in layout.manifest()["layers"]]
    assert before.descriptor != after.descriptor
    assert old[:2] == new[:2] and old[2] != new[2]


def test_the_code_has_the_commits_time_and_all_else_the_same_always(tmp_path: Path) -> None:
    layout, _, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    )
    assert [times(layout, number) for number in (1, 2)] == [{ALWAYS}, {COMMIT}]
    assert times(layout, 0) == {Hour().moment}  # the base's are not ours to change


def test_labels_annotations_and_creation_are_the_commits(tmp_path: Path) -> None:
    layout, _, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    )
    config, wanted = (
        layout.config(),
        {
            "org.opencontainers.image.title": "town",
            "org.opencontainers.image.version": "1.4.0",
            "org.opencontainers.image.revision": "3f2a" * 10,
            "org.opencontainers.image.source": "https://example.org/town",
            "org.opencontainers.image.created": "2020-09-13T12:26:40Z",
        },
    )
    assert layout.manifest()["annotations"] == wanted
    assert config["config"]["Labels"] == {"own": "kept", **wanted}
    assert config["created"] == "2020-09-13T12:26:40Z"
    assert {"container", "docker_version", "author"}.isdisjoint(config)
    assert config["config"]["Healthcheck"] == {"Test": ["CMD", "true"]}
    assert [one["created_by"] for one in config["history"]] == ["COPY dir in /app"] * 3 + ["CMD"]


def test_what_a_layer_is_made_of_is_what_it_says(tmp_path: Path) -> None:
    layout, _, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    )
    diffs = layout.config()["rootfs"]["diff_ids"]
    for described, diff in zip(layout.manifest()["layers"], diffs, strict=True):
        data = layout.read(described["digest"])
        assert len(data) == described["size"] and oci.digest_of(gzip.decompress(data)) == diff
    with read_images(layout.folder) as (only,):  # as the scanner reads it
        assert [f"sha256:{one.digest}" for one in only] == diffs
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
        assert tar.extractfile("app/main.py").read() == b"print(1)"  # type: ignore[union-attr]  # it is there
        assert tar.getmember("app/main.py").pax_headers["SCHILY.xattr.user.x"] == "kept"


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    raw = handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    _, first, said = finish(tmp_path, raw)
    assert len(said) == 2
    _, second, said = finish(tmp_path, raw)
    assert (second, said) == (first, ["layer 3: 2 files"])


def test_a_layer_that_was_lost_is_written_again(tmp_path: Path) -> None:
    raw = handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    layout, first, _ = finish(tmp_path, raw)
    Path(layout.path(layout.manifest()["layers"][1]["digest"])).write_bytes(b"half")
    layout, second, _ = finish(tmp_path, raw)
    assert second == first and layout.read(layout.manifest()["layers"][1]["digest"])


def test_sizes_are_told_by_layer_and_package(tmp_path: Path) -> None:
    _, done, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    )
    assert [one.base for one in done.weight.layers] == [True, False, False]
    assert done.weight.packages() == [("flask", 4019), ("/app", 8)]


def test_of_an_unknown_base_nothing_is_said_to_be_added(tmp_path: Path) -> None:
    raw = handmade_images.archive(tmp_path / "x.tar", layers(Hour()), Hour())
    _, done, _ = finish(tmp_path, raw, base=None)
    assert not done.weight.base_known and not any(one.base for one in done.weight.layers)


def test_only_the_last_images_blobs_are_kept(tmp_path: Path) -> None:
    finish(tmp_path, handmade_images.archive(tmp_path / "1.tar", layers(Hour()), Hour()))
    code = {"app/main.py": b"print(2)"}
    layout, _, _ = finish(
        tmp_path, handmade_images.archive(tmp_path / "2.tar", layers(Hour(), code), Hour())
    )
    manifest = layout.manifest()
    needed = {layout.descriptor()["digest"], manifest["config"]["digest"]}
    needed |= {one["digest"] for one in manifest["layers"]}
    there = {f"sha256:{one.name}" for one in Path(layout.folder, "blobs", "sha256").iterdir()}
    assert there == needed


@pytest.mark.parametrize("harm", ["no tar", "no manifest", "two images", "another folder"])
def test_what_a_builder_gives_away_and_nobody_understands_is_said(
    tmp_path: Path, harm: str
) -> None:
    path = tmp_path / "given"
    if harm == "another folder":
        path.mkdir()
    elif harm == "no tar":
        path.write_bytes(b"something else")
    else:
        text = b"[{}, {}]" if harm == "two images" else b"{}"
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo("manifest.json" if harm == "two images" else "other")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    with pytest.raises(CannotRun, match="cannot be read"), open_image(str(path)):
        pass


def test_a_layout_that_is_damaged_or_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    layout = OciLayout(str(tmp_path))
    with pytest.raises(ConfigError, match="no image is built yet"):
        layout.descriptor()
    with pytest.raises(ConfigError, match="is damaged"):
        layout.read(oci.digest_of(b"x"))
    with pytest.raises(ConfigError, match="is no digest"):
        layout.open("sha256:../../etc/passwd")
