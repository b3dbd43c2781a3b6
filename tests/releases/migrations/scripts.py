"""Migrations as Alembic and Flask-Migrate write them."""

from __future__ import annotations

import textwrap

from shipway.releases.migrations.analysis import contractions_between
from shipway.releases.migrations.contraction import Contraction

TOP = '''"""change the schema

Revision ID: {revision}
Revises: {before}
"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {before!r}
branch_labels = None
depends_on = None

'''


def script(body: str, revision: str = "b2", before: str | tuple[str, ...] | None = "a1") -> str:
    """A migration whose `upgrade()` is `body`."""
    top = TOP.format(revision=revision, before=before)
    return f"{top}\ndef upgrade():\n{indented(body)}\n\n\ndef downgrade():\n    pass\n"


def indented(body: str) -> str:
    """As the body of a function."""
    return textwrap.indent(textwrap.dedent(body).strip() or "pass", "    ")


def batch(table: str, *operations: str) -> str:
    """Operations in Flask-Migrate's form."""
    lines = "".join(f"    batch_op.{one}\n" for one in operations)
    return f'with op.batch_alter_table("{table}", schema=None) as batch_op:\n{lines}'


def found(body: str) -> list[Contraction]:
    """What one new migration takes away."""
    return list(contractions_between([], [script(body)]))


def words(body: str) -> list[str]:
    """The same in words, without the revision; what is unknown begins with a question mark."""
    return [("? " if one.unknown else "") + one.what for one in found(body)]
