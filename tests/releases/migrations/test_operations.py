"""What each operation takes away from a release that does not know it."""

from __future__ import annotations

import pytest
from tests.releases.migrations.scripts import batch, words

NAME = 'sa.Column("nick", sa.String(20)'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('op.drop_table("party")', "drops table party"),
        ('op.drop_column("candidate", "age")', "drops column candidate.age"),
        ('op.drop_column(table_name="candidate", column_name="age")', "drops column candidate.age"),
        ('op.drop_column("candidate", column)', "drops column candidate.<column>"),
        ('op.rename_table("party", "parties")', "renames table party to parties"),
        (
            'op.alter_column("candidate", "age", new_column_name="years")',
            "renames column candidate.age to years",
        ),
        (
            'op.alter_column("candidate", "age", name="years")',
            "renames column candidate.age to years",
        ),
        (
            'op.alter_column("candidate", "age", nullable=False, existing_type=sa.Integer())',
            "makes candidate.age NOT NULL",
        ),
        # A server default does not help a release that writes NULL itself.
        (
            'op.alter_column("candidate", "age", nullable=False, server_default="0")',
            "makes candidate.age NOT NULL",
        ),
        (
            'op.alter_column("candidate", "age", server_default=None, existing_nullable=False)',
            "takes the server default of candidate.age away",
        ),
        (
            f'op.add_column("candidate", {NAME}, nullable=False))',
            "adds column candidate.nick NOT NULL, without a server default",
        ),
        (
            f'op.add_column("candidate", {NAME}, server_default=None, nullable=False))',
            "adds column candidate.nick NOT NULL, without a server default",
        ),
        (
            f'op.add_column("candidate", {NAME}, primary_key=True))',
            "adds column candidate.nick NOT NULL, without a server default",
        ),
        (
            f'op.add_column("candidate", {NAME}, server_default="x", unique=True))',
            "adds unique column candidate.nick with a server default",
        ),
        (
            'op.create_unique_constraint("uq", "candidate", ["name", "age"])',
            "adds a unique constraint to candidate (name, age)",
        ),
        (
            'op.create_index("ix", "candidate", ["name"], unique=True)',
            "adds a unique index to candidate (name)",
        ),
        (
            'op.create_primary_key("pk", "candidate", ["name"])',
            "adds a primary key to candidate (name)",
        ),
        (
            'op.create_check_constraint("ck", "candidate", "age > 17")',
            "adds a check constraint to candidate",
        ),
        (
            'op.create_exclude_constraint("ex", "candidate", ("age", "="))',
            "adds an exclusion constraint to candidate",
        ),
        (
            'op.create_foreign_key("fk", "candidate", "ward", ["ward"], ["id"])',
            "adds a foreign key to candidate (ward)",
        ),
        ('op.execute("DROP TABLE party")', "runs SQL: DROP TABLE party"),
    ],
)
def test_it_is_said_what_is_taken_away(body: str, said: str) -> None:
    assert words(body) == [said]


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        'op.create_table("news", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.add_column("candidate", sa.Column("nick", sa.String(20)))',
        'op.add_column("candidate", sa.Column("nick", sa.String(20), nullable=True))',
        f'op.add_column("candidate", {NAME}, nullable=False, server_default=sa.text("1")))',
        'op.add_column("candidate", sa.Column("n", sa.Integer(), sa.Identity(), nullable=False))',
        f'op.add_column("candidate", {NAME}, unique=True))',
        'op.create_index("ix", "candidate", ["name"])',
        'op.create_index(op.f("ix"), "candidate", ["name"], unique=False)',
        'op.drop_index("ix", table_name="candidate")',
        'op.drop_constraint("uq", "candidate", type_="unique")',
        'op.alter_column("candidate", "age", nullable=True, existing_type=sa.Integer())',
        'op.alter_column("candidate", "age", server_default="0")',
        'op.alter_column("candidate", "age", nullable=False, existing_nullable=False)',
        'op.alter_column("candidate", "age", comment="in years")',
        'op.alter_column("candidate", "age", new_column_name="age")',
        'op.bulk_insert(table, [{"a": 1}])',
        'op.execute("UPDATE candidate SET age = 0")',
        'op.execute(sa.table("candidate").update().values(age=0))',
    ],
)
def test_what_only_adds_or_loosens_is_nothing(body: str) -> None:
    assert words(body) == []


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ('drop_column("age")', "drops column candidate.age"),
        ('alter_column("age", new_column_name="years")', "renames column candidate.age to years"),
        (
            'alter_column("age", existing_type=sa.INTEGER(), nullable=False)',
            "makes candidate.age NOT NULL",
        ),
        (
            'add_column(sa.Column("nick", sa.String(), nullable=False))',
            "adds column candidate.nick NOT NULL, without a server default",
        ),
        (
            'create_unique_constraint("uq", ["name"])',
            "adds a unique constraint to candidate (name)",
        ),
        (
            'create_unique_constraint(batch_op.f("uq"), ["name"])',
            "adds a unique constraint to candidate (name)",
        ),
        ('create_index("ix", ["name"], unique=True)', "adds a unique index to candidate (name)"),
        ('create_check_constraint("ck", "age > 17")', "adds a check constraint to candidate"),
        (
            'create_foreign_key("fk", "ward", ["ward_id"], ["id"])',
            "adds a foreign key to candidate (ward_id)",
        ),
    ],
)
def test_flask_migrates_form_says_the_same(operation: str, said: str) -> None:
    assert words(batch("candidate", operation)) == [said]


def test_flask_migrates_form_may_add() -> None:
    body = batch(
        "candidate",
        'add_column(sa.Column("n", sa.Integer(), nullable=True))',
        'create_index("ix_n", ["n"], unique=False)',
        'drop_constraint("uq", type_="unique")',
        'drop_index("ix_old")',
    )
    assert words(body) == []


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("sa.String(20)", "sa.String(20)", True),
        ("sa.String(length=20)", "sa.String(30)", True),
        ("sa.VARCHAR(length=20)", "sa.Text()", True),
        ("sa.String(20)", "sa.String()", True),
        ("sa.String(20)", "sa.String(length=19)", False),
        ("sa.String()", "sa.String(20)", False),
        ("sa.Text()", "sa.String(20)", False),
        ("sa.TEXT()", "sa.Text()", True),
        ("sa.INTEGER()", "sa.BigInteger()", True),
        ("sa.SmallInteger", "sa.Integer", True),
        ("sa.BigInteger()", "sa.Integer()", False),
        ("sa.Integer()", "sa.String(20)", False),
        ("sa.Numeric(8, 2)", "sa.Numeric(10, 2)", True),
        ("sa.Numeric(precision=8, scale=2)", "sa.Numeric(scale=3, precision=9)", True),
        ("sa.Numeric(8, 2)", "sa.Numeric(8, 3)", False),
        ("sa.Enum('a', 'b')", "sa.Enum('a', 'b', 'c')", False),
        ("sa.String(SIZE)", "sa.String(20)", False),
        ("sa.DateTime()", "sa.DateTime()", True),
        ("sa.DateTime()", "sa.Date()", False),
    ],
)
def test_a_type_may_grow_but_not_shrink_or_change(old: str, new: str, fits: bool) -> None:
    body = f'op.alter_column("t", "c", existing_type={old}, type_={new})'
    assert words(body) == ([] if fits else [f"changes the type of t.c from {old} to {new}"])


def test_a_type_that_nobody_says_what_it_was_may_have_shrunk() -> None:
    body = 'op.alter_column("t", "c", type_=sa.Text())'
    assert words(body) == ["changes the type of t.c to sa.Text()"]


@pytest.mark.parametrize(
    "body",
    [
        "op.create_entity(view)",
        "op.drop_column(*names)",
        "op.drop_column(**names)",
        'op.drop_column("a", "b", "c")',
        'op.add_column("candidate", column)',
        'op.add_column("candidate", sa.Column("x", **options))',
        f'op.add_column("candidate", {NAME}, nullable=STRICT))',
        'op.alter_column("candidate", "age", nullable=STRICT)',
        'op.create_index("ix", "candidate", ["age"], unique=STRICT)',
        "op.execute(statement)",
        'op.execute(f"{verb} TABLE party")',
    ],
)
def test_what_cannot_be_read_is_unknown(body: str) -> None:
    (said,) = words(body)
    assert said.startswith("? ")
