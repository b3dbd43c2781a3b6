"""Which extras and groups a deployment installs."""

from __future__ import annotations

import pytest
from tests.fakes.sources import MemorySources

from shipway.releases.lock_header import lock_header
from shipway.scaffold.installed_extras import installed_extras, installed_files
from shipway.scaffold.requirements import find_requirements

PROJECT = '[project]\nname = "my-shop"\nversion = "1"\n'


def installed(run: str) -> frozenset[str] | None:
    files = {"pyproject.toml": PROJECT, "Dockerfile": f"FROM python:3.12\nRUN {run}\n"}
    return installed_extras(MemorySources(files))


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ("pip install .[prod]", {"prod"}),
        ('pip install --no-cache-dir -e "/src[database,web]" && \\\n    true', {"database", "web"}),
        ("python -m pip install './[prod]'", {"prod"}),
        ("uv pip install --system my_shop[prod]", {"prod"}),
        ("--mount=type=cache,target=/root uv sync --frozen --group prod --no-dev", {"prod"}),
        ("uv sync --extra=web --extra db", {"web", "db"}),
        ("uv export --no-dev --group deploy -o requirements.txt", {"deploy"}),
        ("poetry install --with prod,web --no-root", {"prod", "web"}),
        ('poetry install --extras "pg redis"', {"pg", "redis"}),
        ("poetry install -E pg", {"pg"}),
        ("pdm install -G prod", {"prod"}),
        ("uv sync --frozen --no-dev", set()),
        ("pip install flask[async] .", set()),
    ],
)
def test_what_the_commands_of_an_image_install_is_known(run: str, names: set[str]) -> None:
    assert installed(run) == names


@pytest.mark.parametrize("run", ["apt-get install -y git", "pip install -r requirements.txt"])
def test_where_no_command_installs_the_project_nobody_knows(run: str) -> None:
    assert installed(run) is None


def test_what_render_builds_is_read_and_what_a_workflow_installs_for_tests_is_not() -> None:
    files = {
        "render.yaml": "services:\n  - buildCommand: pip install .[prod]\n",
        ".github/workflows/ci.yml": "jobs: {t: {steps: [{run: 'pip install .[docs]'}]}}\n",
    }
    assert installed_extras(MemorySources(files)) == {"prod"}


EXTRAS = (
    f'{PROJECT}dependencies = ["flask"]\n[project.optional-dependencies]\n'
    'web = ["gunicorn"]\nprod = ["sentry-sdk"]\ndev = ["pytest"]\ndocs = ["sphinx"]\n'
)
GROUPS = EXTRAS.replace("[project.optional-dependencies]", "[dependency-groups]")
POETRY = (
    '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3"\n'
    'psycopg = { version = "^3", optional = true }\n[tool.poetry.extras]\nweb = ["psycopg"]\n'
    '[tool.poetry.group.prod.dependencies]\ngunicorn = "^23"\n'
    '[tool.poetry.group.docs.dependencies]\nsphinx = "*"\n'
)


@pytest.mark.parametrize("text", [EXTRAS, GROUPS])
def test_what_is_installed_is_wanted_in_production_and_the_rest_is_named(text: str) -> None:
    files = {"pyproject.toml": text, "Dockerfile": "FROM python\nRUN uv sync --extra web\n"}
    wanted = find_requirements(MemorySources(files))
    assert wanted is not None
    assert wanted.names == {"flask", "gunicorn"}
    assert [*wanted.production.extras, *wanted.production.groups] == ["web"]
    assert [*wanted.testing.extras, *wanted.testing.groups] == ["dev"]
    assert any("prod: sentry-sdk" in note for note in wanted.notes)


def test_without_such_a_command_what_is_called_production_is_wanted() -> None:
    wanted = find_requirements(MemorySources({"pyproject.toml": EXTRAS}))
    assert wanted is not None
    assert wanted.names == {"flask", "sentry-sdk"}
    assert any("web: gunicorn" in note for note in wanted.notes)


def test_groups_and_extras_of_poetry_are_wanted_where_they_are_installed() -> None:
    run = "FROM python\nRUN poetry install --with prod --extras web\n"
    wanted = find_requirements(MemorySources({"pyproject.toml": POETRY, "Dockerfile": run}))
    assert wanted is not None
    assert wanted.names == {"flask", "gunicorn", "psycopg"}
    assert wanted.notes == ("the group docs: sphinx",)


def test_extras_of_setup_cfg_are_wanted_where_they_are_installed() -> None:
    text = "[options]\ninstall_requires = flask\n[options.extras_require]\nprod = gunicorn\n"
    wanted = find_requirements(MemorySources({"setup.cfg": text, "setup.py": ""}))
    assert wanted is not None
    assert wanted.names == {"flask", "gunicorn"}


FILES = {
    "requirements.txt": "-r requirements/dev.txt\n",
    "requirements/base.txt": "flask\n",
    "requirements/prod.txt": "-r base.txt\ngunicorn\n",
    "requirements/dev.txt": "-r base.txt\npytest\n",
    "docs/requirements.txt": "sphinx\n",
}


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ("RUN pip install -r requirements/prod.txt", ("requirements/prod.txt",)),
        ("RUN uv pip install -r /app/requirements/prod.txt", ("requirements/prod.txt",)),
        ("COPY requirements /tmp\nRUN pip install -r /tmp/prod.txt", ("requirements/prod.txt",)),
        ("RUN pip wheel -w /w gunicorn --requirement=./requirements.txt", ("requirements.txt",)),
        (
            "COPY ./requirements/prod.txt /a/requirements.txt\nRUN pip install -r requirements.txt",
            ("requirements/prod.txt",),
        ),
        (
            "RUN pip install -rrequirements/base.txt -r requirements/prod.txt",
            ("requirements/base.txt", "requirements/prod.txt"),
        ),
        ("RUN pip install -r requirements/dev.txt", ()),
        ("RUN pip install -r docs/requirements.txt", ()),
        ("RUN pip install -r nowhere.txt gunicorn", ()),
    ],
)
def test_the_requirements_files_that_an_image_installs_are_known(
    body: str, files: tuple[str, ...]
) -> None:
    assert (
        installed_files(MemorySources({**FILES, "Dockerfile": f"FROM python\n{body}\n"})) == files
    )


def test_the_lock_that_shipway_made_is_not_what_it_is_made_from() -> None:
    files = {
        "requirements.txt": "flask\n",
        "requirements-lock.txt": lock_header({"requirements.txt": "a" * 64}) + "flask==3.0\n",
        "Dockerfile": "FROM python\nRUN pip install -r requirements-lock.txt\n",
    }
    assert installed_files(MemorySources(files)) == ()
    wanted = find_requirements(MemorySources(files))
    assert wanted is not None
    assert wanted.origin == "requirements.txt"


def test_the_file_that_an_image_installs_is_what_production_wants() -> None:
    docker = "FROM python\nRUN pip install -r requirements/prod.txt\n"
    wanted = find_requirements(MemorySources({**FILES, "Dockerfile": docker}))
    assert wanted is not None
    assert wanted.origin == "requirements/prod.txt"
    assert wanted.names == {"flask", "gunicorn"}
    assert wanted.testing.files == (
        "requirements.txt",
    )  # with requirements/dev.txt, which it includes
    assert wanted.testing.names == {"pytest"}
    without = find_requirements(MemorySources(FILES))
    assert without is not None
    assert without.origin == "requirements.txt"


@pytest.mark.parametrize("name", ["dev", "local", "test"])
def test_what_people_develop_with_is_what_tests_want(name: str) -> None:
    files = {
        "requirements/base.txt": "django\n",
        f"requirements/{name}.txt": "-r base.txt\npytest\n",
    }
    wanted = find_requirements(MemorySources(files))
    assert wanted is not None
    assert (wanted.names, wanted.testing.names) == ({"django"}, {"pytest"})
