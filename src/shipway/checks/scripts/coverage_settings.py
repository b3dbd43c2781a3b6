"""Coverage as the repository configures it, in coverage.py's files or by pytest-cov's options.

Read by the programs beside it, which run where Shipway is not installed.
"""

from __future__ import annotations

import os
import re

import coverage

# Where all of the folder is measured, because the application is a module in it.
_TESTS = ["tests/*", "test/*", "test_*.py", "*_test.py", "tests.py", "conftest.py", "setup.py"]
_OWN = [".shipway/*"]
_DJANGO = ["*/tests/*", "*/tests.py", "*/test_*.py", "*/migrations/*", "manage.py"]
_MEASURED = ("source", "source_pkgs", "source_dirs", "include")
_NAMESPACES = "report:include_namespace_packages"
# pytest-cov's, in `addopts`; what is quoted is an item of a list in TOML.
_OPTION = r"""(?:^|[\s"'=\[])--cov%s(?:[=\s]["']?)([^\s"',\]]+)"""
_SOURCE = re.compile(_OPTION % "", re.MULTILINE)
_FILE = re.compile(_OPTION % "-config", re.MULTILINE)
_BRANCH = re.compile(r"--cov-branch\b")
_PYTEST = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


def measurement(data: str, sources: list[str], *, django: bool = False) -> coverage.Coverage:
    """A measurement into the file DATA: of what the repository says; where it says nothing, of
    all files of the sources, whether they are imported or not, without tests.
    """
    options = _addopts()
    named = [source for source in _SOURCE.findall(options) if not source.startswith("-")]
    config = _file(options)
    branch = True if _BRANCH.search(options) else None  # None: as the settings say

    def measured_from(source: list[str] | None, omit: list[str] | None) -> coverage.Coverage:
        return coverage.Coverage(
            data_file=data,
            data_suffix=False,
            config_file=config,
            branch=branch,
            source=source,
            omit=omit,
        )

    settings = coverage.Coverage(config_file=config)
    if named or any(_option(settings, f"run:{name}") for name in _MEASURED):
        return measured_from(named or None, None)
    omitted = [*(_option(settings, "run:omit") or ()), *_OWN]
    omitted += _DJANGO if django else _TESTS if sources == ["."] else []
    measured = measured_from(sources, omitted)
    try:
        measured.set_option(_NAMESPACES, True)
    except coverage.CoverageException:  # before 7.0 each folder is named
        folders = [*sources, *(folder for source in sources for folder in _plain_folders(source))]
        return measured_from(folders, omitted)
    return measured


def combination(data: str) -> coverage.Coverage:
    """What measured data are combined into, for the reports that the repository configures."""
    return coverage.Coverage(data_file=data, data_suffix=False, config_file=_file(_addopts()))


def _option(settings: coverage.Coverage, name: str) -> list[str] | None:
    try:
        value = settings.get_option(name)
    except coverage.CoverageException:  # of another version
        return None
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else None


def _file(options: str) -> str | bool:
    """The settings that pytest-cov is pointed at; True: where coverage.py itself looks."""
    named = _FILE.search(options)
    return named.group(1) if named and os.path.isfile(named.group(1)) else True


def _addopts() -> str:
    """The lines after `addopts` in pytest's settings."""
    for name in _PYTEST:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        if "pytest" in text and "addopts" in text:
            return _value(text[text.index("addopts") :])
    return ""


def _value(text: str) -> str:
    """One setting: to the end of its list, else its line and those that are indented."""
    first, _, rest = text.partition("\n")
    if "[" in first and "]" not in first:
        return first + "\n" + rest.partition("]")[0]
    lines = [first]
    for line in rest.splitlines():
        if not line[:1].isspace():
            break
        lines.append(line)
    return "\n".join(lines)


def _plain_folders(source: str) -> list[str]:
    """The folders below one that have Python files and no __init__.py."""
    return [
        folder
        for folder, _, names in os.walk(source)
        if "__init__.py" not in names and any(name.endswith(".py") for name in names)
    ]
