"""The connection, and what is asked of it from several places."""

import os
import sqlite3

from flask import g
from sqlalchemy import create_engine

ARCHIVE = "arrivals_archive"


def connection():
    if "connection" not in g:
        g.connection = sqlite3.connect(os.environ.get("QUAYSIDE_DATABASE", "quayside.sqlite"))
        g.connection.row_factory = sqlite3.Row
    return g.connection


def engine():
    return create_engine(os.environ["QUAYSIDE_REPLICA"])


def newest(limit):
    return connection().execute(f"SELECT * FROM {ARCHIVE} ORDER BY at DESC LIMIT ?", (limit,))


def rows_where(condition):
    return connection().execute("SELECT * FROM arrivals WHERE " + condition).fetchall()
