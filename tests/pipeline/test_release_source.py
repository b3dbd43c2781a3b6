"""What a release is made from, compared with what a run began with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shipway.pipeline.release_source import ReleaseSource
from shipway.pipeline.step import Step, StepKind
from shipway.system.files import FileTree

NAMES = ("app.py", "main/views.py", "notes.txt", "requirements.txt")
TREES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("a", "b", "")), min_size=1)


def step(name: str, *inputs: str) -> Step:
    return Step(name=name, stage="build", kind=StepKind.ACTION, work={}, inputs=inputs)


STEPS = (step("install", "requirements.txt"), step("package", "*.py"), step("unit", "notes.txt"))


def write(root: Path, files: dict[str, str]) -> None:
    for name in NAMES:
        (root / name).unlink(missing_ok=True)
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)


def source(root: Path, head: Callable[[], str] = lambda: "a" * 40) -> ReleaseSource:
    return ReleaseSource(FileTree(str(root), {}), STEPS, head)


def released(files: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if name != "notes.txt"}


@settings(max_examples=60, deadline=None)
@given(TREES, TREES)
def test_a_change_is_noticed_exactly_where_the_release_would_differ(
    before: dict[str, str], after: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, before)
        began = source(root)
        write(root, after)
        assert bool(began.look_again()) == (released(before) != released(after))


def test_a_file_that_is_put_back_has_been_another_one_meanwhile(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "a"})
    began = source(tmp_path)
    assert began.look_again() == ""
    write(tmp_path, {"app.py": "longer"})
    assert began.look_again() == "app.py changed while the run went on"
    write(tmp_path, {"app.py": "a"})
    assert began.look_again() == "app.py changed while the run went on"


def test_another_commit_with_the_same_files_is_a_change(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "a"})
    commits = iter(("a" * 40, "b" * 40))
    began = source(tmp_path, lambda: next(commits))
    assert began.look_again() == "HEAD moved from aaaaaaa to bbbbbbb while the run went on"


def test_what_setuptools_writes_when_it_installs_is_none_of_the_application(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "a"})
    began = source(tmp_path)
    (tmp_path / "tiny.egg-info").mkdir()
    (tmp_path / "tiny.egg-info" / "setup.py").write_text("")
    assert began.look_again() == ""


def test_what_a_step_saw_of_other_files_says_nothing_of_the_release(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "a", "notes.txt": "a"})
    began = source(tmp_path)
    assert began.compare({"notes.txt": "another"}) == ""
    assert began.compare_all({"notes.txt": "another"}) == "notes.txt is new while the run went on"


def test_a_step_that_saw_another_content_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "a"})
    assert source(tmp_path).compare({"app.py": "another"}).startswith("app.py changed")
