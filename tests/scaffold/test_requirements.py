"""What an application wants, whoever says it, and what of it is not carried on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.sources import MemorySources

from shipway.errors import ConfigError
from shipway.scaffold.requirement_files import DIRECT, requirement_name
from shipway.scaffold.requirements import Index, Requirements, find_requirements


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
    assert found.production.files == ("requirements.txt",)
    assert found.testing.files == ("requirements-dev.txt",)
    assert found.names == {"gunicorn", "flask"}
    assert found.sources == ("requirements.txt", "requirements/base.txt", "requirements-dev.txt")
    assert not found.pinned
    assert not found.rewritten
    assert found.all_names == {"gunicorn", "flask", "pytest"}


def test_what_no_other_machine_can_install_is_left_out_and_named() -> None:
    found = read(
        {
            "requirements.txt": (
                "pkg-resources==0.0.0\n-e .\nnumpy @ file:///croot/numpy_1/work\nFlask==3.1.2\n"
            )
        }
    )
    assert found.names == {"numpy", "flask"}
    assert found.rewritten
    assert found.texts["requirements.txt"].split() == ["numpy", "Flask==3.1.2"]
    assert len(found.notes) == 3
    assert any("numpy" in note for note in found.notes)


@pytest.mark.parametrize("include", ["-r", "--requirement", "-c", "--constraint"])
@pytest.mark.parametrize("written", ["gone.txt", '"gone.txt"', "=gone.txt"])
def test_an_included_file_that_does_not_exist_is_named_with_its_line(
    include: str, written: str
) -> None:
    line = f"{include}{written}" if written[0] == "=" else f"{include} {written}"
    with pytest.raises(ConfigError, match=r"requirements/base\.txt, line 2: .* requirements/gone"):
        read({"requirements/base.txt": f"Flask\n{line}\n"})


def test_a_quoted_name_of_an_included_file_is_read() -> None:
    found = read(
        {
            "requirements.txt": '-r "parts/a b.txt"\n-r parts/c\\ d.txt\n',
            "parts/a b.txt": "x",
            "parts/c d.txt": "y",
        }
    )
    assert found.names == {"x", "y"}


def test_a_changed_constraint_makes_the_lock_outdated() -> None:
    found = read({"requirements.txt": "-c limits.txt\nFlask\n", "limits.txt": "Flask==3\nold==1\n"})
    assert found.sources == ("requirements.txt", "limits.txt")
    assert found.names == {"flask"}


def test_pinned_means_every_line() -> None:
    assert read({"requirements.txt": "a==1\nb[x]==2 ; python_version > '3'\n"}).pinned
    assert not read({"requirements.txt": "a==1\nb==2.*\n"}).pinned
    assert not read({"requirements.txt": "\n"}).pinned


def test_pyproject_of_uv_with_its_lock_and_groups() -> None:
    found = read(
        {
            "pyproject.toml": """
[project]
dependencies = ["flask", "acme", "torch"]
[project.optional-dependencies]
test = ["coverage"]
docs = ["sphinx"]
[dependency-groups]
dev = [{include-group = "lint"}, "pytest", {include-group = "dev"}]
lint = ["ruff"]
[tool.uv.sources]
acme = { workspace = true }
torch = { index = "wheels" }
[[tool.uv.index]]
name = "wheels"
url = "https://wheels.example/simple"
explicit = true
""",
            "uv.lock": """
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
[[package]]
name = "flask"
version = "3.1.2"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "acme"
version = "1"
source = { editable = "packages/acme" }
""",
        }
    )
    assert found.lock == "uv.lock"
    assert found.production.files == ("pyproject.toml",)
    assert found.names == {"flask", "acme", "torch"}
    assert found.testing.extras == ("test",)
    assert found.testing.groups == ("dev",)
    assert set(found.testing.names) == {"coverage", "pytest", "ruff"}
    assert found.synced == {"flask", "acme", "torch", "pytest", "ruff"}
    assert found.places == {
        "flask": "https://pypi.org/simple",
        "acme": DIRECT,
        "torch": "https://wheels.example/simple",
    }
    assert found.folders == ("./packages/acme",)
    assert found.sources == ("pyproject.toml", "uv.lock")


def test_the_members_of_a_workspace_are_folders_without_a_lock_too() -> None:
    member = '[project]\nname = "member"\n'
    found = read(
        {
            "pyproject.toml": '[project]\ndependencies = ["acme"]\n'
            "[tool.uv.sources]\nacme = { workspace = true }\n"
            '[tool.uv.workspace]\nmembers = ["packages/*", "tools"]\n',
            "packages/acme/pyproject.toml": member,
            "packages/notes/readme.md": "no member",
            "tools/pyproject.toml": member,
        }
    )
    assert found.folders == ("./packages/acme", "./tools")


def test_pyproject_of_poetry_and_pdm() -> None:
    poetry = read(
        {
            "pyproject.toml": """
[tool.poetry.dependencies]
python = "^3.11"
flask = "^3.1"
redis = {version = "~5.0", extras = ["hiredis"]}
[tool.poetry.group.ci.dependencies]
pytest = "*"
[tool.poetry.group.docs.dependencies]
mkdocs = "*"
""",
            "poetry.lock": '[[package]]\nname = "flask"\nversion = "3.1.0"\n',
        }
    )
    assert poetry.production.lines == ("flask>=3.1,<4", "redis[hiredis]>=5.0,<5.1")
    assert poetry.testing.lines == ("pytest",)  # whatever the group's name is
    assert poetry.constraints == ("flask==3.1.0",)
    pdm = read(
        {
            "pyproject.toml": (
                '[project]\ndependencies = ["flask"]\n[tool.pdm.dev-dependencies]\ntest = '
                '["pytest>=8"]\n'
            )
        }
    )
    assert pdm.testing.lines == ("pytest>=8",)


def test_poetry_2_has_addresses_and_indexes_for_what_the_project_lists() -> None:
    found = read(
        {
            "pyproject.toml": """
[project]
dependencies = ["flask (>=3)", "acme[x] ; os_name == 'posix'", "inner (==1)"]
[tool.poetry.dependencies]
acme = { path = "libs/acme", develop = true }
inner = { source = "company" }
[[tool.poetry.source]]
name = "company"
url = "https://company.example/simple/"
priority = "supplemental"
""",
        }
    )
    assert found.production.lines == (
        "flask (>=3)",
        "acme[x] @ {root}/libs/acme ; os_name == 'posix'",
        "inner (==1)",
    )
    assert found.indexes == (
        Index(url="https://pypi.org/simple"),
        Index(url="https://company.example/simple/", name="company"),
    )
    assert found.places == {"acme": DIRECT, "inner": "https://company.example/simple/"}
    assert found.folders == ("./libs/acme",)


def test_two_versions_of_one_package_in_a_lock_stay_apart_by_their_conditions() -> None:
    lock = """
[[package]]
name = "numpy"
version = "1.0"
markers = "python_version < '3.10'"
[[package]]
name = "numpy"
version = "2.0"
markers = "python_version >= '3.10'"
[[package]]
name = "six"
version = "1"
[[package]]
name = "six"
version = "2"
"""
    project = '[tool.poetry.dependencies]\nnumpy = "*"\n'
    found = read({"pyproject.toml": project, "poetry.lock": lock})
    assert found.constraints == (
        "numpy==1.0 ; python_version < '3.10'",
        "numpy==2.0 ; python_version >= '3.10'",
    )
    assert any(note.startswith("six: poetry.lock has 2 versions") for note in found.notes)


def test_a_pipfile_with_its_lock() -> None:
    found = read(
        {
            "Pipfile": (
                '[packages]\nflask = "*"\ninner = { version = "*", index = "company" }\n'
                '[dev-packages]\npytest = ">=8"\n'
                '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\n'
                '[[source]]\nname = "company"\nurl = "https://${USER_NAME}:${KEY}@company/simple"\n'
            ),
            "Pipfile.lock": '{"default": {"flask": {"version": "==3.1.2"}, "x": {"path": "."}}}',
        }
    )
    assert found.production.lines == ("flask", "inner")
    assert found.testing.lines == ("pytest>=8",)
    assert found.constraints == ("flask==3.1.2",)
    assert found.by_index == {"inner": "company"}
    assert found.places["inner"] == "https://${USER_NAME}:${KEY}@company/simple"
    assert found.places["x"] == DIRECT


def test_setup_py_and_setup_cfg_are_read_and_never_run() -> None:
    listed = read({"setup.py": "needs = ['flask', 'six']\nsetup(install_requires=needs)"})
    assert (listed.production.lines, listed.opaque) == (("flask", "six"), False)
    opaque = read({"setup.py": "setup(install_requires=open('x').readlines())"})
    assert opaque.opaque
    assert opaque.production.files == ("setup.py",)
    config = read({"setup.cfg": "[options]\ninstall_requires =\n  flask\n  six>1\n"})
    assert config.production.lines == ("flask", "six>1")


@pytest.mark.parametrize(
    "files",
    [
        {"setup.cfg": "[options]\ninstall_requires = file: needs.txt\n"},
        {"setup.cfg": "[options]\ninstall_requires = file: needs.txt\n", "setup.py": "setup()"},
        {
            "pyproject.toml": '[project]\nname = "a"\ndynamic = ["dependencies"]\n'
            '[tool.setuptools.dynamic]\ndependencies = { file = ["needs.txt"] }\n'
        },
    ],
)
def test_the_files_that_setuptools_reads_are_read(files: dict[str, str]) -> None:
    found = read({**files, "needs.txt": "flask\n"})
    assert found.production.files == ("needs.txt",)
    assert found.names == {"flask"}
    assert not found.opaque


def test_a_file_that_setup_cfg_names_and_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match="there is no file gone"):
        read({"setup.cfg": "[options]\ninstall_requires = file: gone.txt\n"})


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
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        found = find_requirements(MemorySources({"requirements.txt": text}))
    except ConfigError as problem:
        assert problem.message.startswith("requirements.txt, line ")
    else:
        assert found is not None


def test_names_are_normalised() -> None:
    assert requirement_name("Flask_SQLAlchemy[x]>=3") == "flask-sqlalchemy"
    assert requirement_name("flask (>=3)") == "flask"
    assert requirement_name("a ; python_version > '3'") == "a"
    assert requirement_name("--index-url https://x") == ""
    assert requirement_name("git+https://example.org/a.git") == ""
    assert requirement_name("-e git+https://example.org/a.git#egg=A_b") == "a-b"


# The rule over all readers: each requirement is carried on, or named as left out.

READERS = {
    "requirements.txt": {
        "requirements.txt": (
            "planted-a\nplanted-b==1 --hash=sha256:0\nplanted-c @ https://x/c.whl\n"
            "-e git+https://x/d.git#egg=planted-d\nplanted-e @ file:///croot/e/work\n"
            "pkg-resources==0.0.0  # planted-f\n-r more.txt\n--use-feature=planted-g\n"
        ).replace("  # planted-f", ""),
        "more.txt": "planted-h\n-r 'deeper/i j.txt'\n",
        "deeper/i j.txt": "planted-i\n",
        "requirements-dev.txt": "planted-j\n",
        "requirements/testing.txt": "planted-k\n",
    },
    "project": {
        "pyproject.toml": """
[project]
dependencies = ["planted-a", "planted-b @ https://x/b.whl"]
[project.optional-dependencies]
dev = ["planted-c"]
docs = ["planted-d"]
[dependency-groups]
dev = ["planted-e", {include-group = "other"}]
other = ["planted-f"]
nightly = ["planted-g"]
[tool.uv]
dev-dependencies = ["planted-h"]
[tool.pdm.dev-dependencies]
anything = ["planted-i"]
""",
    },
    "poetry": {
        "pyproject.toml": """
[project]
dependencies = ["planted-a", "planted-b"]
[project.optional-dependencies]
docs = ["planted-c"]
[dependency-groups]
test = ["planted-d"]
docs = ["planted-e"]
[tool.poetry.dependencies]
planted-b = { path = "b" }
planted-f = "*"
planted-g = { version = "1", optional = true }
planted-h = { git = "https://x/h.git" }
planted-i = [{ version = "1", python = "<3" }, { version = "2", python = ">=3" }]
planted-j = "^1 || ^2"
[tool.poetry.dev-dependencies]
planted-k = "*"
[tool.poetry.group.test.dependencies]
planted-l = { url = "https://x/l.whl" }
[tool.poetry.group.docs.dependencies]
planted-m = "*"
""",
    },
    "Pipfile": {
        "Pipfile": """
[packages]
planted-a = "*"
planted-b = { path = "./b", editable = true }
planted-c = { git = "https://x/c.git", ref = "1" }
planted-d = { version = "*", os_name = "== 'nt'" }
planted-e = { file = "https://x/e.whl" }
[dev-packages]
planted-f = "*"
[docs]
planted-g = "*"
""",
    },
    "setup.cfg": {
        "setup.cfg": """
[options]
install_requires =
  planted-a
  planted-b
[options.extras_require]
test =
  planted-c
docs =
  planted-d
""",
        "test-requirements.txt": "planted-e\n",
    },
    "setup.py": {"setup.py": "setup(install_requires=['planted-a', 'planted-b'])"},
}


@pytest.mark.parametrize("files", READERS.values(), ids=READERS.keys())
def test_whatever_is_read_is_carried_on_or_named(files: dict[str, str]) -> None:
    planted = {name for text in files.values() for name in re.findall(r"planted-[a-z]\b", text)}
    assert planted
    found = read(files)
    named = {name for note in found.notes for name in re.findall(r"planted-[a-z]\b", note)}
    assert planted - found.all_names - named == set()
