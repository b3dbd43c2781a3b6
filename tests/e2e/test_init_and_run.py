"""From a repository that knows nothing of Shipway to one that is live, with the real tools."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
FLASK = {
    "app.py": "import os\nfrom flask import Flask\n\napp = Flask(__name__)\n"
    'WHO = os.environ["WHO"]\n\n\n'
    '@app.route("/")\ndef index():\n    return f"hello {WHO}"\n',
    "tests/test_app.py": "from app import app\n\n\ndef test_index():\n"
    '    assert b"hello" in app.test_client().get("/").data\n',
}
DJANGO = {
    "manage.py": 'import os\nimport sys\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", '
    '"config.settings")\nfrom django.core.management import execute_from_command_line\n\n'
    "execute_from_command_line(sys.argv)\n",
    "config/__init__.py": "",
    "config/settings.py": 'import os\n\nSECRET_KEY = os.environ.get("SECRET_KEY", "x" * 60)\n'
    'DEBUG = False\nALLOWED_HOSTS = ["*"]\nROOT_URLCONF = "config.urls"\n'
    'INSTALLED_APPS = ["polls"]\nDATABASES = {"default": {"ENGINE": '
    '"django.db.backends.sqlite3", "NAME": "db.sqlite3"}}\n',
    "config/urls.py": "from django.urls import path\n\nfrom polls.views import index\n\n"
    'urlpatterns = [path("", index)]\n',
    "config/wsgi.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", '
    '"config.settings")\nfrom django.core.wsgi import get_wsgi_application\n\n'
    "application = get_wsgi_application()\n",
    "polls/__init__.py": "",
    "polls/views.py": "from django.http import HttpResponse\n\n\ndef index(request):\n"
    '    return HttpResponse("hello polls")\n',
    "polls/tests.py": "from django.test import TestCase\n\n\nclass IndexTests(TestCase):\n"
    '    def test_index(self):\n        self.assertContains(self.client.get("/"), "polls")\n',
    "requirements.txt": "django>=5.2,<5.3\n",
}


def shipway(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHIPWAY, "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "CI": "", "XDG_CACHE_HOME": str(folder.parent / "cache")},
    )


def repository(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "As it came")):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def quieter(folder: Path) -> None:
    """A free port, and no scanner that a busy machine takes minutes for."""
    path = folder / "shipway.toml"
    off = "semgrep = false\ncheckov = false\npip-audit = false\nlicences = false\n"
    text = path.read_text().replace("port = 8080", f"port = {free_port()}")
    path.write_text(text.replace("[checks]\n", "[checks]\n" + off))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "shop"
    folder.mkdir()
    yield folder
    shipway(folder, "down", "local")


def test_what_only_tests_want_and_nobody_can_build_here_is_left_out_and_named(root: Path) -> None:
    project = '[project]\nname = "native"\nversion = "1"\n[build-system]\nrequires = []\n'
    native = {
        "native/pyproject.toml": project + 'build-backend = "backend"\nbackend-path = ["."]\n',
        "native/backend.py": "def build_wheel(*folders):\n"
        '    raise RuntimeError("native.h is not here")\n',
        "requirements.txt": "flask\n",
        "requirements-dev.txt": "pytest\n./native\n",
    }
    repository(root, {**FLASK, **native})
    adopted = shipway(root, "init", "--no-baseline")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    left = "native: left out of requirements-test-lock.txt, because it cannot be built here: "
    assert f"assumed      {left}" in adopted.stdout
    assert "native.h is not here" in adopted.stdout
    assert "native" not in (root / "requirements-test-lock.txt").read_text()
    again = shipway(root, "init", "--relock")
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"assumed      {left}" in again.stdout
    ran = shipway(root, "run", "install", "unit")
    assert ran.returncode == 0, ran.stdout + ran.stderr


STATIC = """
STATIC_URL = "/static/"
STATIC_ROOT = os.path.join(os.path.dirname(__file__), "collected")
INSTALLED_APPS += ["django.contrib.staticfiles"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}
"""
LINKED = "from django.http import HttpResponse\nfrom django.templatetags.static import static\n\n\n"


def test_static_files_are_collected_for_tests_and_for_the_release_and_not_in_the_tree(
    root: Path,
) -> None:
    view = 'def index(request):\n    return HttpResponse("polls " + static("site.css"))\n'
    files = {
        **DJANGO,
        "config/settings.py": DJANGO["config/settings.py"] + STATIC,
        "polls/static/site.css": "body { color: red }\n",
        "polls/views.py": LINKED + view,
    }
    repository(root, files)
    adopted = shipway(root, "init", "--no-baseline")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    assert "starts, and answers 200 at /" in adopted.stdout
    command = "python manage.py collectstatic --noinput"
    settings = tomllib.loads((root / "shipway.toml").read_text())
    assert settings["application"]["build"] == command
    assert f"RUN {command}\n" in (root / "Dockerfile").read_text()
    quieter(root)
    ran = shipway(root, "run", "test", "deploy", "--skip", "coverage")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    address = json.loads(shipway(root, "status", "--json").stdout)["address"]
    assert re.fullmatch(rb"polls /static/site\.\w{12}\.css", RealHttp().get(address).body)
    assert not (root / "config/collected").exists()


def test_flask_with_requirements_in_utf_16_and_a_test_that_fails_already(root: Path) -> None:
    failing = "def test_mail():\n    raise OSError('no host')\n"
    (root / "requirements.txt").write_bytes("Flask>=3\r\n".encode("utf-16"))
    repository(root, {**FLASK, "tests/test_mail.py": failing, "setup.cfg": ""})
    adopted = shipway(root, "init")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    lock = (root / "requirements-lock.txt").read_text()
    assert "gunicorn==" in lock and "--hash=sha256:" in lock
    assert "shipway-known-failures.toml: 1 test fails already" in adopted.stdout
    known = tomllib.loads((root / "shipway-known-failures.toml").read_text())
    assert known["unit"] == {"tests.test_mail::test_mail": "OSError: no host"}
    settings = tomllib.loads((root / "shipway.toml").read_text())
    assert settings["gates"]["known_failures"] == "shipway-known-failures.toml"

    quieter(root)
    (root / "app.py").write_text("import json\n" + FLASK["app.py"])  # never used
    ran = shipway(root, "run", "test", "deploy", "--skip", "ruff", "--skip", "ruff-format")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^known +tests\.test_mail.*test_mail: OSError: no host$", ran.stdout, re.M)
    assert "none failed; 1 test failed that failed before Shipway came" in ran.stdout
    address = json.loads(shipway(root, "status", "--json").stdout)["address"]
    assert RealHttp().get(address).body == b"hello for-tests-only"

    (root / "requirements.txt").write_text("Flask\n")
    changed = shipway(root, "run", "test")
    assert changed.returncode == 1
    assert "requirements.txt changed since requirements-lock.txt" in changed.stdout
    assert shipway(root, "init", "--relock").returncode == 0
    assert shipway(root, "run", "test").returncode == 0

    (root / "tests/test_post.py").write_text(failing.replace("mail", "post"))
    failed = shipway(root, "run", "unit")  # one more is not known
    assert failed.returncode == 1
    assert re.search(r"^failed .*test_post", failed.stdout, re.M), failed.stdout
    (root / "tests/test_post.py").unlink()
    (root / "shipway-known-failures.toml").unlink()
    counted = shipway(root, "run", "unit")
    assert counted.returncode == 1
    assert re.search(r"^failed .*test_mail", counted.stdout, re.M), counted.stdout


def test_django_is_migrated_tested_by_itself_and_its_past_is_a_baseline(root: Path) -> None:
    repository(root, {**DJANGO, "polls/old.py": "import os, sys\n"})
    adopted = shipway(root, "init")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    settings = tomllib.loads((root / "shipway.toml").read_text())
    assert settings["application"]["test_runner"] == "django"
    assert settings["security"]["baseline"] == "shipway-baseline.sarif"
    assert "findings that were here already" in adopted.stdout
    quieter(root)
    ran = shipway(root, "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "polls answers" not in ran.stderr
    address = json.loads(shipway(root, "status", "--json").stdout)["address"]
    assert RealHttp().get(address).body == b"hello polls"

    (root / "polls/new.py").write_text("import os\n")  # what is new is not excused
    assert "polls/new.py:1: F401" in shipway(root, "run", "ruff").stdout
    (root / "polls/tests.py").write_text(DJANGO["polls/tests.py"].replace('"polls")', '"x")'))
    failed = shipway(root, "run", "unit")
    assert failed.returncode == 1
    assert "polls/tests.py:" in failed.stdout
    assert "(test_index)" in failed.stdout


def test_what_carries_the_routes_is_served_although_a_file_starts_the_constructor(
    root: Path,
) -> None:
    files = {
        "Procfile": "web: gunicorn shop.app:app\n",
        "wsgi.py": "from shop.app import app\nimport shop.routes\n",
        "shop/__init__.py": "",
        "shop/app.py": "from flask import Flask\n\napp = Flask(__name__)\n",
        "shop/routes.py": "from shop.app import app\n\n\n"
        '@app.route("/")\ndef index():\n    return "shop"\n',
        "requirements.txt": "flask\n",
    }
    folder = repository(root / "reexport", files)
    done = shipway(folder, "init", "--no-baseline")
    assert done.returncode == 0, done.stderr
    assert "shop.app:app starts, but answers only 404 at /" in done.stdout
    assert "wsgi:app starts, and answers 200 at /" in done.stdout
    settings = tomllib.loads((folder / "shipway.toml").read_text())
    assert settings["application"]["serve"] == "gunicorn --bind {bind} wsgi:app"
    assert "wsgi:app" in (folder / "Dockerfile").read_text()
