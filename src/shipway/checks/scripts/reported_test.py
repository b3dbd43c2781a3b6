"""What pytest's JUnit report calls a test.

Read by measure_tests.py, which runs where Shipway is not installed, and by Shipway itself.
"""

from __future__ import annotations


def reported_test(nodeid: str) -> tuple[str, str]:
    """The class and the name of `tests/test_a.py::TestA::test_b[1]`: `tests.test_a.TestA` and
    `test_b[1]`."""
    path, bracket, parameters = nodeid.partition("[")
    file, *names = path.split("::")
    module = file[: -len(".py")] if file.endswith(".py") else file
    parts = [module.replace("/", "."), *names]
    parts[-1] += bracket + parameters
    return ".".join(parts[:-1]), parts[-1]
