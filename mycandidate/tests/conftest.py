"""The application over an empty database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from main import create_app
from main.extensions import db, limiter
from main.settings import Settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no tables yet."""
    app = create_app(
        Settings(
            app_env="test",
            database_url=f"sqlite:///{tmp_path / 'test.sqlite3'}",
            api_rate_limit="off",
        )
    )
    yield app
    limiter.reset()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks it."""
    return app.test_client()
