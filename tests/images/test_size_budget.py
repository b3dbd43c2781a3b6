"""An image's weight: counted by layer and by package, held against the budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.config.tables import Image
from shipway.images.size_budget import (
    ImageSize,
    SizedLayer,
    evaluate_size_budget,
    files_of_distribution,
    megabytes,
    owner_of_file,
    size_measures,
)

SITE = "venv/lib/python3.11/site-packages"
BASE = SizedLayer("", 220_000_000, 80_000_000, True, {"/usr/lib": 200_000_000})
VENV = SizedLayer(
    "/bin/sh -c #(nop) COPY dir in /venv",
    41_000_000,
    11_000_000,
    False,
    {"sqlalchemy": 18_000_000, "psycopg": 11_000_000, "flask": 1_000_000},
)
CODE = SizedLayer("COPY main", 120_000, 30_000, False, {"/app/main": 90_000, "flask": 1})
TOWN = ImageSize((BASE, VENV, CODE), base_known=True)


def test_what_is_added_is_what_is_above_the_base() -> None:
    assert (TOWN.unpacked, TOWN.packed, TOWN.added) == (261_120_000, 91_030_000, 41_120_000)


def test_a_broken_budget_names_figure_limit_layer_and_packages() -> None:
    (gate,) = evaluate_size_budget(TOWN, Image(added_mb=40))
    assert gate.sentence == (
        "added to the base is 41.12 MB; at most 40 MB is allowed; worst: layer 41.0 MB COPY dir "
        "in /venv, sqlalchemy 18.0 MB, psycopg 11.0 MB"
    )


def test_within_the_budget_every_gate_passes() -> None:
    assert [
        gate.passed for gate in evaluate_size_budget(TOWN, Image(size_mb=300, added_mb=60))
    ] == [True, True]
    assert evaluate_size_budget(TOWN, Image()) == ()


def test_without_a_known_base_nothing_says_what_was_added_and_the_gate_does_not_pass() -> None:
    unknown = ImageSize(TOWN.layers, base_known=False)
    assert [one.name for one in size_measures(unknown)] == ["image size"]
    (gate,) = evaluate_size_budget(unknown, Image(added_mb=60))
    assert not gate.passed and "was not measured" in gate.sentence


def test_a_file_belongs_to_the_distribution_whose_record_names_it() -> None:
    record = f"{SITE}/Flask_SQLAlchemy-3.1.dist-info/RECORD"
    text = 'flask_sqlalchemy/model.py,sha256=x,12\n../../../bin/tool,sha256=y,3\n"a,b",,\n\n'
    records = dict(files_of_distribution(record, text))
    assert owner_of_file(f"{SITE}/flask_sqlalchemy/model.py", records) == "Flask_SQLAlchemy"
    assert set(records) == {f"{SITE}/flask_sqlalchemy/model.py", f"{SITE}/a,b"}


def test_without_a_record_its_folder_says_whose_it_is() -> None:
    assert owner_of_file(f"{SITE}/wrapt/core.py", {}) == "wrapt"
    assert owner_of_file(f"{SITE}/wrapt-2.5.dist-info/METADATA", {}) == "wrapt"
    assert owner_of_file("usr/lib/python3/dist-packages/apt/x.py", {}) == "apt"
    assert (
        owner_of_file("app/main/x.py", {}),
        owner_of_file("app/x", {}),
        owner_of_file("x", {}),
    ) == (
        "/app/main",
        "/app",
        "/",
    )


LAYERS = st.builds(
    SizedLayer,
    st.just("x"),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.booleans(),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**6)),
)


@given(st.lists(LAYERS, max_size=6))
def test_packages_add_up_to_what_the_layers_above_the_base_hold(layers: list[SizedLayer]) -> None:
    weight = ImageSize(tuple(layers), base_known=True)
    found = weight.packages()
    own = [one for one in layers if not one.base]
    assert sum(size for _, size in found) == sum(sum(one.packages.values()) for one in own)
    assert [size for _, size in found] == sorted((size for _, size in found), reverse=True)
    assert weight.added == sum(one.unpacked for one in weight.largest())


def test_amounts_are_in_megabytes_of_a_million() -> None:
    assert (megabytes(1_500_000), megabytes(99_000), megabytes(0)) == (
        "1.5 MB",
        "99.0 kB",
        "0.0 kB",
    )
