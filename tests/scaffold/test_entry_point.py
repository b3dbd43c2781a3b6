"""Where applications of every layout are served from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.sources import MemorySources

from shipway.scaffold.entry_point import (
    EntryPoint,
    applications_below,
    find_entry_point,
    find_entry_points,
)

DJANGO = 'environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\nimport django'


@pytest.mark.parametrize(
    ("files", "packages", "found"),
    [
        (
            {"app.py": "app = Flask(__name__)"},
            (),
            EntryPoint(framework="flask", module="app", name="app"),
        ),
        (
            {"shop/__init__.py": "def create_app(settings=None): ..."},
            ("shop",),
            EntryPoint(framework="flask", module="shop", name="create_app", factory=True),
        ),
        (
            {"src/shop/__init__.py": "", "src/shop/wsgi.py": "application = create_app()"},
            ("src/shop",),
            EntryPoint(framework="flask", module="shop.wsgi", name="application"),
        ),
        (
            {"app/main.py": "from fastapi import FastAPI\napi: FastAPI = FastAPI()"},
            (),
            EntryPoint(framework="fastapi", module="app.main", name="api"),
        ),
        (
            {"main.py": "import fastapi\ndef create_app(): ..."},
            (),
            EntryPoint(framework="fastapi", module="main", name="create_app", factory=True),
        ),
        (
            {"back/__init__.py": "", "back/api/main.py": "app = FastAPI()"},
            ("back",),
            EntryPoint(framework="fastapi", module="back.api.main", name="app"),
        ),
        (
            {"hello.py": "site = Flask(__name__)"},
            (),
            EntryPoint(framework="flask", module="hello", name="site"),
        ),
        (
            {"manage.py": DJANGO, "config/wsgi.py": "", "blog/wsgi.py": ""},
            (),
            EntryPoint(framework="django", module="config.wsgi", name="application"),
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
    assert find_entry_point(MemorySources(files), ("shop",)) == EntryPoint(
        framework="flask", module="wsgi", name="app"
    )


def test_each_framework_is_served_by_its_own_server() -> None:
    assert (
        EntryPoint(framework="flask", module="a", name="create_app", factory=True).serve
        == "gunicorn --bind {bind} a:create_app()"
    )
    assert (
        EntryPoint(framework="fastapi", module="a", name="app").serve
        == "uvicorn --host {host} --port {port} a:app"
    )
    assert (
        "--factory"
        in EntryPoint(framework="fastapi", module="a", name="create_app", factory=True).serve
    )


SHOP = "from flask import Flask\n\napp = Flask(__name__)\n"
API = "from fastapi import FastAPI\n\napp = FastAPI()\n"
ROUTES = "from shop.app import app\n\n\n@app.route('/')\ndef index(): ...\n"


@pytest.mark.parametrize(
    ("files", "serve"),
    [
        (
            {"Procfile": "release: x\nweb: gunicorn -w 3 other:app --bind 0.0.0.0:$PORT"},
            "other:app",
        ),
        ({"Procfile": "web: flask db upgrade; FOO=1 exec gunicorn other:app"}, "other:app"),
        ({"Dockerfile": 'FROM x\nCMD ["gunicorn", "-b", ":80", "other:app"]'}, "other:app"),
        (
            {"Dockerfile": "CMD alembic upgrade head && \\\n  poetry run gunicorn other:app"},
            "other:app",
        ),
        ({"Dockerfile": 'ENTRYPOINT ["sh", "-c"]\nCMD ["gunicorn other:app"]'}, "other:app"),
        ({"Dockerfile": "ENV APP=other:app\nCMD gunicorn ${APP}"}, "other:app"),
        (
            {
                "Dockerfile": 'COPY boot.sh ./\nENTRYPOINT ["/srv/boot.sh"]',
                "boot.sh": "#!/bin/sh\nsleep 1\nexec gunicorn -b :5000 other:app",
            },
            "other:app",
        ),
        (
            {
                "Dockerfile": 'COPY ./deploy/start /start\nENTRYPOINT ["/start"]',
                "deploy/start": '#!/bin/sh\ncmd="exec gunicorn other:app $@"\neval "$cmd"',
            },
            "other:app",
        ),
        (
            {
                "Dockerfile": 'ENTRYPOINT ["./entry.sh"]\nCMD ["gunicorn", "other:app"]',
                "entry.sh": '#!/bin/sh\nset -e\nexec "$@"',
            },
            "other:app",
        ),
        (
            {
                "Dockerfile": "CMD uwsgi /srv/conf/app.ini",
                "conf/app.ini": "[uwsgi]\nmodule=other:app",
            },
            "other:app",
        ),
        ({"compose.yaml": "services: {web: {build: ., command: gunicorn other:app}}"}, "other:app"),
        ({"gunicorn.conf.py": "wsgi_app = 'other:app'\nraise SystemExit"}, "other:app"),
        ({"app.json": '{"scripts": {"start": "gunicorn other:app"}}'}, "other:app"),
        ({"fly.toml": "[processes]\napp = 'gunicorn other:app'"}, "other:app"),
        ({"heroku.yml": "run:\n  web: gunicorn other:app"}, "other:app"),
        ({"render.yaml": "services:\n- startCommand: gunicorn other:app"}, "other:app"),
        (
            {".github/workflows/e2e.yml": "jobs: {x: {steps: [{run: gunicorn other:app &}]}}"},
            "other:app",
        ),
        ({"Procfile": "web: waitress-serve --port=$PORT --call other:make"}, "other:make()"),
        (
            {"Procfile": "web: gunicorn \"other:make('production')\""},
            "'other:make('\"'\"'production'\"'\"')'",
        ),
        ({"Procfile": "web: flask --app other run"}, "other:app"),
        ({"Procfile": "web: python other.py"}, "other:app"),
        ({"Procfile": "web: python -m flask run", ".flaskenv": "FLASK_APP=other.py"}, "other:app"),
        (
            {"Procfile": "web: gunicorn -k gevent --env SCRIPT_NAME=/x other:app"},
            "--worker-class gevent --env SCRIPT_NAME=/x other:app",
        ),
    ],
)
def test_what_starts_it_today_is_served(files: dict[str, str], serve: str) -> None:
    other = (
        SHOP
        + "def make(stage=''):\n    return Flask(stage)\n"
        + "if __name__ == '__main__':\n    app.run()\n"
    )
    entry = find_entry_point(MemorySources({"app.py": SHOP, "other.py": other, **files}), ())
    assert entry is not None
    assert entry.serve == f"gunicorn --bind {{bind}} {serve}"


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn --host 0.0.0.0 other:app",
        "hypercorn other:app",
        "daphne -p 80 other:app",
        "gunicorn -k uvicorn.workers.UvicornWorker other:app",
        "fastapi run other.py",
        "python other.py",
    ],
)
def test_servers_of_asgi_are_uvicorn_here(command: str) -> None:
    other = API + "if __name__ == '__main__':\n    uvicorn.run('other:app')"
    files = {"app.py": API, "other.py": other, "Dockerfile": f"CMD {command}"}
    entry = find_entry_point(MemorySources(files), ())
    assert entry is not None
    assert entry.serve == "uvicorn --host {host} --port {port} other:app"
    assert entry.evidence == "Dockerfile:1 starts it"


def test_production_says_more_than_a_developers_compose_and_both_more_than_the_source() -> None:
    files = {"a.py": SHOP, "b.py": SHOP, "app.py": SHOP}
    compose = {"compose.yml": "services: {web: {command: gunicorn b:app}}"}
    procfile = {"Procfile": "web: gunicorn a:app"}
    found = [
        find_entry_point(MemorySources({**files, **more}), ())
        for more in ({**compose, **procfile}, compose, {})
    ]
    assert [entry.module for entry in found if entry] == ["a", "b", "app"]


def test_what_a_newer_python_would_read_is_served_as_it_is_today() -> None:
    files = {"Procfile": "web: gunicorn shop.wsgi:app", "shop/wsgi.py": "match newer syntax"}
    entry = find_entry_point(MemorySources(files), ())
    assert entry is not None
    assert (entry.framework, entry.target) == ("wsgi", "shop.wsgi:app")


def test_a_server_of_something_that_is_not_here_is_no_evidence() -> None:
    files = {"app.py": SHOP, "Dockerfile": "CMD gunicorn docs.site:app"}
    assert find_entry_point(MemorySources(files), ()) == EntryPoint(
        framework="flask", module="app", name="app"
    )


def test_what_carries_the_routes_is_served_and_not_what_constructs_the_object() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/app.py": SHOP,
        "shop/routes.py": ROUTES,
        "wsgi.py": "from shop.app import app\nimport shop.routes",
    }
    for entry_file in ("wsgi.py", "start.py"):
        renamed = {entry_file if name == "wsgi.py" else name: text for name, text in files.items()}
        entry = find_entry_point(MemorySources(renamed), ("shop",))
        assert entry is not None
        assert entry == EntryPoint(
            framework="flask", module=entry_file.removesuffix(".py"), name="app"
        )
        assert entry.evidence == f"its imports reach 1 route, from {entry_file}"


def test_a_package_that_gives_its_application_again_is_served_with_its_routes() -> None:
    files = {
        "shop/__init__.py": "from .app import app\nfrom . import routes",
        "shop/app.py": SHOP,
        "shop/routes.py": "from .app import app\n@app.get('/')\ndef index(): ...",
    }
    [first, *_] = find_entry_points(MemorySources(files), ("shop",))
    assert (first.module, first.name) == ("shop", "app")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            "def forge():\n    return Flask(__name__)",
            EntryPoint(framework="flask", module="x", name="forge", factory=True),
        ),
        (
            "def forge(stage):\n    return Flask(stage)\n"
            "if __name__ == '__main__':\n    forge('live')",
            EntryPoint(
                framework="flask", module="x", name="forge", factory=True, arguments="('live')"
            ),
        ),
        ("def forge(stage):\n    return Flask(stage)", None),
        (
            "def forge(stage):\n    app = FastAPI()\n    return app\nsite = forge(1)",
            EntryPoint(framework="fastapi", module="x", name="site"),
        ),
        (
            "from starlette.routing import Route\nsite = Starlette(routes=[Route('/', x)])",
            EntryPoint(framework="starlette", module="x", name="site"),
        ),
        (
            "from litestar import Litestar, get\n@get('/')\ndef i(): ...\nsite = Litestar([i])",
            EntryPoint(framework="litestar", module="x", name="site"),
        ),
        (
            "from quart import Quart\nsite = Quart('x')",
            EntryPoint(framework="quart", module="x", name="site"),
        ),
        ("def own():\n    Flask('x').run()", None),
    ],
)
def test_factories_of_any_name_and_five_frameworks(text: str, entry: EntryPoint | None) -> None:
    assert find_entry_point(MemorySources({"x.py": text}), ()) == entry


def test_an_application_deep_in_a_namespace_is_served_from_where_its_imports_start() -> None:
    files = {
        "src/py/shop/__init__.py": "",
        "src/py/shop/web/__init__.py": "",
        "src/py/shop/web/site.py": "from shop.web import x\nsite = Litestar([])",
    }
    [entry] = find_entry_points(MemorySources(files), ())
    assert (entry.module, entry.folder) == ("shop.web.site", "src/py")
    assert "--app-dir src/py" in entry.serve
    scripts = {"code/main.py": "import helper\n" + SHOP, "code/helper.py": ""}
    [script] = find_entry_points(MemorySources(scripts), ())
    assert script.serve == "gunicorn --pythonpath code --bind {bind} main:app"


def test_a_folder_that_is_a_project_of_its_own_is_another_application() -> None:
    files = {
        "compose.yaml": "services: {web: {build: back, command: gunicorn app:app}}",
        "back/requirements.txt": "flask",
        "back/app.py": SHOP,
        "tools/pyproject.toml": "",
    }
    assert find_entry_point(MemorySources(files), ()) is None
    assert applications_below(MemorySources(files)) == ["back"]


def test_django_is_served_by_what_its_settings_name() -> None:
    files = {
        "site/manage.py": DJANGO.replace("config.settings", "shop.conf.settings"),
        "site/shop/conf/settings.py": "WSGI_APPLICATION = 'shop.web.wsgi.application'",
        "site/shop/web/wsgi.py": "",
    }
    entry = find_entry_point(MemorySources(files), ())
    assert entry == EntryPoint(framework="django", module="shop.web.wsgi", name="application")
    assert entry.folder == "site"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_of_other_people_stops_it(text: str) -> None:
    names = ("Procfile", "Dockerfile", "compose.yaml", "gunicorn.conf.py", "app.json", "fly.toml")
    files = {name: text for name in (*names, "heroku.yml", "render.yaml", "start.sh")}
    files |= {".github/workflows/x.yml": text, "Dockerfile.prod": f"CMD ./start.sh {text}"}
    find_entry_point(MemorySources({**files, "app.py": SHOP}), ())


@pytest.mark.parametrize("package", [{"src/__init__.py": ""}, {}])
def test_src_that_is_imported_by_that_name_is_a_package(package: dict[str, str]) -> None:
    files = {
        **package,
        "src/config.py": "",
        "src/main.py": "from fastapi import FastAPI\nfrom src.config import x\napp = FastAPI()\n"
        "@app.get('/')\ndef home(): ...\n",
    }
    entry = find_entry_point(MemorySources(files), ("src",) if package else ())
    assert entry is not None
    assert (entry.target, entry.folder) == ("src.main:app", "")
