"""The applications of bench/adoption.py: where each is from, and how it has to end, and why.

Nothing of them is kept here. Source distributions are downloaded by pip with their hash; their
licences allow that (Flask BSD-3-Clause, httpbin MIT or ISC, msn-weather-wrapper MIT,
flask-blog-app MIT). Templates are made by the tool that people make them
with; what is added to one is the least that makes it an application.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

UV = os.path.join(os.path.dirname(sys.executable), "uv")


@dataclass(frozen=True)
class Adopted:
    """make: puts it into a folder that is not there yet. detected, cause: patterns of what init
    has to find and of why it has to end so; verdict: how its first run ends, "" for any. live:
    whether a second commit has to be served after a judged canary. why: the reason that this is
    right. folder: the application's within its repository."""

    name: str
    build: str
    make: Callable[[Path], None]
    detected: str
    verdict: str
    why: str
    cause: str = ""
    live: bool = True
    folder: str = ""


def sdist(requirement: str, digest: str, below: str = "") -> Callable[[Path], None]:
    """A source distribution of PyPI by pip, unpacked; below: only this folder of it."""

    def make(root: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder) / "wanted.txt"
            wanted.write_text(f"{requirement} --hash=sha256:{digest}\n")
            _run(
                Path(folder),
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
                "--require-hashes",
                "--requirement",
                str(wanted),
                "--dest",
                folder,
            )
            [archive] = Path(folder).glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            [top] = [one for one in Path(folder).iterdir() if one.is_dir()]
            shutil.copytree(top / below, root, symlinks=True)

    return make


def single_file(root: Path) -> None:
    """Flask's quickstart, and what `pip freeze > requirements.txt` writes in Windows PowerShell."""
    _write(root, "app.py", _QUICKSTART)
    _write(root, "tests/test_app.py", _QUICKSTART_TEST)
    (root / "requirements.txt").write_bytes("Flask==3.1.2\r\n".encode("utf-16"))


def django(root: Path) -> None:
    """django-admin startproject and startapp, with a first view and a first test."""
    root.mkdir(parents=True)
    tool = (UV, "tool", "run", "--quiet", "--from", "django==5.2.8", "django-admin")
    _run(root, *tool, "startproject", "config", ".")
    _run(root, *tool, "startapp", "polls")
    _write(root, "requirements.txt", "django>=5.2,<5.3\n")
    _write(root, "polls/views.py", _DJANGO_VIEW)
    _write(root, "polls/tests.py", _DJANGO_TEST)
    urls = root / "config/urls.py"
    urls.write_text(
        urls.read_text().replace(
            "urlpatterns = [",
            "from polls.views import index\n\nurlpatterns = [\n    path('', index),",
        )
    )


def poetry(root: Path) -> None:
    """poetry new, which makes a src layout, and what `poetry add` writes into it: that itself asks
    an interface of pypi.org that no mirror has."""
    root.parent.mkdir(parents=True, exist_ok=True)
    tool = (UV, "tool", "run", "--quiet", "--from", "poetry==2.2.1", "poetry")
    _run(root.parent, *tool, "new", "--quiet", str(root), "--name", "shop")
    project = root / "pyproject.toml"
    added = 'dependencies = [\n    "fastapi (>=0.115,<1.0)",\n    "uvicorn (>=0.34,<1.0)",\n]'
    project.write_text(project.read_text().replace("dependencies = [\n]", added))
    _write(root, "src/shop/main.py", _FASTAPI)
    _write(root, "tests/test_main.py", _FASTAPI_TEST.format(module="shop.main"))


def uv(root: Path) -> None:
    """uv init and uv add: everything is in uv.lock, and it is used as it is."""
    root.parent.mkdir(parents=True, exist_ok=True)
    _run(root.parent, UV, "init", "--quiet", "--app", "--no-workspace", "--vcs", "none", str(root))
    _run(root, UV, "add", "--quiet", "--no-sync", "flask", "gunicorn")
    _run(root, UV, "add", "--quiet", "--no-sync", "--dev", "pytest", "coverage")
    _write(root, "main.py", _QUICKSTART)
    _write(root, "test_main.py", _QUICKSTART_TEST.replace("from app", "from main"))


def red(root: Path) -> None:
    """The single file, with a test that fails: a pipeline that says yes to it is worth nothing."""
    single_file(root)
    test = root / "tests/test_app.py"
    test.write_text(test.read_text().replace("Hello, World!", "Goodbye"))


def untested(root: Path) -> None:
    """The single file without its test."""
    single_file(root)
    shutil.rmtree(root / "tests")


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _run(folder: Path, *argv: str) -> None:
    done = subprocess.run(
        argv,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
    )
    if done.returncode:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr[-2000:]}")


_QUICKSTART = """from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello_world():
    return "<p>Hello, World!</p>"
"""
_QUICKSTART_TEST = """from app import app


def test_hello():
    assert b"Hello, World!" in app.test_client().get("/").data
"""
_DJANGO_VIEW = """from django.http import HttpResponse


def index(request):
    return HttpResponse("Hello, world. You're at the polls index.")
"""
_DJANGO_TEST = """from django.test import TestCase


class IndexTests(TestCase):
    def test_index(self):
        self.assertContains(self.client.get("/"), "polls index")
"""
_FASTAPI = """from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root():
    return {"message": "Hello World"}
"""
_FASTAPI_TEST = """from fastapi.testclient import TestClient
from {module} import app


def test_root():
    assert TestClient(app).get("/").json() == {{"message": "Hello World"}}
"""

APPLICATIONS = (
    Adopted(
        "flaskr",
        "Flask factory in a package, flit",
        sdist(
            "flask==3.1.2",
            "bf656c15c80190ed628ad08cdfd3aaa35beb087855e2f494910aa3774cc4fd87",
            "examples/tutorial",
        ),
        "flask, flaskr:create_app",
        "passed",
        "its own tests pass, and its first page answers",
    ),
    Adopted(
        "httpbin",
        "Flask global in a package, setuptools",
        sdist(
            "httpbin==0.10.4", "6023a5a2e8fb8e91abdd6d34d1f1f455092f97d567c25600e1b48ee1178aa738"
        ),
        "flask, httpbin.core:app; setuptools",
        "passed",
        "its own tests pass, and it answers",
    ),
    Adopted(
        "msn-weather",
        "FastAPI in a nested package, Hatch",
        sdist(
            "msn-weather-wrapper==2.0.14",
            "bfb3255dd8d12e1f2a8343e2f33d0d8ff869387e785492689077206f31da2431",
        ),
        "fastapi, backend.api.main:app; Hatch",
        "rolled back",
        "its tests pass, but it takes 30 requests a minute from one client, its health check "
        "among them: whoever watches it is refused, and so is a load balancer",
        "answers 429",
        live=False,
    ),
    Adopted(
        "flask-blog-app",
        "single-file Flask with MySQL, no tests, setup.py",
        sdist(
            "flask-blog-app==0.1.6",
            "aa92f01f2c82970d666c31ea918543d6e8c78b312c535e3bba54057eb89bb364",
        ),
        "flask, app:app",
        "incomplete",
        "its MySQL client cannot be built where MySQL's library is "
        "not, so that nothing could be installed or tested",
        "install",
        live=False,
    ),
    Adopted(
        "quickstart",
        "single-file Flask, UTF-16 requirements",
        single_file,
        "flask, app:app; requirements",
        "passed",
        "it is Flask's own quickstart",
    ),
    Adopted(
        "red",
        "single-file Flask, UTF-16 requirements",
        red,
        "flask, app:app; requirements",
        "failed",
        "its test fails",
        "unit: 1 of 1 tests failed",
        live=False,
    ),
    Adopted(
        "untested",
        "single-file Flask, no tests at all",
        untested,
        "flask, app:app; requirements",
        "incomplete",
        "what nobody tested is no pass",
        "unit: there are no tests in tests",
    ),
    Adopted(
        "polls",
        "Django, startproject and startapp, requirements",
        django,
        "django, config.wsgi:application",
        "passed",
        "its test passes by manage.py test",
    ),
    Adopted(
        "shop",
        "FastAPI in a src layout, Poetry",
        poetry,
        "fastapi, shop.main:app; Poetry",
        "passed",
        "it is FastAPI's first example",
    ),
    Adopted(
        "uv-app",
        "Flask module, uv with everything in its lock",
        uv,
        "flask, main:app; uv",
        "passed",
        "it is Flask's own quickstart",
    ),
)
