"""What holds for every test: its examples, and who runs it when."""

from __future__ import annotations

import gc
import os
import signal
import tempfile

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# As Shipway itself does: looking for garbage after every 700 objects is a fifth of the CPU time.
gc.set_threshold(100_000)

# Every EC2 of moto's would begin with 1,300 images of AWS's own, and no test asks for one.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

# The key by which records know what is their own: not that of whoever runs the tests.
os.environ.setdefault("XDG_STATE_HOME", tempfile.mkdtemp(prefix="shipway-tests-"))

pytest_plugins = ["tests.left_out", "tests.small_disk"]

# A shell has what it starts in the background ignore these, and what is ignored at its start a
# command goes on ignoring: no test of Ctrl-C could pass.
for number, handler in {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}.items():
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# A property is a law, not a figure: no example has a deadline, and a busy machine is not an
# unhealthy one. The same examples every time: a verdict changes with the code and with nothing
# else. CI tries more of them (`--hypothesis-profile=ci`); `search` looks further, at other
# examples each time.
LAW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}
settings.register_profile("suite", max_examples=30, derandomize=True, **LAW)
settings.register_profile("ci", max_examples=100, derandomize=True, **LAW)
settings.register_profile("search", max_examples=1000, derandomize=False, **LAW)
settings.load_profile("suite")

# The modules that take longest come first: at the end, short tests keep every worker busy.
LONGEST = (
    "tests/e2e/test_ecs_for_real.py",
    "tests/e2e/test_workflows_run.py",
    "tests/e2e/test_rehearse.py",
    "tests/e2e/test_init_and_run.py",
    "tests/e2e/test_stacks.py",
    "tests/e2e/test_web_application.py",
    "tests/e2e/test_image.py",
    "tests/e2e/test_deploy_command.py",
    "tests/e2e/test_templates_checked.py",
    "tests/e2e/test_stack_commands.py",
    "tests/e2e/test_killed_for_real.py",
    "tests/e2e/test_local_platform.py",
    "tests/e2e/test_absent_suite.py",
    "tests/e2e/test_recovery.py",
    "tests/e2e/test_promote_command.py",
    "tests/test_bench_judge.py",
)

# Their tests share nothing and take long: each goes to the worker that is free. All other
# modules stay together, because their tests share what was made for one of them.
SPREAD = (
    "tests/e2e/test_workflows_run.py",
    "tests/e2e/test_init_and_run.py",
    "tests/e2e/test_templates_checked.py",
    "tests/cli/test_clean_aws.py",
)


class ModulesApart(LoadScopeScheduling):
    """A module to a worker, but for those that are spread."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return nodeid if module in SPREAD else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ModulesApart:
    """For `pytest -n`, whatever --dist says."""
    config.option.loadscopereorder = False  # it would put the modules with few tests last
    return ModulesApart(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, then what uses real components, then the rest."""
    places = {module: place for place, module in enumerate(LONGEST)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        module = item.nodeid.partition("::")[0]
        return places.get(module, len(places)), item.get_closest_marker("e2e") is None

    items.sort(key=place)
