"""Where applications of every layout are served from."""

from __future__ import annotations

import pytest

from shipway.scaffold.detection import EntryPoint, find_entry_point
from shipway.scaffold.sources import MemorySources

DJANGO = 'environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\nimport django'


@pytest.mark.parametrize(
    ("files", "packages", "found"),
    [
        ({"app.py": "app = Flask(__name__)"}, (), EntryPoint("flask", "app", "app")),
        (
            {"shop/__init__.py": "def create_app(settings=None): ..."},
            ("shop",),
            EntryPoint("flask", "shop", "create_app", factory=True),
        ),
        (
            {"src/shop/__init__.py": "", "src/shop/wsgi.py": "application = create_app()"},
            ("src/shop",),
            EntryPoint("flask", "shop.wsgi", "application"),
        ),
        (
            {"app/main.py": "from fastapi import FastAPI\napi: FastAPI = FastAPI()"},
            (),
            EntryPoint("fastapi", "app.main", "api"),
        ),
        (
            {"main.py": "import fastapi\ndef create_app(): ..."},
            (),
            EntryPoint("fastapi", "main", "create_app", factory=True),
        ),
        (
            {"back/__init__.py": "", "back/api/main.py": "app = FastAPI()"},
            ("back",),
            EntryPoint("fastapi", "back.api.main", "app"),
        ),
        ({"hello.py": "site = Flask(__name__)"}, (), EntryPoint("flask", "hello", "site")),
        (
            {"manage.py": DJANGO, "config/wsgi.py": "", "blog/wsgi.py": ""},
            (),
            EntryPoint("django", "config.wsgi", "application"),
        ),
    ],
)
def test_an_entry_is_found(
    files: dict[str, str], packages: tuple[str, ...], found: EntryPoint
) -> None:
    assert find_entry_point(MemorySources(files), packages) == found


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"app.py": "def create_app(settings): ..."},  # nobody gives it its settings
        {"app.py": "def create_app(*, settings): ..."},
        {"app.py": "if __name__ == '__main__':\n    app = Flask(__name__)"},
        {"app.py": "app = Flask(__name__"},  # not Python
        {"tests/app.py": "app = Flask(__name__)"},
        {"test_app.py": "app = Flask(__name__)"},
        {"manage.py": "print('no framework')"},
    ],
)
def test_what_cannot_be_served_has_no_entry(files: dict[str, str]) -> None:
    assert find_entry_point(MemorySources(files), ()) is None


def test_a_global_wins_over_a_factory_and_the_usual_name_over_another() -> None:
    files = {
        "shop/__init__.py": "def create_app(): ...",
        "wsgi.py": "from shop import create_app\nother = create_app()\napp = create_app()",
    }
    assert find_entry_point(MemorySources(files), ("shop",)) == EntryPoint("flask", "wsgi", "app")


def test_each_framework_is_served_by_its_own_server() -> None:
    assert (
        EntryPoint("flask", "a", "create_app", True).serve
        == "gunicorn --bind {bind} a:create_app()"
    )
    assert EntryPoint("fastapi", "a", "app").serve == "uvicorn --host {host} --port {port} a:app"
    assert "--factory" in EntryPoint("fastapi", "a", "create_app", True).serve
