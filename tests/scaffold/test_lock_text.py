"""The text of a lock, fit for every machine that installs from it."""

from __future__ import annotations

import pytest

from shipway.scaffold.lock_text import PYPI, moved_packages, read_lock, shareable_lock
from shipway.scaffold.requirement_files import DIRECT

HASH = "    --hash=sha256:00"
RESOLVED = f"""\
--index-url https://mirror.example/simple
--extra-index-url https://${{NAME}}:${{KEY}}@own.example/simple
--extra-index-url https://me:s3cr3t@other.example/simple
--find-links file:///app/wheels

-e .
-e libs/acme
beside @ file:///shared/beside
./wheels/x-1-py3-none-any.whl \\
{HASH}
tool @ git+https://me:s3cr3t@git.example/tool@abc
flask==3.0 \\
{HASH}
    # from https://mirror.example/simple
inner==1.0 \\
{HASH}
    # from https://own.example/simple
explicit==1.0 \\
{HASH}
    # from https://named.example/simple/
"""
REFERENCES = {
    "https://named.example/simple": "https://:${UV_INDEX_N_PASSWORD}@named.example/simple"
}


def test_a_lock_is_the_same_for_every_machine() -> None:
    lock, notes = shareable_lock(RESOLVED, "/app", "https://mirror.example/simple", REFERENCES)
    assert (
        lock.text()
        == f"""\
--extra-index-url https://${{NAME}}:${{KEY}}@own.example/simple
--extra-index-url https://other.example/simple
--find-links ./wheels
--extra-index-url https://:${{UV_INDEX_N_PASSWORD}}@named.example/simple

./libs/acme
../shared/beside
./wheels/x-1-py3-none-any.whl \\
{HASH}
tool @ git+https://git.example/tool@abc
flask==3.0 \\
{HASH}
inner==1.0 \\
{HASH}
    # from https://own.example/simple
explicit==1.0 \\
{HASH}
    # from https://named.example/simple/
"""
    )
    assert [note.split(":")[0] for note in notes] == [
        "the credentials of other.example",
        "the credentials of git.example",
    ]
    assert lock.pins == ["flask==3.0", "inner==1.0", "explicit==1.0"]


def test_what_is_written_is_read_back() -> None:
    lock, _ = shareable_lock(RESOLVED, "/app", PYPI, REFERENCES)
    assert read_lock(lock.text()) == lock
    assert shareable_lock(lock.text(), "/app", PYPI, REFERENCES)[0] == lock


LOCK = read_lock(
    f"a==1 \\\n{HASH}\nb==1 \\\n{HASH}\n    # from https://own.example/simple\nc @ ./c\n"
)


@pytest.mark.parametrize(
    "expected",
    [
        {"a": PYPI},
        {"a": ""},
        {"a": "https://mirror.example/simple/"},
        {"b": "https://own.example/simple/"},
        {"b": "https://${NAME}:${KEY}@own.example/simple"},
        {"c": DIRECT},
        {"unknown": DIRECT},
    ],
)
def test_a_package_from_where_it_always_was_has_not_moved(expected: dict[str, str]) -> None:
    assert moved_packages(LOCK, expected, "https://mirror.example/simple") == []


@pytest.mark.parametrize(
    "expected",
    [
        {"a": DIRECT},
        {"a": "https://own.example/simple"},
        {"b": PYPI},
        {"b": DIRECT},
        {"b": "https://another.example/simple"},
        {"c": PYPI},
    ],
)
def test_a_package_from_another_place_has_moved(expected: dict[str, str]) -> None:
    (moved,) = moved_packages(LOCK, expected, "https://mirror.example/simple")
    assert moved.startswith(f"{next(iter(expected))} would come from ")
