"""Applications to test: over an empty database of their own, or over a town that all share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from application import application, forbid_changes
from flask import Flask
from flask.testing import FlaskClient
from town import settle

from main.extensions import cache, limiter

Town = Callable[[int], Flask]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """An application whose database has no tables yet."""
    with application(tmp_path / "test.sqlite3") as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks it."""
    return app.test_client()


@pytest.fixture(scope="session")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Makes an application over a town of this many names on a ballot, or finds the one made."""
    folder = tmp_path_factory.mktemp("towns")
    made: dict[int, Flask] = {}

    def find(candidates: int) -> Flask:
        if candidates not in made:
            app = closing.enter_context(application(folder / f"{candidates}.sqlite3"))
            settle(app, candidates)
            forbid_changes(app)
            made[candidates] = app
        return made[candidates]

    with ExitStack() as closing:
        yield find


@pytest.fixture
def town_of(shared_town: Town) -> Town:
    """Lends a test the town of this many names on a ballot, as if nobody had been there before."""

    def lend(candidates: int) -> Flask:
        lent = shared_town(candidates)
        lent.config["API_RATE_LIMIT"] = "off"
        limiter.reset()
        with lent.app_context():
            cache.clear()
        return lent

    return lend


@pytest.fixture
def town(town_of: Town) -> Flask:
    """An application over a town; its database cannot be changed, for others look at it, too."""
    return town_of(5)
