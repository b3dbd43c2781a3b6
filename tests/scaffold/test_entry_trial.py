"""Entries that are started and asked: real gunicorn, real failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.checks.real_tools import DJANGO, environment
from tests.pipeline.contexts import INSTALLED, workshop

from shipway.config.schema import Application, Config
from shipway.scaffold.entry_point import EntryPoint
from shipway.scaffold.entry_trial import EntryTester
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.server_log import last_error

MODULES = {
    "shop": "def app(environ, start):\n"
    '    status = STATUS if environ["PATH_INFO"] == "/" else "404 x"\n'
    '    start(status, [("Content-Length", "0")])\n    return [b""]\nSTATUS = "200 OK"\n',
    "empty": 'import shop\nfrom shop import app\nshop.STATUS = "404 Not Found"\n',
    "failing": "def app(environ, start):\n    raise KeyError('the shelf')\n",
    "broken": "import nothing_of_that_name\n",
    "unset": 'import os\nfrom shop import app\nos.environ["TOKEN_OF_THE_SHOP"]\n',
}


def entry(module: str) -> EntryPoint:
    return EntryPoint(framework="wsgi", module=module, name="app")


@pytest.fixture
def tester(tmp_path: Path) -> EntryTester:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    application = Application(name="shop", env={"DATABASE": "{data}/x"})
    shop = workshop(tmp_path, config=Config(application=application))
    return EntryTester(shop, RealHttp(), SystemClock(), free_port, {})


def test_an_entry_that_serves_says_what_it_answers(tester: EntryTester) -> None:
    trial = tester.trial(entry("shop"), ("/", "/about"))
    assert trial.statuses == {"/": 200, "/about": 404}
    assert trial.sentence == "shop:app starts, and answers 200 at /, 404 at /about"


@pytest.mark.parametrize(
    ("module", "error"),
    [
        ("broken", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("unset", "KeyError: 'TOKEN_OF_THE_SHOP'"),
    ],
)
def test_one_that_does_not_start_says_why(tester: EntryTester, module: str, error: str) -> None:
    trial = tester.trial(entry(module), ("/",))
    assert trial.sentence == f"{module}:app does not start: {error}"


def test_one_whose_every_page_fails_says_why(tester: EntryTester) -> None:
    trial = tester.trial(entry("failing"), ("/",))
    assert trial.sentence == "failing:app starts, and answers 500 at / (KeyError: 'the shelf')"


def test_the_first_that_has_routes_is_taken_and_each_is_told(tester: EntryTester) -> None:
    told: list[str] = []
    candidates = [entry("broken"), entry("empty"), entry("shop"), entry("unset")]
    best, errors = tester.best(candidates, ("/",), told.append)
    assert errors == ["ModuleNotFoundError: No module named 'nothing_of_that_name'"]
    assert best is not None
    assert best.entry == entry("shop")
    assert len(told) == 3
    assert "empty:app starts, but answers only 404 at /" in told[1]


def test_the_health_check_is_one_that_answers_well(tester: EntryTester) -> None:
    trial = tester.trial(entry("shop"), ("/about", "/"))
    assert trial.health("/about") == "/"
    assert trial.health("/") == "/"
    assert tester.trial(entry("empty"), ("/about",)).health("/about") == "/about"


DJANGO_PAGES = """from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import include, path, re_path
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for-tests-only")
def moved(request): return HttpResponseRedirect("/accounts/login/")
def page(request): return HttpResponse("in")
account = [re_path("^logout/$", page), re_path(r"^profile/(\\d+)/$", page), path("login/", page)]
urlpatterns = [path("", moved), path("accounts/", include(account)), path("<int:number>/", page)]
from django.core.wsgi import get_wsgi_application
app = get_wsgi_application()
"""
FLASK_PAGES = """from flask import Flask, redirect
def make(name="shop"):
    app = Flask(name)
    app.add_url_rule("/", "home", lambda: redirect("/auth/login"))
    app.add_url_rule("/auth/logout", "out", lambda: "out")
    app.add_url_rule("/auth/login", "login", lambda: "in")
    app.add_url_rule("/<int:number>", "one", lambda number: "one")
    app.add_url_rule("/buy", "buy", lambda: "bought", methods=["POST"])
    return app
"""
STARLETTE_PAGES = """from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
def page(request): return PlainTextResponse("in")
app = Starlette(routes=[Mount("/api", routes=[Route("/x/{y}", page), Route("/ping", page)])])
"""


@pytest.fixture(scope="module")
def frameworks(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("frameworks") / "env")
    packages = (f"django=={DJANGO}", "flask==3.1.2", "starlette==0.50.0", "gunicorn", "uvicorn")
    return environment(folder, *packages)


@pytest.mark.parametrize(
    ("text", "target", "statuses"),
    [
        (DJANGO_PAGES, "app", {"/": 302, "/accounts/login/": 200}),
        (FLASK_PAGES, "make", {"/": 302, "/auth/login": 200}),
        (STARLETTE_PAGES, "app", {"/": 404, "/api/ping": 200}),
    ],
)
def test_where_the_first_page_is_none_the_routes_of_the_framework_are_asked(
    tester: EntryTester,
    frameworks: str,
    tmp_path: Path,
    text: str,
    target: str,
    statuses: dict[str, int],
) -> None:
    (tmp_path / "routed.py").write_text(text)
    installed = replace(INSTALLED, facts={"python": frameworks})
    tester = replace(tester, context=replace(tester.context, upstream={"install": installed}))
    framework = "starlette" if text == STARLETTE_PAGES else "wsgi"
    trial = tester.trial(
        EntryPoint(framework=framework, module="routed", name=target, factory=target == "make"),
        ("/",),
    )
    assert trial.error == ""
    assert trial.statuses == statuses
    assert trial.health("/") == list(statuses)[-1]


def test_the_routes_of_an_application_in_a_folder_are_asked_there(
    tester: EntryTester, frameworks: str, tmp_path: Path
) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "routed.py").write_text(FLASK_PAGES)
    installed = replace(INSTALLED, facts={"python": frameworks})
    tester = replace(tester, context=replace(tester.context, upstream={"install": installed}))
    trial = tester.trial(
        EntryPoint(framework="wsgi", module="routed", name="make", factory=True, folder="backend"),
        ("/",),
    )
    assert trial.statuses == {"/": 302, "/auth/login": 200}


def test_an_answer_that_differs_is_shown_and_many_are_shortened(tester: EntryTester) -> None:
    many = [f"/{number}" for number in range(9)]
    sentence = tester.trial(entry("shop"), (*many, "/")).sentence
    assert sentence == "shop:app starts, and answers 404 at /0, 404 at /1, 404 at /2, …, 200 at /"


def test_without_routes_anywhere_the_first_that_starts_is_taken(tester: EntryTester) -> None:
    best, _ = tester.best([entry("broken"), entry("empty")], ("/",), lambda line: None)
    assert best is not None
    assert best.entry == entry("empty")
    assert tester.best([entry("broken")], ("/",), lambda line: None)[0] is None


@pytest.mark.parametrize(
    ("log", "error"),
    [
        (
            "[2026-01-01 00:00:00 +0000] [1] [INFO] At\nFailed to find attribute 'x' in 'y'.\n"
            "[2026-01-01 00:00:00 +0000] [1] [ERROR] Reason: App failed to load.",
            "Failed to find attribute 'x' in 'y'.",
        ),
        (
            "Traceback (most recent call last):\n  File x\nKeyError: 'a'\n\nDuring handling\n"
            "Traceback (most recent call last):\n  File y\nshop.errors.Missing: b\nINFO: end",
            "shop.errors.Missing: b",
        ),
        ("", "it ended without a word"),
    ],
)
def test_the_last_error_of_a_log(log: str, error: str) -> None:
    assert last_error(log) == error
