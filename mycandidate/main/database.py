"""The database: which one, and how its connections behave."""

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from main.extensions import db, migrate
from main.settings import Settings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def configure(app: Flask, settings: Settings) -> None:
    """Bind the database that the settings name; without one, a file in the instance folder."""
    url = settings.database_url
    if not url:
        Path(app.instance_path).mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{Path(app.instance_path) / 'mycandidate.sqlite3'}"
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {} if url.startswith("sqlite") else {"pool_pre_ping": True}
    )
    db.init_app(app)
    migrate.init_app(app, db, directory=str(MIGRATIONS), render_as_batch=True)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _prepare_sqlite)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for a writer, a writer waits for another, references are checked."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
