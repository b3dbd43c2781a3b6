"""Packages of a lock that are folders of the repository."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.releases.local_packages import from_copies, local_folder, local_folders

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("./libs/acme", "./libs/acme"),
        ("-e ./libs/acme", "./libs/acme"),
        ("-e libs/acme", "libs/acme"),
        ("-e acme", "acme"),
        ("--editable=../acme", "../acme"),
        ("libs/acme", "libs/acme"),
        ("./libs/acme[x,y] ; python_version > '3'", "./libs/acme"),
        ("acme @ ./libs/acme", "./libs/acme"),
        ("acme @ file:///srv/acme", "/srv/acme"),
        (".", "."),
        ("./wheels/acme-1-py3-none-any.whl \\", ""),
        ("./acme-1.tar.gz", ""),
        ("acme==1", ""),
        ("acme==1 ; python_version < '3'", ""),
        ("acme @ https://x/acme.zip", ""),
        ("acme @ git+https://x/acme@v1", ""),
        ("-e git+https://x/acme#egg=acme", ""),
        ("--index-url https://x/simple", ""),
        ("--find-links ./wheels", ""),
        ("-r parts/base.txt", ""),
        ("-c ./limits.txt", ""),
        ("    --hash=sha256:00", ""),
        ("# from libs/acme sha256:00", ""),
        ("", ""),
    ],
)
def test_a_folder_is_told_from_everything_else(line: str, folder: str) -> None:
    assert local_folder(line) == folder


def test_the_folders_of_a_workspace_are_read_without_the_application() -> None:
    lock = """
[[package]]
name = "shop"
source = { editable = "." }
[[package]]
name = "acme"
source = { editable = "packages/acme" }
[[package]]
name = "beside"
source = { directory = "../beside" }
[[package]]
name = "flask"
source = { registry = "https://pypi.org/simple" }
"""
    assert local_folders(lock) == ("./packages/acme", "../beside")
    assert local_folders("[[package]]\nname = ") == ()


@given(st.lists(names, unique=True, max_size=4), st.booleans())
def test_a_lock_from_copies_names_no_folder_of_the_repository(
    folders: list[str], editable: bool
) -> None:
    lines = [f"{'-e ' if editable else ''}./{name}" for name in folders]
    lock = "\n".join(["flask==3", *lines])
    copied = from_copies(lock, "/app", lambda path: f"/copies/{path[2:]}")
    assert local_folders(copied) == tuple(f"/copies/{name}" for name in folders)
    assert "flask==3\n" in copied


def test_a_copy_of_a_lock_keeps_what_is_beside_a_folder() -> None:
    lock = "-r 'more.txt'\nacme[x] @ ./acme ; python_version > '3'\n./b[y]\n"
    assert from_copies(lock, "/app", lambda path: f"/copies/{path[2:]}") == (
        "-r \"/app/more.txt\"\nacme[x] @ file:///copies/acme ; python_version > '3'\n/copies/b[y]\n"
    )
