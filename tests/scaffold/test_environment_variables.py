"""The variables that an application reads."""

from __future__ import annotations

import pytest
from tests.fakes.sources import MemorySources

from shipway.scaffold.environment_variables import (
    find_environment_variables,
    variable_examples,
)
from shipway.scaffold.survey import survey_application


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ('import os\nos.environ["X"]', True),
        ("from os import environ\nenviron['X']", True),
        ('import os\nos.environ.get("X")', False),
        ('os.getenv("X", "y")', False),
        ('getenv("X")', False),
        ('config("X")', True),
        ('config("X", default=1)', False),
        ('env("X")', True),
        ('env.int("X")', True),
        ('env.int("X", 3)', False),
        ('x = os.getenv("X")\nif not x:\n    raise ValueError("X must be set")', True),
        ('x = os.getenv("X", "y")\nif not x:\n    raise ValueError("X must be set")', False),
        ('x = os.getenv("X")\nif not y:\n    raise ValueError("XY must be set")', False),
        ('os.environ["X"] = "1"\nos.environ["X"]', False),
        ('os.environ.setdefault("X", "1")\nos.environ["X"]', False),
    ],
)
def test_a_reading_is_seen_and_whether_it_must_be_set(text: str, required: bool) -> None:
    [found] = find_environment_variables([("a.py", text)])
    assert (found.name, found.required) == ("X", required)


def test_required_wins_and_the_first_place_is_told() -> None:
    found = find_environment_variables(
        [
            ("a.py", 'os.getenv("B")'),
            ("b.py", '\nos.environ["B"]\nos.environ["A"]'),
            ("c.py", "("),
        ]
    )
    assert [(one.name, one.required, one.place) for one in found] == [
        ("A", True, "b.py:3"),
        ("B", True, "b.py:2"),
    ]


def test_what_everybody_has_and_what_is_no_name_is_left_out() -> None:
    text = 'os.environ["HOME"]\nos.environ["a b"]\nother["X"]\nthing.get("Y")\nenv.other("Z")'
    assert find_environment_variables([("a.py", text)]) == ()


@pytest.mark.parametrize(
    ("text", "required"),
    [
        ('key = os.getenv("X")\nif not key:\n    raise RuntimeError("no key")', True),
        ('key = os.environ.get("X")\nif key is None:\n    sys.exit("no key")', True),
        ('key = os.getenv("X")\nassert key', True),
        ('key = os.getenv("X")\nif not key:\n    key = "y"', False),
        ('if v := os.getenv("X"):\n    a = v\nif v := b():\n    raise ValueError', False),
        ('if STORAGE == "s3":\n    a = os.environ["X"]', False),
        ('if not DEBUG:\n    a = os.environ["X"]', True),
        ('int(os.getenv("X"))', True),
        ('HOSTS = os.environ.get("X").split(" ")', True),
        ('HOSTS = os.environ.get("X", "").split(" ")', False),
        ('if os.getenv("X"):\n    HOSTS = os.getenv("X").split(",")', False),
        ('INSTALLED_APPS = []\nSECRET_KEY = os.environ.get("X")', True),
        ('INSTALLED_APPS = []\nSECRET_KEY = os.environ.get("X", "y")', False),
        ('INSTALLED_APPS = []\nSECRET_KEY = os.environ.get("X") or "y"', False),
        ('INSTALLED_APPS = []\nOTHER_KEY = os.environ.get("X")', False),
        ('class Config:\n    SECRET_KEY = os.environ.get("X")', False),
        ('int(os.getenv("X", "1"))', False),
        ('if "X" in os.environ:\n    a = os.environ["X"]', False),
        ('if os.environ.get("X"):\n    a = os.environ["X"]', False),
        ('a = os.environ["X"] if "X" in os.environ else 1', False),
        ('try:\n    a = os.environ["X"]\nexcept KeyError:\n    a = 1', False),
        ('from decouple import config as read\nread("X")', True),
        ('import environ\nsettings = environ.Env()\nsettings.str("X")', True),
        ('import environ\nsettings = environ.Env(X=(bool, False))\nsettings("X")', False),
        ('from starlette.config import Config\nc = Config(".env")\nc("X", cast=bool)', True),
        ('from starlette.config import Config\nc = Config(".env")\nc("X", default=1)', False),
        ('Dynaconf(envvar_prefix=False, validators=[Validator("X", must_exist=True)])', True),
        ("class S(BaseSettings):\n    x: str", True),
        ('class S(BaseSettings):\n    x: str = "y"', False),
        ('class S(BaseSettings):\n    y: str = Field(..., env="X")', True),
        ('class S(BaseSettings):\n    y: str = Field(validation_alias="X")', True),
        ('class S(BaseSettings):\n    y: int = Field(default=1, alias="X")', False),
        ("class B(BaseSettings):\n    a: int = 1\nclass S(B):\n    x: int", True),
    ],
)
def test_guards_and_settings_libraries_say_what_is_required(text: str, required: bool) -> None:
    found = {one.name: one.required for one in find_environment_variables([("a.py", text)])}
    assert found.get("X") is required


def test_a_prefix_of_settings_is_part_of_the_name() -> None:
    modern = (
        'class S(BaseSettings):\n    x: int\n    model_config = SettingsConfigDict(env_prefix="A_")'
    )
    older = 'class S(BaseSettings):\n    x: int\n    class Config:\n        env_prefix = "a_"'
    dynamic = 'Dynaconf(envvar_prefix="A", validators=[Validator("x", must_exist=True)])'
    for text in (modern, older, dynamic):
        assert [one.name for one in find_environment_variables([("a.py", text)])] == ["A_X"]


@pytest.mark.parametrize(
    "text",
    [
        'request.environ["REMOTE_USER"]',
        'def application(environ, start_response):\n    environ["PATH_INFO"]\n    environ.get("X")',
        'self.environ["X"]',
    ],
)
def test_a_wsgi_environ_has_no_variables_of_the_process(text: str) -> None:
    assert find_environment_variables([("a.py", text)]) == ()


def test_a_stand_in_has_the_form_that_is_read() -> None:
    text = (
        'env.int("NUMBER")\nenv.bool("SWITCH")\nint(os.environ["PORTION"])\nenv.url("PLACE")\n'
        "class S(BaseSettings):\n    dsn: PostgresDsn\n    debug: bool\n    names: list[str]\n"
        "    text: str\n"
    )
    found = {one.name: one.example for one in find_environment_variables([("a.py", text)])}
    assert found == {
        "NUMBER": "1",
        "SWITCH": "true",
        "PORTION": "1",
        "PLACE": "http://localhost",
        "DSN": "postgresql://postgres:postgres@localhost:5432/postgres",
        "DEBUG": "true",
        "NAMES": "[]",
        "TEXT": "",
    }


@pytest.mark.parametrize(
    "guard",
    [
        "if x == 'dev':\n    a = 1\nelif x == 'live':\n    a = 2\nelse:\n    raise ValueError(x)",
        "if x not in ('dev', 'live'):\n    raise ValueError(x)",
        "match x:\n    case 'dev':\n        a = 1\n    case 'live' | 'prod':\n        a = 2\n"
        "    case _:\n        raise ValueError(x)",
    ],
)
def test_a_value_that_has_to_be_among_some_is_required_and_the_first_is_the_example(
    guard: str,
) -> None:
    text = f"x = os.environ.get('MODE')\n{guard}\n"
    [variable] = find_environment_variables([("a.py", text)])
    assert (variable.required, variable.example) == (True, "dev")


def test_a_value_that_may_be_any_other_is_not_required() -> None:
    text = "x = os.environ.get('MODE')\nif x == 'dev':\n    a = 1\nelse:\n    a = 2\n"
    assert not find_environment_variables([("a.py", text)])[0].required


def test_what_the_servers_configuration_reads_is_required_too() -> None:
    files = {
        "wsgi.py": "from flask import Flask\napp = Flask(__name__)\n",
        "requirements.txt": "flask\ngunicorn\n",
        "gunicorn.conf.py": "import os\nworkers = int(os.environ['WORKERS'])\n",
        "release.conf.py": "import os\nos.environ['B']\n",
    }
    variables = survey_application(MemorySources(files), "x").variables
    assert [(one.name, one.required) for one in variables] == [("B", False), ("WORKERS", True)]


def test_files_that_set_variables_give_examples() -> None:
    files = {
        ".env.example": "# for you\nexport A='one'  # why\nB=\nC=$OTHER",
        "app.json": '{"env": {"D": {"value": "two"}, "E": "three", "F": {"generator": "secret"}}}',
        "docker-compose.yml": "services: {web: {build: ., environment: [G=four, H]}}",
        "Dockerfile": "FROM x\nENV I=five J six",
        "Procfile": "web: K=six gunicorn app:app",
    }
    examples = variable_examples(MemorySources(files))
    assert examples == {
        "A": "one",
        "D": "two",
        "E": "three",
        "G": "four",
        "I": "five",
        "K": "six",
    }
    [read] = find_environment_variables([("a.py", 'os.environ["A"]')], examples)
    assert read.example == "one"
    [secret] = find_environment_variables([("a.py", 'os.environ["API_KEY"]')], {"API_KEY": "one"})
    assert secret.example == ""  # nobody's secret is carried on


def test_only_what_the_served_application_imports_makes_a_variable_required() -> None:
    reads = 'import os\nos.environ["{}"]\n'
    files = {
        "wsgi.py": "from flask import Flask\nimport used\napp = Flask(__name__)\n",
        "used.py": reads.format("A"),
        "release.py": reads.format("B"),
    }
    found = survey_application(MemorySources(files), "x").variables
    assert [(one.name, one.required) for one in found] == [("A", True), ("B", False)]
    name = 'environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings.{}")\nimport django'
    django = {
        "manage.py": name.format("test"),
        "site/wsgi.py": name.format("base"),
        "site/settings/base.py": reads.format("A"),
        "site/settings/production.py": reads.format("B"),
        "polls/apps.py": reads.format("C"),
    }
    found = survey_application(MemorySources(django), "x").variables
    assert [one.name for one in found if one.required] == ["A", "C"]


def test_a_name_says_the_form_where_nothing_else_does() -> None:
    found = find_environment_variables([("a.py", 'os.environ["SERVER_NAME"]')])
    assert found[0].example == "localhost"


def test_a_default_that_is_a_member_of_an_enumeration_is_its_value() -> None:
    modes = "class Mode(str, Enum):\n    live: str = 'prod'\n    dev = 'dev'\n"
    settings = "class S(BaseSettings):\n    mode: Mode = Mode.live\n    other: X = mode.other\n"
    mode, other = find_environment_variables([("modes.py", modes), ("settings.py", settings)])
    assert (mode.name, mode.default) == ("MODE", "prod")
    assert (other.name, other.default) == ("OTHER", "")
