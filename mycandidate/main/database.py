"""Configures the database and its connections."""

from pathlib import Path
from sqlite3 import Connection

from flask import Flask
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from main.extensions import db, migrate
from main.settings import Settings

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def init_app(app: Flask, settings: Settings) -> None:
    """Connect `app` to the database of the settings, or else to a file in the instance folder."""
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
            event.listen(db.engine, "connect", _configure_connection)


def _configure_connection(connection: Connection, _entry: ConnectionPoolEntry) -> None:
    """Let reads run during a write, let a second write wait, and enforce foreign keys."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
