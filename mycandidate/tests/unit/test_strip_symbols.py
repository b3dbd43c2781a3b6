"""The image's compiled modules are stripped, and load all the same."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strip_symbols

ELF = b"\x7fELF"


def module_of(name: str, folder: Path) -> Path:
    """A copy of a compiled module of this environment."""
    source = Path(__import__(name).__file__ or "")
    if not source.read_bytes().startswith(ELF):
        pytest.skip("this system's modules are not ELF")
    copy = folder / source.name
    copy.write_bytes(source.read_bytes())
    return copy


def test_a_stripped_module_is_smaller_and_works(tmp_path: Path) -> None:
    module = module_of("_brotli", tmp_path)
    before = module.stat().st_size
    strip_symbols.main(tmp_path)
    assert module.stat().st_size < before * 0.8
    program = "import _brotli as b; print(len(b.Compressor().process(bytes(9000))), b.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    size, path = done.stdout.split()
    assert int(size) < 100
    assert Path(path) == module


def test_to_strip_twice_changes_nothing(tmp_path: Path) -> None:
    module = module_of("_brotli", tmp_path)
    strip_symbols.main(tmp_path)
    once = module.read_bytes()
    strip_symbols.main(tmp_path)
    assert module.read_bytes() == once


@given(st.binary().filter(lambda content: not content.startswith(ELF)))
def test_any_other_file_stays(content: bytes) -> None:
    assert strip_symbols.strip(content) == content
