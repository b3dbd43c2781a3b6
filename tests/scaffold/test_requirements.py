"""What an application wants installed, whoever says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import ConfigError
from shipway.scaffold.requirements import Requirements, find_requirements, requirement_name
from shipway.scaffold.sources import MemorySources


def read(files: dict[str, str]) -> Requirements:
    found = find_requirements(MemorySources(files))
    assert found is not None
    return found


def test_requirements_are_read_with_what_they_include() -> None:
    found = read(
        {
            "requirements.txt": (
                "-r requirements/base.txt\r\nFlask>=3  # the framework\n\n# nothing\n"
            ),
            "requirements/base.txt": (
                "-r ../requirements.txt\ngunicorn==23.0.0 \\\n  --hash=sha256:a"
            ),
            "requirements-dev.txt": "-r requirements.txt\npytest\n",
        }
    )
    assert found.lines == ("gunicorn==23.0.0", "Flask>=3")
    assert found.test_lines == ("pytest",)
    assert found.sources == ("requirements.txt", "requirements/base.txt", "requirements-dev.txt")
    assert not found.pinned
    assert found.all_names == {"gunicorn", "flask", "pytest"}


def test_what_no_other_machine_can_install_is_left_out_and_said() -> None:
    found = read(
        {
            "requirements.txt": (
                "pkg-resources==0.0.0\n-e .\nnumpy @ file:///croot/numpy_1/work\nFlask==3.1.2\n"
            )
        }
    )
    assert found.lines == ("numpy", "Flask==3.1.2")
    assert len(found.notes) == 3
    assert any("numpy" in note for note in found.notes)


def test_pinned_means_every_line() -> None:
    assert read({"requirements.txt": "a==1\nb[x]==2 ; python_version > '3'\n"}).pinned
    assert not read({"requirements.txt": "a==1\nb==2.*\n"}).pinned
    assert not read({"requirements.txt": "\n"}).pinned


def test_pyproject_of_uv_with_its_lock_and_groups() -> None:
    found = read(
        {
            "pyproject.toml": """
[project]
dependencies = ["flask"]
[project.optional-dependencies]
test = ["coverage"]
docs = ["sphinx"]
[dependency-groups]
dev = [{include-group = "lint"}, "pytest", {include-group = "dev"}]
lint = ["ruff"]
""",
            "uv.lock": """
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
[[package]]
name = "flask"
version = "3.1.2"
source = { registry = "x" }
""",
        }
    )
    assert found.lines == ("flask",)
    assert set(found.test_lines) == {"coverage", "pytest", "ruff"}
    assert found.constraints == ("flask==3.1.2",)
    assert found.sources == ("pyproject.toml", "uv.lock")


def test_pyproject_of_poetry_and_pdm() -> None:
    poetry = read(
        {
            "pyproject.toml": """
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3.1"
redis = {version = "~5.0", extras = ["hiredis"]}
[tool.poetry.group.dev.dependencies]
pytest = "*"
[tool.poetry.group.docs.dependencies]
mkdocs = "*"
""",
            "poetry.lock": '[[package]]\nname = "flask"\nversion = "3.1.0"\n',
        }
    )
    assert poetry.lines == ("flask>=3.1,<4", "redis[hiredis]>=5.0,<5.1")
    assert poetry.test_lines == ("pytest",)
    assert poetry.constraints == ("flask==3.1.0",)
    pdm = read(
        {
            "pyproject.toml": (
                '[project]\ndependencies = ["flask"]\n[tool.pdm.dev-dependencies]\ntest = '
                '["pytest>=8"]\n'
            )
        }
    )
    assert pdm.test_lines == ("pytest>=8",)


def test_a_pipfile_with_its_lock() -> None:
    found = read(
        {
            "Pipfile": '[packages]\nflask = "*"\n[dev-packages]\npytest = ">=8"\n',
            "Pipfile.lock": '{"default": {"flask": {"version": "==3.1.2"}, "x": {"path": "."}}}',
        }
    )
    assert (found.lines, found.test_lines) == (("flask",), ("pytest>=8",))
    assert found.constraints == ("flask==3.1.2",)


def test_setup_py_and_setup_cfg_are_read_and_never_run() -> None:
    listed = read({"setup.py": "needs = ['flask', 'six']\nsetup(install_requires=needs)"})
    assert (listed.lines, listed.opaque) == (("flask", "six"), False)
    opaque = read({"setup.py": "setup(install_requires=open('x').readlines())"})
    assert opaque.opaque
    config = read({"setup.cfg": "[options]\ninstall_requires =\n  flask\n  six>1\n"})
    assert config.lines == ("flask", "six>1")


def test_dependencies_that_only_building_tells_are_left_to_uv() -> None:
    text = '[project]\nname = "a"\ndynamic = ["dependencies"]\n'
    assert read({"pyproject.toml": text}).opaque


def test_where_nothing_is_said_nothing_is_wanted() -> None:
    assert find_requirements(MemorySources({"pyproject.toml": "[tool.black]\n"})) is None
    assert find_requirements(MemorySources({"setup.cfg": "[flake8]\n"})) is None


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("pyproject.toml", "[project", "is not TOML"),
        ("Pipfile", "x", "is not TOML"),
        ("setup.cfg", "no section", "cannot be read"),
    ],
)
def test_a_file_that_is_broken_is_named(path: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        find_requirements(MemorySources({path: text}))


def test_a_broken_pipfile_lock_is_named() -> None:
    with pytest.raises(ConfigError, match=r"Pipfile\.lock is not JSON"):
        find_requirements(MemorySources({"Pipfile": "", "Pipfile.lock": "{"}))


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = find_requirements(MemorySources({"requirements.txt": text}))
    assert found is not None
    assert all(line.strip() == line and line for line in found.lines)


def test_names_are_normalised() -> None:
    assert requirement_name("Flask_SQLAlchemy[x]>=3") == "flask-sqlalchemy"
    assert requirement_name("a ; python_version > '3'") == "a"
    assert requirement_name("--index-url https://x") == ""
    assert requirement_name("git+https://example.org/a.git") == ""
