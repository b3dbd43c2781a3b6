"""SQL that a migration holds as text."""

from __future__ import annotations

import pytest
from tests.releases.migrations.scripts import words


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE party",
        "drop view wards",
        "DROP TYPE ballot",
        "TRUNCATE party",
        "ALTER TABLE candidate DROP COLUMN age",
        "ALTER TABLE candidate RENAME TO person",
        "ALTER TABLE candidate RENAME COLUMN age TO years",
        "ALTER TABLE candidate ALTER COLUMN age SET NOT NULL",
        "ALTER TABLE candidate ALTER COLUMN age TYPE smallint",
        "ALTER TABLE candidate ADD COLUMN a int, DROP COLUMN b",
        "ALTER TABLE candidate ADD COLUMN a int NOT NULL",
        "ALTER TABLE candidate ADD COLUMN a int DEFAULT 0 UNIQUE",
        "ALTER TABLE candidate ADD CONSTRAINT c CHECK (age > 17)",
        "ALTER TABLE candidate ADD UNIQUE (name)",
        "ALTER TABLE candidate MODIFY age int NOT NULL",
        "ALTER TYPE ballot ADD VALUE 'ward'",
        "RENAME TABLE party TO parties",
        "CREATE UNIQUE INDEX ix ON candidate (name)",
        "UPDATE a SET b = 1; DROP TABLE party",
        "/* so; it is */ DROP -- now\nTABLE party",
        "REVOKE SELECT ON party FROM web",
    ],
)
def test_it_takes_away(sql: str) -> None:
    (said,) = words(f'op.execute("""{sql}""")')
    assert said.startswith("runs SQL: ")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "UPDATE candidate SET age = 0",
        "INSERT INTO party VALUES ('; DROP TABLE party')",
        "DELETE FROM party WHERE name = 'it''s; DROP'",
        "-- DROP TABLE party",
        "CREATE TABLE news (id int NOT NULL)",
        "CREATE INDEX ix ON candidate (name)",
        "CREATE INDEX CONCURRENTLY ix ON candidate (name)",
        "DROP INDEX ix",
        "ALTER TABLE candidate ADD COLUMN a int",
        "ALTER TABLE candidate ADD a numeric(8, 2)",
        "ALTER TABLE candidate ADD COLUMN a int NOT NULL DEFAULT 0",
        "ALTER TABLE candidate ADD COLUMN a int UNIQUE",
        "ALTER TABLE candidate ALTER COLUMN age DROP NOT NULL",
        "ALTER TABLE candidate ALTER age SET DEFAULT 0, DROP CONSTRAINT c",
        "ALTER TABLE candidate VALIDATE CONSTRAINT c",
        "SET lock_timeout = '2s'",
        "CREATE TABLE news (id int); CREATE UNIQUE INDEX ix ON news (id); DROP TABLE news",
    ],
)
def test_it_takes_nothing_away(sql: str) -> None:
    assert words(f'op.execute("""{sql}""")') == []


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN DROP TABLE party; END $$",
        "CREATE OR REPLACE VIEW wards AS SELECT 1",
        "CREATE TRIGGER t BEFORE INSERT ON candidate EXECUTE FUNCTION f()",
        "CALL tidy()",
    ],
)
def test_what_it_does_is_unknown(sql: str) -> None:
    (said,) = words(f'op.execute("""{sql}""")')
    assert said.startswith("? runs SQL that Shipway does not understand: ")


def test_a_table_that_may_have_been_there_is_not_new() -> None:
    made = "CREATE TABLE IF NOT EXISTS party (id int); DROP TABLE party"
    assert words(f'op.execute("{made}")') == ["runs SQL: DROP TABLE party"]


@pytest.mark.parametrize(
    "code",
    [
        'op.execute(sa.text("DROP TABLE party"))',
        'op.execute(sqltext="DROP TABLE party")',
        'op.execute("DROP " "TABLE party")',
        'op.execute("DROP TABLE " + name)',
        'op.execute("DROP TABLE %s" % name)',
        'op.execute("DROP TABLE {}".format(name))',
        'op.execute(f"DROP TABLE {name}")',
        'op.execute(dedent("""\n    DROP TABLE party"""))',
        'op.get_bind().execute(sa.text("DROP TABLE party").bindparams(a=1))',
        'bind = op.get_bind()\nbind.exec_driver_sql("DROP TABLE party")',
        'sql = "DROP TABLE party"\nop.execute(sql)',
        'sql = sa.text("DROP TABLE party")\nop.get_bind().execute(sql)',
        'with op.get_context().autocommit_block():\n    op.execute("DROP TABLE party")',
    ],
)
def test_it_is_found_however_it_is_written(code: str) -> None:
    (said,) = words(code)
    assert said.startswith("runs SQL: DROP TABLE ")


def test_a_name_with_two_meanings_is_unknown() -> None:
    code = 'sql = "SELECT 1"\nif late:\n    sql = "DROP TABLE party"\nop.execute(sql)'
    assert words(code) == ["? runs SQL that is worked out: sql"]


def test_long_sql_is_shortened() -> None:
    (said,) = words(f'op.execute("DROP TABLE {"x" * 200}")')
    assert len(said) < 120
    assert said.endswith("…")
