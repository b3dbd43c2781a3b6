"""Where an application is told to listen, and where Python looks for it."""

from __future__ import annotations

from tests.fakes.sources import MemorySources

from shipway.config.bind_address import source_folder, with_address
from shipway.scaffold.sources import MOST_FILES, python_files


def test_every_form_of_an_address_is_filled_in() -> None:
    assert with_address("a {bind} {host} {port}", "127.0.0.1:80") == "a 127.0.0.1:80 127.0.0.1 80"


def test_only_the_src_layout_has_a_folder_of_its_own() -> None:
    assert source_folder(("src/a", "b")) == "src"
    assert source_folder(("b",)) == ""


def test_files_of_other_people_are_passed_over_and_there_is_an_end() -> None:
    files = {"a.py": "", "b/c.py": "", "venv/d.py": "", "b/e.txt": ""}
    assert list(python_files(MemorySources(files))) == ["a.py", "b/c.py"]
    many = {f"m{number}.py": "" for number in range(MOST_FILES + 5)}
    assert len(list(python_files(MemorySources(many)))) == MOST_FILES
