"""Public repositories of bench/adoption.py: commit, and how each has to end, and why.

This list was committed before any of them was run here through a rollout. `shipway init` alone had
been tried on the six that the issue names, on starlette-example and on flask-realworld. Nothing of
their code is kept here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adopted import Adopted


@dataclass(frozen=True)
class PublicRepository:
    """repository: OWNER/NAME on GitHub. build: in words. live: whether its second commit has to
    be served after a judged canary. why: the reason that this is the right outcome. cause: where it
    is not live, a pattern of what Shipway has to say. folder: the application within it."""

    repository: str
    commit: str
    build: str
    live: bool
    why: str
    cause: str = ""
    folder: str = ""

    @property
    def name(self) -> str:
        """For the table and the folder: the repository's, and the application's in it."""
        return "-".join(filter(None, (self.repository.split("/")[1], *self.folder.split("/"))))

    def adopted(self, mirrors: str) -> Adopted:
        """With the way to get it: from GitHub, or from a folder with a clone OWNER+NAME."""
        source = f"https://github.com/{self.repository}"
        if mirrors:
            source = str(Path(mirrors) / self.repository.replace("/", "+"))
        return Adopted(
            name=self.name,
            build=self.build,
            make=_clone(source, self.commit),
            detected="",
            verdict="",
            why=self.why,
            cause=self.cause,
            live=self.live,
            folder=self.folder,
        )


def _clone(source: str, commit: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        root.parent.mkdir(parents=True, exist_ok=True)
        clone = ("git", "clone", "--quiet", "--no-checkout", source, str(root))
        subprocess.run(clone, check=True, capture_output=True)
        switch = ("git", "-C", str(root), "switch", "--quiet", "--create", "adopted", commit)
        subprocess.run(switch, check=True, capture_output=True)

    return make


REPOSITORIES = (
    PublicRepository(
        "miguelgrinberg/microblog",
        "a975ef64864354867c88e0ed3a17ba7d17dca752",
        "Flask factory, Flask-Migrate, RQ",
        live=True,
        why="SQLite by default, and Redis is asked only by exports; / needs an account, and "
        "/auth/login does not",
    ),
    PublicRepository(
        "healthchecks/healthchecks",
        "29b5ec251059034b79e0120e2ff0c3e35d7bd9f8",
        "Django, uWSGI in docker/",
        live=True,
        why="SQLite by default; it takes only the Host of SITE_ROOT unless ALLOWED_HOSTS says more",
    ),
    PublicRepository(
        "spiral-project/ihatemoney",
        "52e5720ec78d32eab963cd7e73d4826ae3a16950",
        "Flask, Hatch, uv.lock, Docker entrypoint",
        live=True,
        why="SQLite by default, and it has /healthcheck",
    ),
    PublicRepository(
        "nsidnev/fastapi-realworld-example-app",
        "029eb7781c60d5f563ee8990a0cbfb79b244538c",
        "FastAPI, Poetry, asyncpg",
        live=True,
        why="it needs PostgreSQL to start, and has no page at /; /docs and /openapi.json answer",
    ),
    PublicRepository(
        "HackSoftware/Django-Styleguide-Example",
        "a70ef43d7df03706c1211d4fcfd70b4b0120ba1e",
        "Django, Celery, Procfile",
        live=True,
        why="it needs PostgreSQL, and has no page at /; /admin/login/ answers",
    ),
    PublicRepository(
        "flaskbb/flaskbb",
        "4b78af85e96b375fdbc4d53723cedea459c99ac4",
        "Flask, uv.lock",
        live=False,
        why="at this commit flaskbb/plugins/manager.py annotates with Distribution, which it "
        "imports for type checkers only: before Python 3.14 that is a NameError at import",
        cause="Distribution",
    ),
    PublicRepository(
        "wagtail/bakerydemo",
        "8e2b625755d8942412d5b7627b146a795933b8b2",
        "Wagtail, nested requirements, Heroku",
        live=True,
        why="SQLite without DATABASE_URL; its migrations make Wagtail's first page",
    ),
    PublicRepository(
        "heroku/python-getting-started",
        "f7c8d9929a782e90bc0bb9320f2cb43a3d62958d",
        "Django, Procfile, gunicorn.conf.py",
        live=True,
        why="SQLite without DATABASE_URL, and / answers; it asks for Python 3.14, and 3.12 will do "
        "for Django 6",
    ),
    PublicRepository(
        "encode/starlette-example",
        "4c220b3be4aca49dfc2b507dfde26f0bad2349b4",
        "Starlette, requirements without versions",
        live=False,
        why="TemplateResponse(name, context) is gone from today's Starlette, and nothing pins the "
        "older one: / answers 500",
        cause="500",
    ),
    PublicRepository(
        "testdrivenio/fastapi-crud-async",
        "4fa7ae952ece61e228135285de1b6a5ff65a1dc8",
        "FastAPI in a subfolder, asyncpg",
        live=True,
        why="it needs PostgreSQL to start, and /ping answers",
        folder="src",
    ),
    PublicRepository(
        "gothinkster/flask-realworld-example-app",
        "4b95fb2227dfeb5dd1a45d89b2bf48630b93fd28",
        "Flask, Pipfile.lock of 2019",
        live=False,
        why="Python 3.7 and locked versions whose sources no setuptools of today builds; with "
        "today's versions its own imports fail",
        cause="(Import|ModuleNotFound|Attribute|Type)Error|no versions|install",
    ),
    PublicRepository(
        "gothinkster/django-realworld-example-app",
        "29c9d42831fa0cfc5a4aa7561f674396eacf20a2",
        "Django 1.10",
        live=False,
        why="Django 1.10 runs on Python 3.5 at most; Shipway's parts run on 3.8 and later",
        cause="does not start|install|Error",
    ),
    PublicRepository(
        "postmanlabs/httpbin",
        "f8ec666b4d1b654e4ff6aedd356f510dcac09f83",
        "Flask, Pipfile.lock of 2018",
        live=False,
        why="it imports BaseResponse, gone from Werkzeug since 2.1, and what it pins is of Python "
        "3.6 and cannot be built on 3.8",
        cause="(Import|ModuleNotFound|Attribute)Error|no versions|install",
    ),
    PublicRepository(
        "fastapi/full-stack-fastapi-template",
        "68adb40d37425f6f8668ec7e5a054500d045e43e",
        "FastAPI, member of a uv workspace",
        live=False,
        why="it requires Python 3.14, which is not here",
        cause=r"3\.14",
        folder="backend",
    ),
    PublicRepository(
        "django/djangoproject.com",
        "68a439a59f5692e9d847f23318d7a8603fc33c72",
        "Django, several databases, django-hosts",
        live=False,
        why="it needs two PostgreSQL databases, one of Trac, and takes its own hosts only",
        cause="4\\d\\d|does not start|database|command|Error",
    ),
    PublicRepository(
        "cburmeister/flask-bones",
        "bc61f5c12b50e366df605462ba227f5efc03bc1b",
        "Flask of 2019, everything pinned",
        live=False,
        why="psycopg2 2.8.3 has no wheel for Python 3.8, and its source needs PostgreSQL's headers",
        cause="psycopg2|pg_config|install",
    ),
    PublicRepository(
        "frol/flask-restplus-server-example",
        "53a3a156cc9df414537860ed677bd0cc98dd2271",
        "Flask 1.1, started by invoke",
        live=False,
        why="Flask 1.1 does not import with the Jinja2 and MarkupSafe that nothing pins",
        cause="ImportError|install|no versions|Error",
    ),
    PublicRepository(
        "simonw/datasette",
        "481df7ff6d78a8ccf919984d27f27201b081bd53",
        "a program that serves, setuptools",
        live=False,
        why="it is a program with its own server, and no module has an application to serve",
        cause="nothing is served|no .*application was found|does not start",
    ),
    PublicRepository(
        "sissbruecker/linkding",
        "65813a75404b1319aca8b09700fadc0b15adabaf",
        "Django 6, uWSGI, uv.lock",
        live=True,
        why="SQLite by default, and it has /health",
    ),
    PublicRepository(
        "litestar-org/litestar-fullstack",
        "8b637ce4232a407142ae94ec95d7eb268f8fd765",
        "Litestar, Vite, PostgreSQL and Redis",
        live=False,
        why="its pages are built by Node and its server plugin expects that build",
        cause="does not start|5\\d\\d|4\\d\\d|Error|install",
    ),
    PublicRepository(
        "pallets/flask",
        "2ac89889f4cc330eabd50f295dcef02828522c69",
        "Flask factory in src, Celery",
        live=True,
        why="Redis is asked only by its tasks; / answers",
        folder="examples/celery",
    ),
    PublicRepository(
        "pallets/flask",
        "2ac89889f4cc330eabd50f295dcef02828522c69",
        "Flask package, flit",
        live=True,
        why="/ redirects, and /fetch or /plain answers; its tests pass",
        folder="examples/javascript",
    ),
    PublicRepository(
        "pallets/flask",
        "2ac89889f4cc330eabd50f295dcef02828522c69",
        "Flask factory in a package, flit",
        live=True,
        why="SQLite, made by its own command; its first page answers",
        folder="examples/tutorial",
    ),
    PublicRepository(
        "mjhea0/flaskr-tdd",
        "305122f48823d98fd7fe8de989af2821b3c5d46d",
        "Flask module in a package, everything pinned",
        live=True,
        why="SQLite by default; /search/ answers without a table, as does /login",
    ),
    PublicRepository(
        "greyli/watchlist",
        "b16de40a768561dba4a1770494a4d41de603d1ec",
        "Flask 1.1 of 2020, everything pinned",
        live=True,
        why="what it pins still installs on Python 3.8 or 3.9; without its table every page is an "
        "error, unless `flask initdb` made it",
    ),
    PublicRepository(
        "wsvincent/djangox",
        "56aa62e0e2e9d9070c2df23e3394de3850b9d294",
        "Django 5.1, allauth",
        live=True,
        why="SQLite, and / answers",
    ),
    # Tried after the others, with nothing of Shipway made for them before.
    PublicRepository(
        "miguelgrinberg/microblog-api",
        "e250d7115b47010ff0e7051d5868485fff4e32fb",
        "Flask factory, Procfile, boot.sh, pip-compile",
        live=True,
        why="SQLite by default, and its documentation answers without an account",
    ),
    PublicRepository(
        "testdrivenio/django-on-docker",
        "26be9cd5f891734425e4fe754d6340b92180b471",
        "Django in a subfolder, two Dockerfiles",
        live=True,
        why="SQLite without its variables for a database, and / answers with a form; it needs "
        "DJANGO_ALLOWED_HOSTS, parted by blanks",
        folder="app",
    ),
    PublicRepository(
        "zhanymkanov/fastapi_production_template",
        "649e8404b0678e39a563601011a42656cf05fdd4",
        "FastAPI, Poetry, asyncpg, Redis",
        live=True,
        why="it needs PostgreSQL and Redis to start, and /healthcheck answers; the example of its "
        "variables says LOCAL, without which it asks for Sentry",
    ),
    PublicRepository(
        "gurkanakdeniz/example-flask-crud",
        "efcdf038a6a4a6442f5a2c77d8c3755021fea939",
        "Flask 2.1 of 2022, everything pinned, no tests",
        live=True,
        why="SQLite by default, and / answers once its table is there",
    ),
    PublicRepository(
        "sibtc/django-beginners-guide",
        "cb376b927f764c3a2c3bac8ed72a536f379f5d55",
        "Django 1.11",
        live=False,
        why="Django 1.11 runs on Python 3.7 at most; Shipway's parts run on 3.8 and later",
        cause="does not start|install|Error",
    ),
)
