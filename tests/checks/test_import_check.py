"""What is installed, and cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from shipway.checks.import_check import IMPORTABLE
from shipway.checks.scripts import HERE
from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

CONFIG = Config(application=Application(name="x", lock="requirements.txt", serve="x"))
SITE = CheckContext("/r", "/r/out", "/r/python")


def read(code: int, *rows: dict[str, str], imported: int = 3) -> CheckResult:
    text = "noise\n" + json.dumps({"imported": imported, "broken": rows})
    return IMPORTABLE.read(ToolOutput(code, text, ""), CONFIG, SITE)


def row(**given: str) -> dict[str, str]:
    return {
        "package": "old",
        "version": "1.0",
        "module": "old",
        "error": "ImportError",
        "missing": "",
        "text": "cannot import name 'x'",
        **given,
    }


def test_what_imports_passes() -> None:
    assert read(0) == CheckResult()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"error": "ModuleNotFoundError", "missing": "six.moves"}, "the module six: old needs it"),
        ({"text": "libpq.so.5: cannot open shared object file"}, "a library of the system"),
        ({}, "Ask for a version of old"),
        ({"error": "ModuleNotFoundError", "missing": "old"}, "Ask for a version of old"),
    ],
)
def test_what_does_not_is_named_with_what_to_do(given: dict[str, str], remedy: str) -> None:
    reading = read(0, row(**given))
    assert reading.failed.startswith("old 1.0 installs, but its module old does not import: ")
    assert remedy in reading.remedy
    assert [(one.rule, one.path, one.package) for one in reading.findings] == [
        ("does-not-import", "requirements.txt", "old 1.0")
    ]


def test_the_first_three_are_named_and_the_others_counted() -> None:
    assert read(0, *[row()] * 5).failed.endswith("; and 2 more")


@pytest.mark.parametrize(
    "output",
    [
        ToolOutput(0, "", ""),
        ToolOutput(0, "{}", ""),
        ToolOutput(0, "nothing", ""),
        ToolOutput(1, "", "Error: x"),
        ToolOutput(-9, json.dumps({"imported": 1, "broken": []}), ""),
    ],
)
def test_what_says_nothing_is_no_pass(output: ToolOutput) -> None:
    with pytest.raises(CannotRun, match="no result"):
        IMPORTABLE.read(output, CONFIG, SITE)


def test_an_empty_environment_is_no_pass() -> None:
    with pytest.raises(CannotRun, match="nothing is installed"):
        read(0, imported=0)


def package(folder: Path, name: str, code: str, *, listed: bool = True) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{name}.py,,\n_{name}.py,,\n")
    if listed:
        (info / "top_level.txt").write_text(f"{name}\n")
    (folder / f"{name}.py").write_text(code)


def test_real_packages_are_imported_and_blamed_only_for_themselves(tmp_path: Path) -> None:
    package(tmp_path, "fine", "")
    package(tmp_path, "unlisted", "import nowhere", listed=False)
    package(tmp_path, "broken", "import sys\nsys.exit(3)")
    package(
        tmp_path, "later", "class ImproperlyConfigured(Exception): ...\nraise ImproperlyConfigured"
    )
    # The first breaks the second for this process only.
    package(tmp_path, "breaker", "import sys\nsys.modules['json.tool'] = None")
    package(tmp_path, "victim", "import json.tool")
    done = subprocess.run(
        [sys.executable, "-S", f"{HERE}/import_packages.py"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
    )
    found = json.loads(done.stdout)
    assert {one["package"] for one in found["broken"]} == {"unlisted", "broken"}
    assert found["imported"] == 3  # fine, breaker, later
    reading = IMPORTABLE.read(ToolOutput(0, done.stdout, ""), CONFIG, SITE)
    assert "the module nowhere" in " ".join(one.remedy for one in reading.findings)


def broken_modules(folder: Path, recorded: dict[str, str], *, top_level: str) -> list[str]:
    """The modules that cannot be imported of a package with these files and this list."""
    info = folder / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (info / "top_level.txt").write_text(top_level)
    for name, text in recorded.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in (*recorded, "../../bin/run.py")))
    modules, broken = imported(folder)
    assert modules + len(broken)
    return broken


def imported(folder: Path) -> tuple[int, list[str]]:
    """How many modules of a folder could be imported, and which could not."""
    done = subprocess.run(
        [sys.executable, "-S", f"{HERE}/import_packages.py"],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    return document["imported"], [row["module"] for row in document["broken"]]


def test_what_is_installed_counts_and_not_what_a_package_says_of_itself(tmp_path: Path) -> None:
    files = {"odd/__init__.py": "", "odd/windows.py": "import winreg\n", "single.py": "1 / 0\n"}
    assert broken_modules(tmp_path, files, top_level="odd\nwinonly\n_odd_windows\n") == ["single"]


def test_the_packages_in_a_namespace_are_asked(tmp_path: Path) -> None:
    files = {
        "cloud/town/maps/__init__.py": "import nothere\n",
        "cloud/town/maps/deep/__init__.py": "1 / 0\n",
        "cloud/town/wards/__init__.py": "",
    }
    assert broken_modules(tmp_path, files, top_level="cloud\n") == ["cloud.town.maps"]


def test_a_module_for_an_extra_that_nobody_asked_for_is_not_broken(tmp_path: Path) -> None:
    package(
        tmp_path,
        "served",
        "try:\n    import web.client\nexcept ImportError as error:\n"
        "    raise ImportError('install served[d]') from error\n",
    )
    metadata = tmp_path / "served-1.0.dist-info" / "METADATA"
    assert imported(tmp_path) == (0, ["served"])
    metadata.write_text(metadata.read_text() + "Requires-Dist: web>=3 ; extra == 'd'\n")
    assert imported(tmp_path) == (0, [])


def test_a_module_for_the_program_of_its_package_is_not_broken(tmp_path: Path) -> None:
    package(tmp_path, "uServer", "")
    (tmp_path / "uServer.py").write_text("import userver\n")
    assert imported(tmp_path) == (0, [])
    (tmp_path / "uServer.py").write_text("import another_program\n")
    assert imported(tmp_path) == (0, ["uServer"])


def test_a_compiled_module_is_one(tmp_path: Path) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    files = {f"fast{suffix}": "no library"}
    assert broken_modules(tmp_path, files, top_level="") == ["fast"]
