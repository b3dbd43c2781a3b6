"""The application's environment and its release, with real uv."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.pipeline.contexts import workshop
from tests.releases.tiny_package import package_step, shop_for

from shipway.config.schema import Application, Config
from shipway.errors import ApplicationFault, CannotRun, ConfigError
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext
from shipway.releases.lock_header import input_digest, lock_header
from shipway.releases.package import install_step, is_package, package_release, prepare_environment

INSTALL = Step(name="install", stage="build", kind=StepKind.ACTION, work={"action": "install"})
WHEEL = "wheels/greet-1.0-py3-none-any.whl"
# Many of these at once, in processes of their own.
PACKAGER = """
import json, sys
from pathlib import Path
from tests.releases.tiny_package import package_step, shop_for
from shipway.releases.package import package_release
shop = shop_for(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(package_release(package_step(), shop, lambda line: None).facts))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An application with a module, and a lock that asks for one package made here."""
    folder = tmp_path / "tiny"
    (folder / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("greet.py", "def hello():\n    return 'hello'\n")
        about = "Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n"
        wheel.writestr("greet-1.0.dist-info/METADATA", about)
        wheel.writestr("greet-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("greet-1.0.dist-info/RECORD", "")
    (folder / "requirements.txt").write_text(f"./{WHEEL}\n")
    (folder / "app.py").write_text("app = 1\n")
    return folder


def quiet(line: str) -> None:
    """Nobody listens."""


def says(python: str, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def packaged(root: Path, *files: str, **settings: str) -> dict[str, str]:
    """The release that is made of the files now."""
    result = package_release(package_step(*files), shop_for(root, **settings), quiet)
    release: dict[str, str] = result.facts["release"]
    return release


# -- the environment -----------------------------------------------------------------------


def test_the_environment_is_made_from_the_lock(root: Path) -> None:
    result = install_step(INSTALL, shop_for(root), quiet)
    python = result.facts["python"]
    assert result.facts["paths"] == [python]
    assert says(python, "import greet; print(greet.hello())") == "hello"


def test_one_lock_has_one_environment_and_another_lock_another(root: Path) -> None:
    context = shop_for(root)
    first = prepare_environment(INSTALL, context, quiet, development=False)
    mark = Path(first).parent / "mark"
    mark.touch()
    (root / "app.py").write_text("app = 2\n")
    assert prepare_environment(INSTALL, context, quiet, development=False) == first
    assert mark.exists()  # it was not made anew
    assert prepare_environment(INSTALL, context, quiet, development=True) != first
    (root / "requirements.txt").write_text("")
    other = prepare_environment(INSTALL, context, quiet, development=False)
    assert other != first
    assert says(other, "import greet") == ""


def test_an_environment_that_was_cut_off_is_made_anew(root: Path) -> None:
    context = shop_for(root)
    python = prepare_environment(INSTALL, context, quiet, development=False)
    folder = Path(python).parent.parent
    (folder / "complete").unlink()
    (folder / "half").touch()
    assert prepare_environment(INSTALL, context, quiet, development=False) == python
    assert not (folder / "half").exists()
    assert says(python, "import greet; print(greet.hello())") == "hello"


@pytest.mark.parametrize("lost", ["pyvenv.cfg", "bin/python"])
def test_an_environment_that_has_lost_a_part_is_made_anew(root: Path, lost: str) -> None:
    context = shop_for(root)
    python = prepare_environment(INSTALL, context, quiet, development=False)
    (Path(python).parent.parent / lost).unlink()
    assert prepare_environment(INSTALL, context, quiet, development=False) == python
    assert says(python, "import greet; print(greet.hello())") == "hello"


def test_a_lock_of_uv_is_held_to(root: Path) -> None:
    project = '[project]\nname = "tiny"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (root / "pyproject.toml").write_text(project)
    context = shop_for(root, lock="uv.lock")
    subprocess.run([context.uv, "lock", "--quiet", "--offline"], cwd=root, check=True)
    python = prepare_environment(INSTALL, context, quiet, development=True)
    assert says(python, "print('it runs')") == "it runs"
    assert prepare_environment(INSTALL, context, quiet, development=False) != python


@pytest.mark.parametrize(
    ("lock", "text", "words"),
    [
        ("requirements.txt", "./wheels/absent-1.0-py3-none-any.whl\n", "absent-1.0"),
        ("requirements.txt", "this is ! no requirement\n", "requirement"),
        ("uv.lock", "version = [", "uv.lock"),
    ],
)
def test_a_lock_that_cannot_be_installed_fails_and_shows_what_uv_says(
    root: Path, lock: str, text: str, words: str
) -> None:
    project = '[project]\nname = "tiny"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (root / "pyproject.toml").write_text(project)
    (root / lock).write_text(text)
    said: list[str] = []
    with pytest.raises(ApplicationFault) as caught:
        prepare_environment(INSTALL, shop_for(root, lock=lock), said.append, development=True)
    first, *last = caught.value.message.splitlines()
    assert first.startswith("the application's environment cannot be made: ")
    assert words in caught.value.message
    assert len(last) < 12
    assert said
    assert caught.value.remedy.startswith("Run it by hand to see more: ")
    assert not list((root / ".shipway" / "venvs").glob("*/complete"))


@pytest.mark.parametrize(
    "variables",
    [
        {"UV_INDEX_URL": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"},
        {"UV_OFFLINE": "1"},
    ],
)
def test_without_a_network_the_environment_is_unavailable_and_no_fault(
    root: Path, variables: dict[str, str]
) -> None:
    (root / "requirements.txt").write_text("a-package-that-is-in-no-cache\n")
    shop = shop_for(root)
    declared = replace(INSTALL, env=tuple(variables))
    context = replace(shop, environment={**shop.environment, **variables})
    with pytest.raises(CannotRun, match="cannot be made"):
        prepare_environment(declared, context, quiet, development=True)


def test_without_uv_there_is_no_environment(root: Path) -> None:
    context = workshop(root, config=shop_for(root).config, uv="no-such-uv")
    with pytest.raises(CannotRun, match="no-such-uv is not here"):
        prepare_environment(INSTALL, context, quiet, development=True)


# -- the release ---------------------------------------------------------------------------


def test_a_release_carries_its_sbom_which_is_no_part_of_its_identity(root: Path) -> None:
    context = shop_for(root)
    digests = set()
    for time in ("10:00", "10:01"):
        sbom = context.blobs.put(f'{{"timestamp": "{time}"}}'.encode())
        written = StepResult(
            step="sbom", stage="security", outcome=Outcome.PASSED, reports={"sbom.cdx.json": sbom}
        )
        said: list[str] = []
        upstream = {**context.upstream, "sbom": written}
        result = package_release(package_step(), replace(context, upstream=upstream), said.append)
        assert result.facts["release"]["sbom"] == sbom
        assert result.reports["sbom.cdx.json"] == sbom
        assert f"SBOM {sbom[:12]}" in said[-1]
        digests.add(result.facts["release"]["digest"])
    without = package_release(package_step(), context, quiet)
    assert without.facts["release"]["sbom"] == ""
    assert "sbom.cdx.json" not in without.reports
    assert digests == {without.facts["release"]["digest"]}


def test_a_release_holds_the_files_and_says_what_it_is(root: Path) -> None:
    said: list[str] = []
    result: StepResult = package_release(package_step(), shop_for(root), said.append)
    release = result.facts["release"]
    path = Path(release["path"])
    assert (path / "app.py").read_text() == "app = 1\n"
    assert (release["application"], release["version"]) == ("tiny", "1.0")
    assert release["commit"] == "abcdef0123"
    assert result.facts["paths"] == [release["path"], release["python"]]
    assert said[-1] == f"release 1.0+abcdef0.{release['digest'][:6]}: 3 files, no SBOM"
    assert not (path / ".shipway").exists()


def test_same_content_is_the_same_release_and_other_content_another(root: Path) -> None:
    first = packaged(root)
    os.utime(root / "app.py", (1, 1))
    assert packaged(root) == first
    digests = {first["digest"]}
    changes = (
        lambda: (root / "app.py").write_text("app = 2\n"),
        lambda: (root / "app.py").chmod(0o755),
        lambda: (root / "app.py").rename(root / "main.py"),
        lambda: (root / "new.py").touch(),
        lambda: (root / "pyproject.toml").write_text("# new\n"),
    )
    for number, change in enumerate(changes, 2):
        change()
        digests.add(packaged(root)["digest"])
        assert len(digests) == number
    assert packaged(root, version="1.1")["digest"] not in digests
    (root / "new.py").unlink()
    (root / "pyproject.toml").unlink()
    (root / "main.py").rename(root / "app.py")
    (root / "app.py").write_text("app = 1\n")
    (root / "app.py").chmod(0o644)
    assert packaged(root) == first


def test_a_release_stays_as_it_was_and_nobody_may_write_into_its_files(root: Path) -> None:
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    path = Path(packaged(root)["path"])
    (root / "app.py").write_text("app = 2\n")
    packaged(root)
    assert (path / "app.py").read_text() == "app = 1\n"
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.glob("*.*")}
    assert modes == {"app.py": 0o444, "requirements.txt": 0o444, "run.sh": 0o555}


def built_by(command: str, root: Path) -> StepContext:
    shop = shop_for(root)
    application = replace(shop.config.application, build=command, env={"WHO": "{data}/me"})
    return replace(shop, config=replace(shop.config, application=application))


def test_a_release_is_built_once_in_its_own_folder_and_the_tree_stays_as_it_is(root: Path) -> None:
    (root / "make.py").write_text(
        "import os\nwith open('made.txt', 'a') as file:\n    file.write(os.environ['WHO'] + ';')\n"
    )
    shop = built_by("python make.py", root)
    unbuilt = package_release(package_step(), shop_for(root), quiet).facts["release"]
    for _ in range(2):
        release = package_release(package_step(), shop, quiet).facts["release"]
    made = Path(str(release["path"]), "made.txt").read_text()
    assert made == f"{shop.state}/build/me;"
    assert not (root / "made.txt").exists()
    assert release["digest"] != unbuilt["digest"]
    assert not Path(str(unbuilt["path"]), "made.txt").exists()


def test_what_a_build_leaves_in_its_data_is_not_there_for_the_next_release(root: Path) -> None:
    (root / "make.py").write_text(
        "import os\npath = os.environ['WHO']\n"
        "open('made.txt', 'w').write(str(os.path.exists(path)))\nopen(path, 'w').close()\n"
    )
    shop = built_by("python make.py", root)
    for number in range(2):
        (root / "app.py").write_text(f"app = {number}\n")  # another release
        release = package_release(package_step(), shop, quiet).facts["release"]
        assert Path(str(release["path"]), "made.txt").read_text() == "False"
    assert not Path(shop.state, "build").exists()


def test_a_build_that_fails_is_the_applications_fault_and_no_release(root: Path) -> None:
    (root / "make.py").write_text("raise SystemExit('no such theme')\n")
    for _ in range(2):
        with pytest.raises(ApplicationFault, match="ended with 1: no such theme"):
            package_release(package_step(), built_by("python make.py", root), quiet)


def test_a_damaged_copy_makes_way_for_a_whole_one(root: Path) -> None:
    path = Path(packaged(root)["path"])
    (path / "app.py").unlink()
    (path / "app.py").write_text("damaged")
    (path / "beside.log").write_text("x")
    assert Path(packaged(root)["path"]) == path
    assert (path / "app.py").read_bytes() == (root / "app.py").read_bytes()
    assert not (path / "beside.log").exists()
    assert list(path.parent.iterdir()) == [path]


def test_a_release_holds_only_what_it_is_said_to(root: Path) -> None:
    (root / "tests").mkdir()
    (root / "tests" / "test_app.py").touch()
    path = Path(packaged(root, "*.py", "!tests/")["path"])
    assert [one.name for one in path.iterdir()] == ["app.py"]
    with pytest.raises(ConfigError, match="no file belongs to the release") as caught:
        packaged(root, "absent/**")
    assert "release" in caught.value.remedy


def test_hostile_names_and_links_are_released_as_they_are(root: Path) -> None:
    names = ["new\nline.py", "-rf", "$(id)", os.fsdecode(b"caf\xe9.py"), "deep/er/file"]
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "link").symlink_to("app.py")
    (root / "broken").symlink_to("nowhere")
    os.mkfifo(root / "pipe")  # what is no file stays behind, as with git
    path = Path(packaged(root)["path"])
    assert all((path / name).read_text() == "x" for name in names)
    assert os.readlink(path / "link") == "app.py"
    assert os.readlink(path / "broken") == "nowhere"
    assert not os.path.lexists(path / "pipe")


def test_the_heads_of_the_migrations_are_those_of_the_release(root: Path) -> None:
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text('revision = "a1"\ndown_revision = None\n')
    (versions / "b.py").write_text('revision = "b2"\ndown_revision = "a1"\n')
    (versions / "latin.py").write_bytes(b"# caf\xe9\n")
    (versions / "broken.py").symlink_to("nowhere.py")
    assert packaged(root)["migrations"] == ["b2"]


def test_a_release_that_cannot_be_copied_says_why(root: Path) -> None:
    (root / ".shipway").mkdir()
    (root / ".shipway" / "releases").touch()
    with pytest.raises(CannotRun, match="the release cannot be copied"):
        packaged(root)


def test_many_at_once_make_one_environment_and_one_release(root: Path) -> None:
    for number in range(40):
        (root / f"m{number}.py").write_text(f"m = {number}\n")
    many = [
        subprocess.Popen(
            [sys.executable, "-c", PACKAGER, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [one.stdout.readline() for one in many if one.stdout] == ["ready\n"] * 4
    for one in many:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    ends = [one.communicate(timeout=120) for one in many]
    assert [said for _, said in ends] == [""] * 4
    assert len({facts for facts, _ in ends}) == 1
    release = json.loads(ends[0][0])["release"]
    assert len(os.listdir(release["path"])) == 43
    assert says(release["python"], "import greet; print(greet.hello())") == "hello"
    assert len(os.listdir(root / ".shipway" / "releases")) == 1


def test_waiting_for_another_ends_with_the_run(root: Path) -> None:
    import fcntl

    (root / ".shipway").mkdir()
    with (root / ".shipway" / "install.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        looked = iter([False, False, True])
        context = workshop(root, config=shop_for(root).config, stopping=lambda: next(looked))
        with pytest.raises(CannotRun, match="stopped"):
            prepare_environment(INSTALL, context, quiet, development=True)


def test_a_lock_in_another_encoding_is_read_as_pip_reads_it(root: Path) -> None:
    (root / "requirements.txt").write_bytes(f"./{WHEEL}\r\n".encode("utf-16"))
    python = prepare_environment(INSTALL, shop_for(root), quiet, development=True)
    assert says(python, "import greet; print(greet.hello())") == "hello"


def test_tests_have_a_lock_of_their_own(root: Path) -> None:
    (root / "test-lock.txt").write_text("")
    context = workshop(
        root,
        config=Config(
            application=Application(name="t", lock="requirements.txt", test_lock="test-lock.txt")
        ),
    )
    assert (
        says(prepare_environment(INSTALL, context, quiet, development=True), "import greet") == ""
    )
    shipped = prepare_environment(INSTALL, context, quiet, development=False)
    assert says(shipped, "import greet; print(greet.hello())") == "hello"


def test_a_package_that_cannot_be_built_is_used_from_its_folder(root: Path) -> None:
    (root / "setup.py").write_text("raise SystemExit('not here')\n")
    said: list[str] = []
    python = prepare_environment(INSTALL, shop_for(root), said.append, development=True)
    assert "the application cannot be built as a package; it is used from its folder" in said
    assert says(python, "import greet; print(greet.hello())") == "hello"
    assert not (root / "build").exists()


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("[build-system]\n", True),
        ("[project]\n", False),
        ("[broken", False),
        ("[build-system]\n[tool.uv]\npackage = false\n", False),
        ("[build-system]\n[tool.poetry]\npackage-mode = false\n", False),
    ],
)
def test_only_what_says_so_is_a_package(tmp_path: Path, text: str, package: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert is_package(str(tmp_path)) is package


# -- what git ignores is never in a release -------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    allow = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *allow, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def versioned(root: Path) -> Path:
    """The application in a repository, with a file that git ignores."""
    git(root, "init", "--quiet")
    (root / ".gitignore").write_text(".env\nbuild/\n.shipway/\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    (root / ".env").write_text("SECRET_KEY=x")
    (root / "build").mkdir()
    (root / "build" / "made.js").touch()
    return root


def names_in(release: dict[str, str]) -> set[str]:
    return {path.name for path in Path(release["path"]).rglob("*")}


def test_a_repository_of_another_owner_is_not_packaged(
    versioned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(CannotRun, match="detected dubious ownership") as caught:
        packaged(versioned)
    assert "git config --global --add safe.directory" in caught.value.remedy
    assert not list((versioned / ".shipway").glob("releases/*"))


def test_without_the_repository_a_release_has_nothing_that_git_ignored(versioned: Path) -> None:
    with_git = names_in(packaged(versioned))
    (versioned / ".git").rename(versioned.parent / "elsewhere")
    assert names_in(packaged(versioned)) == with_git
    assert not with_git & {".env", "build", "made.js"}
    assert "app.py" in with_git


def test_what_a_submodule_ignores_is_in_no_release(versioned: Path, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    git(theme, "init", "--quiet")
    (theme / "style.css").touch()
    (theme / ".gitignore").write_text("secret.key\n")
    git(theme, "add", ".")
    git(theme, "commit", "--quiet", "-m", "theme")
    git(versioned, "submodule", "add", str(theme), "theme")
    (versioned / "theme" / "secret.key").touch()
    release = names_in(packaged(versioned))
    assert "style.css" in release
    assert "secret.key" not in release
    git(versioned, "submodule", "deinit", "--force", "theme")
    with pytest.raises(CannotRun, match="theme is a submodule that is not checked out") as caught:
        packaged(versioned)
    assert caught.value.remedy == "Get it: git submodule update --init theme"


# -- line ends are git's --------------------------------------------------------------------------


def test_a_clone_with_other_line_ends_has_the_same_lock(root: Path, tmp_path: Path) -> None:
    source = (root / "requirements.txt").read_bytes()
    header = lock_header({"requirements.txt": input_digest(source)})
    (root / "lock.txt").write_bytes(header.encode() + source)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    git(tmp_path, "-c", "core.autocrlf=true", "clone", "--quiet", str(root), "clone")
    clone = tmp_path / "clone"
    assert (clone / "requirements.txt").read_bytes() != source
    assert install_step(INSTALL, shop_for(clone, lock="lock.txt"), quiet).outcome is Outcome.PASSED
    (clone / "requirements.txt").write_bytes(b"other\r\n")
    changed = install_step(INSTALL, shop_for(clone, lock="lock.txt"), quiet)
    assert changed.reason == "requirements.txt changed since lock.txt was resolved from it"
