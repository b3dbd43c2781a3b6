"""Applications in this process, each over a database file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from main import create_app
from main.extensions import db, limiter
from main.settings import Settings

# Between the two elections of town.py.
DAY = date(2026, 10, 1)


@contextmanager
def application(database: Path, today: date = DAY) -> Iterator[Flask]:
    """An application over this file, which it lets go of afterwards. Its day is always `today`."""
    app = create_app(
        Settings(
            app_env="test",
            database_url=f"sqlite:///{database}",
            api_rate_limit="off",
        ),
        today=lambda: today,
    )
    yield app
    limiter.reset()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def forbid_changes(app: Flask) -> None:
    """From now on the application's database refuses to be written."""

    def forbid(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    with app.app_context():
        db.engine.dispose()  # connections from before would still write
        event.listen(db.engine, "connect", forbid)
