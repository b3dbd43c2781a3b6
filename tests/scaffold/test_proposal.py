"""From what was found to settings that Shipway itself accepts."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.sources import MemorySources

from shipway.config.schema import Config
from shipway.config.tables import Service
from shipway.config.validation import validate
from shipway.scaffold.entry_point import EntryPoint
from shipway.scaffold.generated_files import (
    dockerfile,
    dockerignore,
    gitignore,
    settings_text,
    toml_value,
)
from shipway.scaffold.proposal import (
    LOCK,
    Proposal,
    make_proposal,
    proposal_for,
    resolved_as_of,
    settled_since,
    with_examples,
    with_missing,
    without_build,
)
from shipway.scaffold.survey import survey_application

FLASK = {
    "shop/__init__.py": 'import os\nfrom flask import Flask\nKEY = os.environ["API_TOKEN"]\n'
    'def create_app():\n    ...\n@bp.route("/ready")\ndef ready(): ...\n',
    "tests/test_shop.py": "",
    "requirements.txt": "flask\n",
}


FOUND = EntryPoint(framework="flask", module="shop", name="create_app", factory=True)


def proposal(files: dict[str, str]) -> Proposal:
    return make_proposal(survey_application(MemorySources(files), "My Shop"))


def settings(files: dict[str, str]) -> Config:
    return validate(tomllib.loads(settings_text(proposal(files))), "shipway.toml")


def test_a_flask_application_gets_all_that_it_needs() -> None:
    config = settings(FLASK)
    application = config.application
    assert application.name == "my-shop"
    assert application.serve == "gunicorn --bind {bind} shop:create_app()"
    assert (application.health, application.lock) == ("/ready", LOCK)
    assert application.env == {"API_TOKEN": "for-tests-only"}
    assert config.environments["local"].env == application.env
    assert config.checks == {"mypy": False, "flake8": False, "black": False}
    assert proposal(FLASK).production == ("gunicorn",)
    assert proposal(FLASK).testing == ("pytest", "coverage")
    assert any(
        "API_TOKEN: a secret read at shop/__init__.py:3" in line for line in proposal(FLASK).assumed
    )


def test_a_database_and_a_cache_become_services_and_tests_that_need_them() -> None:
    wants = "flask\nflask-sqlalchemy\npsycopg[binary]\nredis\n"
    reads = {"shop/db.py": 'import os\nos.environ["DATABASE_URL"]\nos.environ["REDIS_URL"]\n'}
    config = settings({**FLASK, **reads, "requirements.txt": wants})
    assert config.services["redis"] == Service("7", {"REDIS_URL": "{url}"})
    url = config.services["postgres"].env["DATABASE_URL"]
    assert url.startswith("postgresql+psycopg://{user}")
    assert config.application.integration_tests == "tests"
    assert config.application.unit_tests == ""
    assert "DATABASE_URL" not in config.application.env
    assert "DATABASE_URL" not in config.environments["local"].env


def test_a_database_that_only_a_service_can_be_is_asked_of_nobody() -> None:
    reads = {"shop/db.py": 'import os\nos.environ["DATABASE_URL"]\n'}
    config = settings({**FLASK, **reads, "requirements.txt": "flask\npsycopg2\n"})
    assert config.environments["local"].secrets == ()
    assert config.services["postgres"].env == {"DATABASE_URL": "{url}"}
    assert "DATABASE_URL" not in config.environments["local"].env


def test_a_database_that_no_variable_chooses_is_not_asked_of_anybody() -> None:
    config = settings({**FLASK, "requirements.txt": "flask\npsycopg2\n"})
    assert config.environments["local"].secrets == ()


WSGI = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()"
DJANGO = {
    "manage.py": "",
    "shop/__init__.py": "",
    "shop/wsgi.py": WSGI,
    "requirements.txt": "django\n",
}


@pytest.mark.parametrize(
    ("reading", "hosts"),
    [
        ("if v := os.getenv('ALLOWED_HOSTS'):\n    HOSTS = v.split(',')", "127.0.0.1,localhost"),
        ("HOSTS = os.environ['ALLOWED_HOSTS'].split(\",\")", "127.0.0.1,localhost"),
        ("HOSTS = env.list('ALLOWED_HOSTS')\nenv = os.environ", "127.0.0.1,localhost"),
        ("HOSTS = os.environ['ALLOWED_HOSTS'].split()", "127.0.0.1 localhost"),
        ("HOSTS = os.environ['ALLOWED_HOSTS'].split(' ')", "127.0.0.1 localhost"),
        ("HOSTS = [os.environ['ALLOWED_HOSTS']]", "127.0.0.1"),
    ],
)
def test_django_takes_the_hosts_by_which_it_is_asked_parted_as_it_reads_them(
    reading: str, hosts: str
) -> None:
    imports = "import os\nimport environ\nenv = environ.Env()\n"
    reads = f"{imports}{reading}\n"
    config = settings({**DJANGO, "shop/settings.py": reads})
    assert config.environments["local"].env == {"ALLOWED_HOSTS": hosts}
    assert config.application.env == {"ALLOWED_HOSTS": hosts}
    flask = settings({**FLASK, "shop/settings.py": reads})
    assert "ALLOWED_HOSTS" not in flask.environments["local"].env


STATIC = "import os\nMIDDLEWARE = ['whitenoise.middleware.WhiteNoiseMiddleware']\n"


@pytest.mark.parametrize(
    ("folder", "built"),
    [
        ("STATIC_ROOT = BASE_DIR / 'staticfiles'", True),
        ("STATIC_ROOT: str = os.path.join(BASE_DIR, 'static')", True),
        ("STATIC_ROOT = '/var/www/static'", False),
        ("STATIC_URL = '/static/'", False),
    ],
)
def test_django_collects_its_static_files_where_it_serves_them_from_its_own_folder(
    folder: str, built: bool
) -> None:
    files = {**DJANGO, "shop/settings.py": f"{STATIC}{folder}\n"}
    command = "python manage.py collectstatic --noinput"
    assert settings(files).application.build == (command if built else "")
    assert (f"RUN {command}\n" in dockerfile(proposal(files))) == built
    unserved = {**files, "shop/settings.py": f"{folder}\n"}
    assert settings(unserved).application.build == ""


def test_a_command_that_cannot_build_the_release_is_left_out_and_told() -> None:
    first = proposal({**DJANGO, "shop/settings.py": f"{STATIC}STATIC_ROOT = BASE / 'x'\n"})
    without = without_build(first, "it ended with 1: no such file")
    assert "build" not in without.settings["application"]
    assert without.assumed[-1].endswith("because it fails here: it ended with 1: no such file")
    assert "collectstatic" not in dockerfile(without)


def test_an_application_that_has_an_app_env_of_its_own_keeps_it() -> None:
    reads = {"shop/mode.py": 'import os\nMODE = os.environ.get("APP_ENV", "prod")\n'}
    config = settings({**FLASK, **reads})
    assert config.environments["local"].env["APP_ENV"] == "prod"
    assert "APP_ENV" not in settings(FLASK).environments["local"].env


def test_the_entry_and_the_health_check_that_answered_are_taken_everywhere() -> None:
    first = proposal({**FLASK, "migrations/alembic.ini": ""})
    served = proposal_for(
        first, EntryPoint(framework="flask", module="shop.wsgi", name="app"), "/up"
    )
    application = validate(tomllib.loads(settings_text(served)), "shipway.toml").application
    assert application.serve == "gunicorn --bind {bind} shop.wsgi:app"
    assert application.migrate == "flask --app shop.wsgi:app db upgrade"
    assert application.health == "/up"
    assert "127.0.0.1:8000/up" in dockerfile(served)
    assert proposal_for(first, FOUND, "/ready") == first


def test_a_python_that_the_settings_have_is_not_said_to_be_the_applications() -> None:
    survey = survey_application(MemorySources({**FLASK, ".python-version": "3.12"}), "shop")
    assert "python: 3.12, because .python-version says so" in make_proposal(survey).assumed
    assert not any(line.startswith("python:") for line in make_proposal(survey, "3.11").assumed)


def test_a_module_that_every_environment_once_had_is_added_to_the_lock() -> None:
    missed = ["ModuleNotFoundError: No module named 'pkg_resources'"]
    complete = with_missing(proposal(FLASK), missed)
    assert complete is not None
    assert complete.production == ("gunicorn", "setuptools<81")
    assert "it brings pkg_resources" in complete.assumed[-1]
    assert with_missing(complete, missed) is None  # it was no help
    assert with_missing(proposal(FLASK), ["ModuleNotFoundError: No module named 'x'"]) is None


def test_what_the_repositorys_own_examples_set_is_tried_where_it_does_not_start() -> None:
    files = {
        "wsgi.py": "import os\nfrom flask import Flask\nMODE = os.getenv('MODE', 'live')\n"
        "os.getenv('TOKEN', '')\nos.getenv('HOST')\nos.environ['PLACE']\napp = Flask(__name__)\n",
        "requirements.txt": "flask\n",
        ".env.example": "MODE=LOCAL\nTOKEN=abc\nPLACE=here\n",
    }
    plain = proposal(files)
    exemplary = with_examples(plain)
    assert exemplary is not None
    assert plain.settings["application.env"] == {"PLACE": "here"}
    assert exemplary.settings["application.env"] == {"PLACE": "here", "MODE": "LOCAL"}
    assert exemplary.settings["environments.local.env"] == exemplary.settings["application.env"]
    assert exemplary.assumed[-1] == "MODE: as the repository's own example has it"
    validate(tomllib.loads(settings_text(exemplary)), "shipway.toml")
    assert with_examples(exemplary) is None
    assert with_examples(proposal(FLASK)) is None


def test_a_module_that_cannot_be_read_is_named() -> None:
    found = proposal({**FLASK, "shop/newer.py": "match newer syntax"})
    assert any(line.startswith("shop/newer.py: not Python as") for line in found.assumed)


def test_an_application_without_tests_is_told_so() -> None:
    files = {name: text for name, text in FLASK.items() if not name.startswith("tests")}
    assert settings(files).application.unit_tests == "tests"
    assert any(line.startswith("there are no tests") for line in proposal(files).assumed)


def test_django_is_migrated_and_tested_by_itself() -> None:
    config = settings(
        {
            "manage.py": 'setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\nimport django',
            "config/__init__.py": "",
            "config/wsgi.py": "",
            "config/urls.py": 'path("", index)',
            "polls/__init__.py": "",
            "polls/tests.py": "",
            "requirements.txt": "django==5.2\n",
        }
    )
    assert config.application.migrate == "python manage.py migrate --noinput"
    assert (config.application.unit_tests, config.application.test_runner) == (".", "django")


def test_fastapi_is_served_by_uvicorn_and_tested_with_httpx() -> None:
    found = proposal({"main.py": "app = FastAPI()", "requirements.txt": "fastapi\n"})
    assert found.production == ("uvicorn",)
    assert found.testing == ("pytest", "coverage", "httpx")


def test_migrations_and_commands_that_make_tables_are_found() -> None:
    alembic = {**FLASK, "migrations/alembic.ini": ""}
    assert settings(alembic).application.migrate == "flask --app shop:create_app db upgrade"
    seeded = {**FLASK, "shop/db.py": '@click.command("init-db")\ndef init(): ...'}
    assert settings(seeded).application.seed == "flask --app shop:create_app init-db"
    assert settings({**FLASK, "alembic.ini": ""}).application.migrate == "alembic upgrade head"


def test_a_lock_of_uv_that_has_everything_is_used_as_it_is() -> None:
    project = {
        "pyproject.toml": '[project]\ndependencies = ["flask", "gunicorn"]\n'
        '[dependency-groups]\ndev = ["pytest", "coverage"]\n',
        "uv.lock": "",
        "main.py": "app = Flask(__name__)",
    }
    found = proposal(project)
    assert (found.lock, found.production) == ("uv.lock", None)
    assert "uv sync --locked" in dockerfile(found)
    lacking = {**project, "pyproject.toml": '[project]\ndependencies = ["flask"]\n'}
    assert proposal(lacking).lock == LOCK


def test_a_library_is_not_served_and_gets_no_environment() -> None:
    config = settings(
        {"lib/__init__.py": "", "pyproject.toml": '[project]\ndependencies = ["six"]'}
    )
    assert (config.application.serve, config.environments) == ("", {})


def test_where_nothing_says_what_to_install_there_is_no_lock() -> None:
    found = proposal({"app.py": "app = Flask(__name__)"})
    assert (found.lock, found.production) == ("", None)
    assert any("nothing can be installed" in line for line in found.assumed)


@pytest.mark.parametrize(
    ("build", "files"),
    [
        ("Poetry", {"pyproject.toml": "[tool.poetry]"}),
        ("PDM", {"pyproject.toml": "[tool.pdm]"}),
        ("uv", {"pyproject.toml": "[project]", "uv.lock": ""}),
        ("Pipenv", {"Pipfile": ""}),
        ("setuptools", {"setup.py": ""}),
        ("requirements", {"requirements.txt": ""}),
        ("pyproject", {"pyproject.toml": "[project]"}),
        ("none", {}),
    ],
)
def test_the_build_has_a_name(build: str, files: dict[str, str]) -> None:
    assert survey_application(MemorySources(files), "x").build == build


def test_linters_that_the_project_configures_stay_on() -> None:
    files = {**FLASK, "setup.cfg": "[flake8]\n", "pyproject.toml": "[tool.black]\n[tool.mypy]\n"}
    assert settings(files).checks == {}


def test_a_dockerfile_starts_what_is_served_as_nobody() -> None:
    text = dockerfile(proposal({**FLASK, "src/x/__init__.py": "", ".python-version": "3.12\n"}))
    assert "python:3.12-slim" in text
    assert settings({**FLASK, ".python-version": "3.12"}).application.python == "3.12"
    assert "--require-hashes --no-deps -r requirements-lock.txt" in text
    assert 'CMD ["gunicorn", "--bind", "0.0.0.0:8000", "shop:create_app()"]' in text
    assert "USER 10001:10001" in text
    assert "PYTHONPATH=/app/src" in text
    assert ".env*" in dockerignore()


def test_lines_are_added_to_a_gitignore_once_and_nothing_else_changes() -> None:
    once = gitignore("*.log")
    assert once == "*.log\n.shipway/\n__pycache__/\n"
    assert gitignore(once) == once


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_toml_and_comes_back(text: str) -> None:
    assert tomllib.loads(f"a = {toml_value(text)}")["a"] == text


def test_other_values_are_toml_too() -> None:
    value = {"a b": True, "c": (1, 2.5, "x"), "d": {}}
    assert tomllib.loads(f"v = {toml_value(value)}")["v"] == {
        "a b": True,
        "c": [1, 2.5, "x"],
        "d": {},
    }


def test_a_default_branch_that_is_not_main_is_the_one_that_is_released() -> None:
    survey = survey_application(MemorySources({"app.py": ""}), "shop")
    proposal = make_proposal(survey, default_branch="master", folder="apps/shop")
    assert proposal.settings["github"] == {"main": "master", "name": "apps-shop"}
    assert any("master is released" in line for line in proposal.assumed)
    for usual in ("", "main"):
        assert "github" not in make_proposal(survey, default_branch=usual).settings


PINNED = {**FLASK, "requirements.txt": "flask==3.0\n"}
DAY = 86400.0


def test_an_old_list_that_pins_everything_is_resolved_as_of_its_day() -> None:
    plain = proposal(PINNED)
    settled = settled_since(plain.survey.wanted, 1_600_000_000, 1_600_000_000 + 366 * DAY)
    of_then = resolved_as_of(plain, settled)
    assert of_then.as_of == "2020-09-13T12:26:40Z"
    assert "of 2020-09-13, when requirements.txt was last changed" in of_then.assumed[-1]


@pytest.mark.parametrize(
    ("files", "changed", "age"),
    [
        (FLASK, 1_600_000_000, 366 * DAY),  # asks for today's
        ({**FLASK, "Pipfile": "[packages]", "Pipfile.lock": "{}"}, 1_600_000_000, 366 * DAY),
        (PINNED, 1_600_000_000, 364 * DAY),
        (PINNED, 0, 1_600_000_000),  # nobody knows since when
        ({"app.py": ""}, 1_600_000_000, 366 * DAY),  # nothing is said
    ],
)
def test_any_other_is_resolved_as_of_today(files: dict[str, str], changed: int, age: float) -> None:
    before = proposal(files)
    settled = settled_since(before.survey.wanted, changed, changed + age)
    assert settled == 0
    assert resolved_as_of(before, settled) == before
