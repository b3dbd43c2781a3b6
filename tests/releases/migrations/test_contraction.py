"""From one release's migrations to another's."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.releases.migrations.scripts import batch, script, words

from shipway.releases.migrations.analysis import (
    contractions_between,
    migration_heads,
    unsafe_rollback,
)

FIRST = script('op.create_table("candidate")', "a1", None)
DROP = 'op.drop_column("candidate", "age")'
ADDS = (
    'op.create_table("news")',
    'op.add_column("candidate", sa.Column("nick", sa.Text()))',
    'op.create_index("ix", "candidate", ["name"])',
    'op.execute("UPDATE candidate SET age = 1")',
    batch("candidate", 'add_column(sa.Column("n", sa.Integer(), nullable=True))'),
)
TAKES = (
    DROP,
    'op.drop_table("party")',
    'op.rename_table("party", "parties")',
    'op.execute("ALTER TABLE candidate DROP COLUMN age")',
    batch("candidate", 'drop_column("age")'),
    "from town import tidy\ntidy()",
)


def test_heads_are_what_no_migration_follows() -> None:
    first = "revision = 'a'\ndown_revision = None\n"
    second = 'revision: str = "b"\ndown_revision: str | None = "a"\nbranch_labels = None\n'
    merge = "revision = 'd'\ndown_revision = ('b', 'c')\n"
    other = "revision = 'c'\ndown_revision = 'a'\n"
    assert migration_heads([first, second]) == ("b",)
    assert migration_heads([first, second, other]) == ("b", "c")
    assert migration_heads([first, second, other, merge]) == ("d",)


def test_only_what_the_older_release_has_not_is_read() -> None:
    (one,) = contractions_between([FIRST], [FIRST, script(DROP)])
    assert one.words == "drops column candidate.age (revision b2)"
    assert contractions_between([FIRST, script(DROP)], [FIRST, script(DROP)]) == ()
    edited = script(f"{DROP}  # as agreed")
    assert (
        contractions_between([FIRST, script(DROP)], [FIRST, edited]) == ()
    )  # it is the same revision


def test_the_way_back_is_barred_by_what_came_since() -> None:
    second, third = script("pass"), script(DROP, "c3", "b2")
    assert unsafe_rollback([FIRST, second], [FIRST, second]) == ()
    assert unsafe_rollback([FIRST], [FIRST, second]) == ()
    (one,) = unsafe_rollback([FIRST, second], [FIRST, second, third])
    assert one.revision == "c3"
    # A release between may have migrated what today's does not know.
    assert unsafe_rollback([FIRST], [FIRST, FIRST, second, third]) == (one,)
    assert unsafe_rollback([FIRST, second, third], [FIRST]) == ()


@pytest.mark.parametrize(
    "body",
    [
        'op.create_table("n")\nop.create_index("i", "n", ["a"], unique=True)\nop.drop_table("n")',
        'op.create_table("n")\n' + batch("n", 'create_unique_constraint("u", ["a"])'),
        'op.create_table("n")\nop.rename_table("n", "m")\nop.drop_column("m", "a")',
        'op.create_table("n")\nop.alter_column("n", "a", nullable=False)',
        'op.create_table("n")\nop.execute("ALTER TABLE n DROP COLUMN a")',
        'op.create_table("n", schema="a")\nop.rename_table("n", "m", schema="a")\n'
        'op.execute("DROP TABLE a.m")',
        'op.add_column("c", sa.Column("a", sa.Text()))\nop.drop_column("c", "a")',
        'op.add_column("c", sa.Column("a", sa.Text()))\n'
        'op.alter_column("c", "a", new_column_name="b")\nop.drop_column("c", "b")',
        'op.add_column("c", sa.Column("a", sa.Integer()))\n'
        'op.create_foreign_key("f", "c", "n", ["a"], ["id"])\n'
        'op.create_unique_constraint("u", "c", ["a", "name"])',
        'op.add_column("c", sa.Column("a", sa.Text(), server_default="x"))\n'
        'op.alter_column("c", "a", nullable=False)',
    ],
)
def test_what_is_new_can_be_changed_freely(body: str) -> None:
    assert words(body) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            'op.add_column("c", sa.Column("a", sa.Text()))\nop.alter_column("c", "a", '
            "nullable=False)",
            "makes c.a NOT NULL, without a server default",
        ),
        (
            'op.add_column("c", sa.Column("a", sa.Text(), nullable=False, server_default="x"))\n'
            'op.alter_column("c", "a", server_default=None)',
            "takes the server default of c.a away",
        ),
        (
            'op.add_column("c", sa.Column("a", sa.Text(), server_default="x"))\n'
            'op.create_unique_constraint("u", "c", ["a"])',
            "adds a unique constraint to c (a)",
        ),
        (
            'op.add_column("c", sa.Column("a", sa.Text()))\n'
            'op.create_unique_constraint("u", "c", ["a"], postgresql_nulls_not_distinct=True)',
            "adds a unique constraint to c (a)",
        ),
        (
            "def make(t):\n    op.create_table(t)\ndef drop(t):\n    op.drop_table(t)\n"
            'make("n")\ndrop("party")',
            "drops table <t>",
        ),
        ('op.create_table("n", schema="archive")\nop.drop_table("n")', "drops table n"),
        (
            'op.create_table("n")\nop.execute("DROP TABLE archive.n")',
            "runs SQL: DROP TABLE archive.n",
        ),
        (
            'op.create_table("n")\nwith op.batch_alter_table("n", schema="a") as b:\n'
            '    b.drop_column("x")',
            "drops column a.n.x",
        ),
        (
            'op.add_column("c", sa.Column(name, sa.Text()))\nop.drop_column("c", name)',
            "drops column c.<name>",
        ),
        ('op.create_table("n", if_not_exists=True)\nop.drop_table("n")', "drops table n"),
        ('if missing:\n    op.create_table("n")\nop.drop_table("n")', "drops table n"),
        (
            'op.create_table("n")\nif late:\n    op.drop_table("n")\nop.drop_table("n")',
            "drops table n",
        ),
    ],
)
def test_the_older_release_still_meets_it(body: str, said: str) -> None:
    assert words(body) == [said]


def test_what_both_branches_make_is_new() -> None:
    made = 'op.create_table("n")'
    assert words(f'if a:\n    {made}\nelse:\n    {made}\nop.drop_table("n")') == []


def test_scripts_are_read_in_the_order_in_which_they_run() -> None:
    made = script('op.create_table("n")', "z", None)
    gone = script('op.drop_table("n")', "b", "z")
    merge = script('op.drop_table("n")', "a", ("b", "z"))
    assert contractions_between([], [gone, made]) == ()
    assert [one.revision for one in contractions_between([], [merge, gone, made])] == ["a"]
    circle = [script(DROP, "x", "y"), script("pass", "y", "x")]
    assert [one.revision for one in contractions_between([], circle)] == ["x"]


# -- what a person calls safe --------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        f"{DROP}  # shipway: contract-safe: never read",
        f"# shipway: contract-safe: never read\n{DROP}",
        f"# shipway: contract-safe: never read\n# (see 12)\n{DROP}",
        'op.drop_column(\n    "candidate",\n    "age",  #shipway:contract-safe: never read\n)',
        'with op.batch_alter_table("candidate") as b:\n'
        "    # shipway: contract-safe: never read\n    b.drop_column('age')",
        'op.get_bind().execute("DROP TABLE x")  # shipway: contract-safe: never read',
    ],
)
def test_a_comment_calls_an_operation_safe(body: str) -> None:
    (one,) = contractions_between([], [script(body)])
    assert one.safe == "never read"
    assert one.words.endswith(" (revision b2), called safe: never read")
    assert unsafe_rollback([], [script(body)]) == ()


@pytest.mark.parametrize(
    "body",
    [
        f"{DROP}  # shipway: contract-safe:",
        f"{DROP}  # contract-safe: never read",
        f"x = 1  # shipway: contract-safe: never read\n{DROP}",
        f"# shipway: contract-safe: never read\n\n{DROP}",
        f'"# shipway: contract-safe: never read"\n{DROP}',
        f"{DROP}\n# shipway: contract-safe: never read",
    ],
)
def test_a_comment_without_a_reason_or_elsewhere_does_not(body: str) -> None:
    (one,) = unsafe_rollback([], [script(body)])
    assert one.safe == ""


# -- laws ----------------------------------------------------------------------------------

texts = st.one_of(
    st.text(),
    st.sampled_from([FIRST, script(DROP), "class Migration:\n", "def upgrade(:\n"]),
    st.text().map(script),
)


@given(st.lists(texts), st.lists(texts))
def test_whatever_the_texts_what_the_older_release_has_is_no_contraction(
    older: list[str], more: list[str]
) -> None:
    assert contractions_between([*older, *more], older) == ()
    contractions_between(older, more)  # and nothing makes it fail


@given(st.lists(st.sampled_from(ADDS)), st.lists(st.sampled_from(ADDS)), st.sampled_from(TAKES))
def test_one_operation_that_takes_away_is_found_among_any_that_add(
    before: list[str], after: list[str], takes: str
) -> None:
    assert contractions_between([], [script("\n".join((*before, *after)))]) == ()
    assert len(contractions_between([], [script("\n".join((*before, takes, *after)))])) == 1


@given(st.lists(st.sampled_from((*ADDS, *TAKES)), min_size=1, max_size=5), st.randoms())
def test_the_order_of_the_files_says_nothing(bodies: list[str], chance: Random) -> None:
    chain = [script(body, f"r{n}", f"r{n - 1}") for n, body in enumerate(bodies)]
    mixed = list(chain)
    chance.shuffle(mixed)
    assert contractions_between([], mixed) == contractions_between([], chain)
    assert contractions_between(chain[:1], mixed) == contractions_between(chain[:1], chain)
