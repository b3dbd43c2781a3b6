"""Reading `upgrade()`: code of every shape, none of it run."""

from __future__ import annotations

import pytest
from tests.releases.migrations.scripts import TOP, indented, words

from shipway.releases.migrations.analysis import contractions_between
from shipway.releases.migrations.contraction import Contraction

DROP = 'op.drop_column("candidate", "age")'
SAID = "drops column candidate.age"


def whole(code: str, revision: str = "b2") -> list[str]:
    text = TOP.format(revision=revision, before="a1") + code
    return [("? " if one.unknown else "") + one.what for one in contractions_between([], [text])]


@pytest.mark.parametrize(
    "code",
    [
        f"if there:\n    pass\nelse:\n    {DROP}",
        f"for _ in range(1):\n    {DROP}",
        f"while True:\n    {DROP}\n    break",
        f"try:\n    {DROP}\nexcept Exception:\n    pass",
        f"try:\n    pass\nfinally:\n    {DROP}",
        f"match a:\n    case 1:\n        {DROP}",
        f"def inner():\n    {DROP}\ninner()",
        f"(lambda: {DROP})()",
        f"x = {DROP}",
        f"with open_somehow():\n    {DROP}",
        'table = "candidate"\nop.drop_column(table, "age")',
    ],
)
def test_it_is_found_wherever_it_stands(code: str) -> None:
    assert SAID in words(code)


@pytest.mark.parametrize(
    "code",
    [
        f"def upgrade():\n    first()\n\ndef first():\n    second()\n\ndef second():\n    {DROP}\n",
        f"def upgrade():\n    upgrade()\n    {DROP}\n",
        f"def upgrade():\n    list(map(one, [1]))\n\ndef one(x):\n    {DROP}\n",
        f"class Steps:\n    def go(self):\n        {DROP}\n\ndef upgrade():\n    Steps().go()\n",
        f"async def upgrade():\n    {DROP}\n",
        'TABLE = "candidate"\n\ndef upgrade():\n    op.drop_column(TABLE, "age")\n',
        'from alembic import op as o\n\ndef upgrade():\n    o.drop_column("candidate", "age")\n',
        'import alembic\n\ndef upgrade():\n    alembic.op.drop_column("candidate", "age")\n',
        'import alembic.op as o\n\ndef upgrade():\n    o.drop_column("candidate", "age")\n',
    ],
)
def test_the_scripts_own_functions_and_names_are_followed(code: str) -> None:
    assert whole(code) == [SAID]


def test_what_only_downgrade_does_does_not_count() -> None:
    assert whole(f"def upgrade():\n    pass\n\ndef downgrade():\n    {DROP}\n") == []


def test_flask_migrates_form_for_several_databases_is_followed() -> None:
    code = (
        'def upgrade(engine_name):\n    globals()["upgrade_%s" % engine_name]()\n\n'
        f"def upgrade_():\n    {DROP}\n\ndef upgrade_votes():\n    op.drop_table('vote')\n"
    )
    assert whole(code) == [SAID, "drops table vote"]


@pytest.mark.parametrize(
    "code",
    [
        "drop = op.drop_column",
        "helper(op)",
        'getattr(op, "drop_" + what)("party")',
        "o = op",
        "op.invoke(x)",
        "op.impl.drop_table(x)",
        'globals()["x"]()',
        'exec("op.drop_table(1)")',
        "import os\nos.system('psql')",
        "from os import system as run\nrun('psql')",
        "from town.models import tidy\ntidy()",
        "from . import tidy\ntidy.all()",
        "import town\ntown.models.tidy()",
        "from alembic import command\ncommand.stamp(1)",
        'from alembic.operations import Operations\nOperations(x).drop_table("party")',
        "from town import rows\nop.bulk_insert(table, rows())",
        "from town import sql\nop.get_bind().execute(sa.text(sql()))",
        'batch = op.batch_alter_table("party")',
        'with op.batch_alter_table("party") as b:\n    helper(b)',
    ],
)
def test_code_that_may_do_anything_is_unknown(code: str) -> None:
    assert [one for one in words(code) if one.startswith("? ")]


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ.get('A', os.path.join('a', 'b'))",
        "from datetime import datetime\nnow = datetime.now()",
        "print('adding')",
        "inspector = sa.inspect(op.get_bind())\ninspector.get_columns('party')",
        "kind = sa.Enum('a', name='k')\nkind.create(op.get_bind(), checkfirst=True)",
        "session = sa.orm.Session(bind=op.get_bind())\nsession.commit()",
        "op.get_bind().execute(sa.select(sa.table('party')))",
    ],
)
def test_ordinary_code_around_it_is_nothing(code: str) -> None:
    assert words(code) == []


def test_what_sqlalchemy_drops_by_itself_counts() -> None:
    assert words("kind = sa.Enum(name='k')\nkind.drop(op.get_bind())") == [
        "calls kind.drop(op.get_bind())"
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def upgrade(:\n", "? cannot be read as Python"),
        ("x = '\0'", "? cannot be read as Python"),
        ("def upgrade():\n    x = " + "(" * 500 + ")" * 500, "? cannot be read as Python"),
        ("def upgrade():\n    " + "x = y" + ".a" * 20_000, "? cannot be read as Python"),
        ("", "? has no upgrade() that can be read"),
        ("upgrade = make()\n", "? has no upgrade() that can be read"),
    ],
)
def test_a_script_that_cannot_be_read_is_unknown(code: str, said: str) -> None:
    assert whole(code) == [said]


def test_djangos_migrations_are_unknown_whatever_they_do() -> None:
    text = (
        "from django.db import migrations\n\nclass Migration(migrations.Migration):\n"
        "    # shipway: contract-safe: nobody reads it\n    operations = []\n"
    )
    unknown = Contraction("has migrations of Django, which Shipway does not read", unknown=True)
    assert contractions_between([], [text, text + "\n"]) == (unknown,)
    assert contractions_between([text], [text]) == ()


def test_a_migration_without_a_readable_revision_is_unknown() -> None:
    text = f'revision = ("b" "2")\n\ndef upgrade():\n{indented(DROP)}\n'
    (one,) = contractions_between([], [text])
    assert (one.what, one.unknown) == ("has a migration without a revision that can be read", True)


def test_other_files_beside_migrations_do_not_count() -> None:
    assert (
        contractions_between([], ["", "import os\n", "def run_migrations_online():\n    pass\n"])
        == ()
    )
