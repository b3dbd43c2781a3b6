"""Run pytest and measure what it covers.

    python measure_tests.py DATA SOURCES PYTEST-ARGUMENT…

`coverage run` would do, but for one thing: where a project's settings say `parallel = true`, it
adds a random suffix to the name of the data file, and no option takes that back.
Where the project's settings measure coverage already, or spread the tests over processes, nothing
would be left to measure here; both are switched off.
"""

import os
import sys
from importlib.util import find_spec

import coverage
import pytest

# Where all of the folder is measured, because the application is a module in it.
_TESTS = ["tests/*", "test/*", "test_*.py", "*_test.py", "conftest.py", "setup.py", ".shipway/*"]


def main(data: str, sources: str, *arguments: str) -> int:
    """Write DATA, the coverage of SOURCES (comma-separated); pytest's exit code."""
    measured = coverage.Coverage(
        data_file=data,
        data_suffix=False,
        branch=True,
        source=sources.split(","),
        omit=_TESTS if sources == "." else None,
    )
    plugins = {"pytest_cov": "--no-cov", "xdist": "-n0"}
    alone = [option for plugin, option in plugins.items() if find_spec(plugin)]
    measured.start()
    try:
        return int(pytest.main([*arguments, *alone]))
    finally:
        measured.stop()
        measured.save()


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # as `python -m pytest` has it
    if sys.argv[2].startswith("src/"):  # a copy may be installed; the working tree is tested
        sys.path.insert(0, os.path.join(os.getcwd(), "src"))
    sys.exit(main(*sys.argv[1:]))
