"""Repositories of different builds, each with what its workflows are to be like."""

from __future__ import annotations

from pathlib import Path

from tests.cli.in_process import git

DIGEST = "sha256:" + "5" * 64
_ECS = """
[environments.{name}]
platform = "ecs"
"""
_FLASK = """from flask import Flask

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "ok"
"""

SAMPLES: dict[str, dict[str, str]] = {
    "flask with requirements": {
        "app.py": _FLASK,
        "requirements.txt": "flask==3.1.2\n",
        "tests/test_app.py": "def test_one() -> None:\n    assert 1\n",
        "shipway.toml": """
[application]
name = "noticeboard"
[aws]
region = "eu-west-1"
account = "123456789012"
[environments.production]
platform = "ecs"
[environments.production.ecs]
timeout = 7200
[github.scanners]
secret_scanning = true
ecr = true
""",
    },
    "django with poetry": {
        "manage.py": "import os\n\nos.environ['DJANGO_SETTINGS_MODULE'] = 'ferry.settings'\n",
        "ferry/__init__.py": "",
        "ferry/settings.py": "INSTALLED_APPS: list[str] = []\n",
        "ferry/wsgi.py": "application = None\n",
        "pyproject.toml": '[tool.poetry]\nname = "ferry"\nversion = "1.0.0"\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\ndjango = "^5.2"\n',
        "poetry.lock": "# made by poetry\n",
        "Dockerfile": "FROM python:3.12-slim\n",
        "shipway.toml": f"""
[application]
name = "ferry"
[environments.development]
platform = "ecs"
[environments.staging]
platform = "ecs"
[environments.production]
platform = "ecs"
[github]
main = "trunk"
branches = {{ staging = "release/next" }}
roles = {{ staging = "arn:aws:iam::123456789012:role/ferry" }}
codecov = true
[github.scanners]
snyk = "1.1301.0"
dependency_check = "{DIGEST}"
clair = "{DIGEST}"
ecr = true
secret_scanning = true
""",
    },
    "fastapi with uv": {
        "api/__init__.py": "",
        "api/app.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
        "pyproject.toml": '[project]\nname = "tides"\nversion = "2.0.0"\n'
        'requires-python = ">=3.11"\ndependencies = []\n',
        "uv.lock": "version = 1\n",
        "shipway.toml": """
[environments.production]
platform = "ecs"
[environments.review]
platform = "ecs"
[github]
codeql = false
dependency_review = false
attest = false
""",
    },
    "src layout in a folder": {
        "README.md": "Two things live here.\n",
        "apps/the shop/src/shop/__init__.py": "def create_app() -> object:\n    return object()\n",
        "apps/the shop/requirements.txt": "flask==3.1.2\n",
        "apps/the shop/shipway.toml": """
[application]
name = "shop"
[environments.staging]
platform = "ecs"
[github]
install = ["make tools", "make more"]
command = "tools/bin/shipway"
""",
    },
    "nothing on ecs": {
        "web/__init__.py": "",
        "web/app.py": _FLASK,
        "requirements.txt": "flask==3.1.2\n",
        "shipway.toml": '[application]\nname = "web"\n[environments.local]\nport = 0\n',
    },
}
PROJECT = {"src layout in a folder": "apps/the shop"}


def repository(name: str, folder: Path) -> Path:
    """The sample in a git repository of its own; the folder of its shipway.toml."""
    for path, text in SAMPLES[name].items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(folder, "init", "--quiet")
    return folder / PROJECT.get(name, ".")
