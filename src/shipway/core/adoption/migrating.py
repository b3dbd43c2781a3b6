"""The command that brings the database up to date."""

from __future__ import annotations

import re

from shipway.core.adoption.entry import Entry
from shipway.core.sources import Sources

_SEEDS = re.compile(r"command\(\s*[\"'](init-db|initdb|init_db|create-db|create_db|createdb)[\"']")


def migrate(entry: Entry | None, sources: Sources) -> str:
    """Django's, Flask-Migrate's or Alembic's command; "" where there are no migrations."""
    if entry and entry.framework == "django":
        return "python manage.py migrate --noinput"
    if sources.read("migrations/alembic.ini") is not None or (
        sources.read("migrations/env.py") is not None and entry and entry.framework == "flask"
    ):
        return f"flask --app {_app(entry)} db upgrade" if entry else ""
    if sources.read("alembic.ini") is not None:
        return "alembic upgrade head"
    return ""


def seed(entry: Entry | None, texts: list[tuple[str, str]]) -> str:
    """A Flask command that makes the tables, as the Flask tutorial has it; "" where none is."""
    if entry is None or entry.framework != "flask":
        return ""
    named = next((found[1] for _, text in texts if (found := _SEEDS.search(text))), "")
    return f"flask --app {_app(entry)} {named}" if named else ""


def _app(entry: Entry) -> str:
    return f"{entry.module}:{entry.name}"
